/** `POST /v1/responses`, https://platform.openai.com/docs/api-reference/responses */

import { openaiTypes } from './faults.js'
import { type Answer, type Choice, chooseTool, EVENT_STREAM, type Frame, type Question, sseFrame, type WireFormat } from './format.js'
import { asArray, asNumber, asObject, asString, BadRequestError, type JsonObject, requireObjects, requireString, textOf } from './json.js'
import { jsonFormat } from './openai-chat.js'

export const openaiResponses: WireFormat = {
  provider: 'openai',
  path: /\/responses$/,
  streamType: EVENT_STREAM,
  read,
  whole: (question, answer) => {
    const choice = answer.choices[0] as Choice
    return resource(question, answer, statusOf(choice), [item(choice, answer, statusOf(choice))])
  },
  frames,
  errorFrame: (failure) => {
    const event = { type: 'error', sequence_number: 0, code: openaiTypes(failure).code, message: failure.message, param: null }
    return sseFrame(event, { event: 'error' }).text
  },
}

function read(body: JsonObject): Question {
  const model = requireString(body, 'model')
  if (body.input === undefined) throw new BadRequestError('input', "Missing required parameter: 'input'.")
  const items = typeof body.input === 'string' ? [{ role: 'user', content: body.input } as JsonObject] : requireObjects(body, 'input')
  const prompt = textOf(items.findLast((entry) => entry.role === 'user')?.content)
  const tools = (asArray(body.tools) ?? []).flatMap((tool) => {
    const declared = asObject(tool)
    return declared?.type === 'function' ? [{ name: String(declared.name), schema: declared.parameters }] : []
  })
  const forced = asString(asObject(body.tool_choice)?.name) ?? body.tool_choice === 'required'
  const answered = items.at(-1)?.type === 'function_call_output'
  return {
    model,
    prompt,
    input: [asString(body.instructions) ?? '', ...items.map((entry) => textOf(entry.content ?? entry.output))].join('\n'),
    stream: body.stream === true,
    count: 1,
    maxTokens: asNumber(body.max_output_tokens),
    stop: [],
    json: jsonFormat(asObject(body.text)?.format),
    tool: body.tool_choice === 'none' ? undefined : chooseTool(tools, forced, prompt, answered),
    body,
  }
}

type Status = 'in_progress' | 'completed' | 'incomplete'

function statusOf(choice: Choice): Status {
  if (choice.finish === 'none') return 'in_progress'
  return choice.finish === 'length' || choice.finish === 'filter' ? 'incomplete' : 'completed'
}

/** The response object; without `usage` while it is in progress. */
function resource(question: Question, answer: Answer, status: Status, output: readonly JsonObject[]): JsonObject {
  const { body } = question
  const reason = answer.choices[0]?.finish === 'filter' ? 'content_filter' : 'max_output_tokens'
  return {
    id: `resp_${answer.id}`,
    object: 'response',
    created_at: answer.createdAt,
    status,
    background: false,
    completed_at: status === 'completed' ? answer.createdAt : null,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: question.model,
    output,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
    usage: status === 'in_progress' ? null : usage(answer),
    user: null,
    metadata: body.metadata ?? {},
  }
}

function usage(answer: Answer): JsonObject {
  return {
    input_tokens: answer.inputTokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: answer.outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: answer.inputTokens + answer.outputTokens,
  }
}

function item(choice: Choice, answer: Answer, status: Status): JsonObject {
  const text = status === 'in_progress' && choice.finish !== 'none' ? '' : choice.tokens.join('')
  if (choice.tool) {
    return {
      id: `fc_${answer.id}`,
      type: 'function_call',
      status,
      arguments: text,
      call_id: `call_${choice.tool.id}`,
      name: choice.tool.name,
    }
  }
  const content = status === 'in_progress' && choice.finish !== 'none' ? [] : [part(choice, text)]
  return { id: `msg_${answer.id}`, type: 'message', status, content, role: 'assistant' }
}

function part(choice: Choice, text: string): JsonObject {
  return choice.finish === 'refusal' ? { type: 'refusal', refusal: text } : { type: 'output_text', annotations: [], logprobs: [], text }
}

function frames(question: Question, answer: Answer): Frame[] {
  const choice = answer.choices[0] as Choice
  const status = statusOf(choice)
  const list: Frame[] = []
  const push = (type: string, fields: JsonObject, options: { tokens?: number; terminal?: boolean } = {}): void => {
    list.push(sseFrame({ type, sequence_number: list.length, ...fields }, { event: type, ...options }))
  }
  const opening = item(choice, answer, 'in_progress')
  const done = item(choice, answer, status)
  const text = choice.tokens.join('')
  const place = { item_id: done.id, output_index: 0 }

  push('response.created', { response: resource(question, answer, 'in_progress', []) })
  push('response.in_progress', { response: resource(question, answer, 'in_progress', []) })
  push('response.output_item.added', { output_index: 0, item: opening })
  if (choice.tool) {
    for (const delta of choice.tokens) push('response.function_call_arguments.delta', { ...place, delta }, { tokens: 1 })
    push('response.function_call_arguments.done', { ...place, arguments: text, name: choice.tool.name })
  } else {
    const [kind, field, extra] = choice.finish === 'refusal' ? ['refusal', 'refusal', {}] : ['output_text', 'text', { logprobs: [] }]
    const inner = { ...place, content_index: 0 }
    push('response.content_part.added', { ...inner, part: part(choice, '') })
    for (const delta of choice.tokens) push(`response.${kind}.delta`, { ...inner, delta, ...extra }, { tokens: 1 })
    push(`response.${kind}.done`, { ...inner, [field as string]: text, ...extra })
    push('response.content_part.done', { ...inner, part: part(choice, text) })
  }
  push('response.output_item.done', { output_index: 0, item: done })
  push(
    status === 'incomplete' ? 'response.incomplete' : 'response.completed',
    { response: resource(question, answer, status, [done]) },
    { terminal: true },
  )
  return list
}
