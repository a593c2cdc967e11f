/** Two texts side by side: the features that the decision rule learns from, and the vetoes that it obeys. */

import { BUILT_IN_GUARDS, directionDiffers, negationDiffers } from './built-in-guards.js'
import { isContrary } from './contraries.js'
import { type Difference, type Differences, differencesOf, listDifference } from './differences.js'
import type { Frequencies } from './frequencies.js'
import { type Guard, type GuardVeto, vetoesOf } from './guards.js'
import type { TextProfile } from './profile.js'
import { questionDistance } from './question.js'
import { areSiblings, siblingConflict } from './siblings.js'
import { trigramSimilarity } from './trigrams.js'

/** Each a number of 0 to 1 where nothing else is said. Symmetric, but for what is named new, old or extra. */
export interface Comparison {
  /** Jaccard index of the stems, weighted by how much each says (the shipped baseline). */
  readonly jaccard: number
  /** Jaccard index of the character trigrams. */
  readonly trigrams: number
  /** What the most telling word says that only the new text has, by the namespace's own frequencies. */
  readonly unmatchedNew: number
  readonly unmatchedOld: number
  /** 1 where both sides have numbers (of any kind) or identifiers that the other lacks. */
  readonly numberConflict: number
  /** 1 where one side alone has some that the other lacks. */
  readonly numberExtra: number
  /** 1 where one side denies what the other says, 0.5 where one says no more often than the other. */
  readonly negation: number
  /** 1 where the sides name different members of a closed set or opposites, 0.5 where of a looser group. */
  readonly antonym: number
  /** 1 where both sides name someone or something that the other lacks. */
  readonly entityConflict: number
  readonly entityExtra: number
  /** 1 where beginning and end, or two sides of a comparison, are exchanged. */
  readonly reversed: number
  /** 1 where exactly one content word was replaced by another. */
  readonly substitution: number
  /** Content words replaced, a count. */
  readonly substitutions: number
  /** Content words that one side has beyond those replaced, a count. */
  readonly extras: number
  /** 1 where different kinds of answers are asked for (who, when), 0.5 where perhaps. */
  readonly question: number
  /** Guards that refuse. One is enough for a miss. */
  readonly vetoes: readonly GuardVeto[]
}

/**
 * @param fresh the prompt asked now
 * @param old the prompt whose answer might do
 * @param guards as `selectGuards` gave them
 */
export function compareTexts(
  fresh: TextProfile,
  old: TextProfile,
  frequencies: Frequencies,
  guards: readonly Guard[] = BUILT_IN_GUARDS,
): Comparison {
  const differences = differencesOf(fresh, old)
  const { content, quantities: numbers, identifiers } = differences
  const names = namesDifference(fresh, old)
  const numberSides = sides(numbers.fresh.length + identifiers.fresh.length, numbers.old.length + identifiers.old.length)
  const nameSides = sides(names.fresh.length, names.old.length)
  const substitutions = Math.min(content.fresh.length, content.old.length)
  const extras = Math.abs(content.fresh.length - content.old.length)
  return {
    jaccard: stemOverlap(fresh, old),
    trigrams: trigramSimilarity(fresh.trigrams, old.trigrams),
    unmatchedNew: heaviest(content.fresh, frequencies),
    unmatchedOld: heaviest(content.old, frequencies),
    numberConflict: numberSides === 2 ? 1 : 0,
    numberExtra: numberSides === 1 ? 1 : 0,
    negation: negationDiffers(fresh, old, differences) ? 1 : (fresh.negations.count - old.negations.count) % 2 === 0 ? 0 : 0.5,
    antonym: antonymOf(fresh, old, differences),
    entityConflict: nameSides === 2 ? 1 : 0,
    entityExtra: nameSides === 1 ? 1 : 0,
    reversed: directionDiffers(fresh, old, differences) ? 1 : 0,
    substitution: substitutions === 1 && extras === 0 ? 1 : 0,
    substitutions,
    extras,
    question: questionDistance(fresh.question, old.question),
    vetoes: vetoesOf(guards, fresh, old, differences),
  }
}

function stemOverlap(fresh: TextProfile, old: TextProfile): number {
  let shared = 0
  let all = 0
  let i = 0
  let j = 0
  while (i < fresh.stems.length || j < old.stems.length) {
    const a = fresh.stems[i]
    const b = old.stems[j]
    const both = a === b
    const first = both || b === undefined || (a !== undefined && a < b)
    const weight = (first ? fresh.weights[i] : old.weights[j]) as number
    all += weight
    if (both) {
      shared += weight
      i++
      j++
    } else if (first) i++
    else j++
  }
  return all === 0 ? 1 : shared / all
}

function heaviest(stems: readonly string[], frequencies: Frequencies): number {
  let most = 0
  for (const stem of stems) most = Math.max(most, frequencies.idf(stem))
  return most
}

/** Names that the other text does not have in any spelling of case. */
function namesDifference(fresh: TextProfile, old: TextProfile): Difference<string> {
  const { fresh: left, old: right } = listDifference(fresh.names, old.names)
  if (left.length === 0 && right.length === 0) return { fresh: left, old: right }
  const freshTokens = new Set(fresh.tokens)
  const oldTokens = new Set(old.tokens)
  return { fresh: left.filter((name) => !oldTokens.has(name)), old: right.filter((name) => !freshTokens.has(name)) }
}

function antonymOf(fresh: TextProfile, old: TextProfile, { content, functional }: Differences): number {
  if (!fresh.english || !old.english) return 0
  const conflict = siblingConflict(fresh.siblings, old.siblings)
  if (conflict === 'strict') return 1
  if (hasSiblings(content) || hasSiblings(functional)) return 1
  return conflict === 'loose' ? 0.5 : 0
}

/** Most words left over on each side that are compared each with each. */
const CLOSE_LOOK = 3

/** A word that only one side has stands against a sibling that only the other has. */
function hasSiblings({ fresh, old }: Difference<string>): boolean {
  if (fresh.length > CLOSE_LOOK || old.length > CLOSE_LOOK) return false
  return fresh.some((a) => old.some((b) => areSiblings(a, b) || isContrary(a, b)))
}

/** How many of the sides have something left. */
function sides(fresh: number, old: number): number {
  return (fresh > 0 ? 1 : 0) + (old > 0 ? 1 : 0)
}
