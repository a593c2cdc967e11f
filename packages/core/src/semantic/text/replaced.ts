/** One sentence twice, with other words in one place: 'a flight to Lima next week', 'a flight to Quito next week'. Any language. */

import type { Difference } from './differences.js'
import { isMisspelling } from './misspelling.js'
import { STOP_WORDS } from './words.js'

/** Words that stand in the place, at most. */
const WIDEST = 3
/** The same where a character is a word. */
const WIDEST_UNSPACED = 6
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u
const SILENT: ReadonlySet<string> = new Set(['a', 'an', 'the', 'pleas'])
const JOINTS = /[-'._]/g
/** What is left of two forms of one word behind what they share: 'cancel' and 'cancellation', 'verify' and 'verified'. */
const FORMS: ReadonlySet<string> = new Set(
  ' e y i ed er or ing ion tion ation ication lation ment al ial able ably ibl abl ly li ity iti ness anc enc ance ence ant ent ativ ive iv'.split(
    ' ',
  ),
)
/** Verbs that are one before a particle: 'switch off', 'turn off'. */
const VERBS: readonly (readonly string[])[] = [
  ['turn', 'switch', 'shut', 'power'],
  ['log', 'sign'],
]
const PARTICLES: ReadonlySet<string> = new Set(['on', 'off', 'in', 'out', 'down', 'into'])
const OPERATOR = /^[-+*/%&|^<>=!?]+$/
/** Signs that stand for words and lists too. */
const ANYWHERE: ReadonlySet<string> = new Set(['&', '+', '-', '/', '*', '>'])
/** Letters that they share, at least. */
const SHARED = 4
/** Names of variants behind a figure: 'iPhone 14', 'iPhone 14 Pro'. */
const VARIANTS: ReadonlySet<string> = new Set('pro plus max ultra mini lite air se xl xe ti home enterprise'.split(' '))

/**
 * True where nothing but the words in one place differs, and those say something on both sides and are no two spellings or forms of one
 * word; also where all that one side has beyond the other is the name of a variant.
 *
 * @param fresh stems in their order, synonyms as one
 * @param english whether articles say nothing
 */
export function isReplaced(fresh: readonly string[], old: readonly string[], english: boolean): boolean {
  const a = english ? fresh.filter(isHeard) : fresh
  const b = english ? old.filter(isHeard) : old
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  if (left.length === 0 || right.length === 0) return isVariant([...left, ...right], a[start - 1])
  const widest = UNSPACED.test(left[0] as string) && UNSPACED.test(right[0] as string) ? WIDEST_UNSPACED : WIDEST
  if (left.length > widest || right.length > widest || start + end < Math.max(2, left.length, right.length)) return false
  if (left.some(saysNothing) || right.some(saysNothing)) return false
  // The function words of other languages are not known: one more of them is no other question.
  if (!english && widest === WIDEST && left.length !== right.length) return false
  // Figures against figures are compared as such.
  if (left.some(isFigure) && right.some(isFigure)) return false
  if (isParticle(a[a.length - end]) && left.length === 1 && right.length === 1 && areOneVerb(left[0] as string, right[0] as string))
    return false
  if (left.join('').replace(JOINTS, '') === right.join('').replace(JOINTS, '')) return false
  // The same words in another order are no other words.
  if (left.toSorted().join() === right.toSorted().join()) return false
  return left.length !== right.length || left.some((word, at) => !isOneWord(word, right[at] as string))
}

/** True where operators alone differ: 'a == b', 'a === b'. */
export function operatorsDiffer({ fresh, old }: Difference<string>): boolean {
  const all = [...fresh, ...old]
  if (!all.every((word) => OPERATOR.test(word) || isFigure(word))) return false
  return fresh.length > 0 && old.length > 0
    ? all.every((word) => !isFigure(word))
    : all.some((word) => OPERATOR.test(word) && !ANYWHERE.has(word))
}

function isParticle(word: string | undefined): boolean {
  return word !== undefined && PARTICLES.has(word)
}

function areOneVerb(a: string, b: string): boolean {
  return VERBS.some((verbs) => verbs.includes(a) && verbs.includes(b))
}

function isOneWord(a: string, b: string): boolean {
  if (isMisspelling(a, b)) return true
  let shared = 0
  while (shared < a.length && a[shared] === b[shared]) shared++
  return shared >= SHARED && FORMS.has(a.slice(shared)) && FORMS.has(b.slice(shared))
}

function isVariant([only, ...others]: readonly string[], before: string | undefined): boolean {
  return only !== undefined && others.length === 0 && VARIANTS.has(only) && before !== undefined && /\d/.test(before)
}

function isHeard(word: string): boolean {
  return !SILENT.has(word)
}

function saysNothing(word: string): boolean {
  return STOP_WORDS.has(word)
}

function isFigure(word: string): boolean {
  return word.startsWith('#')
}
