/** The header of a frame: an entry without its body, as JSON. Everything read is checked before it becomes an entry. */

import { FrameError } from '../errors.js'
import type { Usage } from '../events.js'
import type { HeaderPairs } from '../exchange.js'
import type { BodyCoding, ChunkMark, Entry, EntryMeta, EntryPrompt, InheritedGuard, KnownMark } from './entry.js'

/** JSON of everything but the body and its coding; `decodedBytes` is there where it is encoded. */
export function formatEntryHeader(entry: Entry): string {
  const { id, key, storedAt, staleAt, deleteAt, status, headers, chunks, meta } = entry
  const decodedBytes = entry.encoding?.decodedBytes
  return JSON.stringify({ id, key, storedAt, staleAt, deleteAt, status, headers, decodedBytes, chunks, meta })
}

/** What the frame says of the body that belongs to a header. */
export interface FramedBody {
  readonly bytes: number
  /** Undefined: as recorded. */
  readonly coding: BodyCoding | undefined
  /** Most bytes that it may be when decoded. */
  readonly maxDecodedBytes: number
}

/**
 * What `formatEntryHeader` wrote. Fields that it does not know are left out, so later versions may add some.
 *
 * @param body chunk marks must not exceed its decoded length
 * @throws FrameError with reason 'header', or 'too-large' where the decoded body would be
 */
export function parseEntryHeader(json: string, body: FramedBody): Omit<Entry, 'body'> {
  const fields = objectOf(parseJson(json), 'header')
  const storedAt = numberOf(fields.storedAt, 'storedAt')
  const staleAt = numberOf(fields.staleAt, 'staleAt')
  const deleteAt = numberOf(fields.deleteAt, 'deleteAt')
  if (storedAt > staleAt || staleAt > deleteAt) fail('times')
  const status = numberOf(fields.status, 'status')
  if (!Number.isInteger(status) || status < 200 || status > 599) fail('status')
  const decodedBytes = body.coding === undefined ? body.bytes : decodedBytesOf(fields.decodedBytes, body.maxDecodedBytes)
  return {
    id: stringOf(fields.id, 'id'),
    key: stringOf(fields.key, 'key'),
    storedAt,
    staleAt,
    deleteAt,
    status,
    headers: headersOf(fields.headers),
    chunks: fields.chunks === undefined ? undefined : chunksOf(fields.chunks, decodedBytes),
    meta: metaOf(objectOf(fields.meta, 'meta')),
    ...(body.coding !== undefined && { encoding: { coding: body.coding, decodedBytes } }),
  }
}

type Fields = Readonly<Record<string, unknown>>

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // The cause is left out: its message quotes the text.
    return fail('JSON')
  }
}

function decodedBytesOf(value: unknown, max: number): number {
  const bytes = numberOf(value, 'decodedBytes')
  if (!Number.isInteger(bytes)) fail('decodedBytes')
  if (bytes > max) throw new FrameError('too-large', `The body would be ${bytes} bytes when decoded, ${max} are allowed.`)
  return bytes
}

function headersOf(value: unknown): HeaderPairs {
  return arrayOf(value, 'headers').map((pair) => {
    const parts = arrayOf(pair, 'headers')
    if (parts.length !== 2) fail('headers')
    return [stringOf(parts[0], 'headers'), stringOf(parts[1], 'headers')]
  })
}

function chunksOf(value: unknown, bodyBytes: number): ChunkMark[] {
  let lastEnd = 0
  let lastMs = 0
  return arrayOf(value, 'chunks').map((mark) => {
    const parts = arrayOf(mark, 'chunks')
    const end = numberOf(parts[0], 'chunks')
    const ms = numberOf(parts[1], 'chunks')
    // Equal neighbours are allowed: an empty chunk, two chunks within one tick of the clock.
    if (parts.length !== 2 || !Number.isInteger(end) || end < lastEnd || end > bodyBytes || ms < lastMs) fail('chunks')
    lastEnd = end
    lastMs = ms
    return [end, ms]
  })
}

function metaOf(fields: Fields): EntryMeta {
  return {
    provider: stringOf(fields.provider, 'provider'),
    model: optionalString(fields.model, 'model'),
    route: optionalString(fields.route, 'route'),
    usage: fields.usage === undefined ? undefined : usageOf(objectOf(fields.usage, 'usage')),
    originMs: numberOf(fields.originMs, 'originMs'),
    tags: textsOf(fields.tags, 'tags'),
    ...(fields.ttlMs !== undefined && { ttlMs: numberOf(fields.ttlMs, 'ttlMs') }),
    ...(fields.dependsOn !== undefined && { dependsOn: textsOf(fields.dependsOn, 'dependsOn') }),
    ...(fields.snapshot !== undefined && { snapshot: stringOf(fields.snapshot, 'snapshot') }),
    ...(fields.callsTools === true && { callsTools: true }),
    ...(fields.startedAt !== undefined && { startedAt: numberOf(fields.startedAt, 'startedAt') }),
    ...(fields.by !== undefined && { by: stringOf(fields.by, 'by') }),
    ...(fields.knows !== undefined && { knows: arrayOf(fields.knows, 'knows').map(knownOf) }),
    ...(fields.rounds !== undefined && { rounds: textsOf(fields.rounds, 'rounds') }),
    ...(fields.inherits !== undefined && { inherits: arrayOf(fields.inherits, 'inherits').map(inheritedOf) }),
    ...(fields.prompt !== undefined && { prompt: promptOf(objectOf(fields.prompt, 'prompt')) }),
  }
}

function promptOf({ text, namespace, domain, owner }: Fields): EntryPrompt {
  return {
    text: stringOf(text, 'prompt'),
    namespace: stringOf(namespace, 'prompt'),
    domain: stringOf(domain, 'prompt'),
    ...(owner !== undefined && { owner: stringOf(owner, 'prompt') }),
  }
}

function textsOf(value: unknown, field: string): string[] {
  return arrayOf(value, field).map((text) => stringOf(text, field))
}

function knownOf(value: unknown): KnownMark {
  const parts = arrayOf(value, 'knows')
  if (parts.length !== 2) fail('knows')
  return [stringOf(parts[0], 'knows'), numberOf(parts[1], 'knows')]
}

function inheritedOf(value: unknown): InheritedGuard {
  const parts = arrayOf(value, 'inherits')
  if (parts.length !== 3) fail('inherits')
  return [stringOf(parts[0], 'inherits'), numberOf(parts[1], 'inherits'), numberOf(parts[2], 'inherits')]
}

function usageOf(fields: Fields): Usage {
  const usage: { -readonly [Name in keyof Usage]: Usage[Name] } = {}
  for (const name of ['inputTokens', 'outputTokens', 'cachedInputTokens'] as const) {
    if (fields[name] !== undefined) usage[name] = numberOf(fields[name], 'usage')
  }
  return usage
}

function objectOf(value: unknown, field: string): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : fail(field)
}

function arrayOf(value: unknown, field: string): readonly unknown[] {
  return Array.isArray(value) ? value : fail(field)
}

function stringOf(value: unknown, field: string): string {
  return typeof value === 'string' ? value : fail(field)
}

function optionalString(value: unknown, field: string): string | undefined {
  return value === undefined ? undefined : stringOf(value, field)
}

/** Finite and not negative: times, counts and durations are all that. */
function numberOf(value: unknown, field: string): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : fail(field)
}

function fail(field: string): never {
  throw new FrameError('header', `The frame's header has no valid ${field}.`)
}
