/**
 * vCache (Schroeder et al., "vCache: Verified Semantic Prompt Caching", arXiv 2502.03771, sections 3 and 4), from the paper's mathematics:
 * a logistic curve for each entry, fitted to that entry's own labels, with confidence bounds of its parameters; it asks the origin
 * with just the chance that keeps the error rate of all requests below the bound. It needs many askers of each entry.
 */

import { LRUCache } from 'lru-cache'
import type { DecisionPolicy } from './policy.js'

export interface VCacheOptions {
  /** Wrong answers of all requests, 0 to 1. */
  readonly maxErrorRate: number
  /** 0 to 1. */
  readonly random: () => number
}

interface Label {
  readonly similarity: number
  readonly correct: boolean
}

interface Curve {
  /** Cosine at which an entry is right half of the time, and its standard error. */
  readonly middle: number
  readonly deviation: number
  readonly slope: number
}

export function createVCachePolicy({ maxErrorRate, random }: VCacheOptions): DecisionPolicy {
  const entries = new LRUCache<string, { labels: Label[]; curve: Curve | undefined }>({ max: MAX_ENTRIES })
  let labels = 0
  let audits = 0
  let auditedWrong = 0

  /** The least chance of asking that keeps the bound (equations 9 to 12): over all confidences the most favourable. */
  function chanceOfAsking(entryId: string, similarity: number): number {
    const curve = entries.get(entryId)?.curve
    if (!curve) return 1
    let least = 1
    for (const [doubt, z] of CONFIDENCES) {
      const right = (1 - doubt) * logistic(curve.slope * (similarity - (curve.middle + z * curve.deviation)))
      least = Math.min(least, right >= 1 - maxErrorRate ? 0 : (1 - maxErrorRate - right) / (1 - right))
    }
    return least
  }

  return {
    name: 'vcache',
    decide(candidate) {
      const ask = { action: 'ask', probability: undefined, threshold: 1, error: undefined, auditRate: 1 } as const
      if (!candidate) return ask
      const chance = chanceOfAsking(candidate.entryId, candidate.similarity)
      if (random() < chance) return { ...ask, probability: 1 - chance, auditRate: chance }
      return { action: 'serve', probability: 1 - chance, threshold: 0, error: maxErrorRate, auditRate: chance }
    },
    learn({ candidate: { entryId, similarity }, decision, same }) {
      labels++
      if (decision.action !== 'ask') {
        audits++
        if (!same) auditedWrong++
      }
      const known = entries.get(entryId)?.labels ?? []
      const next = [...known, { similarity, correct: same }].slice(-MAX_LABELS)
      entries.set(entryId, { labels: next, curve: curveOf(next) })
    },
    inspect: () => ({ labels, audits, auditedWrong, threshold: 0, error: maxErrorRate, paused: undefined }),
    save: () => JSON.stringify({ vcache: 1, entries: [...entries.entries()].map(([id, entry]) => [id, entry.labels]) }),
    merge(saved) {
      const read = readLabels(saved)
      if (!read) return false
      for (const [id, others] of read) {
        if (!entries.has(id)) entries.set(id, { labels: others, curve: curveOf(others) })
      }
      return true
    },
  }
}

/** By maximum likelihood, on a grid of slopes and middles; undefined below the least number of labels. */
function curveOf(labels: readonly Label[]): Curve | undefined {
  if (labels.length < LEAST_LABELS) return undefined
  let best: Curve | undefined
  let most = Number.NEGATIVE_INFINITY
  for (const slope of SLOPES) {
    for (let middle = 0; middle <= 1.2; middle += MIDDLE_STEP) {
      let likelihood = 0
      for (const { similarity, correct } of labels) {
        const p = logistic(slope * (similarity - middle))
        likelihood += Math.log(Math.max(correct ? p : 1 - p, 1e-9))
      }
      if (likelihood <= most) continue
      most = likelihood
      best = { middle, slope, deviation: deviationOf(labels, slope, middle) }
    }
  }
  return best
}

/** From the observed information of the middle. */
function deviationOf(labels: readonly Label[], slope: number, middle: number): number {
  let information = 0
  for (const { similarity } of labels) {
    const p = logistic(slope * (similarity - middle))
    information += slope * slope * p * (1 - p)
  }
  return 1 / Math.sqrt(Math.max(information, 1e-6))
}

function readLabels(saved: string): [string, Label[]][] | undefined {
  try {
    const { vcache, entries } = JSON.parse(saved) as { vcache?: unknown; entries?: unknown }
    if (vcache !== 1 || !Array.isArray(entries)) return undefined
    return entries.map((entry): [string, Label[]] => {
      const [id, labels] = entry as [string, Label[]]
      const isEntry =
        typeof id === 'string' && labels.every((label) => Number.isFinite(label.similarity) && typeof label.correct === 'boolean')
      if (!isEntry) throw new TypeError('no labels')
      return [id, labels.slice(-MAX_LABELS)]
    })
  } catch {
    return undefined
  }
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

const MAX_ENTRIES = 20_000
const MAX_LABELS = 50
const LEAST_LABELS = 3
const SLOPES = [2, 5, 10, 20, 40, 80]
const MIDDLE_STEP = 0.02
/** Chance that the middle is beyond so many standard errors (one-sided normal quantiles). */
const CONFIDENCES: readonly (readonly [doubt: number, z: number])[] = [
  [0.001, 3.09],
  [0.005, 2.576],
  [0.01, 2.326],
  [0.02, 2.054],
  [0.05, 1.645],
  [0.1, 1.282],
  [0.2, 0.842],
]
