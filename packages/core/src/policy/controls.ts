/** What a caller may ask for one request: `Cache-Control` (RFC 9111 section 5.2.1) and `x-llm-cache-control`. */

import { checkNames, invalid, isPlain, wrongValue } from '../checks.js'
import { type CacheControl, leastSeconds, mostSeconds, parseCacheControl, parseDelta } from '../http/cache-control.js'
import { type Duration, parseDuration, parseDurationText } from '../lib/duration.js'
import { describeValue, didYouMean } from '../lib/nearest.js'

/**
 * The directives that an operator can allow. `mode=exact` needs no leave, since it asks for what happens anyway;
 * a directive that is not known is ignored (RFC 9111 section 5.2.3).
 */
export const CONTROL_DIRECTIVES = [
  'no-cache',
  'no-store',
  'only-if-cached',
  'max-age',
  'min-fresh',
  'max-stale',
  'stale-if-error',
  'ttl',
  'reject',
  'threshold',
] as const

export type ControlDirective = (typeof CONTROL_DIRECTIVES)[number]

/** What the operator lets callers ask for. */
export interface ControlPolicy {
  /** Directives that count; the others are ignored as if not sent. @default 'all' */
  readonly allow?: readonly ControlDirective[] | 'all' | 'none' | undefined
  /** A caller's `ttl=` counts as at least this; never more than maxTtl. @default 0 */
  readonly minTtl?: Duration | undefined
  /** A caller's `ttl=` counts as at most this. @default the route's own ttl: a caller may shorten it, not lengthen it */
  readonly maxTtl?: Duration | undefined
}

/** A `ControlPolicy` with its defaults applied. */
export interface ResolvedControls {
  readonly allowed: ReadonlySet<ControlDirective>
  /** ms; minTtlMs <= maxTtlMs. */
  readonly minTtlMs: number
  readonly maxTtlMs: number
}

/** One request's directives, merged and clamped. Times in ms; undefined means not asked for. */
export interface RequestControls {
  /** Forced refresh: no lookup, but the new answer is stored. */
  readonly noCache: boolean
  /** Bypass: neither lookup nor storing. */
  readonly noStore: boolean
  /** 504 rather than an origin call. */
  readonly onlyIfCached: boolean
  readonly maxAgeMs: number | undefined
  readonly minFreshMs: number | undefined
  /** How stale an entry may be; Infinity for `max-stale` without an argument. */
  readonly maxStaleMs: number | undefined
  readonly staleIfErrorMs: number | undefined
  /** Freshness lifetime for the answer to this request, inside [minTtlMs, maxTtlMs]. */
  readonly ttlMs: number | undefined
  /** Id of an answer that the caller found wrong; only in the cache's own field. */
  readonly reject: string | undefined
  /** `mode=exact`: no answer to another prompt. */
  readonly exactOnly: boolean
  /** Cosine, 0 to 1, that an answer to another prompt has at least; what is malformed counts as 1. */
  readonly threshold: number | undefined
}

/** A request that asks for nothing: one shared object, so that the usual request allocates none. */
export const NO_CONTROLS: RequestControls = Object.freeze({
  noCache: false,
  noStore: false,
  onlyIfCached: false,
  maxAgeMs: undefined,
  minFreshMs: undefined,
  maxStaleMs: undefined,
  staleIfErrorMs: undefined,
  ttlMs: undefined,
  reject: undefined,
  exactOnly: false,
  threshold: undefined,
})

/**
 * Applies the defaults. `defaultTtlMs` is the freshness lifetime that the operator configured for the route, in ms.
 * @throws OptionError for an unknown option, an unknown directive, an invalid duration, or minTtl over maxTtl
 */
export function resolveControls(policy: ControlPolicy | undefined, defaultTtlMs: number): ResolvedControls {
  if (policy === undefined) return { allowed: new Set(CONTROL_DIRECTIVES), minTtlMs: 0, maxTtlMs: defaultTtlMs }
  if (!isPlain(policy)) throw wrongValue('controls', policy, "an object such as { allow: ['no-cache'], maxTtl: '1h' }")
  checkNames(policy, OPTIONS, 'controls')
  const maxTtlMs = durationOption('maxTtl', policy.maxTtl) ?? defaultTtlMs
  const minTtlMs = durationOption('minTtl', policy.minTtl) ?? 0
  if (minTtlMs > maxTtlMs && policy.maxTtl !== undefined) {
    throw invalid('controls.minTtl', `(${minTtlMs} ms) is longer than controls.maxTtl (${maxTtlMs} ms)`)
  }
  // Against a ttl that is shorter than minTtl there is nothing left to shorten.
  return { allowed: resolveAllow(policy.allow), minTtlMs: Math.min(minTtlMs, maxTtlMs), maxTtlMs }
}

