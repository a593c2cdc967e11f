/** Which way a text goes: from X to Y, X before Y, X into Y. */

import type { Difference } from './differences.js'
import type { Token } from './scan.js'
import { STOP_WORDS } from './words.js'

export interface Direction {
  /** Stems of where it begins. */
  readonly from: readonly string[]
  /** Stems of where it ends. */
  readonly to: readonly string[]
}

const NONE: Direction = { from: [], to: [] }
const TO: ReadonlySet<string> = new Set(['to', 'into', 'onto'])
const VAGUE: ReadonlySet<string> = new Set(['one', 'another', 'other', 'each', 'itself'])
/** Words of a name that are looked at: 'to New York City'. */
const LENGTH = 3

/** English. */
export function directionOf(tokens: readonly Token[], stems: readonly string[]): Direction {
  let from: string[] | undefined
  let to: string[] | undefined
  for (let at = 0; at < tokens.length; at++) {
    const word = tokens[at]?.text ?? ''
    if (word === 'from') from = [...(from ?? []), ...phrase(tokens, stems, at + 1)]
    else if (TO.has(word)) to = [...(to ?? []), ...phrase(tokens, stems, at + 1)]
  }
  return from === undefined && to === undefined ? NONE : { from: from ?? [], to: to ?? [] }
}

function phrase(tokens: readonly Token[], stems: readonly string[], start: number): string[] {
  const found: string[] = []
  // 'From one account to another': which one is not said.
  if (VAGUE.has(tokens[start]?.text ?? '') || VAGUE.has(tokens[start + 1]?.text ?? '')) return found
  for (let at = start; at < tokens.length && found.length < LENGTH; at++) {
    const token = tokens[at] as Token
    if (STOP_WORDS.has(token.text)) {
      if (found.length > 0 || token.text === 'from' || TO.has(token.text)) break
      continue
    }
    found.push(stems[at] as string)
    // A figure and its unit belong together, a word after a sentence's end does not.
    if (tokens[at + 1]?.initial) break
  }
  return found
}

/** True where something is the beginning in one text and the end in the other, and never the same in both. */
export function isReversed(fresh: Direction, old: Direction): boolean {
  return swaps(fresh, old) || swaps(old, fresh)
}

function swaps(a: Direction, b: Direction): boolean {
  if (a.from.length === 0 || b.to.length === 0) return false
  const head = a.from.slice(0, 32)
  return head.some((word) => b.to.slice(0, 32).includes(word) && !a.to.includes(word) && !b.from.includes(word))
}

/** Between these, the order of the two sides does not matter. */
const COMMUTATIVE: ReadonlySet<string> = new Set([
  'and',
  'or',
  'vs',
  'versus',
  'plus',
  '+',
  '*',
  'times',
  '=',
  'equals',
  '&',
  'is',
  'are',
  'nor',
  ',',
  ...'y e o u et ou und oder en of ed i lub och eller ve veya dan atau и или 和 与 與 或 と や か'.split(' '),
])
/** After these, 'with' reads the same both ways: 'compare A with B', but not 'replace A with B'. */
const MUTUAL: ReadonlySet<string> = new Set('compar combin mix blend pair shar compatibl work go serv interact share merg'.split(' '))
/** Longest stretch that is searched for an exchange of its ends. */
const STRETCH = 40

/**
 * True where one is the other with two stretches exchanged around what stands between them ('is X faster than Y', 'is Y faster than X'),
 * both with a content word, and what stands between them does not read the same both ways.
 */
export function isExchanged(fresh: readonly string[], old: readonly string[], english: boolean): boolean {
  const a = english ? fresh.filter(isNoArticle) : fresh
  const b = english ? old.filter(isNoArticle) : old
  if (a.length !== b.length || a.length < 3) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = a.length
  while (end > start && a[end - 1] === b[end - 1]) end--
  const length = end - start
  if (length < 3 || length > STRETCH) return false
  const mutual = a.some((word) => MUTUAL.has(word))
  const isMutual = (word: string): boolean => COMMUTATIVE.has(word) || (mutual && word === 'with')
  // Articles of other languages stand beside their conjunctions.
  const isCommutative = (words: readonly string[]): boolean =>
    words.every((word) => isMutual(word) || (!english && word.length < 4)) && (words.length === 0 || words.some(isMutual))
  for (let left = 1; left < length - 1; left++)
    for (let right = 1; left + right < length; right++) {
      const middle = length - left - right
      if (!same(a, start, b, end - left, left) || !same(a, end - right, b, start, right)) continue
      if (!same(a, start + left, b, start + right, middle)) continue
      const between = a.slice(start + left, start + left + middle)
      if (isRotation(a, b)) return false
      return hasContent(a, start, left) && hasContent(a, end - right, right) && !isCommutative(between)
    }
  return false
}

/** Who does it to whom: 'can I sue my neighbour', 'can my neighbour sue me'. */
const PERSONS: ReadonlySet<string> = new Set('i me my we us our you your he him his she her they them their'.split(' '))

/**
 * True where the same words stand in another order, and nothing but pronouns differs besides.
 *
 * @param functional what each has of function words that the other lacks
 */
export function areRolesExchanged(fresh: readonly string[], old: readonly string[], functional: Difference<string>): boolean {
  const { fresh: left, old: right } = functional
  if (left.length === 0 || right.length === 0 || !left.every(isPerson) || !right.every(isPerson)) return false
  const a = fresh.filter(saysSomething)
  const b = old.filter(saysSomething)
  return a.length === b.length && a.length >= 2 && a.some((word, at) => word !== b[at]) && !isRotation(a, b)
}

function isPerson(word: string): boolean {
  return PERSONS.has(word)
}

function saysSomething(word: string): boolean {
  return !STOP_WORDS.has(word)
}

function isNoArticle(word: string): boolean {
  return word !== 'a' && word !== 'an' && word !== 'the'
}

/** 'On the guest account, how do I close it' and 'how do I close it on the guest account'. */
function isRotation(a: readonly string[], b: readonly string[]): boolean {
  if (a.length > STRETCH) return false
  return a.some((_, by) => b.every((word, index) => word === a[(index + by) % a.length]))
}

function same(a: readonly string[], from: number, b: readonly string[], at: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (a[from + index] !== b[at + index]) return false
  return true
}

function hasContent(words: readonly string[], from: number, length: number): boolean {
  for (let index = from; index < from + length; index++) if (!STOP_WORDS.has(words[index] as string)) return true
  return false
}
