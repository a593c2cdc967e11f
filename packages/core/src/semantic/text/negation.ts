/** What a text denies. */

import type { Token } from './scan.js'
import { STOP_WORDS } from './words.js'

export interface Negations {
  /** How often the text says no, less what denies nothing ('no thanks', 'I do not know how to'). */
  readonly count: number
  /** Stems of the words that are denied first: 'work' of 'it does not really work with my card'. */
  readonly heads: readonly string[]
  /** Stems of all that stands in reach of a negation. */
  readonly reach: readonly string[]
}

const NONE: Negations = { count: 0, heads: [], reach: [] }

const NEGATIONS: ReadonlySet<string> = new Set(
  'not no never without none nobody nowhere nothing neither nor except excluding hardly rarely seldom unable unless'.split(' '),
)
const ENGLISH_TOO: ReadonlySet<string> = new Set('no sin pas non mai bez nie ni inga yok den min'.split(' '))
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
    id: 'tidak bukan jangan tanpa belum',
    ru: 'не нет никогда без ни',
    uk: 'не ні ніколи без',
    zh: '不 没 沒 无 無 未 别 別 非',
    ja: '不 無 非 ぬ',
    ko: '안 못 없',
    ar: 'لا ليس لم لن غير بدون',
    he: 'לא אין בלי',
    hi: 'नहीं न मत बिना',
    el: 'δεν μην όχι χωρίς',
  }).map(([language, words]) => [language, new Set(words.split(' '))]),
)
/** Where a text's language cannot be told: English, and those of others that are no English words. */
const UNDECIDED: ReadonlySet<string> = new Set([
  ...NEGATIONS,
  ...Object.values(FOREIGN).flatMap((words) => [...words].filter((word) => word.length > 1 && !ENGLISH_TOO.has(word))),
])
/** Articles and prepositions of other languages: 'pas de gluten'. */
const ARTICLE = /^[a-zà-ÿ]{1,2}$/
const WH: ReadonlySet<string> = new Set('what which who whom when where why how if whether'.split(' '))
/** 'I do not know how to ...' asks how to. */
const KNOWING: ReadonlySet<string> = new Set(
  'know understand sure certain clear get see idea clue remember recall figure find tell'.split(' '),
)
/** 'No thanks', 'not only', 'do not worry': said without denying anything of the subject. */
const HARMLESS: ReadonlySet<string> = new Set(
  'thanks thank problem worries worry rush doubt only just mind matter care hesitate hurry forget necessarily'.split(' '),
)
/** Who cannot find something asks where it is. */
const SEEKING: ReadonlySet<string> = new Set(['find', 'locate', 'see', 'figure'])
const PRONOUNS: ReadonlySet<string> = new Set('i you he she it we they this that there'.split(' '))
/** 'No longer', 'nicht mehr', 'ne ... plus'. */
const AGAIN: ReadonlySet<string> = new Set(['longer', 'more', 'mehr', 'plus', 'más', 'mais', 'più', 'meer'])
/** More negations than these in one text are not read. */
const MOST = 64
/** Content words that a negation reaches. */
const REACH = 5
/** Words to look at for them. */
const WITHIN = 12

/** @param english whether the text may be English; other languages by `language` */
export function negationsOf(tokens: readonly Token[], stems: readonly string[], language: string): Negations {
  const foreign = FOREIGN[language]
  const words = foreign ?? (language === 'und' ? UNDECIDED : NEGATIONS)
  let count = 0
  let heads: string[] | undefined
  const reach: string[] = []
  for (let at = 0; at < tokens.length && count < MOST; at++) {
    const { kind, text } = tokens[at] as Token
    if (kind !== 'word' || !words.has(text)) continue
    const first = AGAIN.has(tokens[at + 1]?.text ?? '') ? at + 2 : at + 1
    const reached = reachOf(tokens, first, foreign !== undefined)
    if (foreign === undefined && isHarmless(tokens, at, reached[0])) continue
    count++
    heads ??= []
    const head = stems[reached[0] ?? first]
    if (head !== undefined) heads.push(head)
    for (const index of reached) reach.push(stems[index] as string)
  }
  return heads === undefined ? NONE : { count, heads, reach }
}

/** Indexes of the content words after a negation, up to the end of its clause. */
function reachOf(tokens: readonly Token[], first: number, foreign: boolean): readonly number[] {
  const found: number[] = []
  for (let next = first; next < tokens.length && next < first + WITHIN && found.length < REACH; next++) {
    const token = tokens[next] as Token
    if (token.initial || token.text === 'but') break
    if (!STOP_WORDS.has(token.text) && !(foreign && ARTICLE.test(token.text))) found.push(next)
  }
  return found
}

function isHarmless(tokens: readonly Token[], at: number, head: number | undefined): boolean {
  const word = tokens[at]?.text
  if (word !== 'not' && word !== 'no') return false
  const before = tokens[at - 1]?.text
  const after = tokens[at + 1]?.text ?? ''
  // 'Why or why not?', 'whether or not', 'if not'.
  if ((before === 'or' || before === 'why' || before === 'if') && (after === '' || tokens[at + 1]?.initial)) return true
  if (before === 'or' && word === 'not') return true
  if (before === 'can' && (SEEKING.has(after) || SEEKING.has(tokens[at + 2]?.text ?? ''))) return true
  // 'No, I ...', '..., is it not?', '..., can't you?'
  if (PRONOUNS.has(after) && (word === 'no' || tokens[at + 2] === undefined || tokens[at + 2]?.initial)) return true
  if (HARMLESS.has(after) || (head !== undefined && HARMLESS.has(tokens[head]?.text ?? ''))) return true
  for (let next = at + 1; next <= at + 4; next++) {
    if (!KNOWING.has(tokens[next]?.text ?? '')) continue
    return WH.has(tokens[next + 1]?.text ?? '') || WH.has(tokens[next + 2]?.text ?? '') || WH.has(tokens[next + 3]?.text ?? '')
  }
  return false
}

/**
 * True where one denies what the other says: its head is there, out of every negation's reach. Two texts that deny
 * one thing in different words ('why is my card not working', 'my card is not working') do not contradict each other.
 */
export function deniesOther(denying: Negations, other: Negations, others: readonly string[]): boolean {
  if (other.count > 0 && denying.reach.some((word) => other.reach.includes(word))) return false
  return denying.heads.some((head) => others.includes(head) && !other.heads.includes(head))
}

/** Prefixes that turn a word into its opposite. */
const PREFIXES: readonly string[] = ['un', 'dis', 'in', 'im', 'il', 'ir', 'non', 'de', 'anti', 'mis', 'a', 'des', 'dés', 'не']

/** True where one word is the other with a denying prefix: 'unlock' and 'lock', 'illegal' and 'legal'. */
export function isDenial(a: string, b: string): boolean {
  const [one, other] = [withoutE(a), withoutE(b)]
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  const extra = long.length - short.length
  if (NEGATIONS.has(a) || NEGATIONS.has(b) || long === 'unabl') return false
  return short.length > (extra === 1 ? 5 : 2) && extra < 5 && long.endsWith(short) && PREFIXES.includes(long.slice(0, extra))
}

/** Function words are not stemmed: 'possible' stands against 'impossibl'. */
function withoutE(word: string): string {
  return word.endsWith('e') ? word.slice(0, -1) : word
}
