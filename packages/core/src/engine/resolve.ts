/** Options resolved once: defaults applied, everything checked, nothing of the caller's kept that it could change later. */

import { OptionError } from '../errors.js'
import type { CacheRequest } from '../exchange.js'
import type { NormalizeMode } from '../fingerprint/fingerprint.js'
import { isCacheName } from '../http/cache-status.js'
import { isToken } from '../http/grammar.js'
import { describeValue, didYouMean } from '../lib/nearest.js'
import { type ResolvedControls, resolveControls } from '../policy/controls.js'
import { createCredentialTest, createPartitioner, type Partitioner } from '../policy/partition.js'
import { booleanOf, checkNames, checkObject, countOf, durationOf, functionOf, invalid, isPlain, oneOf, present } from './checks.js'
import { type FreshnessRule, resolveFreshness } from './freshness-options.js'
import type { AnswerView, LlmCacheOptions, ReplayPace, RouteOptions } from './options.js'

/** The rules of one route. */
export interface Rule extends FreshnessRule {
  readonly partition: Partitioner
  /** Fields in the key, lower-case and sorted. */
  readonly headers: readonly string[]
  /** Fields whose values the key or the partition covers: what `Vary` may name. */
  readonly isKeyed: (lowerName: string) => boolean
  readonly normalize: NormalizeMode
  readonly tags: (request: CacheRequest) => readonly string[]
  readonly when: ((request: CacheRequest) => boolean | Promise<boolean>) | undefined
  readonly controls: ResolvedControls
  /** How long a follower waits for a silent leader, in ms; undefined: no collapsing. */
  readonly collapseMs: number | undefined
  readonly replay: ReplayPace
  /** Whether answers that call tools are stored, and whether they may be sent when stale. */
  readonly toolCalls: boolean | 'even-stale'
  readonly dependsOn: (request: CacheRequest) => readonly string[]
  readonly complete: ((answer: AnswerView) => boolean) | undefined
  readonly maxBodyBytes: number
}

/** Request fields with which clients of the providers choose versions and accounts: always in the key. */
const PROVIDER_HEADERS: readonly string[] = ['anthropic-beta', 'anthropic-version', 'openai-beta', 'openai-organization', 'openai-project']

const ROUTE_OPTIONS: readonly (keyof RouteOptions)[] = [
  'ttl',
  'jitter',
  'sliding',
  'staleWhileRevalidate',
  'staleIfError',
  'staleIfSlow',
  'dependsOn',
  'partition',
  'credentials',
  'headers',
  'normalize',
  'tags',
  'when',
  'controls',
  'collapse',
  'replay',
  'toolCalls',
  'complete',
  'maxBodyBytes',
]

const CACHE_OPTIONS: readonly (keyof LlmCacheOptions)[] = [
  ...ROUTE_OPTIONS,
  'name',
  'strategy',
  'store',
  'maxEntries',
  'maxBytes',
  'maxEntryBytes',
  'eviction',
  'compression',
  'encryption',
  'storeTimeout',
  'log',
  'upstream',
  'prices',
  'clock',
]

const DEFAULT_COLLAPSE_MS: number = 60 * 1000
const DEFAULT_MAX_BODY_BYTES: number = 4 * 1024 * 1024
export const DEFAULT_MAX_ENTRY_BYTES: number = 4 * 1024 * 1024
const DEFAULT_STORE_TIMEOUT_MS: number = 100

const NORMALIZE: readonly NormalizeMode[] = ['exact', 'default', 'loose']

/**
 * The rules that `options` describe; what they leave out comes from `defaults`, the options of the cache.
 * @throws OptionError
 */
export function resolveRule(options: RouteOptions, defaults: RouteOptions = {}): Rule {
  checkObject('the options of a route', options)
  checkNames(options, ROUTE_OPTIONS, CACHE_OPTIONS)
  const merged: RouteOptions = { ...defaults, ...present(options), ...inherited(options, defaults) }
  const freshness = resolveFreshness(merged)
  const partition = createPartitioner(merged.partition, merged.credentials)
  const isPrivate = (merged.partition ?? 'private') === 'private'
  const isCredential = createCredentialTest(merged.credentials ?? {})
  const headers = headerNames(merged.headers)
  const cookies = isPrivate && (merged.credentials?.cookies ?? 'all') === 'all'
  return {
    ...freshness,
    partition,
    headers,
    isKeyed: (name) => headers.includes(name) || (isPrivate && isCredential(name)) || (cookies && name === 'cookie'),
    normalize: oneOf('normalize', merged.normalize, NORMALIZE, 'default'),
    tags: textsOf('tags', merged.tags, checkTags),
    dependsOn: textsOf('dependsOn', merged.dependsOn, checkDependencies),
    when: functionOf('when', merged.when),
    controls: resolveControls(merged.controls, freshness.ttlMs),
    collapseMs: collapseOf(merged.collapse),
    replay: replayOf(merged.replay),
    toolCalls: merged.toolCalls === 'even-stale' ? 'even-stale' : booleanOf('toolCalls', merged.toolCalls, false),
    complete: functionOf('complete', merged.complete),
    maxBodyBytes: countOf('maxBodyBytes', merged.maxBodyBytes, DEFAULT_MAX_BODY_BYTES),
  }
}

