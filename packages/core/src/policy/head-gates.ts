/** The write gates that are known once the origin's head is: status and header fields. Pure. */

import type { SkipReason } from '../events.js'
import type { HeaderPairs } from '../exchange.js'
import { parseCacheControl } from '../http/cache-control.js'
import { headerValue, listMembers } from '../http/headers.js'

export interface ResponseHead {
  readonly method: string
  readonly status: number
  /** As the origin set them; not what outer middleware or the cache added. */
  readonly headers: HeaderPairs
  /** Whether a request field, by lower-case name, is part of the cache key, by declaration or through the partition. */
  readonly isKeyed: (lowerName: string) => boolean
}

export type HeadSkipReason = Extract<
  SkipReason,
  'status' | 'set-cookie' | 'response-no-store' | 'response-private' | 'vary' | 'encoded' | 'content-range' | 'empty'
>

/**
 * Why this answer must not be stored, or undefined when its head allows it.
 *
 * Of Cache-Control only `no-store` and `private` count (with field names too: RFC 9111 section 5.2.2.7 lets a cache read
 * that as the bare form). `no-cache`, `max-age=0` and the like stand on every event stream and say nothing about the
 * answer. What forbids sharing is named before a mere error status, so that `isShareable` can go by the reason.
 */
export function judgeHead({ method, status, headers, isKeyed }: ResponseHead): HeadSkipReason | undefined {
  if (method === 'HEAD') return 'empty'
  if (headerValue(headers, 'set-cookie') !== undefined || headerValue(headers, 'set-cookie2') !== undefined) return 'set-cookie'
  const cacheControl = parseCacheControl(headerValue(headers, 'cache-control'))
  if (cacheControl.has('no-store')) return 'response-no-store'
  if (cacheControl.has('private')) return 'response-private'
  if (status === 206 || headerValue(headers, 'content-range') !== undefined) return 'content-range'
  if (listMembers(headerValue(headers, 'vary')).some((name) => !mayVaryBy(name, isKeyed))) return 'vary'
  if (listMembers(headerValue(headers, 'content-encoding')).some((coding) => coding !== 'identity')) return 'encoded'
  return isStorableStatus(status) ? undefined : 'status'
}

/**
 * May the simultaneous followers of a flight receive this very answer, though it is not stored for `reason`? Only a
 * plain error or redirect: what depends on the leader's own connection, conditions or ranges is for the leader alone.
 */
export function isShareable(reason: SkipReason, status: number): boolean {
  return reason === 'status' && status >= 200 && !FOR_THE_LEADER.has(status)
}

/**
 * Not Modified, Proxy Authentication Required, Request Timeout, Precondition Failed, Range Not Satisfiable, Expectation
 * Failed, Misdirected Request, Too Early, Request Header Fields Too Large: made for fields that are not in the key.
 */
const FOR_THE_LEADER: ReadonlySet<number> = new Set([304, 407, 408, 412, 416, 417, 421, 425, 431])

/** 2xx except No Content and Reset Content, which have no body, and Partial Content. */
function isStorableStatus(status: number): boolean {
  return status >= 200 && status < 300 && status !== 204 && status !== 205 && status !== 206
}

/** Accept-Encoding chooses a content coding, and encoded answers have a gate of their own. `*` is never keyed. */
function mayVaryBy(name: string, isKeyed: ResponseHead['isKeyed']): boolean {
  return name !== '*' && (name === 'accept-encoding' || isKeyed(name))
}
