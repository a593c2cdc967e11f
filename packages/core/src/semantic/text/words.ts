/** Function words of English: what they expand to, which of them say nothing about the subject. */

/** Contractions, with and without their apostrophe. The parts stand for the whole among the tokens. */
export const CONTRACTIONS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    "can't": 'can not',
    cant: 'can not',
    cannot: 'can not',
    "won't": 'will not',
    wont: 'will not',
    "shan't": 'shall not',
    "ain't": 'is not',
    aint: 'is not',
    dont: 'do not',
    doesnt: 'does not',
    didnt: 'did not',
    isnt: 'is not',
    arent: 'are not',
    wasnt: 'was not',
    werent: 'were not',
    hasnt: 'has not',
    havent: 'have not',
    hadnt: 'had not',
    couldnt: 'could not',
    wouldnt: 'would not',
    shouldnt: 'should not',
    mustnt: 'must not',
    im: 'i am',
    ive: 'i have',
    whats: 'what is',
    wheres: 'where is',
    whos: 'who is',
    hows: 'how is',
    thats: 'that is',
    theres: 'there is',
    youre: 'you are',
    theyre: 'they are',
    "let's": 'let us',
    lets: 'let us',
    gonna: 'going to',
    wanna: 'want to',
    gotta: 'have to',
    gimme: 'give me',
    lemme: 'let me',
    pls: 'please',
    plz: 'please',
    u: 'you',
    ur: 'your',
    info: 'information',
    ok: 'okay',
  }).map(([word, parts]) => [word, parts.split(' ')]),
)

const ENDINGS: ReadonlyMap<string, string> = new Map([
  ["n't", 'not'],
  ["'m", 'am'],
  ["'re", 'are'],
  ["'ve", 'have'],
  ["'ll", 'will'],
  ["'d", 'would'],
])

/** Words before which 's is 'is', not a possessive. */
const BEFORE_IS: ReadonlySet<string> = new Set('what where when who how why which that there here it he she this everything'.split(' '))

/** The words that a contraction stands for, or undefined where `word` is none. Lower case. */
export function expand(word: string): readonly string[] | undefined {
  const whole = CONTRACTIONS.get(word)
  if (whole !== undefined) return whole
  const at = word.indexOf("'")
  if (at < 1) return undefined
  if (word.endsWith("n't")) return [word.slice(0, -3), 'not']
  const ending = word.slice(at)
  const base = word.slice(0, at)
  if (ending === "'s") return BEFORE_IS.has(base) ? [base, 'is'] : [base]
  const expanded = ENDINGS.get(ending)
  return expanded === undefined ? undefined : [base, expanded]
}

/** Words that say nothing about what is asked for: articles, pronouns, auxiliaries, prepositions, fillers of politeness. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a an the this that these those some any each every such same other another own both either neither
  i me my mine myself we us our ours you your yours he him his she her hers it its they them their theirs one ones someone anyone
  am is are was were be been being do does did doing done have has had having can could will would shall should may might must ought
  of in on at by for with about against between into through to from up down out off over under again then than as if or and but
  so because while until upon onto within across along around toward towards via per
  not no nor never without
  what which who whom whose when where why how whether
  there here just only also very too really quite rather even still already ever yet else much many more most less least few lot lots
  please thanks thank hi hello hey dear kindly okay yes yeah sure well now
  want wants wanted need needs would like let get got give tell know help able possible want wish
  going way ways thing things something anything kind sort etc eg ie vs
  question answer wonder wondering ask asking explain`.split(/\s+/),
)

/** Function words that still say what is wanted: they count towards a prompt's length, not towards its subject. */
export const COUNTED_WORDS: ReadonlySet<string> = new Set(
  `what which who whom whose when where why how want wants wanted need needs like let get got give tell know help able possible wish
  up down out off over again under through against between before after not no never without many much more most less least few
  go going way ways my someone anyone`.split(/\s+/),
)