/** The options of the cache itself. */
export interface ResolvedCache {
  readonly name: string
  readonly maxEntryBytes: number
  readonly storeTimeoutMs: number
  readonly log: ((line: string) => void) | undefined
}

/** @throws OptionError for an unknown or wrong option of the cache; those of its routes are `resolveRule`'s */
export function resolveCache(options: LlmCacheOptions): ResolvedCache {
  checkObject('options', options)
  checkNames(options, CACHE_OPTIONS, CACHE_OPTIONS)
  const bound = (['maxEntries', 'maxBytes', 'eviction'] as const).find((name) => options[name] !== undefined)
  if (bound && options.store !== undefined)
    throw invalid(
      bound,
      `is for the in-process store and would do nothing to the \`store\` given here; as a tier: store: [createMemoryStore({ ${bound} }), ...]`,
    )
  const { name = 'llm-cache' } = options
  if (!isCacheName(name)) throw invalid('name', `is ${describeValue(name)}; it must be printable ASCII text`)
  checkPrices(options.prices)
  checkClock(options.clock)
  oneOf('strategy', options.strategy, ['exact'], 'exact')
  return {
    name,
    maxEntryBytes: countOf('maxEntryBytes', options.maxEntryBytes, DEFAULT_MAX_ENTRY_BYTES),
    storeTimeoutMs: durationOf('storeTimeout', options.storeTimeout, DEFAULT_STORE_TIMEOUT_MS, 1),
    log: options.log === false ? undefined : (functionOf('log', options.log) ?? console.warn),
  }
}

const PRICE_FIELDS: readonly string[] = ['input', 'output', 'cachedInput', 'tiers']

function checkPrices(prices: unknown): void {
  if (prices === undefined) return
  if (typeof prices !== 'object' || prices === null)
    throw invalid('prices', `must be an object of prices by model, not ${describeValue(prices)}`)
  for (const [model, price] of Object.entries(prices as Record<string, Record<string, unknown> | null>)) {
    checkObject(`prices.${model}`, price)
    const unknown = Object.keys(price as object).find((field) => !PRICE_FIELDS.includes(field))
    if (unknown)
      throw new OptionError(
        'ERR_OPTION_UNKNOWN',
        `prices.${model}.${unknown}`,
        `unknown option prices.${model}.${unknown}${didYouMean(unknown, PRICE_FIELDS)}`,
      )
    const wrong = ['input', 'output', 'cachedInput'].find((field) => !isPrice(price?.[field], field !== 'input'))
    if (wrong)
      throw invalid(
        `prices.${model}.${wrong}`,
        `is ${describeValue(price?.[wrong])}; prices are US dollars per million tokens, zero or more`,
      )
  }
}

function isPrice(value: unknown, optional: boolean): boolean {
  return value === undefined ? optional : typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function checkClock(clock: unknown): void {
  if (clock === undefined) return
  const missing = ['now', 'monotonic', 'schedule'].find(
    (method) => typeof (clock as Record<string, unknown> | null)?.[method] !== 'function',
  )
  if (missing) throw invalid('clock', `lacks the function ${missing}(); a clock has now(), monotonic() and schedule()`)
}

/** The part of a cache's options that its routes inherit. */
export function routeDefaults(options: LlmCacheOptions): RouteOptions {
  return Object.fromEntries(ROUTE_OPTIONS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])))
}

/**
 * Milliseconds of a `ttl` that a handler sets. Zero is valid and means: do not store.
 * @throws OptionError
 */
export function handlerTtl(value: unknown): number {
  return durationOf('ttl', value, 0, 0)
}

/** @throws OptionError unless each is a text of 1 to 200 characters */
export function checkTags(tags: readonly unknown[]): readonly string[] {
  return checkTexts('tags', 'a tag', tags)
}

