/** The AI SDK's UI message stream (version 6 and 7), and its `fullStream` written out as SSE or NDJSON. */

import type { SkipReason, Usage } from '../events.js'
import { finishOf } from './finish.js'
import { isObject, type JsonObject, nameOf, textOf } from './json.js'
import { type FrameStream, newChoice, type Reading } from './reading.js'
import { member, usageOf } from './usage.js'

export const AI_SDK_NAME = 'ai-sdk-ui'

/**
 * True when every JSON frame is a part that the AI SDK writes. All of them have to be, since `{ type: 'start' }` is
 * anybody's word; a stream cut after its first part is still recognised. Where the request came from the AI SDK
 * (`expected`) the first part decides, so that parts which a later version adds do no harm.
 */
export function isAiSdkStream({ objects }: FrameStream, expected: boolean): boolean {
  const parts = expected ? objects.slice(0, 1) : objects
  return parts.length > 0 && parts.every((part) => typeof part.type === 'string' && (part.type === 'text-delta' || PART.test(part.type)))
}

/** True for one line that can only be the first of a stream of parts. */
export function isAiSdkStart(value: JsonObject): boolean {
  return typeof value.type === 'string' && START.test(value.type)
}

const START = /^(start|start-step|text-start|text-delta|reasoning-start|reasoning-delta)$/

const PART =
  /^(start|finish|abort|error|raw|custom|file|reasoning-file|source|message-metadata|steering-message|(start|finish|reset)-step|(text|reasoning)-(start|delta|end)|tool-.+|source-(url|document)|data-.+)$/

/** Ends with a `finish` part, and as SSE with `[DONE]`, which alone is worth nothing: it follows errors too. */
export function readAiSdkStream(stream: FrameStream): Reading {
  const choice = newChoice()
  let finish: JsonObject | undefined
  let fault: SkipReason | undefined
  let model: string | undefined
  let usage: Usage | undefined
  let step = ''
  for (const part of stream.objects) {
    const type = textOf(part.type)
    if (type === 'text-delta') {
      step += textOf(part.delta) || textOf(part.text)
      finish = undefined
      continue
    }
    if (type === 'finish') finish = part
    else if (!AFTERWARDS.test(type)) finish = undefined
    if (type === 'start-step' || type === 'reset-step') {
      // A reset takes back what its step has said so far.
      if (type === 'start-step' && step !== '') choice.text = step
      step = ''
    } else if (FAULTS.test(type)) fault ??= 'error-frame'
    else if (type.startsWith('tool-')) choice.toolCall = true
    else if (OTHER_CONTENT.test(type)) choice.otherContent = true
    model ??= nameOf(member(part, 'response').modelId) ?? nameOf(member(part, 'messageMetadata').model)
    usage = usageIn(part) ?? usage
  }
  if (step !== '') choice.text = step
  if (finish) choice.finish = 'finishReason' in finish ? finishOf(finish.finishReason) : 'done'
  // `fullStream` reports its total in `finish` and has no `[DONE]` of its own.
  const terminal = finish !== undefined && (stream.form === 'ndjson' || stream.done || isObject(finish.totalUsage))
  return { choices: [choice], terminal, fault, model, usage }
}

/** Parts that may follow `finish` without beginning anything new. */
const AFTERWARDS = /^(finish|message-metadata|data-.+)$/
const FAULTS = /^(error|abort|tool-error|tool-(input|output)-error)$/
const OTHER_CONTENT = /^(file|data-.+)$/

/** The UI stream tells tokens only where the app put them into the message's metadata. */
function usageIn(part: JsonObject): Usage | undefined {
  const metadata = member(part, 'messageMetadata')
  for (const found of [part.totalUsage, metadata.totalUsage, metadata.usage, metadata]) {
    if (!isObject(found)) continue
    const cached = member(found, 'inputTokenDetails').cacheReadTokens ?? found.cachedInputTokens
    const usage = usageOf(found.inputTokens, found.outputTokens, cached)
    if (usage) return usage
  }
  return undefined
}
