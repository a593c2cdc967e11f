/** How common English words are in prompts, before a namespace has any of its own. Written by hand: estimates, not counts. */

import { stem } from './stem.js'

/** Words by the share of prompts that have them. */
const TIERS: readonly (readonly [share: number, words: string])[] = [
  [0.3, 'the a i to is what how of in my do and for you'],
  [0.1, 'can on it are me be have with that this or not from does why if an will at which should by would best when about your get there'],
  [
    0.03,
    `who where was did has any we am could they as but make use one up out way so all need good want between more like please explain tell know people
    change find work time go give he her his she their them our us just than then some no been being were had other help write many much first new
    take most into only also over after before still give show`,
  ],
  [
    0.01,
    `create list year day word example difference mean using code data name number question answer start learn set add book card money account
    pay send order phone week today tomorrow today call buy sell cost price life thing world company business job play read file function text
    summarize describe translate generate following given following sentence story english language python java program website online app email
    message address password bank transfer payment credit check cancel open close try say see think come look long old great same different
    next last high low possible without every two three really ever never always take keep turn let put run change free travel city country
    state home house food water car movie music song game school college university student study exam india china usa american indian woman man girl boy child
    person friend family love relationship feel become improve increase reduce lose weight happen wrong problem issue error fix stop left right
    because while during through under off down again here now yet something anything someone anyone`,
  ],
  [
    0.003,
    `able access activate actual advantage affect age ago agree air alarm allow amount android anniversary apple apply appointment area ask assistant attack author available average
    away back bad balance base basic battery beautiful bed begin benefit better big bill birthday black block blog blood blue body box boyfriend brain brand bread break bring brother
    browser budget build building bus button calculate calendar calorie camera career case cash cat cause center certain chance channel charge cheap chicken choose class clean clear click client cloud
    coffee color common community compare computer condition confirm connect contact content contract convert cook copy correct couple course cover cup currency current customer daily damage dark
    database date dead deal death debt decide decline deep define delete deliver delivery deposit design detail develop development device die diet digital dinner direct director discuss disease
    disable distance doctor document dog dollar domain double download draft draw dream dress drink drive drop drug due early earn earth east easy eat economy education effect effective egg election electric
    element employee enable end energy engine engineer enjoy enough enter environment essay euro event everyone everything exact exchange exercise exist expect expensive experience expire express extra eye face fact fail
    fall famous far fast father favorite feature fee few field fight figure fill film final financial fine fire fit flight floor fly follow foot force foreign forget form format fraud free fresh friday fridge
    front full fun fund future gas general get girlfriend global god gold google government graph green ground group grow guess guide guy hair half hand handle hang happy hard hate head health
    healthy hear heart heat heavy height hello history hit hold holiday hope hospital hotel hour human husband idea identify identity image important include income indeed information install instead instrument
    insurance interest international internet interview invest investment invite iphone item join joke journal july june keyboard kid kill kind king kitchen land laptop large late laugh law lawyer lead leader leave
    legal lesson letter level library license lie light limit line link linux literature live loan local location lock log login low luggage lunch machine mail main major manage manager map march mark
    market marketing marriage marry math matter maximum may meal meaning measure meat medical medicine meet meeting member memory men mental merchant method mile milk million mind minimum minute miss mobile model modern moment monday
    month morning mother mouth move muscle natural nature near necessary network news night noise normal north note november object ocean offer office official oil ok opinion opposite option organization original outside
    own owner pack package page pain paper paragraph parent park part party pass passport past paste pattern peace per percent percentage perfect perform period permission personal photo physical pick picture piece pin pizza place plan plane
    planet plant plate player poem point police policy political poor popular population position positive post power practice prefer prepare present president pressure pretty prevent previous print private process produce product
    production professional profile programming project proper property protect prove provide public pull purchase purpose push quality quick quickly quote radio rain random range rate reach react ready real reason receive recent recipe recommend
    record recover red refund register regular reject related release religion remain remember remind reminder remove rent repair repeat replace report request research reservation reset resource respond response restaurant result resume return review
    rewrite rice rich ride ring rise risk river road role room rule safe salary sale salt samsung saturday save schedule science score screen script sea search season seat second secret section security select self sense separate series serious
    serve server service sex shape share shirt shoe shop shopping short side sign significance silver similar simple since single sister sit site situation size skill skin sleep slow small smart smile social society software solve sound source
    south space speak special specific speech speed spell spend spread sport spring stand standard star statement statistic status stay steal step stock stone store stranger street stress strong structure style subject successful sugar suggest
    suit summary summer sun sunday support suppose sure surface surgery sweet swim symptom system table tablet talk target task tax tea teach teacher team technical technique technology teenager television temperature term test
    thank theory therapy thin third thought thousand throw thursday ticket timer tip tire title together tonight tool top topic total touch tour tourist town track trade traffic train training transaction travel treat treatment tree trip trouble true trump trust truth
    tuesday tv type under understand unique unit universe update upgrade upload user usual vacation valid value vary vegetable vehicle verify version video view village virtual virus visa visit vitamin voice volume vote wait wake walk wall war warm wash
    waste watch weather web wednesday weekend welcome west white whole wife win window windows wine winter wire wish withdraw withdrawal wonder wood worker worry worth yes yesterday york young youtube zero`,
  ],
]

/** Share of prompts with a word that is not listed. */
const UNKNOWN = 1 / 4000

const SHARES: ReadonlyMap<string, number> = shares()

/** Estimated share of prompts that have this stem, above 0. */
export function baselineShare(stemmed: string): number {
  return SHARES.get(stemmed) ?? UNKNOWN
}

/** How much a stem says by the baseline alone: 0 (in every prompt) to 1 (unknown). */
export function baselineIdf(stemmed: string): number {
  return Math.min(1, Math.log(baselineShare(stemmed)) / Math.log(UNKNOWN))
}

function shares(): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const [share, words] of TIERS)
    for (const word of words.trim().split(/\s+/)) {
      const key = stem(word)
      if (!found.has(key)) found.set(key, share)
    }
  return found
}
