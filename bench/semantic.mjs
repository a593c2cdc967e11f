// The decision policies of the semantic layer on streams of labelled questions: hits, wrong answers, and whether bounds are kept.
// See findings.md for the method.
//
//   npm run bench:semantic -- --data=<folder> [--set=banking77,clinc150,hwu64,qqp] [--embedder=hash,use]
//     [--policy=adaptive,vcache,static] [--part=bounds,noise,drift,pairs,templates,cost] [--seeds=5] [--first-seed=1] [--out=<folder>] [--cache=<folder>] [--quick]
//
// --data: the labelled sets, read only. The prior for a set is trained on the other CC BY sets, never on QQP; pairs and templates use the
// shipped one. --out: where precision-hit-ratio curves go, as SVG. --cache: where tables of neighbours are kept between runs, for they take
// minutes to make. --quick: one set, one seed, fewer of everything. The last line is `RESULT {json}`. Ends with 0 whatever the numbers are.

import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { table } from './lib/rounds.mjs'
import { createHashEmbedder, SHIPPED_PRIOR } from './lib/semantic-core.mjs'
import { crossings, decisionCost, loopDelay, refitSlices } from './lib/semantic-cost.mjs'
import { precisionCurves } from './lib/semantic-curves.mjs'
import { loadSet, SET_NAMES, TRAINING_SETS } from './lib/semantic-data.mjs'
import { judgePairs } from './lib/semantic-pairs.mjs'
import { adaptive, BOUNDS, bestInHindsight, mean, nameOfBound, round, staticRuns, summary, vcache } from './lib/semantic-policies.mjs'
import { trainPrior } from './lib/semantic-prior.mjs'
import { prepareSet } from './lib/semantic-sets.mjs'
import { compareWithTargets } from './lib/semantic-targets.mjs'
import { templatedSet } from './lib/semantic-templates.mjs'

const PARTS = ['bounds', 'noise', 'drift', 'pairs', 'templates', 'cost']
const { values: args } = parseArgs({
  options: {
    data: { type: 'string' },
    set: { type: 'string' },
    embedder: { type: 'string', default: 'hash' },
    policy: { type: 'string', default: 'adaptive,vcache,static' },
    part: { type: 'string' },
    seeds: { type: 'string', default: '5' },
    'first-seed': { type: 'string', default: '1' },
    out: { type: 'string' },
    cache: { type: 'string', default: join(tmpdir(), 'llm-cache-bench') },
    quick: { type: 'boolean', default: false },
  },
})
if (!args.data) throw new Error('--data=<folder> is needed')
const setNames = chosen('set', args.set ?? (args.quick ? 'banking77' : SET_NAMES.join()), SET_NAMES)
const policies = chosen('policy', args.policy, ['adaptive', 'vcache', 'static'])
const parts = chosen('part', args.part ?? PARTS.join(), PARTS)
const embedders = await openEmbedders(chosen('embedder', args.embedder, ['hash', 'use']))
const seeds = Array.from({ length: args.quick ? 1 : Number(args.seeds) }, (_, index) => index + Number(args['first-seed']))
const STRICT = { basis: 'requests', maxErrorRate: 0.01, z: 2 }
const DEFAULT = { basis: 'hits', maxErrorRate: 0.02, z: 2 }

const prepared = new Map()
const priors = new Map()
const result = {
  bench: 'semantic',
  seeds: seeds.length,
  cells: [],
  hindsight: [],
  noise: [],
  drift: [],
  pairs: [],
  templates: [],
  cost: {},
}

for (const [name, embedder] of embedders) {
  if (parts.includes('bounds')) for (const set of setNames) await boundsOf(name, embedder, set)
}
if (parts.includes('noise')) await noise()
if (parts.includes('drift')) await drift()
if (parts.includes('pairs')) await pairs()
if (parts.includes('templates')) templates()
if (parts.includes('cost')) await cost()
for (const [, embedder] of embedders) await embedder.close?.()
result.targets = compareWithTargets(result)
console.log('\nTargets\n')
console.log(
  table([
    ['target', 'wanted', 'measured', 'met'],
    ...result.targets.map(({ name, wanted, measured, met }) => [name, wanted, measured, met]),
  ]),
)
console.log(`\nRESULT ${JSON.stringify(result)}`)

