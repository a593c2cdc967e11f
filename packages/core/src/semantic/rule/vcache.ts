/**
 * vCache (Schroeder et al., "vCache: Verified Semantic Prompt Caching", arXiv 2502.03771, sections 3 and 4), from the paper's idea: a
 * logistic curve for each entry, learnt from that entry's own labels, and confidence bounds of it; it asks the origin with just the
 * chance that keeps the error rate of all requests below the bound. It needs many askers of each entry.
 *
 * The bounds are quantiles of a posterior over a grid of curves, all alike before the first label: errors of a normal approximation,
 * which has no use for entries whose labels are all alike, are not made.
 */

import { LRUCache } from 'lru-cache'
import { atMost } from '../../lib/at-most.js'
import type { Candidate, Decision, DecisionPolicy } from './policy.js'

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

interface Entry {
  /** The newest, for `save`. */
  readonly labels: readonly Label[]
  readonly count: number
  /** Posterior probability of each curve of `CURVES`. */
  readonly posterior: Float64Array
}

interface Curve {
  /** Cosine at which an entry is right half of the time. */
  readonly middle: number
  readonly slope: number
}

export function createVCachePolicy({ maxErrorRate, random }: VCacheOptions): DecisionPolicy {
  const entries = new LRUCache<string, Entry>(atMost(MAX_ENTRIES))
  let count = 0

  /** The least chance of asking that keeps the bound (equations 9 to 12): over all confidences the most favourable. */
  function chanceOfAsking(entryId: string, similarity: number): number {
    const entry = entries.get(entryId)
    if (!entry || entry.count < LEAST_LABELS) return 1
    const curves = CURVES.map((curve, index) => ({ right: rightness(curve, similarity), weight: entry.posterior[index] as number }))
    curves.sort((a, b) => a.right - b.right)
    let least = 1
    let doubt = 0
    for (const { right: surely, weight } of curves) {
      // With a probability of 1 - doubt the entry is right at least so often.
      const right = (1 - doubt) * surely
      least = Math.min(least, right >= 1 - maxErrorRate ? 0 : (1 - maxErrorRate - right) / (1 - right))
      doubt += weight
    }
    return least
  }

  /** @param lot 0 to 1: below the chance of asking the origin is asked */
  function decide({ entryId, similarity }: Candidate, lot: number): Decision {
    const chance = chanceOfAsking(entryId, similarity)
    if (lot < chance) return { ...ASK, probability: 1 - chance, auditRate: chance }
    return { action: 'serve', probability: 1 - chance, threshold: 0, error: maxErrorRate, auditRate: chance }
  }

  return {
    name: 'vcache',
    decide: (candidate) => (candidate ? decide(candidate, random()) : ASK),
    // What is likelier.
    preview: (candidate) => decide(candidate, 0.5),
    learn({ candidate: { entryId, similarity }, same }) {
      count++
      entries.set(entryId, withLabel(entries.get(entryId) ?? NEW, { similarity, correct: same }))
    },
    inspect: () => ({ labels: count, audits: 0, auditedWrong: 0, threshold: 0, error: maxErrorRate, paused: undefined }),
    save: () => JSON.stringify({ vcache: 1, entries: [...entries.entries()].map(([id, { labels }]) => [id, labels.flatMap(numbersOf)]) }),
    merge(saved) {
      const read = readEntries(saved)
      if (!read) return false
      // Oldest first: the order of saving is that of use.
      for (const [id, labels] of read.reverse()) {
        if (entries.has(id)) continue
        entries.set(id, labels.reduce(withLabel, NEW))
        count += labels.length
      }
      return true
    },
  }
}

function withLabel({ labels, count, posterior }: Entry, label: Label): Entry {
  const next = CURVES.map((curve, index) => {
    const right = rightness(curve, label.similarity)
    return (posterior[index] as number) * (label.correct ? right : 1 - right)
  })
  const sum = next.reduce((a, b) => a + b, 0)
  return {
    labels: [...labels, label].slice(-MAX_LABELS),
    count: count + 1,
    posterior: Float64Array.from(next, (weight) => weight / sum),
  }
}

/** Judges err, and so does each curve: none is ever ruled out. */
function rightness({ slope, middle }: Curve, similarity: number): number {
  return LEAST_ERROR + (1 - 2 * LEAST_ERROR) / (1 + Math.exp(-slope * (similarity - middle)))
}

function numbersOf({ similarity, correct }: Label): [number, number] {
  return [Math.round(similarity * 1e4) / 1e4, correct ? 1 : 0]
}

function readEntries(saved: string): [id: string, labels: Label[]][] | undefined {
  try {
    const { vcache, entries } = JSON.parse(saved) as { vcache?: unknown; entries?: unknown }
    if (vcache !== 1 || !Array.isArray(entries)) return undefined
    return entries.map((entry) => {
      const [id, numbers] = entry as [unknown, unknown]
      if (typeof id !== 'string' || !Array.isArray(numbers) || !numbers.every(Number.isFinite)) throw new TypeError('no labels')
      const labels = numbers.flatMap((similarity: number, at) => (at % 2 === 0 ? [{ similarity, correct: numbers[at + 1] === 1 }] : []))
      return [id, labels.slice(-MAX_LABELS)]
    })
  } catch {
    return undefined
  }
}

const ASK: Decision = { action: 'ask', probability: undefined, threshold: 1, error: undefined, auditRate: 1 }
const MAX_ENTRIES = 10_000
const MAX_LABELS = 40
const LEAST_LABELS = 3
const LEAST_ERROR = 1e-4
const SLOPES = [5, 10, 20, 40, 80]
const MIDDLES = Array.from({ length: 36 }, (_, index) => 0.1 + index * 0.03)
const CURVES: readonly Curve[] = SLOPES.flatMap((slope) => MIDDLES.map((middle) => ({ slope, middle })))
const NEW: Entry = { labels: [], count: 0, posterior: new Float64Array(CURVES.length).fill(1 / CURVES.length) }
