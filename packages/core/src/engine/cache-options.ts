/** The options of the cache itself, resolved once. */

import { checkNames, checkObject, countOf, durationOf, functionOf, invalid } from '../checks.js'
import type { AppTarget } from '../dispatch/target.js'
import { OptionError } from '../errors.js'
import { isCacheName } from '../http/cache-status.js'
import { describeValue, didYouMean } from '../lib/nearest.js'
import type { BudgetLimits } from '../policy/budget.js'
import { type ResolvedSemantic, resolveSemantic } from '../semantic/options.js'
import { resolveAheadBudget } from './ahead-options.js'
import type { LlmCacheOptions } from './options.js'
import { type ResolvedPatterns, resolvePatterns } from './pattern-options.js'
import { type ResolvedPreload, resolvePreload } from './preload-options.js'
import { CACHE_OPTIONS } from './resolve.js'

/** The options of the cache itself. */
export interface ResolvedCache {
  readonly name: string
  readonly maxEntryBytes: number
  readonly storeTimeoutMs: number
  readonly log: ((line: string) => void) | undefined
  readonly app: (() => AppTarget) | undefined
  readonly patterns: ResolvedPatterns | undefined
  /** What refreshing ahead may cost in all. */
  readonly aheadBudget: BudgetLimits
  readonly preload: ResolvedPreload | undefined
  readonly semantic: ResolvedSemantic
}

/** @throws OptionError for an unknown or wrong option of the cache; those of its routes are `resolveRule`'s */
export function resolveCache(options: LlmCacheOptions): ResolvedCache {
  checkObject('options', options)
  checkNames(options, CACHE_OPTIONS)
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
  return {
    name,
    maxEntryBytes: countOf('maxEntryBytes', options.maxEntryBytes, DEFAULT_MAX_ENTRY_BYTES),
    storeTimeoutMs: durationOf('storeTimeout', options.storeTimeout, DEFAULT_STORE_TIMEOUT_MS, 1),
    log: options.log === false ? undefined : (functionOf('log', options.log) ?? console.warn),
    app: appOf(options.app),
    patterns: resolvePatterns(options.patterns),
    aheadBudget: resolveAheadBudget(options.refreshAhead),
    preload: resolvePreload(options.preload),
    semantic: resolveSemantic(options.semantic),
  }
}

const DEFAULT_MAX_ENTRY_BYTES: number = 4 * 1024 * 1024
const DEFAULT_STORE_TIMEOUT_MS: number = 100

/** Whether it returns an app is known only once it is needed: apps are made later than their caches. */
function appOf(app: unknown): (() => AppTarget) | undefined {
  if (app === undefined) return undefined
  if (typeof app === 'function' && app.length === 0) return app as () => AppTarget
  throw invalid('app', `is ${describeValue(app)}; it must be a function without parameters that returns the app, as app: () => app`)
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
