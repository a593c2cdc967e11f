/** Anthropic messages. */

import { finishOf } from './finish.js'
import { isObject, type JsonObject, nameOf, objectsIn, textOf } from './json.js'
import { type Choice, type FrameStream, newChoice, type Protocol, type Reading } from './reading.js'
import { member, sum, usageOf } from './usage.js'

export const anthropic: Protocol = {
  name: 'anthropic-messages',
  isBody: (body) => body.type === 'message' && body.role === 'assistant' && Array.isArray(body.content),
  readBody,
  isFrame: (frame) => typeof frame.type === 'string' && EVENTS.has(frame.type),
  readStream,
}

const EVENTS: ReadonlySet<string> = new Set([
  'message_start',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
])

function readBody(body: JsonObject): Reading {
  const choice = newChoice(finishOf(body.stop_reason))
  let failed = false
  for (const block of objectsIn(body.content)) failed = addBlock(choice, block) || failed
  return {
    choices: [choice],
    terminal: true,
    fault: failed ? 'error-body' : undefined,
    model: nameOf(body.model),
    usage: readUsage(member(body, 'usage')),
  }
}

/** Ends with `message_stop`; a further `message_start` begins another message, unfinished again. */
function readStream(stream: FrameStream): Reading {
  const choices: Choice[] = []
  let open: Choice | undefined
  let failed = false
  let model: string | undefined
  let usage: JsonObject = {}
  for (const event of stream.objects) {
    if (event.type === 'message_start') {
      const message = member(event, 'message')
      model ??= nameOf(message.model)
      usage = member(message, 'usage')
      open = newChoice()
      choices.push(open)
    } else if (!open) {
    } else if (event.type === 'content_block_start') {
      failed = addBlock(open, member(event, 'content_block')) || failed
    } else if (event.type === 'content_block_delta') {
      open.text += textOf(member(event, 'delta').text)
    } else if (event.type === 'message_delta') {
      const { stop_reason } = member(event, 'delta')
      open.finish = finishOf(stop_reason) ?? open.finish
      usage = { ...usage, ...Object.fromEntries(Object.entries(member(event, 'usage')).filter(([, count]) => count !== null)) }
    } else if (event.type === 'message_stop') {
      open = undefined
    }
  }
  return {
    choices,
    terminal: choices.length > 0 && open === undefined,
    fault: failed ? 'error-frame' : undefined,
    model,
    usage: readUsage(usage),
  }
}

/** Adds a content block; true when it is the failed result of a tool that the provider ran. */
function addBlock(choice: Choice, block: JsonObject): boolean {
  choice.text += block.type === 'text' ? textOf(block.text) : ''
  choice.toolCall ||= !PLAIN_BLOCKS.has(block.type)
  return isObject(block.content) && typeof block.content.type === 'string' && block.content.type.endsWith('_error')
}

/** Blocks that neither call a tool nor tell of one. Every other kind counts as a tool call, those of the future too. */
const PLAIN_BLOCKS: ReadonlySet<unknown> = new Set(['text', 'thinking', 'redacted_thinking'])

/** `input_tokens` leaves out what was read from and written to the provider's prompt cache; we count it in. */
function readUsage(usage: JsonObject): Reading['usage'] {
  const input = sum(usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens)
  return usageOf(input, usage.output_tokens, usage.cache_read_input_tokens)
}
