/** What is learnt from the traffic about popular requests, as users write it, and resolved. */

import { booleanOf, checkNames, checkObject, countOf, durationOf, invalid } from '../checks.js'
import type { Duration } from '../lib/duration.js'
import { describeValue } from '../lib/nearest.js'

/** What is counted of the requests that are looked up, for `cache.usagePatterns()`. */
export interface PatternsOptions {
  /** Kinds of requests that are told apart; up to twice as many are counted. @default 1000 */
  readonly groups?: number | undefined
  /** After this long a request counts half. @default '1d' */
  readonly halfLife?: Duration | undefined
  /**
   * Keeps one request of each popular kind in memory, body and all, so that `cache.warm('popular')` can send it again. Only those
   * whose answers everybody shares, and no field that could be a credential. Never written to a store, an event or a log.
   * @default false
   */
  readonly keepRequests?: boolean | undefined
  /** Bytes of requests kept at the most. @default 8 MiB */
  readonly maxBytes?: number | undefined
}

export interface ResolvedPatterns {
  readonly groups: number
  readonly halfLifeMs: number
  readonly keepRequests: boolean
  readonly maxBytes: number
}

/**
 * Undefined: nothing is counted.
 * @throws OptionError
 */
export function resolvePatterns(value: unknown): ResolvedPatterns | undefined {
  if (value === false) return undefined
  const options: PatternsOptions = value === undefined || value === true ? {} : (value as PatternsOptions)
  if (typeof options !== 'object') throw invalid('patterns', `is ${describeValue(value)}; it must be true, false or an object`)
  checkObject('patterns', options)
  checkNames(options, OPTIONS, 'patterns')
  const groups = countOf('patterns.groups', options.groups, DEFAULT_GROUPS)
  if (groups > MAX_GROUPS) throw invalid('patterns.groups', `is ${groups}; it must be at most ${MAX_GROUPS}`)
  const keepRequests = booleanOf('patterns.keepRequests', options.keepRequests, false)
  if (options.maxBytes !== undefined && !keepRequests) throw invalid('patterns.maxBytes', 'would do nothing without patterns.keepRequests')
  return {
    groups,
    halfLifeMs: durationOf('patterns.halfLife', options.halfLife, DEFAULT_HALF_LIFE_MS, 1000),
    keepRequests,
    maxBytes: countOf('patterns.maxBytes', options.maxBytes, DEFAULT_MAX_BYTES),
  }
}

const OPTIONS: readonly (keyof PatternsOptions)[] = ['groups', 'halfLife', 'keepRequests', 'maxBytes']
const DEFAULT_GROUPS = 1000
const MAX_GROUPS = 100_000
const DEFAULT_HALF_LIFE_MS: number = 24 * 60 * 60 * 1000
const DEFAULT_MAX_BYTES: number = 8 * 1024 * 1024
