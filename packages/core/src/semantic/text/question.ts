/** What kind of answer a text asks for. */

import type { Difference } from './differences.js'
import type { Token } from './scan.js'

export type QuestionClass =
  | 'who'
  | 'what'
  | 'which'
  | 'when'
  | 'where'
  | 'why'
  | 'how'
  | 'how-many'
  | 'how-much'
  | 'how-long'
  | 'how-often'
  | 'how-far'
  | 'how-old'
  | 'can-i'
  | 'yes-no'
  | 'imperative'
  | 'statement'
  | 'none'

const DIRECT: ReadonlyMap<string, QuestionClass> = new Map([
  ['who', 'who'],
  ['whom', 'who'],
  ['whose', 'who'],
  ['what', 'what'],
  ['which', 'which'],
  ['when', 'when'],
  ['where', 'where'],
  ['why', 'why'],
])
const HOW: ReadonlyMap<string, QuestionClass> = new Map([
  ['many', 'how-many'],
  ['much', 'how-much'],
  ['long', 'how-long'],
  ['often', 'how-often'],
  ['frequently', 'how-often'],
  ['far', 'how-far'],
  ['old', 'how-old'],
])
const WHAT: ReadonlyMap<string, QuestionClass> = new Map([
  ['time', 'when'],
  ['date', 'when'],
  ['day', 'when'],
  ['year', 'when'],
  ['place', 'where'],
  ['reason', 'why'],
  ['person', 'who'],
])
const AUXILIARIES: ReadonlySet<string> = new Set('is are was were do does did has have had will would should may might am'.split(' '))
const MODALS: ReadonlySet<string> = new Set(['can', 'could', 'may'])
const PRONOUNS: ReadonlySet<string> = new Set(['i', 'we', 'my', 'the', 'it', 'this', 'that', 'he', 'she', 'they', 'there'])
/** Words that may stand before the verb of an order. */
const POLITE: ReadonlySet<string> = new Set('please kindly hi hello hey okay so and well then can could would will you just'.split(' '))

/** The first question word decides, wherever it stands; then how the text begins. English. */
export function questionOf(tokens: readonly Token[]): QuestionClass {
  for (let at = 0; at < tokens.length; at++) {
    const word = tokens[at]?.text ?? ''
    const next = tokens[at + 1]?.text ?? ''
    if (word === 'how') return howOf(next, tokens[at + 2]?.text ?? '')
    if (word === 'what') return WHAT.get(next) ?? (next === 'for' ? 'why' : 'what')
    const direct = DIRECT.get(word)
    // 'tell me when it arrives' asks; 'the card which I ordered' does not.
    if (direct !== undefined && (direct !== 'which' || at === 0 || tokens[at]?.initial)) return direct
  }
  let at = 0
  while (at < tokens.length - 1 && POLITE.has(tokens[at]?.text ?? '') && !MODALS.has(tokens[at]?.text ?? '')) at++
  const word = tokens[at]?.text ?? ''
  const next = tokens[at + 1]?.text ?? ''
  if (MODALS.has(word)) return next === 'you' ? 'imperative' : 'can-i'
  if (AUXILIARIES.has(word)) return 'yes-no'
  if (tokens.length === 0) return 'none'
  return PRONOUNS.has(word) ? 'statement' : 'imperative'
}

function howOf(next: string, after: string): QuestionClass {
  if (next === 'come') return 'why'
  if (next === 'much' && (after === 'time' || after === 'longer')) return 'how-long'
  return HOW.get(next) ?? 'how'
}

const WAYS: ReadonlySet<QuestionClass> = new Set<QuestionClass>(['how', 'why', 'when', 'where', 'who'])
const ASKING: ReadonlySet<string> = new Set('how why when where who whom do does did is are was were should would can will'.split(' '))

/** True where one asks whether, the other how (why, when ...), and nothing else differs. 'Can I' and 'how can I' are one question to most. */
export function whetherOrHow(a: QuestionClass, b: QuestionClass, ...differences: readonly Difference<string>[]): boolean {
  if (!((a === 'yes-no' && WAYS.has(b)) || (b === 'yes-no' && WAYS.has(a)))) return false
  return differences.every(({ fresh, old }) => fresh.every(isAsking) && old.every(isAsking))
}

function isAsking(word: string): boolean {
  return ASKING.has(word)
}

const MEASURES: ReadonlySet<string> = new Set(['how', 'many', 'much', 'long', 'often', 'far', 'old', 'frequent'])

/** True for a stem that says what is asked for: who, when, how, often. */
export function isQuestionWord(stemmed: string): boolean {
  return DIRECT.has(stemmed) || MEASURES.has(stemmed)
}

/** Of these, one may be asked for in the words of the other: 'when does it arrive', 'how long does it take'. */
const NEAR: readonly (readonly [QuestionClass, QuestionClass])[] = [
  ['when', 'how-long'],
  ['how-many', 'how-much'],
  ['how-far', 'how-long'],
]
const SPECIFIC: ReadonlySet<QuestionClass> = new Set<QuestionClass>([
  'who',
  'when',
  'where',
  'why',
  'how-many',
  'how-much',
  'how-long',
  'how-often',
  'how-far',
  'how-old',
])

/** 0 for one class, 1 where both are specific (who, when, where, why, how many ...), 0.5 otherwise. */
export function questionDistance(a: QuestionClass, b: QuestionClass): number {
  if (a === b) return 0
  if (!SPECIFIC.has(a) || !SPECIFIC.has(b)) return 0.5
  return NEAR.some(([one, other]) => (a === one && b === other) || (a === other && b === one)) ? 0.5 : 1
}
