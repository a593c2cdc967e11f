/** Options resolved once: defaults applied, everything checked, nothing of the caller's kept that it could change later. */

import { booleanOf, checkNames, checkObject, countOf, durationOf, functionOf, invalid, oneOf } from '../checks.js'
import type { OptionError } from '../errors.js'
import type { CacheRequest } from '../exchange.js'
import type { NormalizeMode } from '../fingerprint/fingerprint.js'
import { isToken } from '../http/grammar.js'
import { describeValue } from '../lib/nearest.js'
import { type ResolvedControls, resolveControls } from '../policy/controls.js'
import { createCredentialTest, createPartitioner, type Partitioner } from '../policy/partition.js'
import { type AheadRule, checkRouteAhead, resolveAhead } from './ahead-options.js'
import { type FreshnessRule, resolveFreshness } from './freshness-options.js'
import type { AnswerView, LlmCacheOptions, ReplayPace, RouteOptions, Strategy } from './options.js'
import { POLICIES } from './policies.js'

/** The rules of one route. */
export interface Rule extends FreshnessRule {
  /** False where the policy switches caching off: every request is a bypass. */
  readonly enabled: boolean
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
  /** Which answers are refreshed before their freshness ends; undefined: none. */
  readonly ahead: AheadRule | undefined
  /** Whether requests of this route are learnt from, and sent ahead. */
  readonly preload: boolean
  /** Whether answers to prompts that mean the same are looked for. */
  readonly semantic: boolean
  /** Who asks, where the partition does not tell. */
  readonly owner: Partitioner | undefined
}

/** Request fields with which clients of the providers choose versions and accounts: always in the key. */
const PROVIDER_HEADERS: readonly string[] = ['anthropic-beta', 'anthropic-version', 'openai-beta', 'openai-organization', 'openai-project']

const ROUTE_OPTIONS: readonly (keyof RouteOptions)[] = [
  'strategy',
  'policy',
  'ttl',
  'jitter',
  'sliding',
  'staleWhileRevalidate',
  'staleIfError',
  'staleIfSlow',
  'refreshAhead',
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
  'preload',
]

export const CACHE_OPTIONS: readonly (keyof LlmCacheOptions)[] = [
  ...ROUTE_OPTIONS,
  'name',
  'semantic',
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
  'app',
  'patterns',
  'clock',
]

const DEFAULT_COLLAPSE_MS: number = 60 * 1000
const DEFAULT_MAX_BODY_BYTES: number = 4 * 1024 * 1024

const STRATEGIES: readonly Strategy[] = ['exact', 'semantic', 'hybrid']
const NORMALIZE: readonly NormalizeMode[] = ['exact', 'default', 'loose']

/** @throws OptionError for a name that is no option of a route, or belongs to the cache alone */
export function checkRouteNames(options: RouteOptions): void {
  checkObject('the options of a route', options)
  checkNames(options, ROUTE_OPTIONS, '', CACHE_OPTIONS)
  checkRouteAhead(options.refreshAhead)
}

export interface RuleSettings {
  /** False: nothing is looked up, nothing is stored. @default true */
  readonly enabled?: boolean
  /** Options whose values no code chose: where they leave another option without effect that is no error. @default none */
  readonly lenient?: (option: keyof RouteOptions) => boolean
}

/**
 * The rules that `options` describe, which are those of the route, of the cache and of policies in one.
 * @throws OptionError
 */
export function resolveRule(options: RouteOptions, { enabled = true, lenient = () => false }: RuleSettings = {}): Rule {
  const { toolCalls = POLICIES.balanced.values.toolCalls } = options
  const freshness = resolveFreshness(options, lenient)
  const partition = createPartitioner(options.partition, options.credentials)
  const isPrivate = (options.partition ?? 'private') === 'private'
  const isCredential = createCredentialTest(options.credentials ?? {})
  const headers = headerNames(options.headers)
  const cookies = isPrivate && (options.credentials?.cookies ?? 'all') === 'all'
  return {
    ...freshness,
    enabled,
    partition,
    headers,
    isKeyed: (name) => headers.includes(name) || (isPrivate && isCredential(name)) || (cookies && name === 'cookie'),
    normalize: oneOf('normalize', options.normalize, NORMALIZE, POLICIES.balanced.values.normalize),
    tags: textsOf('tags', options.tags, checkTags),
    dependsOn: textsOf('dependsOn', options.dependsOn, checkDependencies),
    when: functionOf('when', options.when),
    controls: resolveControls(options.controls, freshness.ttlMs),
    collapseMs: collapseOf(options.collapse),
    replay: replayOf(options.replay),
    toolCalls: toolCalls === 'even-stale' ? 'even-stale' : booleanOf('toolCalls', toolCalls, false),
    complete: functionOf('complete', options.complete),
    maxBodyBytes: countOf('maxBodyBytes', options.maxBodyBytes, DEFAULT_MAX_BODY_BYTES),
    ahead: resolveAhead(options.refreshAhead),
    preload: booleanOf('preload', options.preload, false),
    semantic: oneOf('strategy', options.strategy, STRATEGIES, 'exact') !== 'exact',
    owner: isPrivate ? undefined : createPartitioner('private', options.credentials),
  }
}

/** The part of a cache's options that its routes inherit. */
export function routeDefaults(options: LlmCacheOptions): RouteOptions {
  const { preload } = options
  const given = Object.fromEntries(ROUTE_OPTIONS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])))
  // How much the cache preloads is its own matter.
  return preload === undefined ? given : { ...given, preload: preload !== false }
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
  checkNames(value, ['timeout'], 'collapse')
  return durationOf('collapse.timeout', (value as { timeout?: unknown }).timeout, DEFAULT_COLLAPSE_MS, 1)
}

function replayOf(value: unknown): ReplayPace {
  if (value === undefined || value === 'instant' || value === 'recorded') return value ?? 'instant'
  const rate = typeof value === 'object' && value !== null ? (value as { tokensPerSecond?: unknown }).tokensPerSecond : undefined
  const alone = typeof value === 'object' && value !== null && Object.keys(value).length === 1
  if (alone && typeof rate === 'number' && Number.isFinite(rate) && rate > 0) return { tokensPerSecond: rate }
  throw invalid('replay', `is ${describeValue(value)}; it must be 'instant', 'recorded' or { tokensPerSecond: 50 }`)
}
