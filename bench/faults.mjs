// What clients notice when Redis fails, through each adapter, at 200 requests a second. See findings.md for the method.
//
//   npm run bench:faults [-- --adapter=express,koa,hono] [--store=keyv,recipe,redis,tiers] [--fault=killed,SIGSTOP,slow]
//     [--seconds=4] [--rate=200] [--quick]
//
// Stores: `keyv` is new Keyv(new KeyvRedis(url)), `recipe` the same set up as docs/outages.md says, `tiers` memory before `keyv`, `redis`
// @llm-cache/redis. Without --store: keyv on every adapter, and redis on Express. --fault takes beginnings of names. --quick: Express and keyv,
// faults of 2 s. --http: the handler asks the simulated provider over a socket instead of waiting as long as a model takes. The last line is `RESULT {json}`. Ends with 1 when a request failed or was answered wrongly; a missed
// latency is reported, for machines have other work.

import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { startModel } from './lib/faults/children.mjs'
import { FAULTS } from './lib/faults/list.mjs'
import { align, BOUNDS, cells, evaluate, HEAD } from './lib/faults/report.mjs'
import { runFault } from './lib/faults/run.mjs'

const ADAPTERS = ['express', 'koa', 'hono']
const STORES = ['keyv', 'recipe', 'redis', 'tiers']
const HEALTHY = { name: 'none', begin: async () => {}, end: async () => {} }

const { values: args } = parseArgs({
  options: {
    adapter: { type: 'string' },
    store: { type: 'string' },
    fault: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string', default: '200' },
    quick: { type: 'boolean', default: false },
    http: { type: 'boolean', default: false },
  },
})

const seconds = Number(args.seconds ?? (args.quick ? 2 : 4))
const rate = Number(args.rate)
const faults = args.fault ? pick('fault', args.fault, (wanted) => FAULTS.filter(({ name }) => name.startsWith(wanted))) : FAULTS
// So that no child outlives it.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
const startedAt = performance.now()
const model = args.http ? await startModel() : undefined
const results = []

console.error(
  `Node ${process.versions.node}, ${cpus().length} CPUs, load average ${loadavg()[0].toFixed(1)}, ${rate} requests a second, faults of ${seconds} s\n`,
)
for (const { framework, stores } of plan()) {
  for (const store of stores) await benchStore(framework, store)
}
await model?.stop()

console.log(
  `\nadded p99 in ms: before the breaker opened (bound ${BOUNDS.before}), after (bound ${BOUNDS.after}); base: p99 without a cache; ~ = machine too busy to tell; recovery in ms; ! = bound missed\n`,
)
console.log(align([HEAD, ...results.map(cells)]))
console.log(`\n${((performance.now() - startedAt) / 1000).toFixed(0)} s`)

const rows = results.filter(({ row }) => row)
const broken = rows.filter(({ row }) => !(row.ok.failed && row.ok.wrong))
const missed = rows.flatMap(({ framework, store, fault, row }) =>
  Object.entries(row.ok).flatMap(([name, ok]) => (ok ? [] : [`${framework} ${store} ${fault}: ${name}`])),
)
const environment = { node: process.versions.node, cpus: cpus().length, rate, seconds }
const ok = rows.length === results.length && missed.length === 0
console.log(`RESULT ${JSON.stringify({ bench: 'faults', ok, environment, bounds: BOUNDS, missed, results })}`)
process.exitCode = broken.length > 0 || rows.length === 0 ? 1 : 0

async function benchStore(framework, store) {
  for (const fault of [HEALTHY, ...faults]) {
    const { unavailable, ...run } = await runFault({ framework, store, model, rate, seconds, fault })
    report({ framework, store, fault: fault.name, ...(unavailable ? { unavailable } : { row: evaluate(run, fault) }) })
    if (unavailable) return
  }
}

function report(result) {
  results.push(result)
  console.error(cells(result).join('  '))
  for (const line of result.row?.firstLines ?? []) console.error(`    ${line}`)
}

function plan() {
  const adapters = args.adapter
    ? pick('adapter', args.adapter, (wanted) => ADAPTERS.filter((name) => name === wanted))
    : args.quick
      ? ['express']
      : ADAPTERS
  if (args.store) {
    const stores = pick('store', args.store, (wanted) => STORES.filter((name) => name === wanted))
    return adapters.map((framework) => ({ framework, stores }))
  }
  return adapters.map((framework) => ({ framework, stores: framework === 'express' && !args.quick ? ['keyv', 'redis'] : ['keyv'] }))
}

function pick(option, text, find) {
  const found = text.split(',').map((wanted) => {
    const matches = find(wanted)
    if (matches.length === 0) throw new Error(`--${option}: there is no ${wanted}`)
    return matches
  })
  return [...new Set(found.flat())]
}
