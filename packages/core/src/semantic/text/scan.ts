/** Normalised text to tokens. Linear in the text's length: it goes by what stands between spaces, and looks at each of them once. */

import { expand } from './words.js'

export type TokenKind =
  | 'word'
  /** Begins with a digit, a sign or a currency: '5', '12k', '3.5gb', '$5', '10:30', '2024-05-01', '1/2', '50%'. */
  | 'number'
  /** Names one thing: an e-mail address, an URL, a path, an order or ticket id, 'gpt-4', 'mp3'. */
  | 'identifier'
  /** An operator or an emoji. */
  | 'symbol'
  /** A word of a code span. */
  | 'code'

export interface Token {
  readonly kind: TokenKind
  /** Lower case. */
  readonly text: string
  /** As written. */
  readonly written: string
  /** First of a sentence or line. */
  readonly initial: boolean
}

export interface Scanned {
  readonly tokens: readonly Token[]
  /** Contents of code spans and fences, as written, in order. */
  readonly code: readonly string[]
  /** Contents of quotation marks, in lower case, in order. */
  readonly quoted: readonly string[]
}

const CODE_OR_CHUNK = /```(?:[^`]|`(?!``))*```|`[^`\n]+`|[^\s`]+|`|\n/g
const QUOTED = /"([^"\n]{1,400})"|«([^»\n]{1,400})»|(?<![\p{L}\p{N}])'([^'\n]{1,200})'(?![\p{L}\p{N}])/gu
const PLAIN_WORD = /^[A-Za-z]+$/
const LEADING = /^[("'[{<«¿¡,;:!?*_~|]+/
const TRAILING = /[)"'\]}>»,;:!?.*_~|]+$/
const SENTENCE_END = /[.!?:]["')\]]*$/
const URL = /^(?:[a-z][a-z0-9+.-]{1,10}:\/\/|www\.)\S+$/i
const EMAIL = /^[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+$/
const PATH =
  /^(?:~|\.{1,2}|[a-z]:)?(?:[\\/][\w.@$%+-]+){2,}[\\/]?$|^(?:~|\.{1,2}|[a-z]:)(?:[\\/][\w.@$%+-]+)+[\\/]?$|^[\w-]+(?:\/[\w-]+)*\/[\w-]+\.[a-z]{1,5}$/i
const FILE =
  /^[\w-]+(?:\.[\w-]+)*\.(?:js|ts|jsx|tsx|mjs|py|rb|go|rs|java|c|h|cpp|cs|php|sh|sql|css|html?|json|ya?ml|toml|xml|csv|tsv|md|txt|pdf|docx?|xlsx?|pptx?|png|jpe?g|gif|svg|mp[34]|wav|zip|gz|tar|exe|log|env|ini|conf|cfg|lock|com|org|net|io|dev|ai|gov|edu|co|uk|de|fr)$/i
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
/** 'USB-C'. */
const VARIANT = /^[A-Z]{2,}-[A-Za-z]$/
/** 'non-toxic'. */
const NOT = /^non-([a-z]{3,})$/i
/** 'sugar-free'. */
const FREE_OF = /^([a-z]+)-free$/i
const TICKET = /^#?[a-z]{1,12}[-_]?\d[a-z\d]*(?:[-_.]?[a-z\d]+)*$|^#\d+$|^#[\w-]+$/i
const VERSION = /^v\d+(?:\.\d+)*(?:-[\w.]+)?$|^\d+(?:\.\d+){2,}(?:-[\w.]+)?$/i
const NUMBER = /^[-+]?(?:[$€£¥₹₩₽₿]\s?)?[-+]?(?:\d|\.\d)/
const UNIT_END = /^[-+]?(?:[$€£¥₹₩₽₿])?[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:st|nd|rd|th|e[-+]?\d+|[a-zµ°"'%$€£¥₹]{0,12}(?:\/[a-z]{1,4})?)$/i
const NUMERIC = /^[-+]?\d[\d:/.,-]*(?:[ap]\.?m\.?|[tz][\d:.]*z?)?$/i
const CODE_NAMES = /^(?:c\+\+|[cfj]#|\.net|[a-z]+\.(?:js|net|io))$/i
const SNAKE = /^[a-z]\w*(?:_\w+|\(\))$|^[a-z]+(?:[A-Z][a-z0-9]+)+$|^--?[a-z][\w-]*$|^@[\w/-]+$/
const PART =
  /[\p{L}\p{M}][\p{L}\p{M}]*(?:'\p{L}+)?|[$€£¥₹₩₽₿]?\d+(?:[.,:]\d+)*(?:%|[a-z]{1,3}\b)?|[+*/^=<>&%≤≥≠≈√∞π]|(?<=\d)-(?=\d)|\p{Extended_Pictographic}/gu
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const UNSPACED_EACH =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu
const OPERATOR = /^(?:[-+*/^=<>%&]|[-+*/%&|^<>=!]?==?|[=!]==|\*\*|[=-]>|&&|\|\||<<|>>|\+\+|\?\?|\|>)$/
/** Longer words than these are no words. */
const LONGEST = 400

/** @param text normalised */
export function scan(text: string): Scanned {
  const tokens: Token[] = []
  const code: string[] = []
  let initial = true
  for (const [chunk] of text.matchAll(CODE_OR_CHUNK)) {
    if (chunk === '\n') initial = true
    else if (chunk.length > 1 && chunk.startsWith('`')) {
      const content = chunk.replace(/^`+|`+$/g, '').trim()
      code.push(content)
      for (const [word] of content.matchAll(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu)) tokens.push(tokenOf('code', word, false))
      initial = false
    } else if (chunk !== '`') {
      addChunk(tokens, chunk.length > LONGEST ? chunk.slice(0, LONGEST) : chunk, initial)
      initial = SENTENCE_END.test(chunk)
    }
  }
  return {
    tokens: tokens.filter(isNoDash),
    code,
    quoted: text.includes('"') || text.includes("'") || text.includes('«') ? quotedIn(text) : [],
  }
}

