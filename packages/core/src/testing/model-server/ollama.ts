/** `/api/chat` and `/api/generate`, https://github.com/ollama/ollama/blob/main/docs/api.md. Streams, its default, are NDJSON. */

import { errorBody } from './faults.js'
import { type Answer, type Choice, chooseTool, type Frame, type Question, type WireFormat } from './format.js'
import { asArray, asNumber, asObject, asString, asStrings, type JsonObject, requireObjects, requireString, textOf } from './json.js'

export const ollamaChat: WireFormat = ollama(/\/api\/chat$/, (body) => {
  const messages = requireObjects(body, 'messages')
  const prompt = textOf(messages.findLast((item) => item.role === 'user')?.content)
  const tools = (asArray(body.tools) ?? []).flatMap((tool) => {
    const declared = asObject(asObject(tool)?.function)
    return declared ? [{ name: String(declared.name), schema: declared.parameters }] : []
  })
  return {
    prompt,
    input: messages.map((item) => textOf(item.content)).join('\n'),
    tool: chooseTool(tools, false, prompt, messages.at(-1)?.role === 'tool'),
  }
})

export const ollamaGenerate: WireFormat = ollama(/\/api\/generate$/, (body) => {
  const prompt = requireString(body, 'prompt')
  return { prompt, input: `${asString(body.system) ?? ''}\n${prompt}`, tool: undefined }
})

function ollama(path: RegExp, readPrompt: (body: JsonObject) => Pick<Question, 'prompt' | 'input' | 'tool'>): WireFormat {
  const isChat = path.source.includes('chat')
  const line = (value: JsonObject): string => `${JSON.stringify(value)}\n`

  const piece = (question: Question, answer: Answer, choice: Choice, text: string, rest: JsonObject): JsonObject => {
    const common = { model: question.model, created_at: new Date(answer.createdAt * 1000).toISOString() }
    if (!isChat) return { ...common, response: text, ...rest }
    const calls =
      choice.tool && rest.done !== true ? { tool_calls: [{ function: { name: choice.tool.name, arguments: parse(text) } }] } : {}
    return { ...common, message: { role: 'assistant', content: choice.tool ? '' : text, ...calls }, ...rest }
  }
  const ending = (answer: Answer, choice: Choice): JsonObject => ({
    done: choice.finish !== 'none',
    ...(choice.finish === 'none' ? {} : { done_reason: choice.finish === 'length' ? 'length' : 'stop' }),
    total_duration: 1_000_000,
    load_duration: 0,
    prompt_eval_count: answer.inputTokens,
    prompt_eval_duration: 100_000,
    eval_count: answer.outputTokens,
    eval_duration: 900_000,
  })

  return {
    provider: 'ollama',
    path,
    streamType: 'application/x-ndjson',
    read: (body) => {
      const options = asObject(body.options) ?? {}
      const format = body.format
      return {
        ...readPrompt(body),
        model: requireString(body, 'model'),
        stream: body.stream !== false,
        count: 1,
        maxTokens: asNumber(options.num_predict),
        stop: asStrings(options.stop),
        json: format === undefined || format === '' ? undefined : { schema: asObject(format) },
        body,
      }
    },
    whole: (question, answer) => {
      const choice = answer.choices[0] as Choice
      const { done: _open, ...whole } = piece(question, answer, choice, choice.tokens.join(''), { done: false })
      return { ...whole, ...ending(answer, choice) }
    },
    frames: (question, answer) => {
      const choice = answer.choices[0] as Choice
      const texts = choice.tool ? [choice.tokens.join('')] : choice.tokens
      const list: Frame[] = texts.map((text) => ({
        text: line(piece(question, answer, choice, text, { done: false })),
        tokens: choice.tool ? choice.tokens.length : 1,
        terminal: false,
      }))
      list.push({ text: line(piece(question, answer, choice, '', ending(answer, choice))), tokens: 0, terminal: true })
      return list
    },
    errorFrame: (failure) => line(errorBody('ollama', failure, '') as JsonObject),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
