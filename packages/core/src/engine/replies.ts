/** Replies: what goes out instead of, or besides, the origin's answer. */

import { isSendable } from '../compression/clients.js'
import type { BodyCoding, Entry } from '../entry/entry.js'
import type { StaleReason } from '../events.js'
import type { AnswerHead, HeaderPairs, Reply } from '../exchange.js'
import { ageMs, remainingMs } from '../freshness.js'
import { appendCacheStatus, type CacheStatus, formatCacheStatus } from '../http/cache-status.js'
import { matchesIfNoneMatch } from '../http/etag.js'
import { headerValue, listMembers } from '../http/headers.js'
import type { BroadcastReader } from '../lib/broadcast.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable, Clock } from '../ports.js'
import type { SemanticMatch } from '../semantic/finding.js'
import type { OutcomeLabel } from './handle.js'
import type { ReplayPace } from './options.js'
import { createPacedSource } from './pace.js'

/** The cache's own fields. `Cache-Status` keeps what caches nearer to the origin said (RFC 9211 section 2). */
export function ownFields(
  name: string,
  status: CacheStatus,
  label: OutcomeLabel,
  id: string | undefined,
  origin: HeaderPairs,
): (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = [
    ['Cache-Status', appendCacheStatus(headerValue(origin, 'cache-status'), formatCacheStatus(name, status))],
    ['x-llm-cache', label],
  ]
  if (id !== undefined) fields.push(['x-llm-cache-id', id])
  return fields
}

export interface HitOptions {
  readonly name: string
  readonly pace: ReplayPace
  readonly clock: Clock
  /** The clock's time of this request, in ms since the epoch. */
  readonly now: number
  /** The request's If-None-Match field. */
  readonly ifNoneMatch: string | undefined
  /** Name of the tier that had it, for `Cache-Status`; undefined where there is only one. */
  readonly source?: string | undefined
  /** Its Accept-Encoding field; asked of encoded entries alone. */
  readonly acceptEncoding: string | undefined
  /** Why it is sent though its freshness has ended, and the origin's status where it was asked; undefined where it is fresh. */
  readonly stale?: { readonly reason: StaleReason; readonly fwdStatus: number | undefined } | undefined
  /** How near it is to the request, where it answered another one; undefined where it is its own. */
  readonly semantic?: Pick<SemanticMatch, 'similarity' | 'probability' | 'error'> | undefined
  /** The body of an encoded entry as it was recorded. */
  readonly decode: (entry: Entry) => Awaitable<Uint8Array>
}

/**
 * An entry as a reply: 304 where the client's validator matches (RFC 9110 section 13.1.2), else the whole answer. An encoded body
 * goes out as it is stored where the client takes its coding, else decoded: at once if `decode` is.
 *
 * @throws what `decode` throws, or rejects with it
 */
export function hitReply(entry: Entry, options: HitOptions): Awaitable<Reply> {
  return entry.encoding ? encodedReply(entry, entry.encoding.coding, options) : plainReply(entry, options)
}

function encodedReply(entry: Entry, coding: BodyCoding, options: HitOptions): Awaitable<Reply> {
  const { pace, acceptEncoding, ifNoneMatch, decode } = options
  // lz4 never goes out: whatever the client accepts, it gets the same.
  const headers = coding === 'lz4' ? entry.headers : varyByEncoding(entry.headers)
  const isPaced = pace !== 'instant' && entry.chunks !== undefined
  if (!isPaced && isSendable(acceptEncoding, coding))
    return plainReply({ ...entry, headers: [...headers.map(weakened), ['Content-Encoding', coding]] }, options)
  const body = isNotModified(entry, ifNoneMatch) ? NOTHING : decode(entry)
  const reply = (decoded: Uint8Array): Reply => plainReply({ ...entry, headers, body: decoded }, options)
  return isThenable(body) ? body.then(reply) : reply(body)
}

