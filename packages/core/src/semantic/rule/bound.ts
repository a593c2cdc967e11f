/**
 * From what is known of errors to the threshold that keeps the user's bound: a walk down the recent probabilities that stops where the
 * errors to be expected, with their uncertainty, reach the bound.
 */

import type { ErrorCurve } from './curve.js'

export type ErrorBasis = 'hits' | 'requests'

export interface BoundOptions {
  /** Wrong answers of all hits, or of all requests: 0 to 1. */
  readonly maxErrorRate: number
  readonly basis: ErrorBasis
  /** Standard deviations between the errors that are expected and those that are reckoned with. */
  readonly z: number
}

export interface Threshold {
  /** Probabilities from here on are served; Infinity: none. */
  readonly tau: number
  /** Errors to be expected among what is served, as a share of it. */
  readonly error: number
  /** The same with `z` standard deviations. */
  readonly upper: number
  /** Share of the recent requests that would be served. */
  readonly served: number
}

/**
 * Yields after every hundred requests that would be served (a fraction of a millisecond).
 *
 * @param recent probabilities of recent requests that had a candidate, in any order
 * @param requests how many recent requests there were in all
 */
export function* thresholdOf(
  curve: ErrorCurve,
  recent: readonly number[],
  requests: number,
  { maxErrorRate, basis, z }: BoundOptions,
): Generator<void, Threshold> {
  let best: Threshold = { tau: Number.POSITIVE_INFINITY, error: 0, upper: 0, served: 0 }
  const sum = curve.sum()
  const ascending = Float64Array.from(recent).sort()
  for (let index = ascending.length - 1; index >= 0; index--) {
    const p = ascending[index] as number
    if (p < curve.least || sum.add(p) > MOST_ERROR) break
    const served = ascending.length - index
    if (served % SLICE === 0) yield
    // Of equal probabilities all are served or none.
    if (ascending[index - 1] === p) continue
    const upper = sum.expected + z * sum.deviation()
    const of = basis === 'hits' ? served : requests
    // A share of so few that one or two wrong answers are too many is no promise.
    if (upper <= maxErrorRate * of && maxErrorRate * of >= z)
      best = { tau: p, error: sum.expected / served, upper: upper / served, served: served / requests }
    else if (basis === 'requests') break
  }
  return best
}

const SLICE = 100
/** What is more often wrong than right is not served, even where the bound would have room for it. */
const MOST_ERROR = 0.5