/** @throws OptionError unless each is a text of 1 to 200 characters */
export function checkDependencies(ids: readonly unknown[]): readonly string[] {
  return checkTexts('dependsOn', 'the id of a dependency', ids)
}

function checkTexts(option: string, what: string, texts: readonly unknown[]): readonly string[] {
  return texts.map((text) => {
    if (typeof text === 'string' && text.length > 0 && text.length <= MAX_TEXT_LENGTH) return text
    throw invalid(option, `contain ${describeValue(text)}; ${what} is a text of 1 to ${MAX_TEXT_LENGTH} characters`)
  })
}

const MAX_TEXT_LENGTH = 200

/** What another copy of this library made is told by its code, not by its class. */
export function isOptionError(error: unknown): error is OptionError {
  if (!(error instanceof Error)) return false
  const { code, option } = error as Partial<OptionError>
  return typeof option === 'string' && (code === 'ERR_OPTION_UNKNOWN' || code === 'ERR_OPTION_INVALID')
}

/**
 * What a route's options add to rather than replace, so that a route that names one more cookie keeps the cache's secret and
 * further fields, and one that allows less keeps the cache's clamp.
 */
function inherited(options: RouteOptions, defaults: RouteOptions): RouteOptions {
  const result: { -readonly [K in keyof RouteOptions]: RouteOptions[K] } = {}
  const { credentials, controls } = options
  if (isPlain(credentials) && isPlain(defaults.credentials)) {
    result.credentials = {
      ...defaults.credentials,
      ...present(credentials),
      headers: union(defaults.credentials.headers, credentials.headers),
      ignore: union(defaults.credentials.ignore, credentials.ignore),
    }
  }
  if (isPlain(controls) && isPlain(defaults.controls)) result.controls = { ...defaults.controls, ...present(controls) }
  return result
}

/** Anything but two lists is left for the check of the option itself. */
function union(base: readonly string[] | undefined, more: readonly string[] | undefined): readonly string[] | undefined {
  return Array.isArray(base) && Array.isArray(more) ? [...base, ...more] : (more ?? base)
}

function headerNames(value: unknown): readonly string[] {
  if (value === undefined) return PROVIDER_HEADERS
  if (!Array.isArray(value)) throw invalid('headers', `must be a list of field names, not ${describeValue(value)}`)
  const names = value.map((name: unknown, index) => {
    if (typeof name === 'string' && isToken(name)) return name.toLowerCase()
    throw invalid(`headers[${index}]`, `is ${describeValue(name)}, which is not a field name`)
  })
  return [...new Set([...PROVIDER_HEADERS, ...names])].sort()
}

function textsOf(
  option: string,
  value: unknown,
  check: (texts: readonly unknown[]) => readonly string[],
): (request: CacheRequest) => readonly string[] {
  if (value === undefined) return () => NONE
  if (typeof value === 'function') return (request) => check(value(request))
  if (!Array.isArray(value)) throw invalid(option, `must be a list of texts or a function, not ${describeValue(value)}`)
  const texts = check(value)
  return () => texts
}

const NONE: readonly string[] = []

function collapseOf(value: unknown): number | undefined {
  if (value === undefined || value === true) return DEFAULT_COLLAPSE_MS
  if (value === false) return undefined
  if (typeof value !== 'object' || value === null)
    throw invalid('collapse', `is ${describeValue(value)}; it must be true, false or { timeout: '60s' }`)
  for (const name of Object.keys(value)) {
    if (name !== 'timeout')
      throw new OptionError('ERR_OPTION_UNKNOWN', `collapse.${name}`, `unknown option collapse.${name}${didYouMean(name, ['timeout'])}`)
  }
  return durationOf('collapse.timeout', (value as { timeout?: unknown }).timeout, DEFAULT_COLLAPSE_MS, 1)
}

function replayOf(value: unknown): ReplayPace {
  if (value === undefined || value === 'instant' || value === 'recorded') return value ?? 'instant'
  const rate = typeof value === 'object' && value !== null ? (value as { tokensPerSecond?: unknown }).tokensPerSecond : undefined
  const alone = typeof value === 'object' && value !== null && Object.keys(value).length === 1
  if (alone && typeof rate === 'number' && Number.isFinite(rate) && rate > 0) return { tokensPerSecond: rate }
  throw invalid('replay', `is ${describeValue(value)}; it must be 'instant', 'recorded' or { tokensPerSecond: 50 }`)
}
