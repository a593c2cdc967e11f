/** The guards that come with the library, one by one. See docs/guards.md. */

import { isContrary } from './contraries.js'
import type { Differences } from './differences.js'
import { areRolesExchanged, isExchanged, isReversed } from './direction.js'
import type { Guard, GuardId } from './guards.js'
import { isMisspelling } from './misspelling.js'
import { deniesOther, isDenial } from './negation.js'
import type { TextProfile } from './profile.js'
import type { Quantity, QuantityKind } from './quantities.js'
import { isQuestionWord, questionDistance, whetherOrHow } from './question.js'
import { isReplaced, operatorsDiffer } from './replaced.js'
import { areSiblings, siblingConflict } from './siblings.js'
import { stem } from './stem.js'
import { synonymOf } from './synonyms.js'

/** In what order two kinds of quantities that do not fit belong to a guard: the first that either of them is. */
const KINDS: readonly (readonly [QuantityKind, GuardId])[] = [
  ['money', 'money'],
  ['date', 'dates'],
  ['time', 'dates'],
  ['version', 'versions'],
  ['measure', 'units'],
  ['number', 'numbers'],
]

/** Numbers without a unit, ordinals, fractions: 'top 5' and 'top 10'. Any language; number words in English. */
const numbers: Guard = {
  id: 'numbers',
  compare(fresh, old, differences) {
    const { quantities, functional } = differences
    if (isOneAgainst(quantities.fresh, quantities.old, functional.old) || isOneAgainst(quantities.old, quantities.fresh, functional.fresh))
      return 'conflict'
    return comparedNumbers.compare(fresh, old, differences)
  },
}
const comparedNumbers: Guard = quantityGuard('numbers')
/** Measures with a unit, percentages: '5 km' and '5 miles', but not '90 minutes' and '1.5 hours'. Any language that writes units so. */
const units: Guard = quantityGuard('units')
/** Amounts of money: '$5' and '5 EUR'. */
const money: Guard = quantityGuard('money')
/** Dates and times of day: '2024-05-01' and 'May 2nd', '6 am' and '6 pm'. */
const dates: Guard = quantityGuard('dates')
/** Versions: 'v1.2.3' and '1.2.4'. */
const versions: Guard = quantityGuard('versions')

/** E-mail addresses, URLs, paths, ids, model names: both sides name one that the other does not, or one names a thing that only it has. */
const identifiers: Guard = {
  id: 'identifiers',
  compare(fresh, old, { identifiers: difference }) {
    if (difference.fresh.length === 0 && difference.old.length === 0) return undefined
    if (difference.fresh.length > MANY && difference.old.length > MANY) return 'conflict'
    const left = difference.fresh.filter((name) => !hasWord(old.text, name))
    const right = difference.old.filter((name) => !hasWord(fresh.text, name))
    return (left.length > 0 && right.length > 0) || left.some(isAddress) || right.some(isAddress) ? 'conflict' : undefined
  },
}

/** One denies what the other does not: 'can I' and 'can I not', 'legal' and 'illegal'. English, and the negations of 19 other languages. */
const negation: Guard = {
  id: 'negation',
  compare(fresh, old, differences) {
    return negationDiffers(fresh, old, differences) ? 'conflict' : undefined
  },
}

/** Both name a beginning and an end, and they are exchanged: 'from A to B' and 'from B to A', 'is A faster than B'. */
const direction: Guard = {
  id: 'direction',
  compare(fresh, old, differences) {
    return directionDiffers(fresh, old, differences) ? 'conflict' : undefined
  },
}

/**
 * Different members of a closed set: weekdays, months, currencies, programming languages, on and off, buy and sell. Where one word is all
 * that differs, opposites with more senses too ('easy' and 'hard'), and those that their parts tell ('inflate' and 'deflate'). English.
 */
const siblings: Guard = {
  id: 'siblings',
  compare(fresh, old, differences) {
    if (!fresh.english || !old.english) return undefined
    if (siblingConflict(fresh.siblings, old.siblings) === 'strict') return 'conflict'
    const replaced = replacedWord(differences)
    return replaced !== undefined && (areSiblings(...replaced) || isContrary(...replaced)) ? 'conflict' : undefined
  },
}

