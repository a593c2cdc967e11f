/** The option `preload`. */

import { countOf, durationOf, invalid } from '../checks.js'
import type { Duration } from '../lib/duration.js'
import { describeValue } from '../lib/nearest.js'
import type { BudgetLimits } from '../policy/budget.js'
import { type BudgetOptions, resolveBudget } from './budget-options.js'

/** How much is preloaded, and from which certainty on. The budget is that of all preloads of one process. */
export interface PreloadOptions extends BudgetOptions {
  /** Requests that the cache sends ahead at once. @default 2 */
  readonly concurrency?: number | undefined
  /** US dollars within any hour, by `prices`. @default 1 */
  readonly usdPerHour?: number | undefined
  /** Requests within any hour. @default 500 */
  readonly requestsPerHour?: number | undefined
  /** Tokens within any hour, input and output. @default not bounded */
  readonly tokensPerHour?: number | undefined
  /** Least share of the predictions that must come true, above 0 and below 1; below it nothing is preloaded. @default 0.3 */
  readonly minPrecision?: number | undefined
  /** What it is worth that a caller waits one second less, in US dollars; a preload pays if it is expected to save more than it may waste. @default 0.001 */
  readonly usdPerSecond?: number | undefined
  /** Nothing is sent ahead while so many other requests wait for the origin. @default 4 */
  readonly whileBelow?: number | undefined
  /** Callers (partitions) whose habits are remembered. @default 1000 */
  readonly maxPartitions?: number | undefined
  /** Bound of the requests that are held, in memory, to be sent again. @default 16 MiB */
  readonly maxHeldBytes?: number | undefined
  /** How long a request is held after it was last asked. @default '7d' */
  readonly hold?: Duration | undefined
}

export interface ResolvedPreload {
  readonly budget: BudgetLimits
  readonly minPrecision: number
  readonly usdPerSecond: number
  readonly whileBelow: number
  readonly maxPartitions: number
  readonly maxHeldBytes: number
  readonly holdMs: number
}

const OWN_OPTIONS: readonly (keyof PreloadOptions)[] = [
  'minPrecision',
  'usdPerSecond',
  'whileBelow',
  'maxPartitions',
  'maxHeldBytes',
  'hold',
]
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Undefined where nothing is to be preloaded.
 * @throws OptionError
 */
export function resolvePreload(value: unknown): ResolvedPreload | undefined {
  if (value === undefined || value === false) return undefined
  if (value !== true && (typeof value !== 'object' || value === null || Array.isArray(value)))
    throw invalid('preload', `is ${describeValue(value)}; it must be true, false or an object such as { usdPerHour: 2 }`)
  const options: PreloadOptions = value === true ? {} : value
  const { perHour, concurrency } = resolveBudget('preload', options, { others: OWN_OPTIONS })
  const { minPrecision = 0.3, usdPerSecond = 0.001 } = options
  if (!(typeof minPrecision === 'number' && minPrecision > 0 && minPrecision < 1))
    throw invalid('preload.minPrecision', `is ${describeValue(minPrecision)}; it must be a share above 0 and below 1`)
  if (!(typeof usdPerSecond === 'number' && usdPerSecond > 0 && Number.isFinite(usdPerSecond)))
    throw invalid('preload.usdPerSecond', `is ${describeValue(usdPerSecond)}; it must be a number of US dollars above zero`)
  return {
    budget: { concurrency, perHour: { ...perHour, usd: perHour.usd ?? 1, requests: perHour.requests ?? 500 } },
    minPrecision,
    usdPerSecond,
    whileBelow: countOf('preload.whileBelow', options.whileBelow, 4),
    maxPartitions: countOf('preload.maxPartitions', options.maxPartitions, 1000),
    maxHeldBytes: countOf('preload.maxHeldBytes', options.maxHeldBytes, 16 * 1024 * 1024),
    holdMs: durationOf('preload.hold', options.hold, 7 * DAY_MS, 1),
  }
}
