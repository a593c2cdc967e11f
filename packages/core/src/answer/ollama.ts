/** Ollama chat and generate, as one JSON object or as NDJSON. */

import { finishOf } from './finish.js'
import { isObject, isVoid, type JsonObject, nameOf, textOf } from './json.js'
import { type FrameStream, newChoice, type Protocol, type Reading } from './reading.js'
import { member, usageOf } from './usage.js'

export const ollama: Protocol = {
  name: 'ollama',
  isBody: isChunk,
  readBody: (body) => read([body]),
  isFrame: isChunk,
  readStream: (stream: FrameStream) => read(stream.objects),
}

function isChunk(value: JsonObject): boolean {
  return (
    typeof value.done === 'boolean' && typeof value.model === 'string' && (isObject(value.message) || typeof value.response === 'string')
  )
}

/** The last line says `done: true`; `done_reason` came with Ollama 0.1.3x, before it `done` is all there is. */
function read(lines: readonly JsonObject[]): Reading {
  const choice = newChoice()
  let last: JsonObject = {}
  for (const line of lines) {
    if (!isChunk(line)) continue
    last = line
    const message = member(line, 'message')
    choice.text += textOf(line.response) + textOf(message.content)
    choice.toolCall ||= !isVoid(message.tool_calls)
  }
  if (last.done === true) choice.finish = finishOf(last.done_reason) ?? 'done'
  return {
    choices: [choice],
    terminal: last.done === true,
    fault: undefined,
    model: nameOf(last.model),
    usage: usageOf(last.prompt_eval_count, last.eval_count, undefined),
  }
}