/**
 * The directives of one request. `header` gives a field's value by lower-case name. Both fields count, the stricter
 * wins; `Pragma: no-cache` counts only where there is no Cache-Control (RFC 9111 section 5.4). Never throws by itself.
 */
export function parseControls(header: (name: string) => string | undefined, resolved: ResolvedControls): RequestControls {
  const standardField = header('cache-control')
  const ownField = header(CONTROL_FIELD)
  const pragma = standardField === undefined ? header('pragma') : undefined
  const isAllowed = resolved.allowed.size > 0
  if (ownField === undefined && !(isAllowed && (standardField !== undefined || pragma !== undefined))) return NO_CONTROLS

  const standard = parseCacheControl(standardField)
  const own = parseCacheControl(ownField)
  const allows = (name: ControlDirective): boolean => resolved.allowed.has(name)
  const has = (name: ControlDirective): boolean => allows(name) && (standard.has(name) || own.has(name))
  const least = (name: ControlDirective, bare?: number): number | undefined =>
    allows(name) ? milliseconds(stricter(Math.min, leastSeconds(standard, name, bare), leastSeconds(own, name, bare))) : undefined

  return {
    noCache: has('no-cache') || (allows('no-cache') && parseCacheControl(pragma).has('no-cache')),
    noStore: has('no-store'),
    onlyIfCached: has('only-if-cached'),
    maxAgeMs: least('max-age'),
    minFreshMs: allows('min-fresh')
      ? milliseconds(stricter(Math.max, mostSeconds(standard, 'min-fresh'), mostSeconds(own, 'min-fresh')))
      : undefined,
    maxStaleMs: least('max-stale', Number.POSITIVE_INFINITY),
    staleIfErrorMs: least('stale-if-error'),
    ttlMs: allows('ttl') ? parseTtl(own, resolved) : undefined,
    reject: allows('reject') ? own.get('reject')?.[0] : undefined,
    exactOnly: own.get('mode')?.includes('exact') === true,
    threshold: allows('threshold') ? parseThreshold(own.get('threshold')) : undefined,
  }
}

/** The cache's own request field; same grammar as Cache-Control. */
const CONTROL_FIELD = 'x-llm-cache-control'

const OPTIONS: readonly string[] = ['allow', 'minTtl', 'maxTtl']

/** The largest, which is the strictest. */
function parseThreshold(values: readonly (string | undefined)[] | undefined): number | undefined {
  if (!values) return undefined
  return Math.max(...values.map((value = '') => (/^(?:0(?:\.\d+)?|1(?:\.0+)?)$/.test(value) ? Number(value) : 1)))
}

/** `ttl=90s` or `ttl=90` (seconds), the shortest if there are several; what is malformed counts as 0. Clamped. */
function parseTtl(own: CacheControl, resolved: ResolvedControls): number | undefined {
  const values = own.get('ttl')
  if (!values) return undefined
  let shortest = Number.POSITIVE_INFINITY
  for (const value of values) {
    const text = value ?? ''
    shortest = Math.min(shortest, milliseconds(parseDelta(text)) ?? parseDurationText(text) ?? 0)
  }
  return Math.round(Math.min(Math.max(shortest, resolved.minTtlMs), resolved.maxTtlMs))
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}

function stricter(pick: (a: number, b: number) => number, a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : pick(a, b)
}

function resolveAllow(allow: unknown): ReadonlySet<ControlDirective> {
  if (allow === undefined || allow === 'all') return new Set(CONTROL_DIRECTIVES)
  if (allow === 'none') return new Set()
  if (!Array.isArray(allow)) {
    throw invalid('controls.allow', `must be 'all', 'none' or a list of directives, not ${describeValue(allow)}`)
  }
  return new Set(
    allow.map((name: unknown, index) => {
      if (isControlDirective(name)) return name
      const hint = didYouMean(name, CONTROL_DIRECTIVES)
      throw invalid(`controls.allow[${index}]`, `is ${describeValue(name)}, which is not a directive that can be allowed${hint}`)
    }),
  )
}

function isControlDirective(name: unknown): name is ControlDirective {
  return (CONTROL_DIRECTIVES as readonly unknown[]).includes(name)
}

function durationOption(name: 'minTtl' | 'maxTtl', value: unknown): number | undefined {
  if (value === undefined) return undefined
  const ms = parseDuration(value)
  if (ms !== undefined) return ms
  const hint = typeof value === 'string' && parseDuration(`${value}s`) !== undefined ? ` such as '${value}s'` : ` such as '90s' or '1h'`
  throw invalid(`controls.${name}`, `is ${describeValue(value)}; it must be milliseconds (up to 2^31 - 1) or text with a unit${hint}`)
}