function plainReply(entry: Entry, { name, pace, clock, now, ifNoneMatch, source, stale, semantic }: HitOptions): Reply {
  const ttlSeconds = remainingMs(entry, now) / 1000
  const detail = semantic ? 'semantic' : stale ? `stale-${stale.reason}` : source
  const wasAsked = stale?.reason === 'if-error' || stale?.reason === 'if-slow'
  const status: CacheStatus = wasAsked
    ? { fwd: ttlSeconds > 0 ? 'request' : 'stale', fwdStatus: stale.fwdStatus, ttlSeconds, detail }
    : { hit: true, ttlSeconds, detail }
  const own = ownFields(name, status, semantic ? 'SEMANTIC-HIT' : stale ? 'STALE' : 'HIT', entry.id, entry.headers)
  if (semantic) own.push(...semanticFields(semantic))
  own.push(['Age', `${Math.floor(ageMs(entry, now) / 1000)}`])
  if (isNotModified(entry, ifNoneMatch)) {
    return { status: 304, headers: [...validators(entry.headers), ...own], body: { kind: 'bytes', bytes: NOTHING } }
  }
  const headers = withoutCacheStatus(entry.headers).concat(own)
  if (pace !== 'instant' && entry.chunks) {
    return { status: entry.status, headers, body: { kind: 'chunks', chunks: createPacedSource(entry, pace, clock) } }
  }
  return { status: entry.status, headers, body: { kind: 'bytes', bytes: entry.body } }
}

function isNotModified({ headers }: Entry, ifNoneMatch: string | undefined): boolean {
  const etag = ifNoneMatch === undefined ? undefined : headerValue(headers, 'etag')
  return etag !== undefined && matchesIfNoneMatch(ifNoneMatch, etag)
}

/** `headers` with a `Vary` that names Accept-Encoding: another client gets other bytes (RFC 9110 section 12.5.5). */
function varyByEncoding(headers: HeaderPairs): HeaderPairs {
  const members = listMembers(headerValue(headers, 'vary'))
  if (members.includes('accept-encoding') || members.includes('*')) return headers
  const at = headers.findIndex(([name, value]) => name.toLowerCase() === 'vary' && value.trim() !== '')
  if (at < 0) return [...headers, ['Vary', 'Accept-Encoding']]
  const [name, value] = headers[at] as readonly [string, string]
  return headers.toSpliced(at, 1, [name, `${value}, Accept-Encoding`])
}

/** A strong validator of the origin's stands for its own bytes, not for ours (RFC 9110 section 8.8.3.3). */
function weakened([name, value]: readonly [string, string]): readonly [string, string] {
  return name.toLowerCase() === 'etag' && value.startsWith('"') ? [name, `W/${value}`] : [name, value]
}

/** How sure the cache is, so that callers can tell. */
function semanticFields({ similarity, probability, error }: NonNullable<HitOptions['semantic']>): (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = [['x-llm-cache-similarity', similarity.toFixed(3)]]
  if (probability !== undefined) fields.push(['x-llm-cache-probability', probability.toFixed(3)])
  if (error !== undefined) fields.push(['x-llm-cache-error-rate', error.toFixed(4)])
  return fields
}

/** Another request's answer, as it comes in. */
export function followerReply(name: string, head: AnswerHead, chunks: BroadcastReader): Reply {
  const own = ownFields(name, { fwd: 'uri-miss', collapsed: true }, 'COLLAPSED', head.id, head.headers)
  return { status: head.status, headers: [...withoutCacheStatus(head.headers), ...own], body: { kind: 'chunks', chunks } }
}

/** `only-if-cached` and nothing there: 504 (RFC 9111 section 5.2.1.7). */
export function onlyIfCachedReply(name: string): Reply {
  const own = ownFields(name, { fwd: 'request', detail: 'only-if-cached' }, 'MISS', undefined, [])
  return { status: 504, headers: [['Content-Type', 'application/json'], ...own], body: { kind: 'bytes', bytes: ONLY_IF_CACHED } }
}

/** To a request of the cache's own for which there is nothing to do; nobody reads it. */
export const NOT_NEEDED: Reply = { status: 204, headers: [], body: { kind: 'bytes', bytes: new Uint8Array(0) } }

/** For a client that left while it waited; nobody reads it. */
export const CLIENT_LEFT: Reply = { status: 499, headers: [], body: { kind: 'bytes', bytes: new Uint8Array(0) } }

/** Fields that a 304 repeats (RFC 9110 section 15.4.5). */
function validators(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => NOT_MODIFIED_FIELDS.has(name.toLowerCase()))
}

function withoutCacheStatus(headers: HeaderPairs): HeaderPairs {
  return headers.some(isCacheStatus) ? headers.filter((pair) => !isCacheStatus(pair)) : headers
}

function isCacheStatus([name]: readonly [string, string]): boolean {
  return name.length === 12 && name.toLowerCase() === 'cache-status'
}

const NOT_MODIFIED_FIELDS: ReadonlySet<string> = new Set(['cache-control', 'content-location', 'etag', 'expires', 'vary'])
const NOTHING = new Uint8Array(0)
const ONLY_IF_CACHED = new TextEncoder().encode(
  '{"error":{"type":"not_cached","code":"only-if-cached","message":"There is no stored answer to this request."}}',
)
