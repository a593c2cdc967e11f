/** OpenAI chat completions, and the many servers that speak the same wire format. */

import { finishOf } from './finish.js'
import { isObject, isVoid, type JsonObject, nameOf, objectsIn, textOf } from './json.js'
import { type Choice, Choices, type FrameStream, newChoice, type Protocol, type Reading } from './reading.js'
import { member, openaiUsage } from './usage.js'

export const openaiChat: Protocol = {
  name: 'openai-chat',
  isBody: (body) => body.object === 'chat.completion' || objectsIn(body.choices).some((choice) => isObject(choice.message)),
  readBody,
  isFrame: (frame) => frame.object === 'chat.completion.chunk' || objectsIn(frame.choices).some((choice) => isObject(choice.delta)),
  readStream,
}

function readBody(body: JsonObject): Reading {
  const choices = objectsIn(body.choices).map((raw) => {
    const choice = newChoice(finishOf(raw.finish_reason))
    addMessage(choice, member(raw, 'message'))
    return choice
  })
  return { choices, terminal: true, fault: undefined, model: nameOf(body.model), usage: openaiUsage(body.usage) }
}

/**
 * SSE ends with `[DONE]`; lines of the SDK's `toReadableStream()` do not, there the finish reasons are all there is.
 * Content after a finish reason begins another answer (an agent's next step), unfinished again.
 */
function readStream(stream: FrameStream): Reading {
  const choices = new Choices()
  let model: string | undefined
  let usage: unknown
  for (const chunk of stream.objects) {
    model ??= nameOf(chunk.model)
    if (isObject(chunk.usage)) usage = chunk.usage
    for (const raw of objectsIn(chunk.choices)) {
      const choice = choices.at(raw.index)
      const said = addMessage(choice, member(raw, 'delta'))
      const finish = finishOf(raw.finish_reason)
      if (finish !== undefined || said) choice.finish = finish
    }
  }
  const terminal = stream.form === 'ndjson' || stream.done
  // Chunks without any choice never finished anything.
  return { choices: choices.list(), terminal, fault: undefined, model, usage: openaiUsage(usage) }
}

/** Adds a `message` or a `delta`; true when it said something. */
function addMessage(choice: Choice, message: JsonObject): boolean {
  const text = contentText(message.content)
  const toolCall = !isVoid(message.tool_calls) || !isVoid(message.function_call)
  const refusal = !isVoid(message.refusal)
  const other = isObject(message.audio) || !isVoid(message.images)
  choice.text += text
  choice.toolCall ||= toolCall
  choice.refusal ||= refusal
  choice.otherContent ||= other
  return text !== '' || toolCall || refusal || other
}

/** Text, or (Mistral) a list of parts of which those of type `text` count; its `thinking` parts do not. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content
  return objectsIn(content)
    .map((part) => (part.type === 'text' ? textOf(part.text) : ''))
    .join('')
}