/**
 * One sentence with other words in one place, whatever they are: in traffic of questions such a pair wants one answer much more seldom than
 * others of its likeness. Any language; synonyms in English.
 */
const replaced: Guard = {
  id: 'replaced',
  compare(fresh, old, { content }) {
    const differs = operatorsDiffer(content) || isReplaced(fresh.sequence, old.sequence, fresh.english && old.english)
    return differs ? 'conflict' : undefined
  },
}

/** Names are all that differs: 'Summarise the works of Ada Lovelace' and '... of Alan Turing'. English, where names have capitals. */
const names: Guard = {
  id: 'names',
  compare(fresh, old, { content: difference }) {
    if (fresh.names.length === 0 || old.names.length === 0) return undefined
    if (difference.fresh.length === 0 || difference.old.length === 0 || difference.fresh.length + difference.old.length > CLOSE_LOOK)
      return undefined
    const isName = (names: readonly string[]) => (stemmed: string) => names.some((name) => synonymOf(stem(name)) === stemmed)
    if (!difference.fresh.every(isName(fresh.names)) || !difference.old.every(isName(old.names))) return undefined
    return difference.fresh.every((a) => difference.old.every((b) => !isMisspelling(a, b))) ? 'conflict' : undefined
  },
}

/**
 * The question word is all that differs, and each asks for something specific: 'When was she born?', 'Where was she born?'; or one asks
 * whether, and the other how: 'Is it encrypted?', 'How is it encrypted?'. English.
 */
const question: Guard = {
  id: 'question',
  compare(fresh, old, { content, functional }) {
    if (whetherOrHow(fresh.question, old.question, content, functional)) return 'conflict'
    if (questionDistance(fresh.question, old.question) < 1) return undefined
    if (!content.fresh.every(isQuestionWord) || !content.old.every(isQuestionWord)) return undefined
    const left = content.fresh.length > 0 || functional.fresh.some(isQuestionWord)
    const right = content.old.length > 0 || functional.old.some(isQuestionWord)
    return left && right ? 'conflict' : undefined
  },
}

/** Code spans (backticks, fences) that differ, in letter case too. Any language. */
const code: Guard = {
  id: 'code',
  compare(fresh, old) {
    return spansDiffer(
      fresh.code,
      old.code,
      (span) => old.text.includes(span.toLowerCase()),
      (span) => fresh.text.includes(span.toLowerCase()),
    )
  },
}

/** Quoted words that differ. Quotation marks that only one side writes around the same words do not matter. Any language. */
const quotes: Guard = {
  id: 'quotes',
  compare(fresh, old) {
    return spansDiffer(
      fresh.quoted,
      old.quoted,
      (span) => old.text.includes(span),
      (span) => fresh.text.includes(span),
    )
  },
}

/** Written in different languages. No opinion where either cannot be told. */
const language: Guard = {
  id: 'language',
  compare(fresh, old) {
    return fresh.language !== old.language && fresh.language !== 'und' && old.language !== 'und' ? 'conflict' : undefined
  },
}

export const BUILT_IN_GUARDS: readonly Guard[] = [
  numbers,
  units,
  money,
  dates,
  versions,
  identifiers,
  negation,
  direction,
  siblings,
  replaced,
  names,
  question,
  code,
  quotes,
  language,
]

/** Most words left over on each side that are compared each with each. */
const CLOSE_LOOK = 6
/** More things named by one side alone than these need no closer look. */
const MANY = 32
/** One denies a word that the other uses without denying it, or uses with a denying prefix. */
export function negationDiffers(fresh: TextProfile, old: TextProfile, { content: difference }: Differences): boolean {
  const { negations: left } = fresh
  const { negations: right } = old
  if (left.count > 0 && deniesOther(left, right, old.sequence)) return true
  if (right.count > 0 && deniesOther(right, left, fresh.sequence)) return true
  if (left.count !== right.count) return false
  // Of other languages the prefixes are known, but not the words that only look as if they had one.
  if (!(fresh.english && old.english) && (difference.fresh.length !== 1 || difference.old.length !== 1)) return false
  if (difference.fresh.length > CLOSE_LOOK || difference.old.length > CLOSE_LOOK) return false
  return (
    difference.fresh.some((a) => difference.old.some((b) => isDenial(a, b)) || old.functional.some((b) => isDenial(a, b))) ||
    difference.old.some((b) => fresh.functional.some((a) => isDenial(a, b)))
  )
}

