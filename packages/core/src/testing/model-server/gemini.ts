/** `models/{model}:generateContent` and `:streamGenerateContent`, https://ai.google.dev/api/generate-content */

import { errorBody } from './faults.js'
import { type Answer, type Choice, chooseTool, EVENT_STREAM, type Finish, type Frame, type Question, type WireFormat } from './format.js'
import { asArray, asNumber, asObject, asStrings, type JsonObject, requireObjects, textOf } from './json.js'

const FINISH: Readonly<Record<Finish, string | undefined>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  tool: 'STOP',
  filter: 'SAFETY',
  refusal: 'PROHIBITED_CONTENT',
  pause: 'STOP',
  none: undefined,
}

/** Tokens in one event: this API sends larger pieces than the others. */
const TOKENS_PER_FRAME = 8

const PATH = /\/models\/([^/:]+):(generateContent|streamGenerateContent)$/

/** Streams as `alt=sse` only. */
export const geminiContent: WireFormat = {
  provider: 'gemini',
  path: PATH,
  streamType: EVENT_STREAM,
  read,
  whole: (question, answer) => ({
    candidates: answer.choices.map((choice) => candidate(choice, parts(choice, choice.tokens), FINISH[choice.finish])),
    ...tail(question, answer, answer.outputTokens),
  }),
  frames,
  errorFrame: (failure) => `data: ${JSON.stringify(errorBody('gemini', failure, ''))}\r\n\r\n`,
}

function read(body: JsonObject, url: URL): Question {
  const [, model, method] = PATH.exec(url.pathname) ?? []
  const contents = requireObjects(body, 'contents')
  const config = asObject(body.generationConfig) ?? {}
  const prompt = textOf(contents.findLast((item) => item.role !== 'model' && !isToolResult(item)))
  const tools = (asArray(body.tools) ?? []).flatMap((tool) =>
    (asArray(asObject(tool)?.functionDeclarations) ?? []).map((declared) => {
      const { name, parameters, parametersJsonSchema } = asObject(declared) ?? {}
      return { name: String(name), schema: parametersJsonSchema ?? parameters }
    }),
  )
  const mode = asObject(asObject(body.toolConfig)?.functionCallingConfig)?.mode
  return {
    model: decodeURIComponent(model ?? ''),
    prompt,
    input: [textOf(body.systemInstruction), ...contents.map(textOf)].join('\n'),
    stream: method === 'streamGenerateContent',
    count: asNumber(config.candidateCount) ?? 1,
    maxTokens: asNumber(config.maxOutputTokens),
    stop: asStrings(config.stopSequences),
    json: config.responseMimeType === 'application/json' ? { schema: config.responseJsonSchema ?? config.responseSchema } : undefined,
    tool: mode === 'NONE' ? undefined : chooseTool(tools, mode === 'ANY', prompt, isToolResult(contents.at(-1))),
    body,
  }
}

function isToolResult(item: JsonObject | undefined): boolean {
  return asArray(item?.parts)?.some((part) => asObject(part)?.functionResponse !== undefined) ?? false
}

function parts(choice: Choice, tokens: readonly string[]): JsonObject[] {
  const text = tokens.join('')
  if (choice.tool) return choice.finish === 'tool' ? [{ functionCall: { name: choice.tool.name, args: JSON.parse(text) } }] : []
  return text === '' || choice.finish === 'refusal' ? [] : [{ text }]
}

function candidate(choice: Choice, content: readonly JsonObject[], finish: string | undefined): JsonObject {
  return { content: { parts: content, role: 'model' }, ...(finish === undefined ? {} : { finishReason: finish }), index: choice.index }
}

function tail(question: Question, answer: Answer, outputTokens: number): JsonObject {
  return {
    usageMetadata: {
      promptTokenCount: answer.inputTokens,
      candidatesTokenCount: outputTokens,
      totalTokenCount: answer.inputTokens + outputTokens,
    },
    modelVersion: question.model,
    responseId: answer.id,
  }
}

function frames(question: Question, answer: Answer): Frame[] {
  const list: Frame[] = []
  let sent = 0
  for (const choice of answer.choices) {
    // Function calls are not split: their arguments come as one object.
    const size = choice.tool ? choice.tokens.length : TOKENS_PER_FRAME
    for (let start = 0; start === 0 || start < choice.tokens.length; start += size) {
      const tokens = choice.tokens.slice(start, start + size)
      const last = start + size >= choice.tokens.length
      sent += tokens.length
      const body = {
        candidates: [candidate(choice, parts(choice, tokens), last ? FINISH[choice.finish] : undefined)],
        ...tail(question, answer, sent),
      }
      list.push({ text: `data: ${JSON.stringify(body)}\r\n\r\n`, tokens: tokens.length, terminal: last })
    }
  }
  return list
}
