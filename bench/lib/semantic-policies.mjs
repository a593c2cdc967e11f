// Streams of a set through each policy, a seed each, and what is said of them all.

import { createAdaptivePolicy, createStaticPolicy, createVCachePolicy } from './semantic-core.mjs'
import { runStream } from './semantic-stream.mjs'

/** The bounds that the policies are held to: z 2 is 'strict', 1 'balanced'. */
export const BOUNDS = [
  ...[0.01, 0.02, 0.05].flatMap((maxErrorRate) => [2, 1].map((z) => ({ basis: 'requests', maxErrorRate, z }))),
  ...[2, 1].map((z) => ({ basis: 'hits', maxErrorRate: 0.02, z })),
]
const THRESHOLDS = [0.5, 0.55, 0.6, 0.65, 0.7, 0.74, 0.78, 0.81, 0.84, 0.86, 0.88, 0.9, 0.92, 0.94, 0.96, 0.98]

export const nameOfBound = ({ basis, maxErrorRate }) => `${100 * maxErrorRate} % of ${basis}`

export function adaptive(set, prior, seed, bound, options = {}) {
  const createPolicy = (given) => createAdaptivePolicy({ ...given, ...bound, prior, by: 'bench' })
  return runStream(set, { createPolicy, seed, ...options })
}

export function vcache(set, seed, { maxErrorRate }) {
  // Its entries are the prompts whose answers differ: with aliases each of them would be asked for less.
  return runStream(set, { createPolicy: (given) => createVCachePolicy({ ...given, maxErrorRate, by: 'bench' }), seed, aliases: false })
}

/** The plain threshold, at each of many: only afterwards is it known which would have been the best. */
export function staticRuns(set, seed) {
  return THRESHOLDS.map((threshold) => {
    const createPolicy = ({ random }) => createStaticPolicy({ threshold, auditRate: 0, random })
    const { requests, hits, wrong, laterHits, laterWrong } = runStream(set, { createPolicy, seed })
    return { threshold, requests, hits, wrong, laterHits, laterWrong }
  })
}

/** The run with the most hits of those that kept the bound. */
export function bestInHindsight(runs, bound) {
  const none = { threshold: 1, requests: runs[0].requests, hits: 0, wrong: 0, laterHits: 0, laterWrong: 0 }
  return runs.filter((run) => errorOf(run, bound) <= bound.maxErrorRate).reduce((best, run) => (run.hits > best.hits ? run : best), none)
}

export function errorOf({ requests, hits, wrong }, { basis }) {
  return basis === 'hits' ? (hits === 0 ? 0 : wrong / hits) : wrong / requests
}

/** 95 % interval of a share (Wilson 1927). */
export function wilson(count, of) {
  if (of === 0) return { low: 0, high: 1 }
  const z = 1.96
  const share = count / of
  const middle = share + z ** 2 / (2 * of)
  const half = z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2))
  const scale = 1 + z ** 2 / of
  return { low: Math.max(0, (middle - half) / scale), high: (middle + half) / scale }
}

/** All seeds of one cell: shares of requests in percent. */
export function summary(runs, bound) {
  const share = (of, by = (run) => run.requests) => spread(runs.map((run) => (by(run) === 0 ? 0 : (100 * of(run)) / by(run))))
  const half = (run) => run.requests / 2
  return {
    seeds: runs.length,
    hits: share((run) => run.hits),
    wrong: share((run) => run.wrong),
    wrongOfHits: share(
      (run) => run.wrong,
      (run) => run.hits,
    ),
    firstHits: share((run) => run.hits - run.laterHits, half),
    firstWrong: share((run) => run.wrong - run.laterWrong, half),
    secondHits: share((run) => run.laterHits, half),
    secondWrong: share((run) => run.laterWrong, half),
    // Of the seed that did worst.
    interval: widest(runs.map((run) => wilson(run.wrong, bound.basis === 'hits' ? run.hits : run.requests))),
    // Of the seed with the fewest.
    hitsInterval: lowest(runs.map((run) => wilson(run.hits, run.requests))),
    held: runs.filter((run) => errorOf(run, bound) <= bound.maxErrorRate).length,
    judgedPerMiss: mean(runs.map(({ judged = 0, requests, hits }) => judged / (requests - hits))),
  }
}

function widest(intervals) {
  const { low, high } = intervals.reduce((worst, each) => (each.high > worst.high ? each : worst))
  return { low: round(100 * low), high: round(100 * high) }
}

function lowest(intervals) {
  const { low, high } = intervals.reduce((least, each) => (each.low < least.low ? each : least))
  return { low: round(100 * low), high: round(100 * high) }
}

export function spread(values) {
  return { mean: round(mean(values)), min: round(Math.min(...values)), max: round(Math.max(...values)) }
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

export function round(value, digits = 2) {
  return Number(value.toFixed(digits))
}