/** Beginning and end are exchanged, or the two sides of something else that does not read the same both ways. */
export function directionDiffers(fresh: TextProfile, old: TextProfile, { content, functional }: Differences): boolean {
  if (isReversed(fresh.direction, old.direction)) return true
  const english = fresh.english && old.english
  // 'De Lisboa para o Rio', 'do Rio para Lisboa'
  const isSame = english ? () => false : isShort
  if (!content.fresh.every(isSame) || !content.old.every(isSame)) return false
  if (isExchanged(fresh.sequence, old.sequence, english)) return true
  if (english && areRolesExchanged(fresh.sequence, old.sequence, functional)) return true
  return !english && isExchanged(fresh.sequence.filter(isLong), old.sequence.filter(isLong), english)
}

/** Articles and prepositions of most languages. */
function isShort(word: string): boolean {
  return word.length < 3 && /^\p{Script=Latin}+$/u.test(word)
}

function isLong(word: string): boolean {
  return !isShort(word)
}

/** The one word on each side that the other lacks, or undefined where more differs, or less. */
function replacedWord({ content, functional }: Differences): readonly [string, string] | undefined {
  if (content.fresh.length + functional.fresh.length !== 1 || content.old.length + functional.old.length !== 1) return undefined
  return [(content.fresh[0] ?? functional.fresh[0]) as string, (content.old[0] ?? functional.old[0]) as string]
}

/** 'One part', 'two parts': 'one' alone is mostly a pronoun, but not where the other text has a figure. */
function isOneAgainst(figures: readonly Quantity[], others: readonly Quantity[], words: readonly string[]): boolean {
  return others.length === 0 && words.includes('one') && figures.some(({ kind, key }) => kind === 'number' && key !== '1')
}

function quantityGuard(id: GuardId): Guard {
  return {
    id,
    compare(_fresh, _old, { quantities: difference }) {
      if (difference.fresh.length === 0 || difference.old.length === 0) return undefined
      return guardsOf(difference.fresh, difference.old).has(id) ? 'conflict' : undefined
    },
  }
}

function guardsOf(fresh: readonly Quantity[], old: readonly Quantity[]): ReadonlySet<GuardId> {
  const left = new Set(fresh.map(({ kind }) => kind))
  const right = new Set(old.map(({ kind }) => kind))
  const found = new Set<GuardId>()
  for (const a of left)
    for (const b of right) {
      const first = KINDS.find(([kind]) => kind === a || kind === b)
      if (first !== undefined) found.add(first[1])
    }
  return found
}

/** Things of which there is one alone: an answer about one is no answer for a text that names none. */
function isAddress(identifier: string): boolean {
  return /[@/]|:\\|^#?\d+$|^[0-9a-f]{8}-[0-9a-f]{4}-|\d{4,}/.test(identifier)
}

function spansDiffer(
  fresh: readonly string[],
  old: readonly string[],
  inOld: (span: string) => boolean,
  inFresh: (span: string) => boolean,
): 'conflict' | undefined {
  if (fresh.length === 0 && old.length === 0) return undefined
  if (fresh.length > 0 && old.length > 0) {
    const equal = fresh.length === old.length && fresh.every((span, index) => span === old[index])
    return equal ? undefined : 'conflict'
  }
  return fresh.every(inOld) && old.every(inFresh) ? undefined : 'conflict'
}

/** True where `word` stands in the text, not as a part of a longer one. */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!/[\p{L}\p{N}]/u.test(`${text[at - 1] ?? ' '}${text[at + word.length] ?? ' '}`)) return true
  return false
}
