/**
 * From labelled probabilities to the threshold that keeps the user's bound: isotonic regression of errors (pool adjacent violators;
 * Ayer et al. 1955), and a walk down the recent probabilities that stops where the errors to be expected, with their uncertainty, reach
 * the bound.
 */

/** What is known of one probability. */
export interface Point {
  readonly p: number
  readonly wrong: boolean
  /** One over the chance that it was labelled. */
  readonly weight: number
}

/** Probabilities from `low` to `high`, which err alike. */
export interface Block {
  readonly low: number
  readonly high: number
  /** Share of errors, drawn to what the model itself predicts. */
  readonly error: number
  /** Variance of `error`. */
  readonly variance: number
}

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

/** Blocks in ascending order: the errors of their labels descend, though not strictly those drawn to what the model predicts. */
export function blocksOf(points: readonly Point[]): readonly Block[] {
  const pools: Pool[] = []
  const sorted = [...points].sort((a, b) => a.p - b.p)
  for (let at = 0; at < sorted.length; ) {
    const { p } = sorted[at] as Point
    let pool: Pool = { low: p, high: p, wrong: 0, weight: 0, squares: 0, predicted: 0 }
    // Equal probabilities are one from the start, whatever their order.
    for (let point = sorted[at]; point?.p === p; point = sorted[++at]) pool = merged(pool, poolOf(point))
    for (let before = pools.at(-1); before && before.wrong * pool.weight <= pool.wrong * before.weight; before = pools.at(-1)) {
      pools.pop()
      pool = merged(before, pool)
    }
    pools.push(pool)
  }
  return pools.map(({ low, high, wrong, weight, squares, predicted }) => {
    // Weights make many of few: what counts is how many labels there really were.
    const labels = (weight * weight) / squares
    const error = ((wrong / weight) * labels + PSEUDO_COUNTS * (predicted / weight)) / (labels + PSEUDO_COUNTS)
    return { low, high, error, variance: (error * (1 - error)) / (labels + PSEUDO_COUNTS) }
  })
}

/**
 * @param recent probabilities of recent requests that had a candidate, in any order
 * @param requests how many recent requests there were in all
 */
export function thresholdOf(
  blocks: readonly Block[],
  recent: readonly number[],
  requests: number,
  { maxErrorRate, basis, z }: BoundOptions,
): Threshold {
  const none: Threshold = { tau: Number.POSITIVE_INFINITY, error: 0, upper: 0, served: 0 }
  if (blocks.length === 0) return none
  let best = none
  let at = blocks.length - 1
  let served = 0
  let inBlock = 0
  let expected = 0
  let variance = 0
  const ascending = Float64Array.from(recent).sort()
  for (let index = ascending.length - 1; index >= 0; index--) {
    const p = ascending[index] as number
    // Below all labels nothing is known.
    if (p < (blocks[0] as Block).low) break
    while (at > 0 && p < (blocks[at] as Block).low) {
      at--
      inBlock = 0
    }
    const block = blocks[at] as Block
    if (block.error > MOST_ERROR) break
    served++
    expected += block.error
    // The same block's error counts for all of them: their sum varies with the square of their number.
    variance += (2 * inBlock + 1) * block.variance
    inBlock++
    // Of equal probabilities all are served or none.
    if (ascending[index - 1] === p) continue
    const upper = expected + z * Math.sqrt(variance)
    const rate = basis === 'hits' ? upper / served : upper / requests
    if (rate <= maxErrorRate) best = { tau: p, error: expected / served, upper: upper / served, served: served / requests }
    else if (basis === 'requests') break
  }
  return best
}

interface Pool {
  readonly low: number
  readonly high: number
  readonly wrong: number
  readonly weight: number
  readonly squares: number
  readonly predicted: number
}

function poolOf({ p, wrong, weight }: Point): Pool {
  return { low: p, high: p, wrong: wrong ? weight : 0, weight, squares: weight * weight, predicted: (1 - p) * weight }
}

function merged(a: Pool, b: Pool): Pool {
  return {
    low: a.low,
    high: b.high,
    wrong: a.wrong + b.wrong,
    weight: a.weight + b.weight,
    squares: a.squares + b.squares,
    predicted: a.predicted + b.predicted,
  }
}

/** What is more often wrong than right is not served, even where the bound would have room for it. */
const MOST_ERROR = 0.5
/** Labels' worth of the model's own word in each block. */
const PSEUDO_COUNTS = 10
