// Pairs of prompts that differ in little: minimal pairs, which need different answers, and paraphrases, which need the same one.
// By rule from a seed. The words are chosen apart from the library's own lists, which therefore know some of them and not others.

import { createRandom } from './random.mjs'

const TASKS =
  words(`reset my password|update my billing address|track a parcel|install the driver|renew my passport|cancel the subscription|
change the oil of a car|grow tomatoes indoors|connect the printer|export the report|share a folder|schedule a backup|pair my headphones|
restore a deleted file|book an appointment|register a domain|verify my identity|close an account|replace the battery|clean the filter|
set up two-factor login|invite a team member|download an invoice|claim a refund|merge two branches|deploy the container|write a cover letter|
train a puppy|bake sourdough bread|learn the violin`)
const THINGS = words(`free plan|guest account|mobile app|admin role|trial version|warranty|student discount|shared mailbox|rental contract|
public API|loyalty programme|travel insurance|premium support|staging server|gift card|family plan`)
const SUBJECTS = words(
  `coffee|the vaccine|this plugin|gluten|the ferry|solar power|the museum pass|melatonin|the trial|a VPN|cold water|the webhook`,
)
const VERBS = words('work|expire|count|apply|help|stop|start|cost extra|renew itself|sync')
const ADJECTIVES = words('legal|possible|safe|available|healthy|reliable|necessary|visible|stable|expected|complete|reversible')
const PLACES = words(
  `Oslo|Nairobi|Lima|Tallinn|Osaka|Quito|Perth|Hanoi|Porto|Malmö|Accra|Bergen|Graz|Leeds|Utrecht|Salvador|Windhoek|Gdańsk|Kigali|Bilbao`,
)
const COUNTRIES = words('France|Norway|Japan|Peru|Kenya|Estonia|Chile|Vietnam|Portugal|Mongolia|Namibia|Bolivia|Latvia|Laos')
const PEOPLE =
  words(`Ada Lovelace|Marie Curie|Alan Turing|Grace Hopper|Frida Kahlo|Nelson Mandela|Isaac Newton|Virginia Woolf|Johannes Kepler|
Rosalind Franklin|Akira Kurosawa|Chinua Achebe|Emmy Noether|Katherine Johnson|Srinivasa Ramanujan`)
const PRODUCTS = words(
  'Kubernetes|Terraform|Ansible|Grafana|Prometheus|Kafka|RabbitMQ|Elasticsearch|Photoshop|Blender|Notion|Airtable|Stripe|Twilio|Figma',
)
const LANGUAGES = words('French|German|Japanese|Korean|Swahili|Finnish|Portuguese|Hindi|Greek|Welsh|Dutch|Turkish|Polish|Tamil')
const CODE_LANGUAGES = words('Python|Java|Rust|Go|Kotlin|TypeScript|Ruby|Haskell|Swift|C++|C#|PHP|Scala|Lua')
const CURRENCIES = words('USD|EUR|GBP|JPY|CHF|SEK|INR|AUD|CAD|PLN')
const DAYS = words('Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday')
const MONTHS = words('January|February|March|April|May|June|July|August|September|October|November|December')
const UNITS = words('km|miles|metres|feet|inches|kg|pounds|grams|litres|gallons|hours|minutes|days|weeks|GB|MB|watts|degrees')
const TIERS = words('free|basic|pro|enterprise|premium|starter|team|gold|silver|business')
const FUNCTIONS = words(
  'parseInt|slice()|useEffect|git rebase|map()|SELECT DISTINCT|np.dot|docker run|fetch()|strcpy|chmod 755|async def|kubectl apply|printf',
)
const PROVERBS = words(
  'break a leg|carpe diem|to be or not to be|time is money|piece of cake|hit the road|cold feet|black sheep|red herring|silver lining',
)
const OPPOSITES =
  words(`enable/disable|increase/decrease|buy/sell|maximum/minimum|before/after|open/close|lock/unlock|import/export|upload/download|
encrypt/decrypt|install/uninstall|connect/disconnect|show/hide|start/stop|accept/reject|deposit/withdraw|expand/collapse|mute/unmute|add/remove|
compress/decompress|log in/log out|turn on/turn off|subscribe/unsubscribe|attach/detach|freeze/unfreeze|load/unload|activate/deactivate|
approve/deny|hire/fire|borrow/lend|push/pull|inflate/deflate|assemble/disassemble|mount/unmount`)
const OBJECTS = words(
  'the notifications|a share|the valve|my account|the brightness|the module|a position|the service|the archive|my card|the sidebar|the tyre|the volume',
)
const QUALITIES =
  words(`cheapest/most expensive|best/worst|largest/smallest|highest/lowest|fastest/slowest|oldest/newest|first/last|most/least popular|
shortest/longest|heaviest/lightest|hottest/coldest|safest/most dangerous`)
const KINDS_OF = words('hotel|city|planet|laptop|processor|mountain|bridge|bank|university|airline|volcano')
const SETS =
  words(`red/green/purple|breakfast/lunch/dinner|spring/autumn/winter|north/south/west|left/right|morning/evening|cats/dogs/horses|
coffee/tea/juice|beef/chicken/tofu|guitar/piano/violin|physics/chemistry/biology|football/tennis/cricket|Windows/macOS/Linux|Android/iOS|
JSON/XML/CSV|PDF/DOCX|MySQL/PostgreSQL/SQLite|Chrome/Firefox/Safari|AWS/Azure/GCP|husband/wife|daily/weekly/monthly|yesterday/today/tomorrow|
plus/minus|sine/cosine|iron/copper/zinc|knee/shoulder/elbow|psalm/sonnet/haiku|baritone/soprano|cello/oboe|granite/marble`)

