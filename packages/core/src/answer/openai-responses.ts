/** OpenAI Responses. */

import { type Finish, finishOf } from './finish.js'
import { isVoid, type JsonObject, nameOf, objectsIn, textOf } from './json.js'
import { type FrameStream, newChoice, type Protocol, type Reading } from './reading.js'
import { member, usageOf } from './usage.js'

export const openaiResponses: Protocol = {
  name: 'openai-responses',
  isBody: (body) => body.object === 'response' && Array.isArray(body.output),
  readBody: (body) => readResponse(body, objectsIn(body.output)),
  isFrame: (frame) => typeof frame.type === 'string' && frame.type.startsWith('response.'),
  readStream,
}

/** The last event carries the whole response; some proxies leave its `output` out, then the finished items stand in. */
function readStream(stream: FrameStream): Reading {
  let last: JsonObject | undefined
  let fault: Reading['fault']
  const items: JsonObject[] = []
  for (const event of stream.objects) {
    if (event.type === 'response.created') last = undefined
    else if (event.type === 'response.completed' || event.type === 'response.incomplete') last = event
    else if (event.type === 'response.failed') fault = 'error-frame'
    else if (event.type === 'response.output_item.done') items.push(member(event, 'item'))
  }
  if (!last) return { choices: [], terminal: false, fault, model: undefined, usage: undefined }
  const response = member(last, 'response')
  const output = objectsIn(response.output)
  const reading = readResponse(response, output.length > 0 ? output : items)
  return { ...reading, fault: fault ?? reading.fault }
}

function readResponse(response: JsonObject, output: readonly JsonObject[]): Reading {
  const choice = newChoice(finishOfResponse(response))
  for (const item of output) {
    if (item.type === 'message') {
      const parts = objectsIn(item.content)
      const text = parts.map((part) => textOf(part.text)).join('')
      // Only the last message has to be JSON where JSON was asked for: commentary may precede it.
      if (text.trim() !== '') choice.text = text
      choice.refusal ||= parts.some((part) => part.type === 'refusal' || !isVoid(part.refusal))
    } else if (!PASSIVE_ITEMS.has(item.type)) {
      choice.toolCall = true
      if (item.status === 'failed') choice.finish = 'finish-error'
    }
  }
  const usage = member(response, 'usage')
  return {
    choices: [choice],
    terminal: true,
    fault: response.status === 'failed' ? 'error-body' : undefined,
    model: nameOf(response.model),
    usage: usageOf(usage.input_tokens, usage.output_tokens, member(usage, 'input_tokens_details').cached_tokens),
  }
}

function finishOfResponse(response: JsonObject): Finish | undefined {
  if (response.status !== 'incomplete') return finishOf(response.status)
  const reason = finishOf(member(response, 'incomplete_details').reason)
  return reason === undefined || reason === 'done' || reason === 'tool-calls' ? 'finish-length' : reason
}

/** Items that neither call a tool nor tell of one. Every other kind counts as a tool call, those of the future too. */
const PASSIVE_ITEMS: ReadonlySet<unknown> = new Set(['message', 'reasoning', 'compaction'])
