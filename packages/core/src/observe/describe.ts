/** What is in force, and why: the settings of a cache and of its routes, safe to print. */

import type { ResolvedCache } from '../engine/cache-options.js'
import type { LlmCacheOptions, RouteOptions } from '../engine/options.js'
import type { PolicyInForce, RuleInForce, ValueSource } from '../engine/precedence.js'
import type { OpenedTier } from '../stores/store.js'
import { CACHE_VALUES, type PrintableValue, ROUTE_VALUES } from './option-values.js'
import { warningsOf } from './warnings.js'

/** Holds no secret, key, URL, tag or source of a function. Plain data: may be sent as JSON. */
export interface CacheDescription {
  readonly policy: PolicyInForce
  /** Every option with the value that holds. */
  readonly values: readonly DescribedValue[]
  /** The nearest first. */
  readonly stores: readonly DescribedStore[]
  /** Settings that do nothing where they are, or that are right for few apps; each a sentence. */
  readonly warnings: readonly string[]
}

export interface DescribedValue {
  readonly name: string
  /** Durations and sizes with their unit; of what may be private only its kind or number. */
  readonly value: PrintableValue
  readonly from: ValueSource
}

export interface DescribedStore {
  readonly name: string
  /** In the memory of this process; outside of it, for this machine alone; or outside, where other machines may be too. */
  readonly where: 'process' | 'machine' | 'outside'
  /** Largest entry in bytes; undefined where there is no bound. */
  readonly maxEntryBytes: number | undefined
  /** Bytes held at the most; undefined where the store says nothing of it. */
  readonly maxBytes: number | undefined
  /** Longest time in ms that an entry stays; undefined where its own lifetime alone counts. */
  readonly maxTtlMs: number | undefined
  /** How long one call may take, in ms. */
  readonly timeoutMs: number
}

/** From the rules of a route to their description. */
export type Describer = (inForce: RuleInForce) => CacheDescription

/** Takes of `options` what it needs at once: they may change later. */
export function createDescriber(options: LlmCacheOptions, cache: ResolvedCache, stores: readonly OpenedTier[]): Describer {
  const cacheValues = Object.entries(CACHE_VALUES).flatMap(([name, print]): DescribedValue[] => {
    const value = print(options, cache)
    const from = options[name as keyof LlmCacheOptions] === undefined ? 'default' : 'option'
    return value === undefined ? [] : [{ name, value, from }]
  })
  const described = stores.map((tier) => describeStore(tier, cache.storeTimeoutMs))
  const encrypted = options.encryption !== undefined

  return (inForce) => ({
    policy: inForce.policy,
    values: [...routeValues(inForce), ...cacheValues],
    stores: described,
    warnings: warningsOf({ inForce, cache, encrypted, stores }),
  })
}

function routeValues({ options, rule, sources }: RuleInForce): DescribedValue[] {
  const names = Object.keys(ROUTE_VALUES) as Exclude<keyof RouteOptions, 'policy'>[]
  return names.map((name) => ({ name, value: ROUTE_VALUES[name](options, rule), from: sources.get(name) ?? 'default' }))
}

function describeStore({ name, store, ttlMs, timeoutMs }: OpenedTier, usualTimeoutMs: number): DescribedStore {
  const { maxEntryBytes, maxBytes, maxTtlMs = Number.POSITIVE_INFINITY } = store.limits
  return {
    name,
    where: store.inMemory ? 'process' : store.local ? 'machine' : 'outside',
    maxEntryBytes: finite(maxEntryBytes),
    maxBytes: maxBytes === undefined ? undefined : finite(maxBytes),
    maxTtlMs: finite(Math.min(ttlMs, maxTtlMs)),
    timeoutMs: timeoutMs ?? usualTimeoutMs,
  }
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}
