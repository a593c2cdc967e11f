import { FEATURE_NAMES, FEATURE_SCALE, type Features } from '../../../src/semantic/rule/features.js'
import type { Candidate, DecisionPolicy } from '../../../src/semantic/rule/policy.js'

/** Numbers of 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** Features that are all 0 but for those that are named. */
export function featuresWith(values: Readonly<Record<string, number>>): Features {
  return Int8Array.from(FEATURE_NAMES, (name) => Math.round((name === 'one' ? 1 : (values[name] ?? 0)) * FEATURE_SCALE))
}

export function coefficientsWith(values: Readonly<Record<string, number>>): number[] {
  return FEATURE_NAMES.map((name) => values[name] ?? 0)
}

/** What decides whether the entries of the streams are right. */
export const TRUTH = { one: 1, cosine: 2.5, margin: 2, jaccard: 2 }

/** A candidate like those of real streams: some are plainly right, some plainly wrong, many neither. */
export function drawCandidate(random: () => number): { readonly candidate: Candidate; readonly right: number } {
  const values = { cosine: 1.4 * normal(random), margin: normal(random), jaccard: normal(random), trigrams: normal(random) }
  const features = featuresWith(values)
  const at = (name: string): number => (features[FEATURE_NAMES.indexOf(name)] as number) / FEATURE_SCALE
  const logit = TRUTH.one + TRUTH.cosine * at('cosine') + TRUTH.margin * at('margin') + TRUTH.jaccard * at('jaccard')
  return { candidate: { features, similarity: 0.6 + values.cosine / 10, entryId: 'entry' }, right: sigmoid(logit - 2) }
}

export interface StreamOptions {
  readonly requests: number
  readonly random: () => number
  /** The judge's verdict on an answer that is right or wrong. */
  readonly judge?: ((same: boolean) => boolean | undefined) | undefined
  /** Whether an entry that was right with this chance is right now. */
  readonly isRight?: ((right: number, request: number) => boolean) | undefined
  /** Who asks next. */
  readonly caller?: (() => string | undefined) | undefined
}

export interface StreamResult {
  readonly requests: number
  readonly hits: number
  readonly wrong: number
  /** Requests at which something was served. */
  readonly served: readonly number[]
  /** Requests at which something wrong was served. */
  readonly failed: readonly number[]
}

/** Requests, one in ten of them without a candidate, through a policy. */
export function runStream(policy: DecisionPolicy, options: StreamOptions): StreamResult {
  const { requests, random, judge = (same) => same, isRight = (right) => random() < right, caller = () => undefined } = options
  const served: number[] = []
  const failed: number[] = []
  for (let request = 0; request < requests; request++) {
    if (random() < 0.1) {
      policy.decide(undefined)
      continue
    }
    const { candidate: drawn, right } = drawCandidate(random)
    const candidate: Candidate = { ...drawn, caller: caller() }
    const same = isRight(right, request)
    const decision = policy.decide(candidate)
    if (decision.action === 'serve') {
      policy.served?.(candidate, decision)
      served.push(request)
      if (!same) failed.push(request)
      continue
    }
    const verdict = judge(same)
    if (verdict !== undefined) policy.learn({ candidate, decision, same: verdict, caller: candidate.caller })
    finish(policy)
  }
  return { requests, hits: served.length, wrong: failed.length, served, failed }
}

/** Does the work that is due; returns in how many slices. */
export function finish(policy: DecisionPolicy): number {
  let slices = 0
  for (let work = policy.work?.(); work; work = policy.work?.()) for (; !work.next().done; ) slices++
  return slices
}
