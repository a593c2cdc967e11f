// What the memory store's two policies save on the same seeded traces. See findings.md for the method.
//
//   npm run bench -- eviction [--requests=400000] [--seed=1]

import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { median, table } from './lib/rounds.mjs'
import { createTrace } from './lib/trace.mjs'

const { values: args } = parseArgs({
  options: {
    requests: { type: 'string', default: '400000' },
    seed: { type: 'string', default: '1' },
    core: { type: 'string', default: new URL('../packages/core/dist/index.js', import.meta.url).pathname },
  },
})
const { createMemoryStore, costOf } = await import(pathToFileURL(args.core).href)
const requests = Number(args.requests)
const still = { requests, prompts: 50_000, once: 0, scanEvery: 0, scanLength: 0, driftEvery: 0 }
const lively = { ...still, once: 0.1, scanEvery: 40_000, scanLength: 8000, driftEvery: 20_000 }
const TRACES = {
  'Zipf 0.8, scans, drift': { ...lively, skew: 0.8 },
  'Zipf 0.9, scans, drift': { ...lively, skew: 0.9 },
  'Zipf 1.0, scans, drift': { ...lively, skew: 1 },
  'Zipf 0.9 alone': { ...still, skew: 0.9 },
  'Zipf 0.9, one price': { ...lively, skew: 0.9, onePrice: true },
  'recency alone': { ...still, recency: true },
}
const MIB = 1024 * 1024
const SIZES = [8, 32, 128]
const TIMED = 1000
const BODY = new Uint8Array(2 * MIB)

const rows = [['trace', 'MiB', 'hits LRU', 'hits cost', 'USD', 'ms', 'hits', 'us LRU', 'us cost']]
const results = []
for (const [name, shape] of Object.entries(TRACES)) {
  const trace = createTrace(shape, Number(args.seed))
  for (const size of SIZES) {
    const [lru, cost] = ['lru', 'cost'].map((eviction) => replay(trace, { maxBytes: size * MIB, maxEntries: 1_000_000, eviction }))
    const ratio = { usd: cost.usd / lru.usd, ms: cost.ms / lru.ms, hits: cost.hits / lru.hits }
    const shares = [lru, cost].map(({ hits }) => hits / requests)
    rows.push([name, size, ...[...shares, ratio.usd, ratio.ms, ratio.hits, lru.us, cost.us].map((figure) => figure.toFixed(2))])
    results.push({
      trace: name,
      mib: size,
      hitRateLru: round(shares[0]),
      hitRateCost: round(shares[1]),
      ...mapped(ratio),
      usLru: round(lru.us),
      usCost: round(cost.us),
    })
  }
}
console.log(
  `${requests} requests, seed ${args.seed}; USD, ms and hits: saved by cost as multiples of what LRU saves; us: an operation, median\n`,
)
console.log(table(rows))
const skewed = results.filter(({ trace }) => trace.includes('scans'))
console.log(
  `RESULT ${JSON.stringify({
    bench: 'eviction',
    requests,
    seed: Number(args.seed),
    leastUsdRatioSkewed: Math.min(...skewed.map(({ usd }) => usd)),
    leastUsdRatio: Math.min(...results.map(({ usd }) => usd)),
    results,
  })}`,
)

/** Asks a store for each request in turn and stores what is not there, as a cache does. */
function replay({ order, answer }, options) {
  const store = createMemoryStore(options)
  const saved = { hits: 0, usd: 0, ms: 0 }
  const times = []
  let operations = 0
  let startedAt = performance.now()
  for (const [at, id] of order.entries()) {
    const entry = answer(id)
    entry.entry ??= entryOf(entry)
    operations++
    if (store.get(entry.entry.key)) {
      saved.hits++
      saved.usd += entry.usd
      saved.ms += entry.originMs
    } else {
      operations++
      store.set(entry.entry)
    }
    if (at % TIMED !== TIMED - 1) continue
    times.push(((performance.now() - startedAt) * 1000) / operations)
    operations = 0
    startedAt = performance.now()
  }
  return { ...saved, us: median(times) }
}

/** The answer as a store sees it. Bodies share one buffer: only their lengths matter here. */
function entryOf(answer) {
  const { id, model, provider, usage, bytes, originMs, streamed } = answer
  answer.usd = costOf(usage, model, provider) ?? 0
  const text = Buffer.from(String(id).padStart(22, 'A')).toString('latin1')
  return {
    id: text,
    key: Buffer.from(`lc1.${text}.${text}${'k'.repeat(21)}`).toString('latin1'),
    storedAt: 0,
    staleAt: 1e15,
    deleteAt: 1e15,
    status: 200,
    headers: [['content-type', streamed ? 'text/event-stream' : 'application/json']],
    body: BODY.subarray(0, bytes),
    chunks: undefined,
    meta: { provider, model, route: '/chat', usage, originMs, tags: [] },
  }
}

function mapped(figures) {
  return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, round(figure)]))
}

function round(figure) {
  return Math.round(figure * 1000) / 1000
}