async function boundsOf(name, embedder, setName) {
  const set = await setOf(setName, name, embedder)
  const prior = await priorWithout(setName)
  console.log(`\n${set.title}, embedder ${embedder.id}, ${seeds.length} seeds: % of requests, mean (least..most)\n`)
  const rows = [
    [
      'policy',
      'bound',
      'z',
      'hits',
      '95 % of the least',
      'wrong',
      'wrong of hits',
      '95 % of the worst',
      'hits 1st/2nd half',
      'wrong 1st/2nd half',
      'held',
      'judged a miss',
    ],
  ]
  const add = (policy, bound, runs, more = {}) => {
    const cell = { embedder: name, set: setName, policy, ...bound, ...summary(runs, bound), ...more }
    result.cells.push(cell)
    rows.push(rowOf(cell))
  }
  for (const bound of policies.includes('adaptive') ? BOUNDS : []) {
    add(
      'adaptive',
      bound,
      seeds.map((seed) => adaptive(set, prior, seed, bound)),
    )
  }
  for (const bound of policies.includes('vcache') ? BOUNDS.filter(({ basis, z }) => basis === 'requests' && z === 2) : []) {
    add(
      'vcache',
      { ...bound, z: undefined },
      seeds.map((seed) => vcache(set, seed, bound)),
    )
  }
  const statics = policies.includes('static') ? seeds.map((seed) => staticRuns(set, seed)) : []
  for (const bound of statics.length > 0 ? BOUNDS.filter(({ z }) => z === 2) : []) {
    const best = statics.map((runs) => bestInHindsight(runs, bound))
    add('static, best in hindsight', { ...bound, z: undefined }, best, { thresholds: best.map(({ threshold }) => threshold) })
  }
  console.log(table(rows))
  if (args.out) draw(name, set, setName, statics)
}

function rowOf(cell) {
  return [
    cell.policy,
    nameOfBound(cell),
    cell.z ?? '',
    shown(cell.hits),
    `${cell.hitsInterval.low}..${cell.hitsInterval.high}`,
    shown(cell.wrong),
    shown(cell.wrongOfHits),
    `${cell.interval.low}..${cell.interval.high}`,
    `${cell.firstHits.mean} / ${cell.secondHits.mean}`,
    `${cell.firstWrong.mean} / ${cell.secondWrong.mean}`,
    `${cell.held} of ${cell.seeds}`,
    round(cell.judgedPerMiss),
  ]
}

function draw(name, set, setName, statics) {
  const pointOf = ({ hits, wrong }) => ({ hits: hits.mean / 100, precision: hits.mean === 0 ? 1 : 1 - wrong.mean / hits.mean })
  const cells = result.cells.filter((cell) => cell.set === setName && cell.embedder === name)
  const of = (policy, z) => cells.filter((cell) => cell.policy === policy && cell.z === z).map(pointOf)
  const thresholds = (statics[0] ?? []).map((_, at) => statics.map((runs) => runs[at]))
  const fixed = thresholds.map((runs) => ({
    hits: mean(runs.map(({ hits, requests }) => hits / requests)),
    precision: 1 - mean(runs.map(({ hits, wrong }) => (hits === 0 ? 0 : wrong / hits))),
  }))
  mkdirSync(args.out, { recursive: true })
  const picture = precisionCurves(`${set.title}, ${name}`, [
    { name: 'static threshold', points: fixed, line: true },
    { name: 'adaptive, strict', points: of('adaptive', 2), line: false },
    { name: 'adaptive, balanced', points: of('adaptive', 1), line: false },
    { name: 'vCache', points: of('vcache', undefined), line: false },
  ])
  writeFileSync(join(args.out, `${setName}-${name}.svg`), picture)
}

