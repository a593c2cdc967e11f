/**
 * Text to words for the hash embedder. Frozen: its vectors follow from every rule here, so a change is a new version of its id.
 */

/** Words of a text with how often each occurs, in the order of their first occurrence. */
export type Words = ReadonlyMap<string, number>

/**
 * Lower-cased words (letters, with a following `++` or `#`), runs of digits, single symbols, and the overlapping pairs of characters of
 * scripts that put no space between words. Compatibility forms are folded (NFKC), accents of Latin, Greek and Cyrillic letters dropped,
 * apostrophes inside of words too.
 */
export function wordsOf(text: string): Words {
  const folded = fold(text)
  const counts = new Map<string, number>()
  for (const token of folded.match(TOKEN) ?? []) {
    if (UNSPACED.test(token)) for (const pair of pairs(token)) count(counts, pair)
    else count(counts, token)
  }
  return counts
}

/** A word without its commonest English endings: 'transferred' and 'transfers' share one. Words of other languages mostly stay as they are. */
export function stemOf(word: string): string {
  if (word.length < 4) return word
  let stem = withoutPlural(word)
  if (stem.endsWith('ing') && stem.length > 5) stem = undoubled(stem.slice(0, -3))
  else if (stem.endsWith('ed') && stem.length > 4) stem = undoubled(stem.slice(0, -2))
  else if (stem.endsWith('ly') && stem.length > 5) stem = stem.slice(0, -2)
  if (stem.endsWith('e') && stem.length > 3) stem = stem.slice(0, -1)
  if (stem.endsWith('y') && stem.length > 3) stem = `${stem.slice(0, -1)}i`
  return stem
}

function fold(text: string): string {
  const folded = ASCII.test(text) ? text : text.normalize('NFKD').replace(ACCENTS, '').normalize('NFC').replace(APOSTROPHES, "'")
  return folded.toLowerCase().replace(INNER_APOSTROPHE, '')
}

function withoutPlural(word: string): string {
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`
  if (word.endsWith('sses')) return word.slice(0, -2)
  if (word.endsWith('s') && !word.endsWith('ss') && !word.endsWith('us') && !word.endsWith('is')) return word.slice(0, -1)
  return word
}

/** 'planned' without its ending is 'plan'; 'called' stays 'call'. */
function undoubled(stem: string): string {
  const last = stem.charAt(stem.length - 1)
  return stem.length > 3 && last === stem.charAt(stem.length - 2) && !'lsz'.includes(last) ? stem.slice(0, -1) : stem
}

function pairs(run: string): string[] {
  const characters = [...run]
  if (characters.length < 2) return characters
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`)
}

function count(counts: Map<string, number>, token: string): void {
  counts.set(token, (counts.get(token) ?? 0) + 1)
}

const ASCII = /^[\0-\x7f]*$/
const ACCENTS = /[\u0300-\u036f]/g
const APOSTROPHES = /[\u2018\u2019\u02bc\uff07]/g
const INNER_APOSTROPHE = /(?<=\p{L})'(?=\p{L})/gu
const UNSPACED_CLASS =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}'
const UNSPACED = new RegExp(`^[${UNSPACED_CLASS}]`, 'u')
const TOKEN = new RegExp(`[${UNSPACED_CLASS}\\p{M}ー]+|(?:(?![${UNSPACED_CLASS}])[\\p{L}\\p{M}])+(?:\\+\\+|#)?|\\p{N}+|\\p{S}`, 'gu')
