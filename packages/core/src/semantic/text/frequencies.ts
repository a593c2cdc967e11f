/** How many prompts of a namespace have each stem, within a bound, on top of the shipped baseline. */

import { baselineShare } from './baseline.js'
import type { TextProfile } from './profile.js'

/** State of {@link Frequencies}, as JSON. It holds stems of prompts: it belongs into the store, never into logs. */
export interface FrequenciesJson {
  readonly version: 1
  readonly documents: number
  /** Stems with how many documents have them. */
  readonly terms: readonly (readonly [stem: string, documents: number])[]
}

export interface Frequencies {
  /** Documents counted. */
  readonly documents: number
  /** Stems held, at most `maxTerms`. */
  readonly size: number
  /** Counts a text. */
  add(profile: TextProfile): void
  /** Takes a text back that was added before. */
  remove(profile: TextProfile): void
  /** How much a stem says in this namespace: 0 (in every text) to 1 (in none). */
  idf(stem: string): number
  /** Adds what another process counted. */
  merge(saved: unknown): void
  toJSON(): FrequenciesJson
}

/** As many documents as the baseline is worth. */
const BASELINE_DOCUMENTS = 200
/** The rarest that a stem is taken for: -ln of the share of documents. */
const RAREST = Math.log(4000)
const MAX_STEM_LENGTH = 64

/**
 * @param maxTerms most stems held; beyond it the rarest are forgotten, so that they count as unseen. @default 20000
 * @param saved what `toJSON` gave, as parsed JSON; anything else counts as nothing
 */
export function createFrequencies(maxTerms = 20_000, saved?: unknown): Frequencies {
  const counts = new Map<string, number>()
  let documents = 0

  /** Forgets the rarest until a quarter is free: amortised, a constant number of steps a stem added. */
  function shrink(): void {
    const room = Math.floor(maxTerms * 0.75)
    for (let least = 1; counts.size > room; least *= 2)
      for (const [stem, count] of counts) {
        if (counts.size <= room) return
        if (count <= least) counts.delete(stem)
      }
  }

  function count(stem: string, by: number): void {
    if (stem.length > MAX_STEM_LENGTH) return
    const now = (counts.get(stem) ?? 0) + by
    if (now > 0) counts.set(stem, now)
    else counts.delete(stem)
    if (counts.size > maxTerms) shrink()
  }

  function merge(other: unknown): void {
    if (!isSaved(other)) return
    documents += other.documents
    for (const [stem, number] of other.terms) count(stem, number)
  }

  merge(saved)
  return {
    get documents() {
      return documents
    },
    get size() {
      return counts.size
    },
    add(profile) {
      documents++
      for (const stem of profile.stems) count(stem, 1)
    },
    remove(profile) {
      if (documents === 0) return
      documents--
      for (const stem of profile.stems) if (counts.has(stem)) count(stem, -1)
    },
    idf(stem) {
      const share = ((counts.get(stem) ?? 0) + BASELINE_DOCUMENTS * baselineShare(stem)) / (documents + BASELINE_DOCUMENTS)
      return Math.max(0, Math.min(1, -Math.log(share) / RAREST))
    },
    merge,
    toJSON() {
      return { version: 1, documents, terms: [...counts] }
    },
  }
}

function isSaved(value: unknown): value is FrequenciesJson {
  if (typeof value !== 'object' || value === null) return false
  const { version, documents, terms } = value as Partial<FrequenciesJson>
  return version === 1 && isCount(documents) && Array.isArray(terms) && terms.every(isTerm)
}

function isTerm(term: unknown): boolean {
  return Array.isArray(term) && typeof term[0] === 'string' && isCount(term[1])
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
