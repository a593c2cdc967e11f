/** Cache-Status (RFC 9211): what this cache did, in one member of a Structured Fields list (RFC 9651). */

/** Why the request went on to the origin (RFC 9211 section 2.2). */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial'

/** `hit` and `fwd` exclude each other. The `key` parameter does not exist here: keys are private. */
export type CacheStatus = CacheStatusHit | CacheStatusForward

export interface CacheStatusHit {
  readonly hit: true
  /** Freshness left in seconds; negative when stale. Rounded down. */
  readonly ttlSeconds?: number | undefined
  readonly detail?: string | undefined
}

export interface CacheStatusForward {
  readonly hit?: false | undefined
  readonly fwd: ForwardReason
  /** The origin's status where it differs from the one sent. */
  readonly fwdStatus?: number | undefined
  readonly stored?: boolean | undefined
  /** The request was served by another one's origin call. */
  readonly collapsed?: boolean | undefined
  readonly ttlSeconds?: number | undefined
  /** A reason, such as those of bypass and skip events. Never anything of the request. */
  readonly detail?: string | undefined
}

const TOKEN = /^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*$/
const PRINTABLE = /^[\x20-\x7e]+$/
/** Largest sf-integer: 15 digits. */
const MAX_INTEGER = 999_999_999_999_999

/** True when `name` can stand in the field: printable ASCII, not empty. A name that is no token is sent quoted. */
export function isCacheName(name: unknown): name is string {
  return typeof name === 'string' && PRINTABLE.test(name)
}

/**
 * This cache's member of the list: `llm-cache; hit; ttl=376`, `llm-cache; fwd=miss; stored`.
 * `name` has passed `isCacheName`; characters that cannot be sent become '?', as in `detail`.
 */
export function formatCacheStatus(name: string, status: CacheStatus): string {
  let field = formatText(name)
  if (status.hit) {
    field += '; hit'
  } else {
    field += `; fwd=${status.fwd}`
    field += formatInteger('fwd-status', status.fwdStatus)
  }
  field += formatInteger('ttl', status.ttlSeconds)
  if (!status.hit) {
    if (status.stored) field += '; stored'
    if (status.collapsed) field += '; collapsed'
  }
  return status.detail === undefined ? field : `${field}; detail=${formatText(status.detail)}`
}

/**
 * The field with our member added behind those of caches nearer to the origin, which are kept (RFC 9211 section 2).
 * `existing` is undefined or blank when there are none.
 */
export function appendCacheStatus(existing: string | undefined, member: string): string {
  const before = existing?.replace(/[\s,]+$/, '')
  return before ? `${before}, ${member}` : member
}

/** sf-token where possible, else sf-string. */
function formatText(text: string): string {
  if (TOKEN.test(text)) return text
  const sendable = text.replace(/[^\x20-\x7e]/g, '?')
  return `"${sendable.replace(/["\\]/g, '\\$&')}"`
}

function formatInteger(name: string, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return ''
  return `; ${name}=${Math.floor(Math.min(Math.max(value, -MAX_INTEGER), MAX_INTEGER))}`
}
