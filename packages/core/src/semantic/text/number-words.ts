/** Numbers written in English words. */

const CARDINALS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const ORDINAL_WORDS =
  'zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth'.split(
    ' ',
  )

/** Value of a cardinal under a hundred. */
export const SMALL: ReadonlyMap<string, number> = new Map([
  ...CARDINALS.map((word, value): [string, number] => [word, value]),
  ...TENS.map((word, index): [string, number] => [word, (index + 2) * 10]),
])

export const ORDINALS: ReadonlyMap<string, number> = new Map([
  ...ORDINAL_WORDS.map((word, value): [string, number] => [word, value]),
  ['thirtieth', 30],
  ['hundredth', 100],
])

/** Words for how often or how much, as the number that they stand for. */
export const MULTIPLES: ReadonlyMap<string, number> = new Map(
  Object.entries({ once: 1, twice: 2, thrice: 3, double: 2, triple: 3, quadruple: 4, half: 0.5, couple: 2, dozen: 12 }),
)

/** 'one' after these is a pronoun. */
export const BEFORE_PRONOUN: ReadonlySet<string> = new Set(
  'the this that which any no another every each some only new old first last good best right wrong same other my your a'.split(' '),
)

/** After these, 'I' is a one: 'World War I', 'part I'. */
export const BEFORE_ROMAN: ReadonlySet<string> = new Set(
  'war part type phase class chapter volume book act stage level article section grade category tier title schedule annex round'.split(' '),
)

/** Written in capitals where it may be a word; 'IV' and 'VI' without capitals are left alone. */
export const ROMAN: ReadonlyMap<string, number> = new Map(
  'ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx'
    .split(' ')
    .map((numeral, index): [string, number] => [numeral, index + 2]),
)

export const MONTHS: ReadonlyMap<string, number> = new Map(
  [
    'january jan',
    'february feb',
    'march mar',
    'april apr',
    'may',
    'june jun',
    'july jul',
    'august aug',
    'september sep sept',
    'october oct',
    'november nov',
    'december dec',
  ].flatMap((names, index) => names.split(' ').map((name): [string, number] => [name, index + 1])),
)

/** What one of is an amount: 'an hour', 'a mile'. */
export const PERIODS: ReadonlySet<string> = new Set(
  'minute hour day week month year decade century mile kilometer kilometre gallon liter litre'.split(' '),
)

/** After these, 'a day' says how often. */
export const OFTEN: ReadonlySet<string> = new Set('once twice thrice times time much many often'.split(' '))

/** A figure after these is a version. */
export const AFTER_VERSION: ReadonlySet<string> = new Set(['version', 'release', 'v', 'ver'])
