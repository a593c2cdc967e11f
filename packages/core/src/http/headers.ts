/** Which of a response's fields are stored, and which are passed on to the followers of a flight. */

import type { HeaderPairs } from '../exchange.js'

/** Facts of one connection (RFC 9110 section 7.6.1, RFC 9111 section 3.1), besides those that Connection names. */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** Made anew for each message: framing, date, age, and what the cache itself says of an exchange. */
const PER_MESSAGE: readonly string[] = ['age', 'content-length', 'date', 'x-llm-cache', 'x-llm-cache-id']

/** Belongs to one client. The write gates refuse such answers; should one slip through, the cookie does not. */
const PER_CLIENT: readonly string[] = ['set-cookie', 'set-cookie2']

/** Measurements of one exchange: true while it lasts, false on a replay. */
const MEASUREMENTS: readonly string[] = ['retry-after', 'server-timing', 'x-response-time', 'x-runtime', 'openai-processing-ms']

/** Rate-limit budgets, as clients act on them: a replayed `remaining: 0` would make one wait for nothing. */
const RATE_LIMIT = /^(?:x-|anthropic-)?ratelimit(?:$|-)/

const NEVER_SHARED: ReadonlySet<string> = new Set([...HOP_BY_HOP, ...PER_MESSAGE, ...PER_CLIENT])
const NEVER_STORED: ReadonlySet<string> = new Set([...NEVER_SHARED, ...MEASUREMENTS])

/**
 * The fields to keep in an entry: all but facts of the connection, of the message and of the single exchange
 * (`retry-after`, `server-timing`, `x-response-time`, `x-runtime`, `openai-processing-ms`, rate-limit budgets).
 * Request ids stay: they name the origin call that the answer came from. `Cache-Status` of an upstream cache stays
 * (RFC 9211 section 2). Names, order and repetition are as received.
 */
export function storableHeaders(headers: HeaderPairs): HeaderPairs {
  return without(headers, (name) => NEVER_STORED.has(name) || RATE_LIMIT.test(name))
}

/**
 * The fields that simultaneous followers of a flight get with the leader's answer, errors included: as
 * `storableHeaders`, but with the facts of the exchange, which is theirs too (`retry-after` of a 429).
 */
export function relayableHeaders(headers: HeaderPairs): HeaderPairs {
  return without(headers, (name) => NEVER_SHARED.has(name))
}

/** A field's value by lower-case name: several lines joined by ', ' (RFC 9110 section 5.2); undefined when absent. */
export function headerValue(headers: HeaderPairs, lowerName: string): string | undefined {
  let joined: string | undefined
  for (const [name, value] of headers) {
    if (name.length !== lowerName.length || name.toLowerCase() !== lowerName) continue
    joined = joined === undefined ? value : `${joined}, ${value}`
  }
  return joined
}

/** The lower-case members of a field that is a plain comma-separated list of names (Connection, Vary); '' left out. */
export function listMembers(value: string | undefined): readonly string[] {
  if (!value) return []
  return value
    .split(',')
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '')
}

/** The members of a list-based field without those of `others`, as they were written; '' when none is left. */
export function withoutMembers(value: string, others: string): string {
  const dropped = new Set(listMembers(others))
  return value
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '' && !dropped.has(member.toLowerCase()))
    .join(', ')
}

/** Members of `Vary` that outer middleware answers by itself on each response: CORS, compression. */
export const OUTER_VARY = 'origin, accept-encoding, access-control-request-method, access-control-request-headers'

function without(headers: HeaderPairs, isDropped: (lowerName: string) => boolean): HeaderPairs {
  const named = listMembers(headerValue(headers, 'connection'))
  return headers.filter(([name]) => {
    const lower = name.toLowerCase()
    return !isDropped(lower) && !named.includes(lower) && !lower.startsWith(':')
  })
}

/** The Content-Length field as a number: NaN where it is none, undefined where there is no such field. */
export function declaredLength(headers: HeaderPairs): number | undefined {
  const value = headerValue(headers, 'content-length')
  return value === undefined ? undefined : Number(value)
}
