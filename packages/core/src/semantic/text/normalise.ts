/** Text as it is compared: one spelling of what looks alike. Never shown, never sent, never part of an exact key. */

/** Characters of a prompt that are looked at. */
export const MAX_CHARACTERS = 4000

export interface NormalisedText {
  /** With its letter case. One space between words, line ends kept as '\n'. */
  readonly text: string
  /** True where more than 4000 characters were given; the rest is not in `text`. */
  readonly tooLong: boolean
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII is what needs no folding
const ASCII = /^[\x00-\x7f]*$/
/** What has none of these is as it should be. */
const UNTIDY = /[^ -~]| {2}|^ | $/
/** Formats (zero-width, bidi, tags, soft hyphen), variation selectors, fillers that show nothing. */
// biome-ignore lint/suspicious/noMisleadingCharacterClass: single marks and selectors are meant
const INVISIBLE = /[\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]/gu
/** Marks that have no composed letter: stacked on Latin letters they are decoration. */
const STRAY_MARKS = /(?<=[\p{Script=Latin}\p{N}])\p{M}+/gu
const OTHER_DIGITS = /(?![0-9])\p{Nd}/gu
/** The micro sign, after NFKC a Greek letter: '5 µg'. */
const MICRO = /(?<=\d ?)\u03bc(?=[a-z])/g
const WORD = /[\p{L}\p{M}\p{N}]+/gu
const LATIN = /\p{Script=Latin}/u
const LOOK_ALIKE_SCRIPTS = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
const CONTROLS = /[\x00-\x08\x0b\x0e-\x1f\x7f]/g
const LINE_ENDS = /[\r\f\u0085\u2028\u2029]/g
const SPACES = /[^\S\n]+/g
const AROUND_LINE_ENDS = / ?\n\s*/g
const TYPOGRAPHY = /[‘’‚‛ʼ′´“”„‟″‐‑‒–—―−…×÷]/g
const PLAIN: Readonly<Record<string, string>> = {
  '“': '"',
  '”': '"',
  '„': '"',
  '‟': '"',
  '″': '"',
  '‐': '-',
  '‑': '-',
  '‒': '-',
  '–': '-',
  '—': ' - ',
  '―': ' - ',
  '−': '-',
  '…': '...',
  '×': '*',
  '÷': '/',
}

/** First of ten digits in a row, of scripts whose digits NFKC keeps. */
const ZEROS: readonly number[] = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0, 0x1810,
]

/** Letters of other scripts that are drawn as Latin ones. After Unicode's confusables (UTS 39), those of one letter to one. */
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(
  [
    ['авеѕіјорсухһԁԛԝкмтнгո', 'abesijopcyxhdqwkmtnrn'],
    ['АВЕЅІЈОРСУХНКМТԌԚԜ', 'ABESIJOPCYXHKMTGQW'],
    ['αοιρυνκτεηϲյγωχ', 'aoipuvkteecjywx'],
    ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ', 'ABEZHIKMNOPTYXC'],
    ['ӏսօհցյ', 'lsohgj'],
  ].flatMap(([from = '', to = '']) => [...from].map((letter, index): [string, string] => [letter, to[index] ?? letter])),
)

/**
 * NFKC; what shows nothing is removed; look-alike letters inside Latin words are folded (UTS 39), digits of every script become 0-9,
 * quotes and dashes become the plain ones. Looks at the first 4000 characters alone.
 */
export function normaliseText(given: string): NormalisedText {
  const tooLong = given.length > MAX_CHARACTERS
  let text = tooLong ? given.slice(0, MAX_CHARACTERS) : given
  if (!UNTIDY.test(text)) return { text, tooLong }
  if (!ASCII.test(text)) {
    text = text.normalize('NFKC').replace(INVISIBLE, '').slice(0, MAX_CHARACTERS)
    text = text.replace(TYPOGRAPHY, (sign) => PLAIN[sign] ?? "'").replace(OTHER_DIGITS, digitOf)
    text = text.replace(MICRO, 'u')
    if (LOOK_ALIKE_SCRIPTS.test(text)) text = text.replace(WORD, foldWord)
    text = text.replace(STRAY_MARKS, '')
  }
  return { text: text.replace(CONTROLS, '').replace(LINE_ENDS, '\n').replace(SPACES, ' ').replace(AROUND_LINE_ENDS, '\n').trim(), tooLong }
}

/** Only words that mix scripts: a whole word of Cyrillic letters is a word of a language written so. */
function foldWord(word: string): string {
  if (!LATIN.test(word) || !LOOK_ALIKE_SCRIPTS.test(word)) return word
  let folded = ''
  for (const letter of word) folded += LOOK_ALIKES.get(letter) ?? letter
  return folded
}

function digitOf(digit: string): string {
  const code = digit.codePointAt(0) ?? 0
  const zero = ZEROS.find((first) => code >= first && code < first + 10)
  return zero === undefined ? digit : String(code - zero)
}