async function noise() {
  console.log('\nJudges that err: 2 % of different answers called the same, 5 % of equal ones called different; 1 % of requests, strict\n')
  const rows = [['set', 'hits', 'wrong', 'held', 'hits without noise', 'share of hits kept']]
  await eachSet(({ set, prior, setName }) => {
    const runs = seeds.map((seed) => adaptive(set, prior, seed, STRICT, { noise: { equal: 0.02, different: 0.05 } }))
    const clean = result.cells.find((cell) => cell.set === setName && cell.embedder === embedders[0][0] && isStrict(cell)) ?? {
      ...summary(
        seeds.map((seed) => adaptive(set, prior, seed, STRICT)),
        STRICT,
      ),
    }
    const cell = { set: setName, ...summary(runs, STRICT), without: clean.hits }
    result.noise.push(cell)
    rows.push([
      set.title,
      shown(cell.hits),
      shown(cell.wrong),
      `${cell.held} of ${cell.seeds}`,
      clean.hits.mean,
      round(cell.hits.mean / clean.hits.mean),
    ])
  })
  console.log(table(rows))
}

/** Half-way each intent gets another one's answer; entries are gone after a quarter of the stream, as where they have a lifetime. */
async function drift() {
  console.log('\nDrift: half-way each intent gets the answer of another; 2 % of hits, strict; entries live for a quarter of the stream\n')
  const rows = [['set', 'wrong', '2nd quarter: hits (wrong)', 'first 500 after', 'to 3/4', '4th quarter', 'state at the end']]
  await eachSet(({ set, prior, setName }) => {
    const labels = [...new Set(set.prompts.map(({ label }) => label))].sort()
    const next = new Map(labels.map((label, at) => [label, labels[(at + 1) % labels.length]]))
    const labelOf = ({ label }, place) => (place < 0.5 ? label : next.get(label))
    const runs = seeds.map((seed) => adaptive(set, prior, seed, DEFAULT, { labelOf, lifetime: 2250 }))
    const within = (from, to) => {
      const parts = runs.map(({ reach, requests }) => {
        const [a, b] = [from, to].map((share) => reach[Math.round((share * requests) / 500) - 1] ?? [0, 0])
        const count = (to - from) * requests
        return [(100 * (b[0] - a[0])) / count, (100 * (b[1] - a[1])) / count]
      })
      return { hits: round(mean(parts.map(([hits]) => hits))), wrong: round(mean(parts.map(([, wrong]) => wrong))) }
    }
    const after = 0.5 + 500 / runs[0].requests
    const cell = {
      set: setName,
      ...summary(runs, DEFAULT),
      before: within(0.25, 0.5),
      after: within(0.5, after),
      third: within(after, 0.75),
      fourth: within(0.75, 1),
      states: runs.map(({ state }) => state.paused ?? 'serving'),
    }
    result.drift.push(cell)
    const told = ({ hits, wrong }) => `${hits} (${wrong})`
    rows.push([
      set.title,
      shown(cell.wrong),
      told(cell.before),
      told(cell.after),
      told(cell.third),
      told(cell.fourth),
      cell.states.join(', '),
    ])
  })
  console.log(table(rows))
}

async function pairs() {
  const embedder = createHashEmbedder()
  console.log('\nMinimal pairs and paraphrases, hash embedder, shipped prior, after a stream of each set; would be served, strict\n')
  const rows = [
    ['learnt on', 'bound', 'minimal pairs', 'at cosine 0.85+', 'of these served', 'of all served', 'paraphrases', 'served', 'vetoed'],
  ]
  for (const setName of setNames) {
    const set = await setOf(setName, 'hash', embedder)
    for (const bound of [DEFAULT, STRICT]) {
      const { minimal, same } = judgePairs(set, embedder, SHIPPED_PRIOR, bound, 1, args.quick ? 30 : 150)
      result.pairs.push({ set: setName, ...bound, minimal, same })
      rows.push([
        set.title,
        nameOfBound(bound),
        minimal.pairs,
        minimal.alike,
        share(minimal.alikeServed, minimal.alike),
        share(minimal.served, minimal.pairs),
        same.pairs,
        share(same.served, same.pairs),
        share(same.vetoed, same.pairs),
      ])
    }
  }
  console.log(table(rows))
}

