/**
 * How often the model errs at each probability that it gives: a logistic curve over its log odds, bent at two places, drawn to the model's
 * own word, and how far it can be trusted (Laplace's approximation). A few numbers learnt from thousands of labels: estimates by ranges of
 * probability would rest on the few dozen labels of what is served, and a range that is free of errors is found wherever one looks for it.
 */

import { type Example, factorOf, fitLogistic, lengthBy, probability } from './logistic.js'

/** What is known of one probability. */
export interface Point {
  readonly p: number
  readonly wrong: boolean
  /** How many labels it counts as. */
  readonly weight: number
}

export interface ErrorCurve {
  /** The lowest probability that has a label: below it nothing is known. */
  readonly least: number
  /** Errors to be expected among several probabilities, and their standard deviation, as each is added. */
  sum(): ErrorSum
}

export interface ErrorSum {
  readonly expected: number
  /** @returns the error to be expected at `p` */
  add(p: number): number
  deviation(): number
}

/** @param points by models that have not seen them */
export function* fitCurve(points: readonly Point[]): Generator<void, ErrorCurve> {
  const examples: Example[] = []
  let least = Number.POSITIVE_INFINITY
  for (const { p, wrong, weight } of points) {
    least = Math.min(least, p)
    if (p >= LEAST_PROBABILITY) examples.push({ x: placeOf(p), correct: !wrong, weight })
  }
  yield
  const beta = yield* fitLogistic(examples, { prior: MODELS_OWN, ridge: 1 })
  const factor = yield* factorOf(examples, beta, 1)
  return {
    least,
    sum() {
      const gradient = new Float64Array(beta.length)
      let expected = 0
      return {
        get expected() {
          return expected
        },
        add(p) {
          const x = placeOf(p)
          const error = 1 - probability(beta, x)
          expected += error
          for (let at = 0; at < x.length; at++) gradient[at] = (gradient[at] as number) + error * (1 - error) * (x[at] as number)
          return error
        },
        deviation: () => Math.sqrt(lengthBy(factor, gradient)),
      }
    },
  }
}

/** In units in which each coefficient is drawn to its centre by one label's worth. */
function placeOf(p: number): Float64Array {
  const odds = Math.log(Math.max(TINY, p) / Math.max(TINY, 1 - p))
  return Float64Array.of(1 / LEVEL, odds / SLOPE, Math.max(0, odds - BENDS[0]) / BEND, Math.max(0, odds - BENDS[1]) / BEND)
}

const TINY = 1e-9
/** What is hardly ever served says little about what is. */
const LEAST_PROBABILITY = 0.5
/** Log odds: probabilities of 0.90 and 0.97. */
const BENDS = [2.2, 3.5] as const
/** How firmly level, slope and bends are drawn to what the model itself says. */
const LEVEL = 2
const SLOPE = 4
const BEND = Math.sqrt(30)
const MODELS_OWN = Float64Array.of(0, SLOPE, 0, 0)