/** Kinds of minimal pairs: each returns two texts that ask for different things. */
const KINDS = {
  negation: (pick) =>
    pick([
      () => [`Can I ${pick.as('t', TASKS)} on the ${pick.as('th', THINGS)}?`, `Can I not ${pick.as('t')} on the ${pick.as('th')}?`],
      () => [`Does ${pick.as('s', SUBJECTS)} ${pick.as('v', VERBS)} in winter?`, `Why does ${pick.as('s')} not ${pick.as('v')} in winter?`],
      () => [`Which ${pick.as('k', KINDS_OF)}s are ${pick.as('a', ADJECTIVES)}?`, `Which ${pick.as('k')}s are not ${pick.as('a')}?`],
      () => [`How do I ${pick.as('t', TASKS)} with a ${pick.as('th', THINGS)}?`, `How do I ${pick.as('t')} without a ${pick.as('th')}?`],
      () => [`Should I ${pick.as('t', TASKS)} first?`, `Shouldn't I ${pick.as('t')} first?`],
      () => [
        `Is it ${pick.as('a', ['legal', 'possible', 'reversible', 'usual', 'safe', 'reliable', 'stable', 'necessary', 'healthy', 'fair'])} to ${pick.as('t', TASKS)}?`,
        `Is it ${{ legal: 'il', possible: 'im', reversible: 'ir' }[pick.as('a')] ?? 'un'}${pick.as('a')} to ${pick.as('t')}?`,
      ],
      () => [`Explain why ${pick.as('s', SUBJECTS)} is ${pick.as('a', ADJECTIVES)}`, `Explain why ${pick.as('s')} isn't ${pick.as('a')}`],
      () => [
        `List every ${pick.as('k', KINDS_OF)} in ${pick.as('c', COUNTRIES)}`,
        `List every ${pick.as('k')} except those in ${pick.as('c')}`,
      ],
      () => [`What happens if I ${pick.as('t', TASKS)}?`, `What happens if I never ${pick.as('t')}?`],
    ])(),
  numbers: (pick) =>
    pick([
      () => two(pick, (n) => `What are the top ${n} ${pick.as('k', KINDS_OF)}s in ${pick.as('p', PLACES)}?`, number),
      () => two(pick, (n) => `Give me ${n} tips to ${pick.as('t', TASKS)}`, number),
      () => two(pick, (n) => `What is the square root of ${n}?`, number),
      () => two(pick, (n) => `Write a poem about ${pick.as('s', SUBJECTS)} in ${n} lines`, spelled, asFigure),
      () => two(pick, (n) => `Who was the ${n} president of ${pick.as('c', COUNTRIES)}?`, ordinal),
      () => two(pick, (n) => `How do I split a bill among ${n} people?`, spelled, asFigure),
      () => two(pick, (n) => `What is ${n} % of ${pick.as('m', [80, 250, 1200, 64])}?`, number),
      () => two(pick, (n) => `Is ${n}k followers a lot for a ${pick.as('k', KINDS_OF)}?`, number),
    ])(),
  units: (pick) => {
    const [a, b] = pick.some(2, UNITS)
    return pick([
      () => [
        `Convert ${pick.as('n', [3, 12, 40, 150, 2.5])} ${a} to the metric system`,
        `Convert ${pick.as('n')} ${b} to the metric system`,
      ],
      () => [
        `Is ${pick.as('n', [3, 12, 40, 150])} ${a} too much for a ${pick.as('k', KINDS_OF)}?`,
        `Is ${pick.as('n')} ${b} too much for a ${pick.as('k')}?`,
      ],
      () => [`What is ${pick.as('n', [3, 12, 40])}${a} in everyday terms?`, `What is ${pick.as('n')}${b} in everyday terms?`],
    ])()
  },
  dates: (pick) =>
    pick([
      () => two(pick, (d) => `What happened on ${d}?`, date),
      () =>
        two(
          pick,
          (d) => `Is the ${pick.as('k', KINDS_OF)} open on ${d}?`,
          () => pick(DAYS),
        ),
      () =>
        two(
          pick,
          (d) => `What is the weather like in ${pick.as('p', PLACES)} in ${d}?`,
          () => pick(MONTHS),
        ),
      () =>
        two(
          pick,
          (d) => `Can I ${pick.as('t', TASKS)} at ${d}?`,
          (p) => `${p([1, 2, 3, 5, 7, 9, 11])}${p([':15', ':30', ''])} ${p(['am', 'pm'])}`,
        ),
      () =>
        two(
          pick,
          (d) => `Best albums of ${d} by artists from ${pick.as('c', COUNTRIES)}`,
          () => String(1950 + pick.below(75)),
        ),
      () =>
        two(
          pick,
          (d) => `Opening hours of the ${pick.as('k', KINDS_OF)} ${d}`,
          () => pick(['today', 'tomorrow', 'next week', 'this week', 'next month']),
        ),
    ])(),
  money: (pick) =>
    pick([
      () =>
        two(
          pick,
          (m) => `What laptop can I get for ${m}?`,
          (p) => `$${p([300, 500, 900, 1500, '2,000'])}`,
        ),
      () =>
        two(
          pick,
          (m) => `Is ${m} a good price for a ${pick.as('k', KINDS_OF)}?`,
          (p) => `${pick.as('n', [40, 75, 120])} ${p(CURRENCIES)}`,
        ),
      () =>
        two(
          pick,
          (m) => `How should I invest ${m}?`,
          (p) => `${p(['€', '£', '$'])}${p([5, 10, 25])}${p(['k', 'm'])}`,
        ),
      () =>
        two(
          pick,
          (c) => `What is the fee for a transfer in ${c} to ${pick.as('p', PLACES)}?`,
          (p) => p(CURRENCIES),
        ),
    ])(),
  names: (pick) =>
    pick([
      () =>
        two(
          pick,
          (n) => `When was ${n} born and where did they work?`,
          (p) => p(PEOPLE),
        ),
      () =>
        two(
          pick,
          (n) => `What is the population of ${n}?`,
          (p) => p(PLACES),
        ),
      () =>
        two(
          pick,
          (n) => `what is the capital of ${n.toLowerCase()}`,
          (p) => p(COUNTRIES),
        ),
      () =>
        two(
          pick,
          (n) => `How do I ${pick.as('t', TASKS)} with ${n}?`,
          (p) => p(PRODUCTS),
        ),
      () =>
        two(
          pick,
          (n) => `best things to do in ${n.toLowerCase()} with kids`,
          (p) => p(PLACES),
        ),
      () =>
        two(
          pick,
          (n) => `Summarise the main works of ${n}`,
          (p) => p(PEOPLE),
        ),
    ])(),
  direction: (pick) => {
    const exchanged = (from, make) => {
      const [a, b] = pick.some(2, from)
      return [make(a, b), make(b, a)]
    }
    return pick([
      () => exchanged(PLACES, (a, b) => `How long is the train from ${a} to ${b}?`),
      () => exchanged(CURRENCIES, (a, b) => `Convert ${pick.as('n', [10, 55, 200])} ${a} to ${b}`),
      () => exchanged(LANGUAGES, (a, b) => `Translate this menu from ${a} into ${b}`),
      () => exchanged(PRODUCTS, (a, b) => `How do I migrate from ${a} to ${b}?`),
      () => exchanged(PRODUCTS, (a, b) => `Why is ${a} better than ${b}?`),
      () => exchanged(CODE_LANGUAGES, (a, b) => `Rewrite this ${a} function in ${b}`),
      () => exchanged(COUNTRIES, (a, b) => `When did ${a} invade ${b}?`),
      () => exchanged(PEOPLE, (a, b) => `What did ${a} think about ${b}?`),
      () => exchanged(SUBJECTS, (a, b) => `Should I choose ${a} instead of ${b}?`),
      () => exchanged(KINDS_OF, (a, b) => `How do I walk from the ${a} to the ${b}?`),
      () => exchanged(UNITS.slice(0, 4), (a, b) => `formula for ${a} to ${b}`),
    ])()
  },
  antonyms: (pick) =>
    pick([
      () => pair(pick, OPPOSITES, (w) => `How do I ${w} ${pick.as('o', OBJECTS)}?`),
      () => pair(pick, OPPOSITES, (w) => `what should i check when i ${w} ${pick.as('o', OBJECTS)}`),
      () => pair(pick, QUALITIES, (w) => `What is the ${w} ${pick.as('k', KINDS_OF)} in ${pick.as('c', COUNTRIES)}?`),
      () => pair(pick, QUALITIES, (w) => `name the ${w} ${pick.as('k', KINDS_OF)} of all`),
    ])(),
  siblings: (pick) =>
    pick([
      () => pair(pick, SETS, (w) => `Write a short story about ${w} for children`),
      () => pair(pick, SETS, (w) => `What should I know about ${w} as a beginner?`),
      () => pair(pick, SETS, (w) => `is ${w} better for ${pick.as('s', SUBJECTS)}`),
    ])(),
  versions: (pick) => {
    const version = (p) => `${p(['', 'v'])}${p.below(9) + 1}.${p.below(12)}${p(['', `.${p.below(9)}`])}`
    return pick([
      () =>
        two(
          pick,
          (v) => `What is new in ${pick.as('p', PRODUCTS)} ${v}?`,
          version,
          (text) => text.replace('v', ''),
        ),
      () =>
        two(
          pick,
          (v) => `How do I upgrade ${pick.as('p', PRODUCTS)} to ${v}?`,
          version,
          (text) => text.replace('v', ''),
        ),
      () =>
        two(
          pick,
          (v) => `Is Python ${v} still supported?`,
          (p) => `3.${p.below(14)}`,
        ),
      () =>
        two(
          pick,
          (m) => `How large is the context window of ${m}?`,
          (p) => p(['gpt-4', 'gpt-5', 'gpt-3.5', 'claude-3', 'claude-4', 'llama-3', 'o3', 'o4']),
        ),
    ])()
  },
  languages: (pick) =>
    pick([
      () =>
        two(
          pick,
          (l) => `Translate "good evening" to ${l}`,
          (p) => p(LANGUAGES),
        ),
      () =>
        two(
          pick,
          (l) => `How do I say thank you in ${l.toLowerCase()}`,
          (p) => p(LANGUAGES),
        ),
      () =>
        two(
          pick,
          (l) => `Write a function that reverses a list in ${l}`,
          (p) => p(CODE_LANGUAGES),
        ),
      () =>
        two(
          pick,
          (l) => `how do i read a file line by line in ${l.toLowerCase()}`,
          (p) => p(CODE_LANGUAGES),
        ),
    ])(),
  tiers: (pick) =>
    pick([
      () =>
        two(
          pick,
          (t) => `What does the ${t} plan include?`,
          (p) => p(TIERS),
        ),
      () =>
        two(
          pick,
          (t) => `How many seats are in the ${t} tier of ${pick.as('p', PRODUCTS)}?`,
          (p) => p(TIERS),
        ),
      () =>
        two(
          pick,
          (t) => `Can ${t} users ${pick.as('t', TASKS)}?`,
          (p) => p(TIERS),
        ),
    ])(),
  code: (pick) =>
    pick([
      () =>
        two(
          pick,
          (f) => `What does \`${f}\` do?`,
          (p) => p(FUNCTIONS),
        ),
      () =>
        two(
          pick,
          (f) => `Why does \`${f}\` fail with a timeout?`,
          (p) => p(FUNCTIONS),
        ),
      () =>
        two(
          pick,
          (f) => `Explain this:\n\`\`\`\n${pick.as('f', FUNCTIONS)}(${f})\n\`\`\``,
          (p) => p(['a, b', 'b, a', '0', '1', 'x ?? y', 'x || y', '!ok', 'ok']),
        ),
    ])(),
  quotes: (pick) =>
    pick([
      () =>
        two(
          pick,
          (q) => `What does "${q}" mean?`,
          (p) => p(PROVERBS),
        ),
      () =>
        two(
          pick,
          (q) => `Where does the saying '${q}' come from?`,
          (p) => p(PROVERBS),
        ),
    ])(),
  identifiers: (pick) => {
    const hex = (p, length) => Array.from({ length }, () => '0123456789abcdef'[p.below(16)]).join('')
    return pick([
      () =>
        two(
          pick,
          (id) => `What is the status of order ${id}?`,
          (p) => `ORD-${10_000 + p.below(90_000)}`,
        ),
      () =>
        two(
          pick,
          (id) => `Summarise ticket ${id} for me`,
          (p) => `${p(['OPS', 'WEB', 'API'])}-${100 + p.below(900)}`,
        ),
      () =>
        two(
          pick,
          (id) => `Who owns ${id}?`,
          (p) => `${p(['sam', 'kim', 'lee', 'ana'])}${p.below(99)}@example.com`,
        ),
      () =>
        two(
          pick,
          (id) => `What is in ${id}?`,
          (p) => `/etc/${p(['hosts', 'fstab', 'passwd', 'nginx'])}/${p(['conf', 'main', 'local'])}.cfg`,
        ),
      () =>
        two(
          pick,
          (id) => `Summarise https://example.org/${id}`,
          (p) => `${p(['a', 'b', 'blog', 'docs'])}/${p.below(500)}`,
        ),
      () =>
        two(
          pick,
          (id) => `Which job has the id ${id}?`,
          (p) => `${hex(p, 8)}-${hex(p, 4)}-4${hex(p, 3)}-a${hex(p, 3)}-${hex(p, 12)}`,
        ),
    ])()
  },
  questions: (pick) =>
    pick([
      () =>
        two(
          pick,
          (w) => `${w} was ${pick.as('p', PEOPLE)} born?`,
          (p) => p(['Where', 'When', 'Why']),
        ),
      () =>
        two(
          pick,
          (w) => `${w} should I ${pick.as('t', TASKS)}?`,
          (p) => p(['When', 'Where', 'Why', 'How often']),
        ),
      () =>
        two(
          pick,
          (w) => `How ${w} do I need for ${pick.as('o', OBJECTS)}?`,
          (p) => p(['many', 'much', 'long', 'often']),
        ),
    ])(),
}

