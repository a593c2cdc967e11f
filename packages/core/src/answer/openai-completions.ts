/** OpenAI's legacy completions. */

import { finishOf } from './finish.js'
import { type JsonObject, nameOf, objectsIn, textOf } from './json.js'
import { Choices, type FrameStream, type Protocol, type Reading } from './reading.js'
import { openaiUsage } from './usage.js'

export const openaiCompletions: Protocol = {
  name: 'openai-completions',
  isBody: isCompletion,
  readBody: (body) => read([body], true),
  isFrame: isCompletion,
  readStream: (stream: FrameStream) => read(stream.objects, stream.form === 'ndjson' || stream.done),
}

function isCompletion(value: JsonObject): boolean {
  if (value.object === 'text_completion') return true
  return objectsIn(value.choices).some((choice) => typeof choice.text === 'string' && 'finish_reason' in choice)
}

/** A stream's chunks have the shape of the whole. */
function read(chunks: readonly JsonObject[], terminal: boolean): Reading {
  const choices = new Choices()
  let model: string | undefined
  let usage: unknown
  for (const chunk of chunks) {
    model ??= nameOf(chunk.model)
    usage = chunk.usage ?? usage
    for (const raw of objectsIn(chunk.choices)) {
      const choice = choices.at(raw.index)
      const text = textOf(raw.text)
      const finish = finishOf(raw.finish_reason)
      choice.text += text
      if (finish !== undefined || text !== '') choice.finish = finish
    }
  }
  return { choices: choices.list(), terminal, fault: undefined, model, usage: openaiUsage(usage) }
}
