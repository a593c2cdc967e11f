/**
 * The default policy: one logistic model for all entries, drawn to a shipped prior, and a threshold on its probability that keeps the
 * user's bound on wrong answers with confidence. Which candidates are audited depends on the probability alone, so that labels, weighed
 * by their chance, are unbiased. docs/semantic.md has the method and its measurements.
 */

import { LRUCache } from 'lru-cache'
import { atMost } from '../../lib/at-most.js'
import { finished } from '../../lib/finished.js'
import { type BoundOptions, type Threshold, thresholdOf } from './bound.js'
import { type ErrorCurve, fitCurve, type Point } from './curve.js'
import { createDriftTest, type Drift } from './drift.js'
import { DIFFERENCES, FEATURE_NAMES, FEATURE_SCALE, FEATURES_VERSION, type Features } from './features.js'
import { createLabelRing, type Label } from './labels.js'
import { type Example, fitLogistic, leftOut, probability } from './logistic.js'
import type { Candidate, Decision, DecisionPolicy, Outcome, PolicyState } from './policy.js'

/** Coefficients to begin with, of `FEATURE_NAMES`. */
export interface Prior {
  /** `FEATURES_VERSION` of its features. */
  readonly version: number
  readonly coefficients: readonly number[]
}

export interface AdaptiveOptions extends BoundOptions {
  /** Without one nothing is served before 250 labels. */
  readonly prior?: Prior | undefined
  /** 0 to 1, for audits. */
  readonly random: () => number
  /** ms since the epoch. */
  readonly now: () => number
  /** Random id of this process, of `A-Za-z0-9_-`. */
  readonly by: string
}

