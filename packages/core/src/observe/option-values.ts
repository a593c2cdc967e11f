/**
 * The value of each option in a form that may be printed: never a secret, a key, a URL, a text of a tag or a function's source. Each
 * option has its own line here, since only who knows it knows what of it is private.
 */

import type { ResolvedCache } from '../engine/cache-options.js'
import type { LlmCacheOptions, RouteOptions } from '../engine/options.js'
import type { Rule } from '../engine/resolve.js'
import { formatDuration } from '../lib/duration.js'
import { CONTROL_DIRECTIVES } from '../policy/controls.js'

export type PrintableValue = string | number | boolean

type RouteValues = {
  readonly [K in Exclude<keyof RouteOptions, 'policy'>]-?: (options: RouteOptions, rule: Rule) => PrintableValue
}

/** Options that may differ from route to route, in the order in which they are printed. */
export const ROUTE_VALUES: RouteValues = {
  strategy: ({ strategy = 'exact' }) => strategy,
  ttl: (_, { ttlMs, ttlOf }) => (ttlOf ? A_FUNCTION : duration(ttlMs)),
  jitter: (_, { jitter }) => jitter,
  sliding: (_, { slidingMs }) => (slidingMs === undefined ? OFF : duration(slidingMs)),
  staleWhileRevalidate: (_, { whileRevalidateMs }) => duration(whileRevalidateMs),
  staleIfError: (_, { ifErrorMs }) => duration(ifErrorMs),
  staleIfSlow: (_, { ifSlowMs }) => (ifSlowMs === undefined ? OFF : duration(ifSlowMs)),
  refreshAhead: (_, { ahead }) =>
    ahead ? `${plural(ahead.hits, 'hit')} in ${duration(ahead.windowMs)}, within the last ${ahead.share} of the lifetime` : OFF,
  normalize: (_, { normalize }) => normalize,
  toolCalls: (_, { toolCalls }) => toolCalls,
  partition: ({ partition = 'private' }) => (typeof partition === 'function' ? A_FUNCTION : partition),
  credentials: ({ credentials = {} }) => {
    const { headers = [], ignore = [], cookies = 'all', secret } = credentials
    const parts = ['fields by name']
    if (headers.length > 0) parts.push(`with ${headers.join(', ')}`)
    if (ignore.length > 0) parts.push(`without ${ignore.join(', ')}`)
    parts.push(`cookies: ${typeof cookies === 'string' ? cookies : cookies.join(', ')}`)
    if (secret !== undefined) parts.push('a secret')
    return parts.join('; ')
  },
  headers: ({ headers = [] }) => list(headers),
  tags: ({ tags }) => counted(tags, 'tag'),
  dependsOn: ({ dependsOn }) => counted(dependsOn, 'id'),
  when: ({ when }) => (when ? A_FUNCTION : NONE),
  complete: ({ complete }) => (complete ? A_FUNCTION : NONE),
  controls: (_, { controls: { allowed, minTtlMs, maxTtlMs } }) => {
    const names = allowed.size === CONTROL_DIRECTIVES.length ? 'all' : list([...allowed])
    return allowed.has('ttl') ? `${names}; ttl from ${duration(minTtlMs)} to ${duration(maxTtlMs)}` : names
  },
  collapse: (_, { collapseMs }) => (collapseMs === undefined ? OFF : `timeout ${duration(collapseMs)}`),
  replay: (_, { replay }) => (typeof replay === 'string' ? replay : `${replay.tokensPerSecond} tokens a second`),
  maxBodyBytes: (_, { maxBodyBytes }) => bytes(maxBodyBytes),
  preload: (_, { preload }) => preload,
}

type CacheValues = {
  readonly [K in Exclude<keyof LlmCacheOptions, keyof RouteOptions>]-?: (
    options: LlmCacheOptions,
    resolved: ResolvedCache,
  ) => PrintableValue | undefined
}

/** Options of the cache; undefined for what does not apply. */
export const CACHE_VALUES: CacheValues = {
  name: (_, { name }) => name,
  semantic: (_, { semantic: { policy, embedder, maxErrorRate, errorBasis, threshold, z } }) => {
    if (typeof policy === 'function') return `${embedder.id}; ${A_FUNCTION}`
    const bound = {
      static: `from a similarity of ${threshold}`,
      vcache: `at most ${100 * maxErrorRate} % of requests wrong`,
      adaptive: `at most ${100 * maxErrorRate} % of ${errorBasis} wrong, ${z === 2 ? 'strict' : 'balanced'}`,
    }[policy]
    return `${embedder.id}; ${policy}, ${bound}`
  },
  store: ({ store }) => (store === undefined ? 'in this process' : Array.isArray(store) ? `${store.length} tiers` : '1 store'),
  maxEntries: ({ store, maxEntries = 5000 }) => (store === undefined ? maxEntries : undefined),
  maxBytes: ({ store, maxBytes = 64 * MIB }) => (store === undefined ? bytes(maxBytes) : undefined),
  eviction: ({ store, eviction = 'lru' }) => (store === undefined ? eviction : undefined),
  maxEntryBytes: (_, { maxEntryBytes }) => bytes(maxEntryBytes),
  storeTimeout: (_, { storeTimeoutMs }) => duration(storeTimeoutMs),
  compression: ({ compression = false }) =>
    compression === false ? OFF : typeof compression === 'string' ? compression : compression.algorithm,
  encryption: ({ encryption }) => (encryption ? `AES-256-GCM, ${plural(encryption.keys.length, 'key')}` : OFF),
  log: ({ log }) => (log === undefined ? 'console.warn' : log === false ? OFF : A_FUNCTION),
  app: ({ app }) => (app ? A_FUNCTION : NONE),
  upstream: ({ upstream = [] }) => (upstream.length === 0 ? 'known providers' : `known providers and ${upstream.length} more`),
  prices: ({ prices }) => (prices === undefined ? 'built-in list' : `built-in list and ${plural(Object.keys(prices).length, 'price')}`),
  patterns: (_, { patterns }) =>
    patterns
      ? `${patterns.groups} kinds, half-life ${duration(patterns.halfLifeMs)}${patterns.keepRequests ? `, requests kept up to ${bytes(patterns.maxBytes)}` : ''}`
      : OFF,
  clock: ({ clock }) => (clock ? "the app's" : "the platform's"),
}

const A_FUNCTION = 'a function'
const OFF = 'off'
const NONE = 'none'
const MIB: number = 1024 * 1024

export function duration(ms: number): PrintableValue {
  return ms === 0 ? 0 : formatDuration(ms)
}

/** `count` bytes in the largest unit that divides them. */
export function bytes(count: number): string {
  if (count === Number.POSITIVE_INFINITY) return 'any size'
  if (count % MIB === 0) return `${count / MIB} MiB`
  return count % 1024 === 0 ? `${count / 1024} KiB` : `${count} bytes`
}

function list(names: readonly string[]): string {
  return names.length === 0 ? NONE : names.join(', ')
}

function counted(value: readonly string[] | ((...args: never[]) => unknown) | undefined, what: string): PrintableValue {
  if (value === undefined) return NONE
  return typeof value === 'function' ? A_FUNCTION : plural(value.length, what)
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
