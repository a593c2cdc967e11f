// The prior of the adaptive policy: one logistic regression over the candidates of whole streams in which nothing is served, so that
// every candidate has a label. Trained on the sets whose licence allows it.

import {
  createAdaptivePolicy,
  DIFFERENCES,
  FEATURE_NAMES,
  FEATURE_SCALE,
  FEATURES_VERSION,
  finished,
  fitLogistic,
} from './semantic-core.mjs'
import { runStream } from './semantic-stream.mjs'

const RIDGE = 3
const SEED = 101

/** @param sets as `runStream` takes them */
export function trainPrior(sets) {
  const examples = sets.flatMap(candidatesOf)
  const size = FEATURE_NAMES.length
  const work = fitLogistic(examples, { prior: new Float64Array(size), ridge: RIDGE * FEATURE_SCALE ** 2, maxSteps: 25 })
  const learnt = Array.from(finished(work), (value) => value * FEATURE_SCALE)
  const coefficients = FEATURE_NAMES.map((name, index) => Math.min(learnt[index], DIFFERENCES.get(name) ?? Number.POSITIVE_INFINITY))
  return { version: FEATURES_VERSION, coefficients: coefficients.map((value) => Number(value.toFixed(4))) }
}

function candidatesOf(set) {
  if (set.candidates) return set.candidates
  const candidates = []
  const never = (options) => createAdaptivePolicy({ ...options, maxErrorRate: 0, basis: 'hits', z: 2, by: 'prior' })
  const watch = (options) => ({ ...never(options), work: () => undefined })
  runStream(set, { createPolicy: watch, seed: SEED, onLabel: (x, correct) => candidates.push({ x, correct, weight: 1 }) })
  // Sets count alike, however long they are.
  for (const candidate of candidates) candidate.weight = PER_SET / candidates.length
  set.candidates = candidates
  return candidates
}

const PER_SET = 5000
