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
import { byAge, MOST_AHEAD_MS } from './labels.js'
import type { Candidate, Decision, DecisionPolicy } from './policy.js'

export interface VCacheOptions {
  /** Wrong answers of all requests, 0 to 1. */
  readonly maxErrorRate: number
  /** 0 to 1. */
  readonly random: () => number
  /** ms since the epoch. */
  readonly now: () => number
  /** Random id of this process. */
  readonly by: string
}

interface Label {
  /** Whose it is, and which of theirs (ms since the epoch, about): the same label is never counted twice. */
  readonly by: string
  readonly at: number
  readonly similarity: number
  readonly correct: boolean
}

interface Entry {
  /** The newest, oldest first, for `save`. */
  readonly labels: readonly Label[]
  readonly count: number
  /** When the newest was made of those that are not kept: what is as old may have counted already. */
  readonly trimmed: number
  /** Posterior probability of each curve of `CURVES`. */
  readonly posterior: Float64Array
}

interface Curve {
  /** Cosine at which an entry is right half of the time. */
  readonly middle: number
  readonly slope: number
}

export function createVCachePolicy({ maxErrorRate, random, now, by }: VCacheOptions): DecisionPolicy {
  const entries = new LRUCache<string, Entry>(atMost(MAX_ENTRIES))
  let count = 0
  let last = 0

  function add(id: string, entry: Entry, labels: readonly Label[]): void {
    count += labels.length
    entries.set(id, withLabels(entry, labels))
  }

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
    version: 1,
    decide: (candidate) => (candidate ? decide(candidate, random()) : ASK),
    // What is likelier.
    preview: (candidate) => decide(candidate, 0.5),
    learn({ candidate: { entryId, similarity }, same }) {
      const entry = entries.get(entryId) ?? NEW
      // Newer than all that it has, whatever others' clocks say.
      last = Math.max(now(), last + 1, (entry.labels.at(-1)?.at ?? 0) + 1)
      add(entryId, entry, [{ similarity, correct: same, by, at: last }])
    },
    inspect: () => ({ labels: count, audits: 0, auditedWrong: 0, threshold: 0, error: maxErrorRate, paused: undefined }),
    save() {
      const processes = new Map<string, number>()
      const saved = [...entries.entries()].map(([id, { labels }]) => [id, numbersOf(labels, processes)])
      return JSON.stringify({ vcache: 2, processes: [...processes.keys()], entries: saved })
    },
    merge(saved) {
      const read = readEntries(saved)
      if (!read) return false
      // Oldest first: the order of saving is that of use.
      const latest = now() + MOST_AHEAD_MS
      for (const [id, labels] of read.reverse()) {
        const entry = entries.peek(id) ?? NEW
        const fresh = labels.filter((label) => label.at > entry.trimmed && label.at <= latest && !isHeld(entry, label))
        if (fresh.length > 0) add(id, entry, fresh)
      }
      return true
    },
  }
}

function withLabels({ labels, count, trimmed, posterior }: Entry, added: readonly Label[]): Entry {
  const all = [...labels, ...added].sort(byAge)
  return {
    labels: all.slice(-MAX_LABELS),
    count: count + added.length,
    trimmed: Math.max(trimmed, all[all.length - MAX_LABELS - 1]?.at ?? 0),
    posterior: added.reduce(learnt, posterior),
  }
}

function learnt(posterior: Float64Array, { similarity, correct }: Label): Float64Array {
  const next = CURVES.map((curve, index) => {
    const right = rightness(curve, similarity)
    return (posterior[index] as number) * (correct ? right : 1 - right)
  })
  const sum = next.reduce((a, b) => a + b, 0)
  return Float64Array.from(next, (weight) => weight / sum)
}

function isHeld({ labels }: Entry, { by, at }: Label): boolean {
  return labels.some((label) => label.at === at && label.by === by)
}

/** Judges err, and so does each curve: none is ever ruled out. */
function rightness({ slope, middle }: Curve, similarity: number): number {
  return LEAST_ERROR + (1 - 2 * LEAST_ERROR) / (1 + Math.exp(-slope * (similarity - middle)))
}

/**
 * Of each label its similarity, twice the place of its process, one more where it was right, and how much later it is than the one before.
 *
 * @param processes places by name; grows
 */
function numbersOf(labels: readonly Label[], processes: Map<string, number>): number[] {
  let before = 0
  return labels.flatMap(({ similarity, correct, by, at }) => {
    const place = processes.get(by) ?? processes.size
    processes.set(by, place)
    const later = at - before
    before = at
    return [Math.round(similarity * 1e4) / 1e4, 2 * place + (correct ? 1 : 0), later]
  })
}

function readEntries(saved: string): [id: string, labels: Label[]][] | undefined {
  try {
    const { vcache, processes, entries } = JSON.parse(saved) as { vcache?: unknown; processes?: unknown; entries?: unknown }
    if (vcache !== 2 || !Array.isArray(processes) || !Array.isArray(entries)) return undefined
    return entries.map((entry) => {
      const [id, numbers] = entry as [unknown, unknown]
      if (typeof id !== 'string' || !Array.isArray(numbers)) throw new TypeError('no labels')
      return [id, labelsOf(numbers, processes).slice(-MAX_LABELS)]
    })
  } catch {
    return undefined
  }
}

/** @throws TypeError for what `numbersOf` does not make */
function labelsOf(numbers: readonly unknown[], processes: readonly unknown[]): Label[] {
  const labels: Label[] = []
  let at = 0
  for (let index = 0; index < numbers.length; index += 3) {
    const [similarity, kind, later] = numbers.slice(index, index + 3) as [unknown, unknown, unknown]
    const by = processes[Number(kind) >> 1]
    if (!Number.isFinite(similarity) || !Number.isInteger(kind) || typeof by !== 'string' || !Number.isFinite(later))
      throw new TypeError('no labels')
    at += later as number
    labels.push({ similarity: similarity as number, correct: (kind as number) % 2 === 1, by, at })
  }
  return labels
}

const ASK: Decision = { action: 'ask', probability: undefined, threshold: 1, error: undefined, auditRate: 1 }
const MAX_ENTRIES = 10_000
const MAX_LABELS = 40
const LEAST_LABELS = 3
const LEAST_ERROR = 1e-4
const SLOPES = [5, 10, 20, 40, 80]
const MIDDLES = Array.from({ length: 36 }, (_, index) => 0.1 + index * 0.03)
const CURVES: readonly Curve[] = SLOPES.flatMap((slope) => MIDDLES.map((middle) => ({ slope, middle })))
const NEW: Entry = { labels: [], count: 0, trimmed: 0, posterior: new Float64Array(CURVES.length).fill(1 / CURVES.length) }
