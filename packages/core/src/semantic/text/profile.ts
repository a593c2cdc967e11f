/** What is known of a prompt's text on its own: computed once, kept beside each entry, compared often. */

import { baselineIdf } from './baseline.js'
import { type Direction, directionOf } from './direction.js'
import { type Language, languageOf } from './language.js'
import { namesOf } from './names.js'
import { negationsOf } from './negation.js'
import { normaliseText } from './normalise.js'
import { type Quantity, quantitiesOf } from './quantities.js'
import { type QuestionClass, questionOf } from './question.js'
import { scan, type Token } from './scan.js'
import { type SiblingCode, siblingsOf } from './siblings.js'
import { stem } from './stem.js'
import { trigramsOf } from './trigrams.js'
import { QUESTION_WORDS, STOP_WORDS } from './words.js'

/** Plain data. Private: it says what the prompt says, and may be in no event, log or error. */
export interface TextProfile {
  /** Normalised (see `normaliseText`), lower case, at most 4000 characters. */
  readonly text: string
  /** True where the prompt is longer than what was looked at. */
  readonly tooLong: boolean
  /** As guessed; 'und' where it cannot be told. */
  readonly language: Language
  /** True where the guards that know English words may speak: English, or undecided. */
  readonly english: boolean
  /** Lower case, contractions expanded, in their order. */
  readonly tokens: readonly string[]
  /** Stems of the tokens, in their order. */
  readonly sequence: readonly string[]
  /** Distinct stems of all tokens, ascending. */
  readonly stems: readonly string[]
  /** What each of `stems` says by the shipped baseline, 0 to 1. */
  readonly weights: readonly number[]
  /** Stems of tokens that say something of the subject (no function words), ascending, as often as they occur. */
  readonly content: readonly string[]
  /** Stems of the other tokens, ascending, as often as they occur. */
  readonly functional: readonly string[]
  /** Tokens that say something: `content` and question words. */
  readonly contentTokens: number
  /** See `trigramsOf`. */
  readonly trigrams: Uint16Array
  readonly quantities: readonly Quantity[]
  /** E-mail addresses, URLs, paths, ids, 'gpt-4': lower case, ascending, each once. */
  readonly identifiers: readonly string[]
  /** Contents of code spans, as written. */
  readonly code: readonly string[]
  /** Contents of quotation marks, lower case. */
  readonly quoted: readonly string[]
  /** Negations, but for those that deny nothing ('no thanks'). */
  readonly negations: number
  /** Words of names by their capitals, lower case, ascending, each once. */
  readonly names: readonly string[]
  readonly question: QuestionClass
  readonly siblings: readonly SiblingCode[]
  readonly direction: Direction
}

const NO_DIRECTION: Direction = { from: [], to: [] }

/** Never throws, whatever the text. Linear in its length, of which it looks at 4000 characters. */
export function profileOf(given: string): TextProfile {
  const { text: written, tooLong } = normaliseText(given)
  const { tokens, code, quoted } = scan(written)
  const text = written.toLowerCase()
  const language = languageOf(written, tokens)
  const english = language === 'en' || language === 'und'
  const sequence = tokens.map(stemOf)
  const stems = [...new Set(sequence)].sort()
  const content: string[] = []
  const functional: string[] = []
  let contentTokens = 0
  for (const [at, token] of tokens.entries()) {
    const isContent = token.kind !== 'word' || !STOP_WORDS.has(token.text)
    ;(isContent ? content : functional).push(sequence[at] as string)
    if (isContent ? token.kind !== 'symbol' : QUESTION_WORDS.has(token.text)) contentTokens++
  }
  return {
    text,
    tooLong,
    language,
    english,
    tokens: tokens.map((token) => token.text),
    sequence,
    stems,
    weights: stems.map(baselineIdf),
    content: content.sort(),
    functional: functional.sort(),
    contentTokens,
    trigrams: trigramsOf(text),
    quantities: quantitiesOf(tokens, english),
    identifiers: identifiersOf(tokens),
    code,
    quoted,
    negations: negationsOf(tokens, language),
    names: english ? namesOf(tokens, sequence) : [],
    question: english ? questionOf(tokens) : 'none',
    siblings: english ? siblingsOf(tokens, sequence) : [],
    direction: english ? directionOf(tokens, sequence) : NO_DIRECTION,
  }
}

function stemOf(token: Token): string {
  return token.kind === 'word' ? stem(token.text) : token.text
}

function identifiersOf(tokens: readonly Token[]): readonly string[] {
  const found = new Set<string>()
  for (const token of tokens) if (token.kind === 'identifier') found.add(token.text)
  return found.size === 0 ? [] : [...found].sort()
}
