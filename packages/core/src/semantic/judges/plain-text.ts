/** Text without what makes no difference between two answers: case, layout, emphasis, punctuation at the ends of words. */

/**
 * One text for all that say the same to the letter. Numbers, operators, currencies and question marks are kept, code (in fences and in
 * back quotes) is kept as written.
 */
export function plainText(text: string): string {
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
    .replace(INVISIBLE, '')
    .replace(BULLETS, ' ')
    .toLowerCase()
  const words = folded.split(/\s+/).map(bareWord)
  return words.filter((word) => word !== '').join(' ')
}

function bareWord(word: string): string {
  const bare = word.replace(OPENING, '').replace(CLOSING, '')
  // `*` between numbers is an operator, not emphasis.
  if (!/[\p{L}\p{N}]/u.test(bare)) return SEPARATORS.test(word) ? '' : word
  return bare
}

/** A fence, or a span that stays on its line. */
const CODE = /```[\s\S]*?```|`[^`\n]+`/g
const RAISED = /[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]+/g
const LOWERED = /[\u2080-\u2089]+/g
const FRACTIONS = /[\u00bc-\u00be\u2150-\u215e]/g
const DASHES = /[\u2010-\u2015\u2212]/g
/** Zero-width characters and the byte order mark. */
const INVISIBLE = /[\u200b\u2060\ufeff\u00ad]/g
/** Marks of lists and headings at the beginning of a line; a number with its dot is none, for it may be the answer. */
const BULLETS = /^[ \t]*(?:[-*+\u2022]|#{1,6})[ \t]+/gm
const OPENING = /^["'\u2018-\u201f\u00ab\u00bb\u300c\u300e*_~]+/
const CLOSING = /["'\u2018-\u201f\u00ab\u00bb\u300d\u300f*_~.,;:!\u2026\u3001\u3002]+$/
/** Words of nothing but punctuation that separates: dashes between clauses, rules, ellipses. */
const SEPARATORS = /^(?:[.,;:!\u2026"'\u2018-\u201f\u3001\u3002]+|-{2,}|[*_]{2,})$/