const REQUESTS = [
  ...TASKS.map((task) => `How do I ${task}?`),
  ...TASKS.map((task) => `What is the best way to ${task}?`),
  ...TASKS.map((task) => `Can you explain how to ${task}?`),
  ...PLACES.map((place) => `What is there to see in ${place}?`),
  ...PEOPLE.map((name) => `What is ${name} known for?`),
  ...PRODUCTS.map((name) => `What is ${name} used for in a small company?`),
]
const SPELLINGS = words(
  'colour/color|organise/organize|favourite/favorite|centre/center|behaviour/behavior|optimise/optimize|catalogue/catalog|cancelled/canceled|travelling/traveling',
)
const NEAR = words(`buy/purchase|fix/repair|quick/fast|start/begin|phone/telephone|error/mistake|picture/image|choose/pick|big/large|
film/movie|holiday/vacation|car/automobile|help/assist|job/occupation|gift/present|simple/easy`)

/** Kinds of paraphrases: each returns two texts that ask for the same. */
const SAME = {
  politeness: (pick) => {
    const text = pick(REQUESTS)
    const bare = text[0].toLowerCase() + text.slice(1)
    return pick([
      () => [text, `Hi, ${bare} Thanks!`],
      () => [text, `Please help: ${bare}`],
      () => [text, `Hello! ${text} Thank you in advance.`],
      () => [text, `Sorry to bother you, but ${bare}`],
      () => [text, `Hey there, quick question: ${bare}`],
      () => [text, `${text} No rush, thanks.`],
    ])()
  },
  contractions: (pick) =>
    pick([
      () => [`What is the plural of ${pick.as('k', KINDS_OF)}?`, `What's the plural of ${pick.as('k')}?`],
      () => [`I cannot ${pick.as('t', TASKS)}, what should I do?`, `I can't ${pick.as('t')}, what should I do?`],
      () => [`Why does it not let me ${pick.as('t', TASKS)}?`, `Why doesn't it let me ${pick.as('t')}?`],
      () => [`It is not possible to ${pick.as('t', TASKS)}, why?`, `It isnt possible to ${pick.as('t')}, why?`],
      () => [`I would like to ${pick.as('t', TASKS)}, where do I start?`, `I'd like to ${pick.as('t')}, where do I start?`],
    ])(),
  order: (pick) =>
    pick([
      () => [`In ${pick.as('p', PLACES)}, where can I ${pick.as('t', TASKS)}?`, `Where can I ${pick.as('t')} in ${pick.as('p')}?`],
      () => [`On the ${pick.as('th', THINGS)}, how do I ${pick.as('t', TASKS)}?`, `How do I ${pick.as('t')} on the ${pick.as('th')}?`],
      () => {
        const [a, b] = pick.some(2, PRODUCTS)
        return [`What is the difference between ${a} and ${b}?`, `What is the difference between ${b} and ${a}?`]
      },
      () => {
        const [a, b] = pick.some(2, SUBJECTS)
        return [`Compare ${a} and ${b} for a beginner`, `For a beginner, compare ${b} and ${a}`]
      },
      () => [`${pick.as('k', KINDS_OF)} prices in ${pick.as('p', PLACES)}`, `prices of a ${pick.as('k')} in ${pick.as('p')}`],
    ])(),
  numbers: (pick) => {
    const value = 2 + pick.below(97)
    return pick([
      () => [`Give me ${value} tips to ${pick.as('t', TASKS)}`, `Give me ${inWords(value)} tips to ${pick.as('t')}`],
      () => [
        `How do I earn ${value}k a year with a ${pick.as('k', KINDS_OF)}?`,
        `How do I earn ${value},000 a year with a ${pick.as('k')}?`,
      ],
      () => [`Is $${value} a fair price for a ${pick.as('k', KINDS_OF)}?`, `Is ${value} dollars a fair price for a ${pick.as('k')}?`],
      () => [`Can I lift ${value} kg after surgery?`, `Can I lift ${value} kilograms after surgery?`],
      () => [`Is a flight of ${value} hours bad for the knees?`, `Is a flight of ${value * 60} minutes bad for the knees?`],
      () => [
        `What is ${value}% of the population of ${pick.as('c', COUNTRIES)}?`,
        `What is ${value} percent of the population of ${pick.as('c')}?`,
      ],
      () => [
        `What happened on ${pick.as('m', MONTHS)} ${(value % 28) + 1}, 1969?`,
        `What happened on the ${(value % 28) + 1}${suffix((value % 28) + 1)} of ${pick.as('m')} 1969?`,
      ],
      () => [`How do I boil an egg in ${(value % 9) + 3} minutes?`, `how do I boil an egg in ${inWords((value % 9) + 3)} minutes`],
    ])()
  },
  spelling: (pick) => {
    const [a, b] = pick(SPELLINGS).split('/')
    return pick([
      () => [`What does ${a} mean in the context of ${pick.as('s', SUBJECTS)}?`, `What does ${b} mean in the context of ${pick.as('s')}?`],
      () => [`Use ${a} in a sentence about ${pick.as('s', SUBJECTS)}`, `use ${b} in a sentence about ${pick.as('s')}.`],
      () => {
        const text = pick(REQUESTS)
        return pick([
          () => [text, text.toLowerCase().replace('?', '')],
          () => [text, text.toUpperCase()],
          () => [text, `${text}??`],
          () => [text, text.replace(' ', '  ')],
        ])()
      },
    ])()
  },
  synonyms: (pick) => {
    const [a, b] = pick(NEAR).split('/')
    return pick([
      () => [
        `Where can I find a ${a} ${pick.as('k', KINDS_OF)} in ${pick.as('p', PLACES)}?`,
        `Where can I find a ${b} ${pick.as('k')} in ${pick.as('p')}?`,
      ],
      () => [`Tell me about ${a} and ${pick.as('s', SUBJECTS)}`, `Tell me about ${b} and ${pick.as('s')}`],
      () => [`How do I ${pick.as('t', TASKS)}?`, `What are the steps to ${pick.as('t')}?`],
      () => [`How do I ${pick.as('t', TASKS)}?`, `I don't know how to ${pick.as('t')}`],
      () => [`How do I turn on ${pick.as('o', OBJECTS)}?`, `How do I enable ${pick.as('o')}?`],
      () => [`How do I turn ${pick.as('o', OBJECTS)} off?`, `how can I switch off ${pick.as('o')}`],
    ])()
  },
}

