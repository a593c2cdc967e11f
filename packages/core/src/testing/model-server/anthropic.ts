/** `POST /v1/messages`, https://docs.claude.com/en/api/messages */

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
import {
  asArray,
  asNumber,
  asObject,
  asString,
  asStrings,
  BadRequestError,
  type JsonObject,
  requireObjects,
  requireString,
  textOf,
} from './json.js'

const STOP_REASON: Readonly<Record<Finish, string | null>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool: 'tool_use',
  filter: 'refusal',
  refusal: 'refusal',
  pause: 'pause_turn',
  none: null,
}

export const anthropicMessages: WireFormat = {
  provider: 'anthropic',
  path: /\/messages$/,
  streamType: EVENT_STREAM,
  read,
  whole: (question, answer) => {
    const choice = answer.choices[0] as Choice
    return message(question, answer, { content: content(choice), ...stop(choice), usage: usage(answer, answer.outputTokens) })
  },
  frames,
  errorFrame: (failure) => sseFrame(errorBody('anthropic', failure, ''), { event: 'error' }).text,
}

function read(body: JsonObject): Question {
  const model = requireString(body, 'model')
  const messages = requireObjects(body, 'messages')
  const maxTokens = asNumber(body.max_tokens)
  if (maxTokens === undefined) throw new BadRequestError('max_tokens', 'max_tokens: Field required')
  const prompt = textOf(messages.findLast((item) => item.role === 'user' && !isToolResult(item))?.content)
  const tools = (asArray(body.tools) ?? []).flatMap((tool) => {
    const declared = asObject(tool)
    return declared?.input_schema ? [{ name: String(declared.name), schema: declared.input_schema }] : []
  })
  const choice = asObject(body.tool_choice)
  const forced = choice?.type === 'tool' ? (asString(choice.name) ?? true) : choice?.type === 'any'
  const format = asObject(asObject(body.output_config)?.format ?? body.output_format)
  return {
    model,
    prompt,
    input: [textOf(body.system), ...messages.map((item) => textOf(item.content))].join('\n'),
    stream: body.stream === true,
    count: 1,
    maxTokens,
    stop: asStrings(body.stop_sequences),
    json: format?.type === 'json_schema' ? { schema: format.schema } : undefined,
    tool: choice?.type === 'none' ? undefined : chooseTool(tools, forced, prompt, isToolResult(messages.at(-1))),
    body,
  }
}

function isToolResult(item: JsonObject | undefined): boolean {
  return asArray(item?.content)?.some((part) => asObject(part)?.type === 'tool_result') ?? false
}

function message(question: Question, answer: Answer, fields: JsonObject): JsonObject {
  return {
    id: `msg_${answer.id}`,
    type: 'message',
    role: 'assistant',
    model: question.model,
    container: null,
    diagnostics: null,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    ...fields,
  }
}

function content(choice: Choice): JsonObject[] {
  const text = choice.tokens.join('')
  if (choice.tool) return [{ ...toolBlock(choice.tool), input: parseInput(text) }]
  return text === '' ? [] : [{ type: 'text', text, citations: null }]
}

function toolBlock(tool: { readonly id: string; readonly name: string }): JsonObject {
  return { type: 'tool_use', id: `toolu_${tool.id}`, name: tool.name, input: {}, caller: { type: 'direct' } }
}

/** A truncated answer's arguments are not valid JSON: the API sends what could be read, here nothing. */
function parseInput(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

function stop(choice: Choice): JsonObject {
  const declined = choice.finish === 'refusal' || choice.finish === 'filter'
  return {
    stop_reason: choice.stopSequence !== undefined && choice.finish === 'stop' ? 'stop_sequence' : STOP_REASON[choice.finish],
    stop_sequence: choice.finish === 'stop' ? (choice.stopSequence ?? null) : null,
    stop_details: declined ? { type: 'refusal', category: null, explanation: null } : null,
  }
}

function usage(answer: Answer, outputTokens: number): JsonObject {
  return {
    input_tokens: answer.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard',
    speed: null,
    inference_geo: null,
  }
}

function frames(question: Question, answer: Answer): Frame[] {
  const choice = answer.choices[0] as Choice
  const list: Frame[] = []
  const push = (type: string, fields: JsonObject = {}, options: { tokens?: number; terminal?: boolean } = {}): void => {
    list.push(sseFrame({ type, ...fields }, { event: type, ...options }))
  }
  push('message_start', { message: message(question, answer, { usage: usage(answer, Math.min(1, answer.outputTokens)) }) })
  if (choice.tokens.length > 0) {
    push('content_block_start', {
      index: 0,
      content_block: choice.tool ? toolBlock(choice.tool) : { type: 'text', text: '', citations: null },
    })
    push('ping')
    for (const token of choice.tokens) {
      const delta = choice.tool ? { type: 'input_json_delta', partial_json: token } : { type: 'text_delta', text: token }
      push('content_block_delta', { index: 0, delta }, { tokens: 1 })
    }
    push('content_block_stop', { index: 0 })
  }
  push('message_delta', { delta: { container: null, ...stop(choice) }, usage: usage(answer, answer.outputTokens) })
  push('message_stop', {}, { terminal: true })
  return list
}
