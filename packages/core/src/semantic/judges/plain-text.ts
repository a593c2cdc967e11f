/** Text without what makes no difference between two answers: case, layout, emphasis, punctuation at the ends of words. */

/**
 * One text for all that say the same to the letter. Numbers, operators, currencies and question marks are kept, code (in fences and in
 * back quotes) is kept as written, and so is a text of more than 200,000 characters: it would hold requests up.
 */
export function plainText(text: string): string {
  if (text.length > MAX_CHARACTERS) return text
  const parts: string[] = []
  let end = 0
  for (const code of text.matchAll(CODE)) {
    parts.push(plainProse(text.slice(end, code.index)), code[0])
    end = code.index + code[0].length
  }
  parts.push(plainProse(text.slice(end)))
  return parts.filter((part) => part !== '').join(' ')
}

function plainProse(text: string): string {
  const folded = text
    // NFKC makes 2 of a raised 2, and 11/2 of 1 and a half.
    .replace(RAISED, (digits) => `^${digits}`)
    .replace(LOWERED, (digits) => `_${digits}`)
    .replace(FRACTIONS, ' $&')
    .normalize('NFKC')
    .replace(DASHES, '-')
    .replace(APOSTROPHES, "'")
    .replace(INVISIBLE, '')
    .replace(BULLETS, ' ')
    .toLowerCase()
  const words = folded.split(/\s+/).map(bareWord)
  return words.filter((word) => word !== '').join(' ')
}

function bareWord(word: string): string {
  let start = 0
  let end = word.length
  while (start < end && OPENING.has(word[start] as string)) start += 1
  while (end > start && CLOSING.has(word[end - 1] as string)) end -= 1
  const bare = word.slice(start, end)
  if (/[\p{L}\p{N}]/u.test(bare)) return bare
  // `*` between numbers is an operator, not emphasis.
  return SEPARATORS.test(word) ? '' : word
}

const MAX_CHARACTERS = 200_000
/** A fence, or a span that stays on its line. */
const CODE = /```[\s\S]*?```|`[^`\n]+`/g
const RAISED = /[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]+/g
const LOWERED = /[\u2080-\u2089]+/g
const FRACTIONS = /[\u00bc-\u00be\u2150-\u215e]/g
const DASHES = /[\u2010-\u2015\u2212]/g
const APOSTROPHES = /[\u2018\u2019\u02bc]/g
/** Zero-width characters and the byte order mark. */
const INVISIBLE = /[\u200b\u2060\ufeff\u00ad]/g
/** Marks of lists and headings at the beginning of a line; a number with its dot is none, for it may be the answer. */
const BULLETS = /^[ \t]*(?:[-*+\u2022]|#{1,6})[ \t]+/gm
const QUOTES = '"\'\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\u300e\u300f'
const OPENING: ReadonlySet<string> = new Set(`${QUOTES}*_~`)
const CLOSING: ReadonlySet<string> = new Set(`${QUOTES}*_~.,;:!\u2026\u3001\u3002`)
/** Words of nothing but punctuation that separates: dashes between clauses, rules, ellipses. */
const SEPARATORS = /^(?:[.,;:!\u2026"'\u2018-\u201f\u3001\u3002]+|-{2,}|[*_]{2,})$/
