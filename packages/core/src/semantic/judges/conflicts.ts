/** What two answers must not differ in to be the same, however like they are. */

import { compareTexts } from '../text/compare.js'
import { listDifference } from '../text/differences.js'
import { createFrequencies } from '../text/frequencies.js'
import { profileOf, type TextProfile } from '../text/profile.js'

/**
 * `different`: short answers that say opposites, or other figures. `doubt`: something differs that often matters. `contained`: all
 * that one says is in the other, which may say more ('Paris.', 'The capital of France is Paris.'). `none`: nothing found.
 */
export type Conflict = 'different' | 'doubt' | 'contained' | 'none'

export function conflictOf(a: string, b: string): Conflict {
  const [left, right] = [profileOf(a), profileOf(b)]
  const compared = compareTexts(left, right, createFrequencies(0))
  const short = isShort(left) && isShort(right)
  const opposite = polarityOf(left) * polarityOf(right) < 0
  const content = listDifference(left.content, right.content)
  // The same words, denied: "can be refunded", "can not be refunded". With other words beside it, "impossible" may be meant.
  const denied = compared.negation === 1 && content.fresh.length === 0 && content.old.length === 0
  if (short && (opposite || denied || compared.numberConflict === 1 || compared.antonym === 1 || compared.reversed === 1))
    return 'different'
  const foreign = left.language !== right.language && left.language !== 'und' && right.language !== 'und'
  if (opposite || foreign || compared.negation === 1 || compared.antonym === 1 || compared.reversed === 1) return 'doubt'
  if (compared.numberConflict === 1 || (short && compared.numberExtra === 1) || compared.entityConflict === 1) return 'doubt'
  if (left.tooLong || right.tooLong) return 'doubt'
  if (left.code.join('\n') !== right.code.join('\n')) return 'doubt'
  return content.fresh.length === 0 || content.old.length === 0 ? 'contained' : 'none'
}

/** Most tokens of a short answer: a sentence or two. */
const SHORT = 30

function isShort(profile: TextProfile): boolean {
  return profile.tokens.length <= SHORT
}

/** 1 for an answer that begins with a yes, -1 for one that begins with a no, 0 for all others. */
function polarityOf({ tokens }: TextProfile): number {
  const [first = '', second = ''] = tokens
  if (YES.has(first)) return 1
  return NO.has(first) && !POLITE.has(second) ? -1 : 0
}

/** Not 'sure' and 'certainly', with which models begin whatever they say. */
const YES: ReadonlySet<string> = new Set('yes yeah yep true correct ja oui sí sim да tak evet はい 是 对'.split(' '))
const NO: ReadonlySet<string> = new Set('no nope false incorrect wrong never nein non não nee nej нет hayır いいえ 否 不'.split(' '))
const POLITE: ReadonlySet<string> = new Set('problem worries need'.split(' '))
