/** Budgets, as users write them: for refreshing ahead, warming and preloading. */

import { checkNames, checkObject, countOf, invalid } from '../checks.js'
import { describeValue } from '../lib/nearest.js'
import type { BudgetLimits } from '../policy/budget.js'

/** What requests that the cache sends by itself may cost. Hours are sliding ones, and counted in each process by itself. */
export interface BudgetOptions {
  /** Requests under way at once. @default 2 */
  readonly concurrency?: number | undefined
  /** Tokens within any hour, input and output. @default not bounded */
  readonly tokensPerHour?: number | undefined
  /** US dollars within any hour, by `prices`. @default not bounded */
  readonly usdPerHour?: number | undefined
  /** Requests within any hour. @default not bounded */
  readonly requestsPerHour?: number | undefined
}

export const BUDGET_OPTIONS: readonly (keyof BudgetOptions)[] = ['concurrency', 'tokensPerHour', 'usdPerHour', 'requestsPerHour']

/**
 * The limits that `options` describe; names besides `BUDGET_OPTIONS` are an error unless they are among `others`, which the caller checks.
 *
 * @param option the path of `options`, for errors: 'refreshAhead'
 * @throws OptionError
 */
export function resolveBudget(
  option: string,
  options: BudgetOptions | undefined,
  { concurrency = 2, others = [] }: { readonly concurrency?: number; readonly others?: readonly string[] } = {},
): BudgetLimits {
  if (options === undefined) return { concurrency, perHour: {} }
  checkObject(option, options)
  checkNames(options, [...BUDGET_OPTIONS, ...others], option)
  const { tokensPerHour, usdPerHour, requestsPerHour } = options
  return {
    concurrency: countOf(`${option}.concurrency`, options.concurrency, concurrency),
    perHour: {
      tokens: tokensPerHour === undefined ? undefined : countOf(`${option}.tokensPerHour`, tokensPerHour, 0),
      usd: dollarsOf(`${option}.usdPerHour`, usdPerHour),
      requests: requestsPerHour === undefined ? undefined : countOf(`${option}.requestsPerHour`, requestsPerHour, 0),
    },
  }
}

function dollarsOf(option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
  throw invalid(option, `is ${describeValue(value)}; it must be a number of US dollars above zero`)
}
