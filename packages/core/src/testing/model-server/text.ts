/** The simulated model's prose: English sentences about the prompt's own words, in token-sized pieces. */

import { createRandom, hashText } from './random.js'

/** Fewest and most words of a generated text. */
export const MIN_WORDS = 30
export const MAX_WORDS = 120

const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'about above after again also answer because been before being below between both call could does each explain fault from give have having here ' +
    'into just know like list make many more most much must name need only other over please same say should show some such tell than ' +
    'that their them then there these they thing this those tool using very want what when where which while whom will with word words would write your'
  ).split(' '),
)

const OPENINGS: readonly string[] = [
  'In short, {a} is easier to understand once you separate it from {b}.',
  'A good way to think about {a} is to start from what it has to achieve.',
  'There are two sides to {a}: how it works, and why people rely on it.',
  'Most descriptions of {a} begin with {b}, and that is a sensible place to start.',
  'The short answer is that {a} depends on context, although a few rules always hold.',
]

const MIDDLES: readonly string[] = [
  'When {a} changes, {b} usually follows within a short time.',
  'Experience shows that {b} matters less than a naïve reading would suggest.',
  'One common mistake is to treat {a} and {b} as if they were the same.',
  'Careful measurement helps here — small effects add up quickly.',
  'Consider a small example: someone looks at {a} for the first time and asks what it is for.',
  'The details differ from case to case, yet the pattern around {a} stays recognisable.',
  'For {b}, the best results come from simple steps that are repeated often.',
  'Older sources describe {a} differently, mainly because fewer examples were known.',
  'It helps to write down what you expect of {b} before you look at the outcome.',
  'Nothing about {a} is magic; every part can be observed, tested and explained.',
  'People who work with {b} every day tend to agree on this point.',
  'A second reason is cost: doing less of {a} is often the cheapest improvement.',
  'Where {a} meets {b}, a little patience goes a long way.',
]

const CLOSINGS: readonly string[] = [
  'That is why {a} deserves a closer look.',
  'With this in mind, {a} becomes much less surprising.',
  'If you need more depth, ask about {b} next.',
  'In the end, {a} rewards those who keep things simple.',
]

/** Up to six distinct words that `prompt` is about, in its own spelling; ['the question'] when there are none. */
export function topicsOf(prompt: string): readonly string[] {
  const topics = new Map<string, string>()
  for (const [word] of prompt.replace(/\[\[.*?\]\]/g, ' ').matchAll(/[\p{L}\p{M}\p{N}]{3,}/gu)) {
    const folded = word.toLowerCase()
    const known = STOP_WORDS.has(folded) || (folded.length === 3 && /^[a-z]+$/.test(word))
    if (!known && !topics.has(folded)) topics.set(folded, Array.from(word).slice(0, 24).join(''))
    if (topics.size === 6) break
  }
  return topics.size === 0 ? ['the question'] : [...topics.values()]
}

/**
 * A text of 30 to 120 words about `prompt`. Equal arguments give equal texts; `variation` tells the alternatives
 * of one prompt apart.
 */
export function writeText(prompt: string, variation = 0): string {
  const random = createRandom(hashText(prompt) + Math.imul(variation, 0x9e3779b1))
  const topics = topicsOf(prompt)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const fill = (sentence: string): string =>
    sentence.replaceAll(/\{[ab]\}/g, (slot) => (slot === '{a}' ? (topics[0] as string) : pick(topics)))
  const wanted = MIN_WORDS + Math.floor(random() * 55)
  const remaining = [...MIDDLES]
  const sentences = [fill(pick(OPENINGS))]
  while (countWords(sentences) < wanted && remaining.length > 0) {
    const [middle] = remaining.splice(Math.floor(random() * remaining.length), 1)
    sentences.push(fill(middle as string))
  }
  sentences.push(fill(pick(CLOSINGS)))
  return sentences.join(' ')
}

/** Splits `text` into pieces as a tokenizer does: a word with its leading space, long words in parts. Joined they give `text`. */
export function splitTokens(text: string): string[] {
  const tokens: string[] = []
  for (const [word] of text.matchAll(/\s*\S+|\s+$/gu)) {
    const characters = Array.from(word)
    if (characters.length <= 7) tokens.push(word)
    else for (let start = 0; start < characters.length; start += 5) tokens.push(characters.slice(start, start + 5).join(''))
  }
  return tokens
}

/** About how many tokens `text` has: one for every four characters. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4)
}

function countWords(sentences: readonly string[]): number {
  return sentences.join(' ').split(/\s+/).length
}
