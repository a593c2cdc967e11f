/** Answers in an app's own form: JSON, an event stream or NDJSON of its own, in which parts of a provider's answer may show. */

import type { SkipReason, Usage } from '../events.js'
import { finishOf } from './finish.js'
import { DONE } from './form.js'
import { type GateOptions, gate } from './gates.js'
import { isObject, isVoid, type JsonObject, nameOf } from './json.js'
import { PROTOCOLS } from './protocols.js'
import type { Frame, FrameStream, Reading } from './reading.js'
import { member, openaiUsage, sum, usageOf } from './usage.js'

export interface OwnAnswer {
  readonly reason: SkipReason | undefined
  /** A provider's whole answer is embedded in it. */
  readonly fromModel: boolean
  readonly model: string | undefined
  readonly usage: Usage | undefined
}

/** Judges `{ answer: ... }` and the like, with every provider answer that it embeds (`{ completion }`, `[first, second]`). */
export function readOwnJson(value: JsonObject | readonly unknown[], options: GateOptions): OwnAnswer {
  const own = isObject(value) ? value : {}
  const embedded = providersIn(value)
  let reason = tellTale(own, options)
  for (const reading of embedded) reason ??= gate(reading, { ...options, expectsJson: false })
  if (Object.values(value).every(isVoid)) reason ??= 'empty'
  const first = embedded[0]
  return {
    reason,
    fromModel: first !== undefined,
    model: first?.model ?? nameOf(own.model),
    usage: first?.usage ?? ownUsage(member(own, 'usage')),
  }
}

export interface OwnStream {
  readonly reason: SkipReason | undefined
  /** It ends with a sign that says so; without one nothing in it shows that it is whole. */
  readonly terminal: boolean
}

/** Judges an event stream or NDJSON in no provider's dialect. */
export function readOwnStream({ frames, objects, form }: FrameStream, options: GateOptions): OwnStream {
  const last = frames.at(-1)
  const terminal = last !== undefined && isEnd(last)
  let reason: SkipReason | undefined
  if (form === 'ndjson' && frames.some((frame) => frame.json === undefined && frame.data !== DONE)) reason = 'invalid-json'
  for (const object of objects) {
    reason ??= tellTale(object, options)
    const protocol = PROTOCOLS.find((candidate) => candidate.isBody(object))
    if (protocol) reason ??= gate(protocol.readBody(object), { ...options, expectsJson: false })
  }
  const says = (frame: Frame): boolean => frame.data !== DONE && !isVoid(frame.json ?? frame.data)
  if (!frames.some((frame) => says(frame) && !(frame === last && terminal && frames.length > 1))) reason ??= 'empty'
  return { reason, terminal }
}

/** True for a sign that says that the stream is whole. */
export function isEnd(frame: Frame): boolean {
  if (frame.data === DONE || END_WORDS.has(frame.event)) return true
  return isObject(frame.json) && (frame.json.done === true || END_WORDS.has(frame.json.type) || END_WORDS.has(frame.json.event))
}

const END_WORDS: ReadonlySet<unknown> = new Set(['done', 'end', 'complete', 'close', 'completed', 'finish', 'finished'])

/** Signs of a bad answer in an object that passes on what a provider said: its finish reason, refusal or tool calls. */
function tellTale(object: JsonObject, { allowToolCalls }: GateOptions): SkipReason | undefined {
  for (const name of FINISH_NAMES) {
    const finish = typeof object[name] === 'string' ? finishOf(object[name]) : undefined
    // A word that no provider uses is the app's own.
    if (finish === undefined || finish === 'done' || finish === 'finish-unknown') continue
    if (finish !== 'tool-calls' || !allowToolCalls) return finish
  }
  if (object.role === 'assistant' && !isVoid(object.refusal)) return 'finish-refusal'
  return !allowToolCalls && (hasMembers(object.tool_calls) || hasMembers(object.toolCalls)) ? 'tool-calls' : undefined
}

function hasMembers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0
}

const FINISH_NAMES: readonly string[] = ['finish_reason', 'finishReason', 'stop_reason', 'stopReason', 'done_reason']

/** Provider answers within `value`, three levels and 200 objects deep at most: further down nobody puts one. */
function providersIn(value: unknown): readonly Reading[] {
  const found: Reading[] = []
  let level: readonly unknown[] = [value]
  let budget = 200
  for (let depth = 0; depth <= 3 && level.length > 0; depth++) {
    const next: unknown[] = []
    for (const node of level) {
      if (typeof node !== 'object' || node === null) continue
      if (budget-- <= 0) return found
      const protocol = isObject(node) ? PROTOCOLS.find((candidate) => candidate.isBody(node)) : undefined
      if (protocol) found.push(protocol.readBody(node as JsonObject))
      else for (const child of Object.values(node)) if (typeof child === 'object' && child !== null && next.length < 200) next.push(child)
    }
    level = next
  }
  return found
}

/** `usage` as the app passed it on, in the form of any SDK. */
function ownUsage(usage: JsonObject): Usage | undefined {
  const cached = usage.cache_read_input_tokens ?? member(usage, 'input_tokens_details').cached_tokens
  return (
    openaiUsage(usage) ??
    usageOf(usage.inputTokens, usage.outputTokens, usage.cachedInputTokens) ??
    usageOf(sum(usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens), usage.output_tokens, cached)
  )
}
