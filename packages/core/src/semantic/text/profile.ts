/** What is known of a prompt's text on its own: computed once, kept beside each entry, compared often. */

import { baselineIdf } from './baseline.js'
import { type Direction, directionOf } from './direction.js'
import { type Language, languageOf } from './language.js'
import { namesOf } from './names.js'
import { type Negations, negationsOf } from './negation.js'
import { normaliseText } from './normalise.js'
import { type Quantity, quantitiesOf } from './quantities.js'
import { type QuestionClass, questionOf } from './question.js'
import { scan, type Token } from './scan.js'
import { type SiblingCode, siblingsOf } from './siblings.js'
import { stem } from './stem.js'
import { synonymOf } from './synonyms.js'
import { trigramsOf } from './trigrams.js'
import { COUNTED_WORDS, STOP_WORDS } from './words.js'

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
  /** Stems of the tokens in their order, synonyms as one, a quantity as one of the form `#5 usd`. */
  readonly sequence: readonly string[]
  /** Those of `sequence`, ascending, each once. */
  readonly stems: readonly string[]
  /** What each of `stems` says by the shipped baseline, 0 to 1. */
  readonly weights: readonly number[]
  /** Stems of tokens that say something of the subject (no function words), ascending, as often as they occur. */
  readonly content: readonly string[]
  /** Stems of the other tokens, ascending, as often as they occur. */
  readonly functional: readonly string[]
  /** Tokens that say something: `content`, and function words that say what is wanted. */
  readonly contentTokens: number
  /** See `trigramsOf`. */
  readonly trigrams: Uint16Array
  /** Ascending by key. */
  readonly quantities: readonly Quantity[]
  /** E-mail addresses, URLs, paths, ids, 'gpt-4': lower case, ascending, each once. */
  readonly identifiers: readonly string[]
  /** Contents of code spans, as written. */
  readonly code: readonly string[]
  /** Contents of quotation marks, lower case. */
  readonly quoted: readonly string[]
  readonly negations: Negations
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
  const words = tokens.map(stemOf)
  const quantities = quantitiesOf(tokens, english)
  const { sequence, content, functional, contentTokens } = sortOut(tokens, words, quantities, english)
  const stems = [...new Set(sequence)].sort()
  return {
    text,
    tooLong,
    language,
    english,
    tokens: tokens.map((token) => token.text),
    sequence,
    stems,
    weights: stems.map(baselineIdf),
    content,
    functional,
    contentTokens,
    trigrams: trigramsOf(text),
    quantities: quantities.length > 1 ? quantities.toSorted((a, b) => (a.key < b.key ? -1 : 1)) : quantities,
    identifiers: identifiersOf(tokens),
    code,
    quoted,
    negations: negationsOf(tokens, words.map(synonymOf), language),
    names: english ? namesOf(tokens, words) : [],
    question: english ? questionOf(tokens) : 'none',
    siblings: english ? siblingsOf(tokens, words, quantities) : [],
    direction: english ? directionOf(tokens, words) : NO_DIRECTION,
  }
}

interface Sorted {
  readonly sequence: readonly string[]
  readonly content: readonly string[]
  readonly functional: readonly string[]
  readonly contentTokens: number
}

/** Parts words that say something from those that do not, with each quantity in place of its tokens. */
function sortOut(tokens: readonly Token[], words: readonly string[], quantities: readonly Quantity[], english: boolean): Sorted {
  const sequence: string[] = []
  const content: string[] = []
  const functional: string[] = []
  let contentTokens = 0
  let next = 0
  for (let at = 0; at < tokens.length; ) {
    const start = at
    for (; quantities[next]?.at === start; next++) {
      const { key, length } = quantities[next] as Quantity
      sequence.push(`#${key}`)
      content.push(`#${key}`)
      at = start + length
    }
    if (at > start) {
      contentTokens++
      continue
    }
    const { kind, text } = tokens[at] as Token
    // A letter as a name is a word of its own: 'hepatitis A', 'subtract a from b'.
    const isName = text === 'a' && english && isLetter(tokens, at)
    const word = isName ? 'A' : synonymOf(words[at] as string)
    const isContent = kind !== 'word' || isName || !STOP_WORDS.has(text)
    sequence.push(word)
    ;(isContent ? content : functional).push(word)
    if (isContent ? kind !== 'symbol' : COUNTED_WORDS.has(text)) contentTokens++
    at++
  }
  return { sequence, content: content.sort(), functional: functional.sort(), contentTokens }
}

const AFTER_LETTER: ReadonlySet<string> = new Set(
  'and or to from in is are of with by for than as if then vs equals depends depend'.split(' '),
)

/** No article stands at the end, or before a preposition; nor in a capital amid a sentence without others. */
function isLetter(tokens: readonly Token[], at: number): boolean {
  const next = tokens[at + 1]
  if (next === undefined || next.initial || next.kind === 'symbol' || AFTER_LETTER.has(next.text)) return true
  const { written, initial } = tokens[at] as Token
  return written === 'A' && !initial && /^\p{Ll}/u.test(next.written)
}

function stemOf(token: Token): string {
  return token.kind === 'word' ? stem(token.text) : token.text
}

function identifiersOf(tokens: readonly Token[]): readonly string[] {
  const found = new Set<string>()
  for (const token of tokens) if (token.kind === 'identifier') found.add(token.text)
  return found.size === 0 ? [] : [...found].sort()
}
