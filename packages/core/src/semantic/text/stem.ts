/** A light English stemmer: endings that do not change what is asked for. Words of other languages mostly pass unchanged. */

import { STOP_WORDS } from './words.js'

const IRREGULAR: ReadonlyMap<string, string> = new Map(
  Object.entries({
    bought: 'buy',
    sold: 'sell',
    paid: 'pay',
    sent: 'send',
    got: 'get',
    gotten: 'get',
    lost: 'lose',
    went: 'go',
    gone: 'go',
    made: 'make',
    took: 'take',
    taken: 'take',
    gave: 'give',
    given: 'give',
    found: 'find',
    kept: 'keep',
    left: 'left',
    wrote: 'write',
    written: 'write',
    chose: 'choose',
    chosen: 'choose',
    stole: 'steal',
    stolen: 'steal',
    broke: 'break',
    broken: 'break',
    forgot: 'forget',
    forgotten: 'forget',
    spent: 'spend',
    built: 'build',
    ran: 'run',
    saw: 'see',
    seen: 'see',
    thought: 'think',
    told: 'tell',
    said: 'say',
    children: 'child',
    people: 'person',
    men: 'man',
    women: 'woman',
    feet: 'foot',
    teeth: 'tooth',
    mice: 'mouse',
    analyses: 'analysi',
    analysis: 'analysi',
    news: 'news',
    https: 'https',
    always: 'always',
    this: 'this',
    during: 'during',
    king: 'king',
    thing: 'thing',
    things: 'thing',
    something: 'something',
    anything: 'anything',
    nothing: 'nothing',
    everything: 'everything',
    morning: 'morning',
    evening: 'evening',
    wedding: 'wedding',
    string: 'string',
    strings: 'string',
    spring: 'spring',
    need: 'need',
    speed: 'speed',
    feed: 'feed',
    seed: 'seed',
    hundred: 'hundred',
    only: 'only',
    hourly: 'hourly',
    daily: 'daily',
    weekly: 'weekly',
    biweekly: 'biweekly',
    monthly: 'monthly',
    quarterly: 'quarterly',
    yearly: 'yearly',
    annually: 'annual',
    early: 'early',
    family: 'family',
    reply: 'reply',
    apply: 'apply',
    supply: 'supply',
    july: 'july',
    italy: 'italy',
    dies: 'die',
    lies: 'lie',
    ties: 'tie',
    pies: 'pie',
    bus: 'bus',
    gas: 'gas',
  }),
)

const VOWEL = /[aeiouy]/
const ENGLISH = /^[a-z']+$/
const DOUBLED = /([bdfgmnprt])\1$/

/**
 * The stem of a lower-case word, function words as they are: number, tense, -ly, -ation and -ment go, British spellings become American ones.
 *
 * @example stem('cancellations') // 'cancel'
 */
export function stem(word: string): string {
  if (word.length < 3 || STOP_WORDS.has(word) || !ENGLISH.test(word)) return word
  const known = IRREGULAR.get(word)
  if (known !== undefined) return known
  return spelling(withoutE(derived(inflected(singular(word.endsWith("'s") ? word.slice(0, -2) : word)))))
}

function singular(word: string): string {
  if (!word.endsWith('s') || word.endsWith('ss') || word.endsWith('us') || word.endsWith('is') || word.length < 4) return word
  if (word.endsWith('ies')) return word.length > 4 ? `${word.slice(0, -3)}y` : word.slice(0, -1)
  if (/(?:[sx]|[cs]h|zz)es$/.test(word)) return word.slice(0, -2)
  return word.slice(0, -1)
}

function inflected(word: string): string {
  if (word.endsWith('ied') && word.length > 4) return `${word.slice(0, -3)}y`
  const base = word.endsWith('ing') ? word.slice(0, -3) : word.endsWith('ed') ? word.slice(0, -2) : undefined
  if (base === undefined || base.length < 3 || !VOWEL.test(base)) return word
  if (DOUBLED.test(base)) return base.slice(0, -1)
  // 'cancelled' and 'labelling', but not 'called' or 'installing'.
  return base.length > 5 && /[^aeiou][aeo]ll$/.test(base) && !base.endsWith('stall') ? base.slice(0, -1) : base
}

function derived(word: string): string {
  if (word.endsWith('ization') || word.endsWith('isation')) return `${word.slice(0, -7)}iz`
  if (word.endsWith('ation') && word.length > 8) {
    const base = word.slice(0, -5)
    return base.endsWith('ll') ? base.slice(0, -1) : base
  }
  if (word.endsWith('ate') && word.length > 7) return word.slice(0, -3)
  if (word.endsWith('at') && word.length > 6) return word.slice(0, -2)
  if (word.endsWith('ment') && word.length > 6) return word.slice(0, -4)
  if (word.endsWith('ly') && word.length > 4) return word.endsWith('ily') ? `${word.slice(0, -3)}y` : word.slice(0, -2)
  return word
}

function withoutE(word: string): string {
  return word.endsWith('e') && word.length > 3 ? word.slice(0, -1) : word
}

function spelling(word: string): string {
  let plain = word.length > 4 && word.includes('our') ? word.replace('our', 'or') : word
  if (plain.endsWith('is') && plain.length > 5) plain = `${plain.slice(0, -2)}iz`
  else if (plain.endsWith('ys') && plain.length > 5) plain = `${plain.slice(0, -2)}yz`
  else if (plain.endsWith('tr') && plain.length > 4) plain = `${plain.slice(0, -2)}ter`
  return plain.endsWith('i') && plain.length > 3 ? `${plain.slice(0, -1)}y` : plain
}