/** @throws RangeError for a prior of other features */
export function createAdaptivePolicy(options: AdaptiveOptions): DecisionPolicy {
  const { prior, random, now, by } = options
  const start = coefficientsOf(prior)
  const ring = createLabelRing(MAX_LABELS, by, now)
  const recent: (Features | undefined)[] = []
  let recentAt = 0
  let beta = start
  let threshold: Threshold = NOTHING
  let lastTau = Number.POSITIVE_INFINITY
  let total = 0
  let unlearnt = 0
  /** Of audits; of what was served, of which users reject some but say nothing of the rest; and of what was asked for though likely. */
  const auditDrift = createDriftTest()
  const servedDrift = createDriftTest()
  const askedDrift = createDriftTest(ASKED_ALARM)
  const drifts = [auditDrift, servedDrift, askedDrift]
  /** Callers for whom it stopped, and how many labels it has seen when that ends. */
  const stopped = new LRUCache<string, number>(atMost(MAX_STOPPED))
  let seen = 0
  let lastCaller: string | undefined
  let lastCallerSince = 0
  /** Counts what makes a refit under way worthless. */
  let era = 0
  let paused: PolicyState['paused'] = 'learning'

  const probabilityOf = (features: Features): number => probability(beta, features)

  function auditRate(): number {
    return Math.max(LEAST_AUDITS, MOST_AUDITS * Math.exp(-total / AUDITS_FALL))
  }

  function note(features: Features | undefined): void {
    recent[recentAt] = features
    recentAt = (recentAt + 1) % MAX_RECENT
  }

  function isStopped(caller: string | undefined): boolean {
    return caller !== undefined && (stopped.get(caller) ?? 0) > seen
  }

  function preview({ features, caller }: Candidate): Decision {
    const { tau, upper } = isStopped(caller) ? NOTHING : threshold
    const p = probabilityOf(features)
    if (p < tau || paused) return { action: 'ask', probability: p, threshold: tau, error: undefined, auditRate: 1 }
    return { action: 'serve', probability: p, threshold: tau, error: upper, auditRate: auditRate() }
  }

  function decide(candidate: Candidate | undefined): Decision {
    note(candidate?.withheld ? undefined : candidate?.features)
    if (!candidate) return { action: 'ask', probability: undefined, threshold: threshold.tau, error: undefined, auditRate: 1 }
    const decision = preview(candidate)
    if (decision.action === 'ask') return decision
    if (candidate.withheld) return { ...decision, action: 'audit', auditRate: 1 }
    return random() < decision.auditRate ? { ...decision, action: 'audit' } : decision
  }

  function served({ caller }: Candidate, { error = threshold.upper }: Decision): void {
    if (!isStopped(caller)) servedDrift.add(false, error, caller)
  }

  function learn(outcome: Outcome): void {
    const { candidate, decision, same, rejected = false } = outcome
    const audited = decision.action !== 'ask'
    ring.add({ features: candidate.features, correct: same, chance: audited && !rejected ? decision.auditRate : 1, audited, rejected })
    total++
    seen++
    unlearnt++
    heed(outcome.caller)
    // A user's word tells at once; the model follows.
    if (rejected) unlearnt = Math.max(unlearnt, dueAfter())
    if (!paused) watch(outcome)
  }

  function watch(outcome: Outcome): void {
    const { caller } = outcome
    if (caller !== undefined && isStopped(caller)) {
      // It goes on for as long as what would be served there is wrong.
      if (!outcome.same && (outcome.decision.probability ?? 0) >= threshold.tau) stopped.set(caller, seen + LEAST_LABELS)
      return
    }
    const drift = driftBy(outcome)
    if (drift?.caller !== undefined && isTheOnlyOne(drift.caller)) stopFor(drift.caller)
    else if (drift) {
      ring.keep(KEPT_AFTER_DRIFT)
      relearn()
    }
  }

  function driftBy({ decision, same, rejected, caller }: Outcome): Drift | undefined {
    const { action, probability: p = 0, error = threshold.upper } = decision
    if (rejected) return servedDrift.add(true, error, caller)
    if (action !== 'ask') return auditDrift.add(!same, error, caller)
    return p >= LIKELY ? askedDrift.add(!same, 1 - p, caller) : undefined
  }

  function heed(caller: string | undefined): void {
    if (caller === undefined || caller === lastCaller) return
    lastCaller = caller
    lastCallerSince = seen
  }

  /** For whom it fails. Where for long nobody else was heard of, what fails for this one fails for all there are. */
  function isTheOnlyOne(caller: string): boolean {
    const isAlone = caller === lastCaller && seen - lastCallerSince >= LEAST_LABELS
    return !isAlone && ![...stopped.keys()].some((each) => each !== caller && isStopped(each))
  }

  /** One caller's word, alone, is no reason to take from the others what is right for them, nor to go on sending him what he finds wrong. */
  function stopFor(caller: string): void {
    stopped.set(caller, seen + LEAST_LABELS)
    for (const drift of drifts) drift.reset(caller)
  }

  /** What was learnt no longer holds: nothing is served until enough was learnt again. */
  function relearn(): void {
    era++
    paused = 'drift'
    threshold = NOTHING
    lastTau = Number.POSITIVE_INFINITY
    for (const drift of drifts) drift.reset()
    stopped.clear()
    total = 0
    unlearnt = 0
    beta = start
  }

  function dueAfter(): number {
    if (total < 1000) return 50
    return total < 3000 ? 125 : 250
  }

  function enough(): boolean {
    return ring.all.length >= (prior && !ring.hasForgotten ? LEAST_LABELS_WITH_PRIOR : LEAST_LABELS)
  }

  function* refit(): Generator<void, void> {
    unlearnt = 0
    const begun = era
    const labels = [...ring.all]
    const examples: Example[] = []
    for (const label of labels) {
      examples.push(exampleOf(label))
      if (examples.length % SLICE === 0) yield
    }
    const ridge = prior ? PRIOR_RIDGE : RIDGE * FEATURE_SCALE * FEATURE_SCALE
    const whole = yield* fitLogistic(examples, { prior: start, ridge, start: beta })
    const curve = yield* curveOf(labels, yield* leftOut(examples, whole, ridge))
    const probabilities = yield* expected(labels, whole)
    const next = yield* thresholdOf(curve, probabilities, Math.max(recent.length, probabilities.length), options)
    // More was learnt of in the meantime than this work knows.
    if (era !== begun) return
    // Chance finds a lenient threshold now and then: one is lowered only as far as the fit before allows. The first has none before it.
    const before = lastTau
    lastTau = next.tau
    threshold = before > next.tau && before !== Number.POSITIVE_INFINITY ? { ...next, tau: before } : next
    beta = whole
    paused = next.tau === Number.POSITIVE_INFINITY ? 'bound' : undefined
  }

  /** Probabilities of the requests to come: as the recent ones, or after a restart as those that the labels were drawn from. */
  function* expected(labels: readonly Label[], coefficients: Float64Array): Generator<void, number[]> {
    const probabilities: number[] = []
    const drawn = recent.length < Math.min(labels.length, LEAST_RECENT) ? labels.slice(-LEAST_RECENT) : []
    for (const { features, chance, rejected } of drawn) {
      const p = probability(coefficients, features)
      for (let times = rejected ? 0 : Math.round(1 / chance); times > 0; times--) probabilities.push(p)
    }
    for (const [index, features] of recent.entries()) {
      if (features) probabilities.push(probability(coefficients, features))
      if (index % SLICE === 0) yield
    }
    return probabilities
  }

  function* merging(saved: string): Generator<void, boolean> {
    const merged = yield* ring.merging(saved)
    if (!merged) return false
    // Another process saw what was learnt fail.
    if (merged.forgotten > 0) relearn()
    // The pause goes on after a restart.
    if (paused === 'learning' && ring.hasForgotten && !enough()) paused = 'drift'
    total += merged.added
    unlearnt += merged.added
    return true
  }

  return {
    name: 'adaptive',
    version: FEATURES_VERSION,
    considers: 'group',
    decide,
    preview,
    served,
    learn,
    work: () => (unlearnt >= dueAfter() && enough() ? refit() : undefined),
    inspect: () => ({
      labels: ring.all.length,
      audits: ring.all.filter(({ audited }) => audited).length,
      auditedWrong: ring.all.filter(({ audited, correct }) => audited && !correct).length,
      threshold: threshold.tau,
      error: threshold.tau === Number.POSITIVE_INFINITY ? undefined : threshold.upper,
      paused,
      coefficients: Object.fromEntries(FEATURE_NAMES.map((name, index) => [name, (beta[index] as number) * FEATURE_SCALE])),
    }),
    save: ring.save,
    merge: (saved) => finished(merging(saved)),
    merging,
  }
}