function templates() {
  const embedder = createHashEmbedder()
  console.log('\nTemplates with payloads, each payload a question of Banking77, hash embedder, shipped prior, strict\n')
  const rows = [['bound', 'hits', 'wrong of hits', 'precision']]
  for (const bound of [DEFAULT, STRICT]) {
    const runs = seeds.map((seed) =>
      adaptive(templatedSet(args.data, 'banking77', embedder, args.quick ? 2000 : 6000, seed), SHIPPED_PRIOR, seed, bound),
    )
    const cell = { ...bound, ...summary(runs, bound) }
    result.templates.push(cell)
    rows.push([nameOfBound(bound), shown(cell.hits), shown(cell.wrongOfHits), `${round(100 - cell.wrongOfHits.mean)} %`])
  }
  console.log(table(rows))
}

async function cost() {
  const embedder = createHashEmbedder()
  const texts = SET_NAMES.flatMap((name) => loadSet(args.data, name).map(({ text }) => text))
  const sizes = args.quick ? [10_000] : [10_000, 100_000]
  const rows = [['entries', 'search us', 'compare and decide us', 'all us, median (p99)', 'CPU us', 'bytes an entry in the index']]
  for (const size of sizes) {
    const { search, rest, total, cpu, bytes } = await decisionCost(texts, embedder, SHIPPED_PRIOR, size, args.quick ? 1000 : 4000)
    result.cost[size] = { search, rest, total, cpu, bytes }
    rows.push([size, search.median, rest.median, `${total.median} (${total.p99})`, cpu, bytes])
  }
  console.log('\nA decision, embedding apart, hash embedder of 1024 dimensions\n')
  console.log(table(rows))
  result.cost.refit = refitSlices(SHIPPED_PRIOR)
  const { slices, p99, longest, whole } = result.cost.refit
  console.log(`\nLearning from 6,000 labels: ${slices} slices, p99 ${p99} ms, longest ${longest} ms of CPU; ${round(whole)} ms in all`)
  result.cost.loop = await loopDelay(SHIPPED_PRIOR, args.quick ? 3 : 9)
  const late = ({ p99, longest: most }) => `p99 ${p99}, longest ${most}`
  console.log(`Timers late by ms: ${late(result.cost.loop.learning)}; where nobody learns: ${late(result.cost.loop.idle)}`)
  result.cost.namespaces = crossings(args.quick ? 50_000 : 1_000_000)
  const { lookups, found, crossed } = result.cost.namespaces
  console.log(`${lookups} random lookups in 200 namespaces that hold the same vectors: ${found} found, ${crossed} of another namespace`)
}

async function eachSet(run) {
  const [name, embedder] = embedders[0]
  for (const setName of setNames) run({ setName, set: await setOf(setName, name, embedder), prior: await priorWithout(setName) })
}

async function setOf(setName, name, embedder) {
  const id = `${setName} ${name}`
  if (!prepared.has(id)) prepared.set(id, await prepareSet(args.data, setName, embedder, args.cache))
  return prepared.get(id)
}

/** As shipped, by the hash embedder, but without the set that it is tested on. */
async function priorWithout(setName) {
  if (!priors.has(setName)) {
    const others = []
    for (const name of TRAINING_SETS) if (name !== setName) others.push(await setOf(name, 'hash', createHashEmbedder()))
    priors.set(setName, trainPrior(others))
  }
  return priors.get(setName)
}

async function openEmbedders(names) {
  const open = []
  for (const name of names) {
    if (name === 'hash') open.push([name, createHashEmbedder()])
    else {
      try {
        const { useEmbedder } = await import('../packages/embedder-use/dist/index.js')
        open.push([name, useEmbedder()])
      } catch (error) {
        console.log(`the embedder ${name} is left out: ${error.code ?? error.message}`)
      }
    }
  }
  return open
}

function isStrict({ policy, basis, maxErrorRate, z }) {
  return policy === 'adaptive' && basis === STRICT.basis && maxErrorRate === STRICT.maxErrorRate && z === STRICT.z
}

function chosen(option, text, all) {
  const names = text.split(',')
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new Error(`--${option}: ${unknown} is none of ${all.join(', ')}`)
  return names
}

function shown({ mean, min, max }) {
  return min === max ? String(mean) : `${mean} (${min}..${max})`
}

function share(count, of) {
  return of === 0 ? '-' : `${round((100 * count) / of, 1)} %`
}