/** A dash alone is a minus only beside a figure or a letter that stands for one. */
function isNoDash(token: Token, at: number, all: readonly Token[]): boolean {
  if (token.text !== '-' || token.kind !== 'symbol') return true
  const isTerm = (other: Token | undefined): boolean => other !== undefined && (other.kind === 'number' || other.text.length === 1)
  return isTerm(all[at - 1]) && isTerm(all[at + 1])
}

function quotedIn(text: string): readonly string[] {
  const plain = text.includes('`') ? text.replace(/```(?:[^`]|`(?!``))*```|`[^`\n]+`/g, ' ') : text
  const found: string[] = []
  for (const [, double, angled, single] of plain.matchAll(QUOTED)) {
    const content = (double ?? angled ?? single ?? '')
      .toLowerCase()
      .replace(/[.,!?]+$/, '')
      .trim()
    if (content !== '') found.push(content)
  }
  return found
}

function addChunk(tokens: Token[], chunk: string, initial: boolean): void {
  if (isWord(chunk)) addWord(tokens, chunk, initial)
  else if (OPERATOR.test(chunk)) tokens.push(tokenOf('symbol', chunk, initial))
  else {
    const core = chunk.replace(LEADING, '').replace(TRAILING, '')
    const kind = core === '' ? undefined : kindOf(core)
    const without = FREE_OF.exec(core)
    const denied = NOT.exec(core)
    if (without !== null) for (const word of ['without', without[1] as string]) addWord(tokens, word, initial)
    else if (denied !== null) for (const word of ['not', denied[1] as string]) addWord(tokens, word, initial)
    else if (isWord(core)) addWord(tokens, core, initial)
    else if (kind !== undefined) tokens.push(tokenOf(kind, core, initial))
    else addParts(tokens, core === '' ? chunk : core, initial)
  }
}

function isWord(chunk: string): boolean {
  return PLAIN_WORD.test(chunk) || CODE_NAMES.test(chunk)
}

function kindOf(core: string): TokenKind | undefined {
  if (VERSION.test(core)) return 'number'
  if (NUMBER.test(core)) {
    if (UNIT_END.test(core) || NUMERIC.test(core)) return 'number'
    if (UUID.test(core) || (/^\d/.test(core) && /^[a-z\d]+(?:[-_][a-z\d]+)*$/i.test(core) && /[a-z]/i.test(core))) return 'identifier'
    return undefined
  }
  if (
    UUID.test(core) ||
    URL.test(core) ||
    EMAIL.test(core) ||
    PATH.test(core) ||
    FILE.test(core) ||
    TICKET.test(core) ||
    VARIANT.test(core) ||
    SNAKE.test(core)
  )
    return 'identifier'
  return undefined
}

function addParts(tokens: Token[], core: string, initial: boolean): void {
  let first = initial
  for (const [part] of core.matchAll(PART)) {
    if (/^[$€£¥₹₩₽₿]?\d/.test(part)) tokens.push(tokenOf('number', part, first))
    else if (/^\p{L}/u.test(part)) addWord(tokens, part, first)
    else tokens.push(tokenOf('symbol', part, first))
    first = false
  }
}

function addWord(tokens: Token[], word: string, initial: boolean): void {
  if (!PLAIN_WORD.test(word) && UNSPACED.test(word)) {
    for (const [part] of word.matchAll(UNSPACED_EACH)) tokens.push(tokenOf('word', part, initial))
    return
  }
  const parts = expand(word.toLowerCase())
  if (parts === undefined) tokens.push(tokenOf('word', word, initial))
  else for (const part of parts) tokens.push({ kind: 'word', text: part, written: part, initial })
}

function tokenOf(kind: TokenKind, written: string, initial: boolean): Token {
  return { kind, text: written.toLowerCase(), written, initial }
}