function coefficientsOf(prior: Prior | undefined): Float64Array {
  if (!prior) return new Float64Array(FEATURE_NAMES.length)
  if (prior.version !== FEATURES_VERSION || prior.coefficients.length !== FEATURE_NAMES.length) {
    throw new RangeError(`A prior of version ${FEATURES_VERSION} has ${FEATURE_NAMES.length} coefficients`)
  }
  // They are given for values, features come times 32.
  return Float64Array.from(prior.coefficients, (value) => value / FEATURE_SCALE)
}

/**
 * @param unseen probability of each label by a model that has not seen it: by its own the model would flatter itself
 *
 * Labels count alike, whatever the chance of their audit was: few heavy ones say less than many light ones, and those that were asked for
 * below a threshold of before err more often, not less. New ones count more: a cache that fills errs less than it did.
 */
function* curveOf(labels: readonly Label[], unseen: Float64Array): Generator<void, ErrorCurve> {
  const points: Point[] = []
  for (const [index, { correct, rejected }] of labels.entries()) {
    const weight = (rejected ? REJECTION_WORTH : 1) * 0.5 ** ((labels.length - index) / HALF_LIFE)
    points.push({ p: unseen[index] as number, wrong: !correct, weight })
    if (index % SLICE === 0) yield
  }
  return yield* fitCurve(points)
}

function exampleOf({ features, correct, chance, rejected }: Label): Example {
  return { x: features, correct, weight: rejected ? REJECTION_WORTH : Math.min(MOST_FIT_WORTH, 1 / chance) }
}

const NOTHING: Threshold = { tau: Number.POSITIVE_INFINITY, error: 0, upper: 0, served: 0 }
const MAX_LABELS = 6000
/** Long enough to count what is served, short enough to follow a cache that fills. */
const MAX_RECENT = 2500
const SLICE = 500
/** So many recent requests stand for those to come. */
const LEAST_RECENT = 500
const LEAST_LABELS = 250
const LEAST_LABELS_WITH_PRIOR = 50
const LEAST_AUDITS = 0.05
const MOST_AUDITS = 0.5
const AUDITS_FALL = 650
/** Labels' worth of the prior: more for what sets two prompts apart, which labels seldom speak of. */
const PRIOR_WORTH = 10
const PRIOR_WORTH_OF_DIFFERENCES = 30
const PRIOR_RIDGE = Float64Array.from(
  FEATURE_NAMES,
  (name) => (DIFFERENCES.has(name) ? PRIOR_WORTH_OF_DIFFERENCES : PRIOR_WORTH) * FEATURE_SCALE * FEATURE_SCALE,
)
const RIDGE = 1
const MOST_FIT_WORTH = 6
const REJECTION_WORTH = 10
/** Labels after which one says half as much of errors. */
const HALF_LIFE = 1500
/** Such candidates are many, and all of them are judged. */
const LIKELY = 0.5
const ASKED_ALARM = 12
const MAX_STOPPED = 1000
const KEPT_AFTER_DRIFT = 100
