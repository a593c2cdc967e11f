/** How often a text says no. */

import type { Token } from './scan.js'

const NEGATIONS: ReadonlySet<string> = new Set(
  `not no never without none nobody nowhere nothing neither nor except excluding hardly unable`.split(' '),
)
/** The same in other languages: enough to tell a question from its opposite. */
const FOREIGN: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    es: 'no nunca sin jamás tampoco',
    fr: 'pas jamais sans aucun aucune',
    de: 'nicht kein keine keinen keinem keiner nie niemals ohne',
    it: 'non mai senza nessun nessuno nessuna',
    pt: 'não nunca sem nenhum nenhuma jamais',
    nl: 'niet geen nooit zonder',
    pl: 'nie nigdy bez',
    sv: 'inte aldrig utan ingen inga',
    tr: 'değil yok asla hiç',
    ru: 'не нет никогда без ни',
    uk: 'не ні ніколи без',
    zh: '不 没 沒 无 無 未 别 別 非',
    ja: 'な ぬ ず 不 無 非',
    ko: '안 못 없',
    ar: 'لا ليس لم لن غير بدون',
    hi: 'नहीं न मत बिना',
  }).map(([language, words]) => [language, new Set(words.split(' '))]),
)
const WH: ReadonlySet<string> = new Set('what which who whom when where why how if whether'.split(' '))
/** 'I do not know how to ...' asks how to. */
const KNOWING: ReadonlySet<string> = new Set('know understand sure certain clear get see idea clue remember recall figure'.split(' '))
/** 'no thanks', 'not only', 'do not worry', 'do not mind', 'why not': said without denying anything. */
const HARMLESS_AFTER: ReadonlySet<string> = new Set(
  'thanks thank problem worries worry rush matter doubt only just mind hesitate hurry forget longer'.split(' '),
)

/** Number of negations, less those that deny nothing. @param language as guessed */
export function negationsOf(tokens: readonly Token[], language: string): number {
  const foreign = FOREIGN[language]
  let count = 0
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token
    if (token.kind !== 'word') continue
    if (foreign !== undefined ? foreign.has(token.text) : NEGATIONS.has(token.text) && !isHarmless(tokens, at)) count++
  }
  return count
}

function isHarmless(tokens: readonly Token[], at: number): boolean {
  const word = wordAt(tokens, at)
  if (word !== 'not' && word !== 'no') return false
  const before = wordAt(tokens, at - 1)
  const after = wordAt(tokens, at + 1)
  if (word === 'not' && (before === 'or' || before === 'why' || before === 'if')) return after === '' || before !== 'if'
  if (HARMLESS_AFTER.has(after) && after !== 'longer') return true
  for (let next = at + 1; next <= at + 4; next++) {
    if (!KNOWING.has(wordAt(tokens, next))) continue
    return WH.has(wordAt(tokens, next + 1)) || WH.has(wordAt(tokens, next + 2))
  }
  return false
}

/** Prefixes that turn a word into its opposite. */
const PREFIXES: readonly string[] = ['un', 'dis', 'in', 'im', 'il', 'ir', 'non', 'de', 'anti', 'mis']

/** True where one word is the other with a denying prefix: 'unlock' and 'lock', 'illegal' and 'legal'. */
export function isDenial(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  const extra = long.length - short.length
  return short.length > 2 && extra > 1 && extra < 5 && long.endsWith(short) && PREFIXES.includes(long.slice(0, extra))
}

function wordAt(tokens: readonly Token[], at: number): string {
  return tokens[at]?.text ?? ''
}