/** Different texts with different answers: `[{ kind, texts: [a, b] }]`, each pair once, as many of each kind as its words allow up to `each`. */
export function minimalPairs(seed = 1, each = 150) {
  return generate(KINDS, seed, each)
}

/** Different texts with one answer. */
export function paraphrases(seed = 1, each = 200) {
  return generate(SAME, seed, each)
}

function generate(kinds, seed, each) {
  const random = createRandom(seed)
  const seen = new Set()
  return Object.entries(kinds).flatMap(([kind, make]) => {
    const found = []
    for (let attempt = 0; attempt < each * 20 && found.length < each; attempt++) {
      const texts = make(picker(random))
      const id = texts.join('\n')
      if (texts[0] === texts[1] || seen.has(id)) continue
      seen.add(id)
      found.push({ kind, texts })
    }
    return found
  })
}

/** `pick(list)` draws anew; `pick.as(name, list)` draws once a pair and then remembers. */
function picker(random) {
  const below = (bound) => Math.floor(random() * bound)
  const kept = new Map()
  const pick = (list) => list[below(list.length)]
  return Object.assign(pick, {
    below,
    as(name, list) {
      if (!kept.has(name)) kept.set(name, pick(list))
      return kept.get(name)
    },
    some(count, list) {
      const rest = [...list]
      return Array.from({ length: count }, () => rest.splice(below(rest.length), 1)[0])
    },
  })
}

