// What a million unique keys make of the memory, against the configured bound. See findings.md for the method.
//
//   npm run bench -- memory [--keys=1000000]

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from './lib/rounds.mjs'

const { values: args } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    core: { type: 'string', default: fileURLToPath(new URL('../packages/core/dist/index.js', import.meta.url)) },
  },
})
const child = fileURLToPath(new URL('./lib/memory-child.mjs', import.meta.url))
const MIB = 1024 * 1024
const maxBytes = 64 * MIB
const MOST_OVER = 1.2
const PLAIN = { what: 'store', body: 2000, headers: 2, chunks: 0, tags: 0 }
/** `share` of the keys, where each is so large that fewer fill the store as often. */
const CASES = {
  'bodies of 200 B': { ...PLAIN, body: 200 },
  'bodies of 2 KB': PLAIN,
  'bodies of 50 KB': { ...PLAIN, body: 50_000, share: 0.05 },
  '40 header fields': { ...PLAIN, body: 200, headers: 40, share: 0.2 },
  'streams of 120 chunks': { ...PLAIN, body: 20_000, chunks: 120, share: 0.05 },
  '10 tags': { ...PLAIN, body: 200, tags: 10, share: 0.2 },
  'whole cache, 200 B': { ...PLAIN, what: 'cache', body: 200 },
  'whole cache, 4 KB': { ...PLAIN, what: 'cache', body: 4000 },
}

const rows = [['what', 'policy', 'entries', 'counted', 'held', 'empty', 'us a key']]
const results = []
for (const [what, scenario] of Object.entries(CASES)) {
  for (const eviction of ['lru', 'cost']) {
    const keys = Math.round(Number(args.keys) * (scenario.share ?? 1))
    const options = { ...scenario, keys, maxBytes, maxEntries: 10_000_000, eviction }
    const output = execFileSync(process.execPath, ['--expose-gc', child, args.core, JSON.stringify(options)], { encoding: 'utf8' })
    const { most, empty, counted, entries, us } = JSON.parse(output)
    const [held, share] = [most / maxBytes, counted / maxBytes]
    rows.push([what, eviction, entries, share.toFixed(3), held.toFixed(3), (empty / maxBytes).toFixed(3), us.toFixed(1)])
    console.error(rows.at(-1).join('  '))
    results.push({ what, eviction, keys, entries, counted: round(share), held: round(held), isWithin: held <= MOST_OVER })
  }
}
console.log(`${args.keys} unique keys, bound ${maxBytes / MIB} MiB; counted, held, empty: shares of the bound\n`)
console.log(table(rows))
const worst = Math.max(...results.map(({ held }) => held))
const isWithin = results.every((result) => result.isWithin)
console.log(`RESULT ${JSON.stringify({ bench: 'memory', keys: Number(args.keys), worst, isWithin, results })}`)
process.exitCode = isWithin ? 0 : 1

function round(figure) {
  return Math.round(figure * 1000) / 1000
}
