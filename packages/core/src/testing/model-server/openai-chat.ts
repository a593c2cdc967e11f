/** `POST /v1/chat/completions`, https://platform.openai.com/docs/api-reference/chat */

import { errorBody } from './faults.js'
import {
  type Answer,
  type Choice,
  chooseTool,
  EVENT_STREAM,
  type Finish,
  type Frame,
  type Question,
  sseFrame,
  type WireFormat,
} from './format.js'
import { asArray, asNumber, asObject, asString, asStrings, type JsonObject, requireObjects, requireString, textOf } from './json.js'

/** OpenAI's finish reasons, for chat and legacy completions. A pause is unknown to it. */
export const OPENAI_FINISH: Readonly<Record<Finish, string | null>> = {
  stop: 'stop',
  length: 'length',
  tool: 'tool_calls',
  filter: 'content_filter',
  refusal: 'stop',
  pause: 'stop',
  none: null,
}

export const openaiChat: WireFormat = {
  provider: 'openai',
  path: /\/chat\/completions$/,
  streamType: EVENT_STREAM,
  read,
  whole: (question, answer) => ({
    ...head(question, answer, 'chat.completion'),
    choices: answer.choices.map((choice) => ({
      index: choice.index,
      message: message(choice),
      logprobs: null,
      finish_reason: OPENAI_FINISH[choice.finish],
    })),
    usage: openaiUsage(answer),
  }),
  frames,
  errorFrame: (failure) => sseFrame(errorBody('openai', failure, '')).text,
}

/** `usage` of chat and legacy completions. */
export function openaiUsage(answer: Answer): JsonObject {
  return {
    prompt_tokens: answer.inputTokens,
    completion_tokens: answer.outputTokens,
    total_tokens: answer.inputTokens + answer.outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  }
}

/** What `response_format` and Responses' `text.format` ask for. */
export function jsonFormat(format: unknown): { readonly schema: unknown } | undefined {
  const wanted = asObject(format)
  if (wanted?.type === 'json_object') return { schema: undefined }
  if (wanted?.type === 'json_schema') return { schema: asObject(wanted.json_schema)?.schema ?? wanted.schema }
  return undefined
}

function read(body: JsonObject): Question {
  const model = requireString(body, 'model')
  const messages = requireObjects(body, 'messages')
  const prompt = textOf(messages.findLast((item) => item.role === 'user')?.content)
  const tools = (asArray(body.tools) ?? []).flatMap((tool) => {
    const declared = asObject(asObject(tool)?.function)
    return declared ? [{ name: String(declared.name), schema: declared.parameters }] : []
  })
  const choice = body.tool_choice
  const forced = asString(asObject(asObject(choice)?.function)?.name) ?? choice === 'required'
  return {
    model,
    prompt,
    input: messages.map((item) => textOf(item.content)).join('\n'),
    stream: body.stream === true,
    count: asNumber(body.n) ?? 1,
    maxTokens: asNumber(body.max_completion_tokens) ?? asNumber(body.max_tokens),
    stop: asStrings(body.stop),
    json: jsonFormat(body.response_format),
    tool: choice === 'none' ? undefined : chooseTool(tools, forced, prompt, messages.at(-1)?.role === 'tool'),
    body,
  }
}

function head(question: Question, answer: Answer, object: string): JsonObject {
  return {
    id: `chatcmpl-${answer.id}`,
    object,
    created: answer.createdAt,
    model: question.model,
    service_tier: 'default',
    system_fingerprint: 'fp_simulated',
  }
}

function message(choice: Choice): JsonObject {
  const text = choice.tokens.join('')
  if (choice.tool) {
    const call = { id: `call_${choice.tool.id}`, type: 'function', function: { name: choice.tool.name, arguments: text } }
    return { role: 'assistant', content: null, tool_calls: [call], refusal: null, annotations: [] }
  }
  const refused = choice.finish === 'refusal'
  return { role: 'assistant', content: refused ? null : text, refusal: refused ? text : null, annotations: [] }
}

function frames(question: Question, answer: Answer): Frame[] {
  const withUsage = asObject(question.body.stream_options)?.include_usage === true
  const common = head(question, answer, 'chat.completion.chunk')
  const frame = (choice: Choice, delta: JsonObject, tokens: number, finish: string | null = null): Frame =>
    sseFrame(
      {
        ...common,
        choices: [{ index: choice.index, delta, logprobs: null, finish_reason: finish }],
        ...(withUsage ? { usage: null } : {}),
      },
      { tokens },
    )

  const list = answer.choices.map((choice) => frame(choice, firstDelta(choice), 0))
  const longest = Math.max(0, ...answer.choices.map((choice) => choice.tokens.length))
  for (let position = 0; position < longest; position += 1) {
    for (const choice of answer.choices) {
      const token = choice.tokens[position]
      if (token !== undefined) list.push(frame(choice, nextDelta(choice, token), 1))
    }
  }
  for (const choice of answer.choices) list.push(frame(choice, {}, 0, OPENAI_FINISH[choice.finish]))
  if (withUsage) list.push(sseFrame({ ...common, choices: [], usage: openaiUsage(answer) }))
  list.push(sseFrame('[DONE]', { terminal: true }))
  return list
}

function firstDelta(choice: Choice): JsonObject {
  if (!choice.tool) return { role: 'assistant', content: choice.finish === 'refusal' ? null : '', refusal: null }
  const call = { index: 0, id: `call_${choice.tool.id}`, type: 'function', function: { name: choice.tool.name, arguments: '' } }
  return { role: 'assistant', content: null, tool_calls: [call], refusal: null }
}

function nextDelta(choice: Choice, token: string): JsonObject {
  if (choice.tool) return { tool_calls: [{ index: 0, function: { arguments: token } }] }
  return choice.finish === 'refusal' ? { refusal: token } : { content: token }
}