/** One template with two different fillings; what `meaning` makes equal is no difference. */
function two(pick, make, filling, meaning = (text) => text) {
  const first = filling(pick)
  for (let attempt = 0; attempt < 50; attempt++) {
    const second = filling(pick)
    if (meaning(second) !== meaning(first)) return [make(first), make(second)]
  }
  return [make(first), make(first)]
}

function pair(pick, groups, make) {
  const [a, b] = pick.some(2, pick(groups).split('/'))
  return [make(a), make(b)]
}

function number(pick) {
  return String(2 + pick.below(pick([20, 100, 1000])))
}

function spelled(pick) {
  const value = 2 + pick.below(40)
  return pick([String(value), inWords(value)])
}

function asFigure(text) {
  return Number.isNaN(Number(text)) ? String(Array.from({ length: 100 }, (_, value) => inWords(value)).indexOf(text)) : text
}

function ordinal(pick) {
  const value = 1 + pick.below(30)
  return `${value}${suffix(value)}`
}

function suffix(value) {
  return value > 10 && value < 20 ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th')
}

function date(pick) {
  const [year, month, day] = [1950 + pick.below(75), pick.below(12), 1 + pick.below(28)]
  return pick([
    `${year}-${String(month + 1).padStart(2, '0')}-${String(day).padStart(2, '0')}`,
    `${MONTHS[month]} ${day}, ${year}`,
    `${day} ${MONTHS[month]} ${year}`,
    `the ${day}${suffix(day)} of ${MONTHS[month]}`,
  ])
}

function inWords(value) {
  const small =
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
      ' ',
    )
  const tens = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
  if (value < 20) return small[value]
  return value % 10 === 0 ? tens[value / 10 - 2] : `${tens[Math.floor(value / 10) - 2]}-${small[value % 10]}`
}

function words(text) {
  return text.replaceAll('\n', '').split('|')
}
