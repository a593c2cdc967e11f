/** Refreshing ahead, as users write it. */

import { checkNames, checkObject, countOf, durationOf, invalid, isPlain } from '../checks.js'
import type { Duration } from '../lib/duration.js'
import { describeValue } from '../lib/nearest.js'
import type { BudgetLimits } from '../policy/budget.js'
import { BUDGET_OPTIONS, type BudgetOptions, resolveBudget } from './budget-options.js'

/** Which answers of a route are refreshed before their freshness ends. */
export interface RefreshAheadOptions {
  /** Hits within `window` from which on an answer counts as popular. @default 3 */
  readonly hits?: number | undefined
  /** @default '10m' */
  readonly window?: Duration | undefined
  /** Share of an answer's lifetime, before its end, within which it is refreshed, at a random moment. Above 0, to 0.9. @default 0.2 */
  readonly ahead?: number | undefined
}

/** Which answers are refreshed before their freshness ends, and what all of that together may cost. */
export interface RefreshAheadBudgetOptions extends RefreshAheadOptions, BudgetOptions {}

/** What `refreshAhead` means for a route. */
export interface AheadRule {
  readonly hits: number
  readonly windowMs: number
  /** 0 to 0.9. */
  readonly share: number
}

const ROUTE_NAMES: readonly (keyof RefreshAheadOptions)[] = ['hits', 'window', 'ahead']
const DEFAULT_HITS = 3
const DEFAULT_WINDOW_MS = 10 * 60_000
const DEFAULT_SHARE = 0.2
const MAX_SHARE = 0.9

/**
 * @returns undefined where nothing is refreshed ahead
 * @throws OptionError
 */
export function resolveAhead(value: boolean | RefreshAheadOptions | undefined): AheadRule | undefined {
  if (value === undefined || value === false) return undefined
  if (value !== true) checkSwitch(value)
  const options: RefreshAheadOptions = value === true ? {} : value
  return {
    hits: countOf('refreshAhead.hits', options.hits, DEFAULT_HITS),
    windowMs: durationOf('refreshAhead.window', options.window, DEFAULT_WINDOW_MS, 1000),
    share: shareOf(options.ahead),
  }
}

/** @throws OptionError for what a route may not say of it */
export function checkRouteAhead(value: unknown): void {
  if (!isOptions(value)) return
  const budget = BUDGET_OPTIONS.find((name) => value[name] !== undefined)
  if (budget !== undefined)
    throw invalid(`refreshAhead.${budget}`, 'belongs to the cache, not to a route: there is one budget for all routes')
  checkNames(value, ROUTE_NAMES, 'refreshAhead')
}

/** @throws OptionError */
export function resolveAheadBudget(value: boolean | RefreshAheadBudgetOptions | undefined): BudgetLimits {
  return resolveBudget('refreshAhead', isOptions(value) ? value : undefined, { others: ROUTE_NAMES })
}

function isOptions(value: unknown): value is RefreshAheadBudgetOptions {
  return isPlain(value as object | undefined)
}

function checkSwitch(value: unknown): void {
  if (typeof value === 'object' && value !== null) checkObject('refreshAhead', value)
  else throw invalid('refreshAhead', `is ${describeValue(value)}; it must be true, false or options such as { hits: 3, window: '10m' }`)
}

function shareOf(value: unknown): number {
  if (value === undefined) return DEFAULT_SHARE
  if (typeof value === 'number' && value > 0 && value <= MAX_SHARE) return value
  throw invalid('refreshAhead.ahead', `is ${describeValue(value)}; it must be a share of the lifetime above 0, to ${MAX_SHARE}`)
}
