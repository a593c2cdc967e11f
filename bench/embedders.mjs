// What embedders cost, and how well their cosines tell equal questions from others. See findings.md.
//
//   npm run bench -- embedders --data=<folder> [--only=hash,use,mixed] [--prompts=3000]
//
// --data: the labelled sets (QQP, Banking77, CLINC150, HWU64), read only.

import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { createHashEmbedder } from '../packages/core/dist/index.js'
import { useEmbedder } from '../packages/embedder-use/dist/index.js'
import { areaUnderCurve, nearestNeighbours, questionPairs } from './lib/embedder-quality.mjs'
import { quartiles, table } from './lib/rounds.mjs'
import { loadSet, streamOrder, TRAINING_SETS, titleOf } from './lib/semantic-data.mjs'

const { values: args } = parseArgs({
  options: { data: { type: 'string' }, only: { type: 'string' }, prompts: { type: 'string', default: '3000' } },
})
if (!args.data) throw new Error('--data=<folder> is needed')
const PAIRS = 1000
const SEEDS = [1, 2, 3]

const EMBEDDERS = {
  hash: () => createHashEmbedder(),
  use: () => useEmbedder({ hashWeight: 0 }),
  mixed: () => useEmbedder(),
}
const names = args.only ? args.only.split(',') : Object.keys(EMBEDDERS)
const sets = TRAINING_SETS.map((name) => {
  const rows = loadSet(args.data, name)
  return { name, rows: streamOrder(rows.length, 1, Number(args.prompts)).map((at) => rows[at]) }
})
const pairs = SEEDS.map((seed) => questionPairs(args.data, PAIRS, seed))

const results = []
for (const name of names) {
  const embedder = EMBEDDERS[name]()
  const embed = vectorsBy(embedder)
  const cost = await costOf(embedder, sets[0].rows)
  const areas = []
  for (const list of pairs) {
    const vectors = await embed(list.flatMap(({ pair }) => pair))
    areas.push(areaUnderCurve(list.map(({ equal }, at) => ({ equal, cosine: cosine(vectors[2 * at], vectors[2 * at + 1]) }))))
  }
  const neighbours = {}
  for (const { name: set, rows } of sets) {
    neighbours[set] = nearestNeighbours(
      await embed(rows.map(({ text }) => text)),
      rows.map(({ label }) => label),
    )
  }
  results.push({
    name,
    id: embedder.id,
    ...cost,
    qqp: { mean: mean(areas), low: Math.min(...areas), high: Math.max(...areas) },
    neighbours,
  })
  await embedder.close?.()
}

const rows = results.map(({ id, singleUs, batchedUs, loadMs, qqp, neighbours }) => [
  id,
  `${singleUs.toFixed(0)} / ${batchedUs.toFixed(0)}`,
  loadMs.toFixed(0),
  `${qqp.mean.toFixed(3)} (${qqp.low.toFixed(3)}..${qqp.high.toFixed(3)})`,
  ...TRAINING_SETS.map((set) => `${percent(neighbours[set].accuracy)} / ${percent(neighbours[set].covered)}`),
])
const spread = results.map(({ id, neighbours }) => [
  id,
  ...TRAINING_SETS.map(
    (set) => `${neighbours[set].median.toFixed(2)} +- ${neighbours[set].scale.toFixed(2)}, ${neighbours[set].threshold.toFixed(2)}`,
  ),
])
console.log(
  `Node ${process.versions.node}, ${cpus().length} CPUs, ${args.prompts} prompts a set, ${SEEDS.length} x ${PAIRS} + ${PAIRS} pairs\n`,
)
console.log(
  table([
    [
      'embedder',
      'us a prompt, single / batched',
      'first, ms',
      'QQP AUC',
      ...TRAINING_SETS.map((set) => `${titleOf(set)}: nearest right / at 98 %`),
    ],
    ...rows,
  ]),
)
console.log(`\n${table([['cosines of nearest: median +- scale, where 98 % are right', ...TRAINING_SETS.map(titleOf)], ...spread])}`)
console.log(`RESULT ${JSON.stringify(results)}`)

function vectorsBy(embedder) {
  return async (texts) => {
    const vectors = []
    const size = embedder.maxBatch ?? 64
    for (let at = 0; at < texts.length; at += size) vectors.push(...(await embedder.embed(texts.slice(at, at + size))))
    return vectors
  }
}

/** Microseconds a prompt, the quartile of the fastest of rounds; of the first of all in ms, loading included. */
async function costOf(embedder, prompts) {
  const texts = prompts.map(({ text }) => text)
  const first = performance.now()
  await embedder.embed(texts.slice(0, 1))
  const loadMs = performance.now() - first
  await embedder.embed(texts.slice(0, 16))
  const rounds = async (size) => {
    const each = []
    const until = performance.now() + 3000
    for (let at = 0; performance.now() < until; at = (at + size * 8) % 512) {
      const start = performance.now()
      for (let part = 0; part < 8; part++) await embedder.embed(texts.slice(at + part * size, at + (part + 1) * size))
      each.push(((performance.now() - start) * 1000) / (size * 8))
    }
    return quartiles(each).low
  }
  return { loadMs, singleUs: await rounds(1), batchedUs: await rounds(16) }
}

function cosine(a, b) {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at]
  return sum
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`
}
