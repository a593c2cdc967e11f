// The vector index in memory against the loop that is usually written: a Map of vectors, all compared. Both in turns in one run.
//
//   npm run bench -- vectors [--sizes=1000,10000,100000] [--dimensions=384,1024] [--queries=200] [--kernel=wasm]
//
// Vectors lie in groups of about twenty at cosines of 0.4 to 0.95, half of them with a part that all have in common, as embedders give
// them. A hit is a query near one of them, a miss one in a direction of its own. --kernel=scalar: without WebAssembly.
// The last line is `RESULT {json}`.

import { cpus, freemem, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { median, table } from './lib/rounds.mjs'
import { createClusters } from './lib/vectors.mjs'

const { values: args } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,10000,100000' },
    dimensions: { type: 'string', default: '384,1024' },
    queries: { type: 'string', default: '200' },
    kernel: { type: 'string', default: 'wasm' },
    core: { type: 'string', default: new URL('../packages/core/dist/index.js', import.meta.url).href },
  },
})
const { createMemoryVectorIndex } = await import(args.core)
const K = 8
const NAIVE_QUERIES = 12

const rows = [
  [
    'vectors',
    'dimensions',
    'loop ms',
    'ours ms: hit',
    'p99',
    'miss',
    'exact',
    'times faster',
    'recall@1 from 0.75',
    'add us',
    'toBytes ms',
    'fromBytes ms',
  ],
]
const results = []
for (const dimensions of args.dimensions.split(',').map(Number)) {
  for (const size of args.sizes.split(',').map(Number)) results.push(measure(size, dimensions))
}
console.log(
  `\nNode ${process.versions.node}, ${cpus().length} CPUs, load ${loadavg()[0].toFixed(1)}, ${args.kernel}, k = ${K}, medians of ${args.queries} queries\n`,
)
console.log(table(rows))
console.log(
  `RESULT ${JSON.stringify({ bench: 'vectors', node: process.versions.node, cpus: cpus().length, load: loadavg()[0], kernel: args.kernel, results })}`,
)

function measure(size, dimensions) {
  const draw = createClusters(size + dimensions, { dimensions, count: size })
  const index = createMemoryVectorIndex({ maxVectors: size, maxBytes: 8 * 1024 ** 3, webAssembly: args.kernel === 'wasm' })
  const map = new Map()
  let addMs = 0
  for (let at = 0; at < size; at += 100) {
    const items = Array.from({ length: Math.min(100, size - at) }, (_, inner) => ({
      id: `k${at + inner}`,
      vector: draw.near(),
      deleteAt: Number.POSITIVE_INFINITY,
    }))
    for (const { id, vector } of items) map.set(id, vector)
    addMs += timed(() => index.add('n', items))
  }
  const hits = Array.from({ length: Number(args.queries) }, draw.near)
  const misses = Array.from({ length: Number(args.queries) }, draw.apart)
  // Compiled, whatever is measured first.
  for (const query of [...hits, ...misses]) index.search('n', query, { k: K })
  const ours = { hit: [], miss: [], exact: [] }
  const loop = []
  const every = Math.max(1, Math.floor(hits.length / NAIVE_QUERIES))
  for (const [at, query] of hits.entries()) {
    // In turns: what disturbs the machine disturbs both.
    if (at % every === 0) {
      loop.push(timed(() => nearestByLoop(map, query)))
      ours.exact.push(timed(() => index.search('n', query, { k: K, exact: true })))
    }
    ours.hit.push(timed(() => index.search('n', query, { k: K })))
    ours.miss.push(timed(() => index.search('n', misses[at], { k: K })))
  }
  const { near, found } = recall(index, hits)
  let bytes
  const toBytesMs = timed(() => {
    bytes = index.toBytes()
  })
  const fromBytesMs = freemem() > 3 * bytes.length ? timed(() => index.fromBytes(bytes)) : undefined
  index.close()
  const result = {
    size,
    dimensions,
    loopMs: median(loop),
    hitMs: median(ours.hit),
    hitP99Ms: quantile(ours.hit, 0.99),
    missMs: median(ours.miss),
    exactMs: median(ours.exact),
    ratio: median(loop) / median(ours.hit),
    recall: near === 0 ? undefined : found / near,
    near,
    addUs: (addMs / size) * 1000,
    toBytesMs,
    fromBytesMs,
  }
  const shown = [result.loopMs, result.hitMs, result.hitP99Ms, result.missMs, result.exactMs].map((ms) => ms.toFixed(3))
  rows.push([
    `${size}`,
    `${dimensions}`,
    ...shown,
    result.ratio.toFixed(0),
    `${found} of ${near}`,
    result.addUs.toFixed(1),
    toBytesMs.toFixed(0),
    fromBytesMs?.toFixed(0) ?? '-',
  ])
  return result
}

function nearestByLoop(map, query) {
  let best
  let most = -1
  for (const [id, vector] of map) {
    let dot = 0
    for (let at = 0; at < vector.length; at++) dot += vector[at] * query[at]
    if (dot > most) {
      most = dot
      best = id
    }
  }
  return best
}

function recall(index, queries) {
  let near = 0
  let found = 0
  for (const query of queries.slice(0, 100)) {
    const [best] = index.search('n', query, { k: 1, exact: true })
    if (best.similarity < 0.75) continue
    near += 1
    if (index.search('n', query, { k: 1 })[0]?.id === best.id) found += 1
  }
  return { near, found }
}

function timed(work) {
  const start = performance.now()
  work()
  return performance.now() - start
}

function quantile(values, share) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]
}
