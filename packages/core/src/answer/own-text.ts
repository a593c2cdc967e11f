/** What an app's own JSON says: its values without those that name, date or count an answer. */

import { isKnownModel } from '../fingerprint/model-names.js'
import { isObject, isVoid, type JsonObject, textOf } from './json.js'
import { PROTOCOLS } from './protocols.js'

/** A value without what says nothing; a string where one text is all that it says. */
export interface OwnValue {
  readonly value: unknown
  readonly toolCalls: boolean
}

/** Undefined where an embedded answer of a provider says something that is not text, or the value is nested beyond all use. */
export function plainValue(value: unknown): OwnValue | undefined {
  const found = { toolCalls: false, opaque: false }
  const plain = plainAt(value, 0, found)
  return found.opaque ? undefined : { value: onlyText(plain), toolCalls: found.toolCalls }
}

/** The piece of text that a frame of an app's own stream carries by a customary name; undefined where it carries something else too. */
export function wordsOf(frame: JsonObject): string | undefined {
  const texts = Object.keys(frame).filter((name) => PIECES.has(name))
  if (texts.length !== 1 || typeof frame[texts[0] as string] !== 'string') return undefined
  const others = Object.entries(frame).filter(([name, value]) => name !== texts[0] && !LABELS.has(name) && !isMetadata(name, value))
  return others.every(([, value]) => isVoid(value)) ? textOf(frame[texts[0] as string]) : undefined
}

interface Found {
  toolCalls: boolean
  opaque: boolean
}

function plainAt(value: unknown, depth: number, found: Found): unknown {
  // `1e400` is JSON and no number.
  if (typeof value === 'number' && !Number.isFinite(value)) found.opaque = true
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) found.opaque = true
  if (found.opaque) return null
  if (Array.isArray(value)) return value.map((item) => plainAt(item, depth + 1, found))
  const object = value as JsonObject
  const protocol = PROTOCOLS.find((candidate) => candidate.isBody(object))
  if (protocol) {
    const { choices } = protocol.readBody(object)
    found.toolCalls ||= choices.some((choice) => choice.toolCall || choice.finish === 'tool-calls')
    found.opaque ||= choices.length === 0 || choices.some((choice) => choice.otherContent)
    return choices.map((choice) => choice.text).join('\n')
  }
  found.toolCalls ||= CALLS.some((name) => Array.isArray(object[name]) && !isVoid(object[name]))
  const kept = Object.entries(object).filter(([name, member]) => depth > 0 || !isMetadata(name, member))
  return Object.fromEntries(kept.map(([name, member]) => [name, plainAt(member, depth + 1, found)]))
}

/** `{ answer: 'x' }` says 'x'. */
function onlyText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value ?? ''
  const members = Object.values(value).filter((member) => !isBlank(member))
  if (members.length === 0) return ''
  return members.length === 1 && typeof members[0] === 'string' ? members[0] : value
}

/** Unlike void it is not: false and 0 are answers. */
function isBlank(value: unknown): boolean {
  return value !== false && value !== 0 && isVoid(value)
}

/** By name and look, so that `{ id: 7, startsAt: '2027-01-01T10:00' }` stays an answer. Left out at the top alone. */
function isMetadata(name: string, value: unknown): boolean {
  if (USAGES.has(name)) return isObject(value)
  if (IDS.test(name)) return typeof value === 'string' && GENERATED.test(value)
  if (TIMES.test(name)) return typeof value === 'string' ? ISO_TIME.test(value) : typeof value === 'number' && value > EARLIEST_SECONDS
  if (name === 'model') return typeof value === 'string' && isKnownModel(value)
  return typeof value === 'number' && LATENCIES.test(name)
}

const MAX_DEPTH = 50
const CALLS: readonly string[] = ['tool_calls', 'toolCalls']
const PIECES: ReadonlySet<string> = new Set([
  'text',
  'delta',
  'token',
  'content',
  'chunk',
  'answer',
  'message',
  'response',
  'output',
  'word',
])
/** What kind of piece it is, and which. */
const LABELS: ReadonlySet<string> = new Set(['type', 'event', 'kind', 'index', 'i', 'seq', 'sequence', 'role', 'done'])
const IDS = /^(?:id|(?:request|response|message|chat|conversation|session|thread|trace|run)(?:_id|Id))$/
/** With digits, and too long to mean something: a UUID, `chatcmpl-9x...`, a ULID. */
const GENERATED = /^(?=.*\d)[A-Za-z0-9_-]{16,}$/
const TIMES = /^(?:created|timestamp|(?:created|generated|answered|completed)(?:_at|At))$/
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/
/** 2001-09-09, as seconds; milliseconds are more. */
const EARLIEST_SECONDS = 1_000_000_000
const LATENCIES = /^(?:latency|elapsed|took)(?:_?ms)?$/i
const USAGES: ReadonlySet<string> = new Set(['usage', 'totalUsage', 'token_usage', 'tokenUsage'])
