/** What a prompt's words say for one group of equal answers, rather than for those that are near it too. */

import type { Frequencies } from './frequencies.js'
import type { TextProfile } from './profile.js'

/** A prompt near the one that is asked now. */
export interface Witness {
  readonly words: Words
  /** Cosine. */
  readonly similarity: number
}

export type Words = Pick<TextProfile, 'stems' | 'content'>

/** Each 0 to 1, but `backing`: -1 (all words are the others' alone) to 1 (all are the group's alone). Words weigh what they say in the namespace. */
export interface Evidence {
  /** Share of the group's prompts that have a word, less that of the others', on average over the words. */
  readonly backing: number
  /** The most telling word that prompts of the group have, and no other. */
  readonly telling: number
  /** The most telling word that no prompt of the group has. */
  readonly unheard: number
  /** The most telling word of the group that is missing, times the share of its prompts that have it. */
  readonly missing: number
}

/**
 * @param own prompts of the group, at least one
 * @param rivals prompts of other groups
 */
export function evidenceOf(fresh: Words, own: readonly Witness[], rivals: readonly Witness[], frequencies: Frequencies): Evidence {
  const nearest = Math.max(own[0]?.similarity ?? 0, rivals[0]?.similarity ?? 0)
  const content = new Set(fresh.content)
  const ours = sharesOf(own, nearest)
  // Most of the prompts are rivals, and most of their words are nothing to this one.
  const theirs = sharesOf(rivals, nearest, content)
  let all = 0
  let backing = 0
  let telling = 0
  let unheard = 0
  for (const stem of content) {
    const weight = frequencies.idf(stem)
    const [our, their] = [ours.get(stem) ?? 0, theirs.get(stem) ?? 0]
    all += weight
    backing += weight * (our - their)
    if (our === 0) unheard = Math.max(unheard, weight)
    else if (their === 0) telling = Math.max(telling, weight)
  }
  return { backing: all === 0 ? 0 : backing / all, telling, unheard, missing: missingOf(fresh, own, ours, frequencies) }
}

function missingOf(fresh: Words, own: readonly Witness[], ours: ReadonlyMap<string, number>, frequencies: Frequencies): number {
  const stems = new Set(fresh.stems)
  let missing = 0
  for (const { words } of own) {
    for (const stem of words.content) {
      const share = ours.get(stem) ?? 0
      if (share > missing && !stems.has(stem)) missing = Math.max(missing, share * frequencies.idf(stem))
    }
  }
  return missing
}

/** The share of the prompts that have each stem, or each of `of`; near ones count more. */
function sharesOf(witnesses: readonly Witness[], nearest: number, of?: ReadonlySet<string>): ReadonlyMap<string, number> {
  const shares = new Map<string, number>()
  const weights = witnesses.map(({ similarity }) => Math.exp(SHARPNESS * (similarity - nearest)))
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  for (const [index, { words }] of witnesses.entries()) {
    const share = (weights[index] as number) / all
    for (const stem of words.stems) if (!of || of.has(stem)) shares.set(stem, (shares.get(stem) ?? 0) + share)
  }
  return shares
}

const SHARPNESS = 10
