// Hits of the adapters against their framework's own ceiling. See findings.md for the method.
//
//   npm run bench -- hits [--only=express,koa] [--case=300,8k,sse] [--mount=before,after,route]
//     [--rounds=12] [--seconds=1] [--warmup=4] [--base=<folder>]
//
// --base: the `packages` folder of another built checkout, measured in the same turns (before and after a change).

import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { alternate, median, quartiles, startLoad, startServer, table } from './lib/rounds.mjs'
import { chatRequest } from './lib/samples.mjs'

const CONNECTIONS = 32
const PROMPTS = 64
const CASES = [
  { name: '300', label: 'JSON, 300 B asked, 2 KB answered', bytes: 300, stream: false },
  { name: '8k', label: 'JSON, 8 KB asked, 2 KB answered', bytes: 8192, stream: false },
  { name: 'sse', label: 'event stream of 500 chunks', bytes: 300, stream: true },
]
// What the providers' clients send.
const FIELDS = {
  host: '127.0.0.1',
  accept: 'application/json',
  'content-type': 'application/json',
  'user-agent': 'OpenAI/JS 6.0.0',
  authorization: 'Bearer sk-proj-0123456789abcdef0123456789abcdef',
}

const { values: args } = parseArgs({
  options: {
    only: { type: 'string', default: 'express,koa,hono' },
    mount: { type: 'string', default: 'before,after,route' },
    case: { type: 'string', default: '300,8k,sse' },
    rounds: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '1' },
    warmup: { type: 'string', default: '4' },
    base: { type: 'string' },
  },
})
const ours = fileURLToPath(new URL('../packages', import.meta.url))

const load = startLoad()
const rows = [
  ['framework', 'case', 'mount', 'ratio to ceiling', 'quartiles', 'CPU us a request', 'ratio of CPU', 'req/s', 'p50 ms', 'p99 ms'],
]
for (const framework of args.only.split(',')) {
  if (existsSync(`${ours}/${framework}/dist/index.js`)) await benchFramework(framework)
  else console.error(`${framework}: not built, left out`)
}
await load.stop()
console.log(
  `\nNode ${process.versions.node}, ${cpus().length} CPUs, ${CONNECTIONS} connections, ${args.rounds} rounds of ${args.seconds} s\n`,
)
console.log(table(rows))

async function benchFramework(framework) {
  const variants = [{ name: 'ceiling', server: await startServer(framework, 'ceiling', ours) }]
  for (const mount of args.mount.split(',')) {
    variants.push({ name: mount, server: await startServer(framework, mount, ours) })
    if (args.base) variants.push({ name: `${mount} (base)`, server: await startServer(framework, mount, args.base) })
  }
  for (const wanted of CASES.filter(({ name }) => args.case.split(',').includes(name))) await benchCase(framework, wanted, variants)
  for (const { server } of variants) await server.stop()
}

async function benchCase(framework, { label, bytes, stream }, variants) {
  const bodies = Array.from({ length: PROMPTS }, (_, seed) => chatRequest(bytes, seed, stream))
  const requests = bodies.map(httpRequest)
  for (const { name, server } of variants) {
    await fill(name, server.port, bodies)
    await load.measure({ port: server.port, requests, seconds: Number(args.warmup), connections: CONNECTIONS })
  }
  const results = await alternate(variants, Number(args.rounds), async ({ server }) => {
    const before = await server.cpu()
    const result = await load.measure({ port: server.port, requests, seconds: Number(args.seconds), connections: CONNECTIONS })
    return { ...result, cpu: ((await server.cpu()) - before) / result.count }
  })
  const [ceiling] = results
  for (const [at, { name }] of variants.entries()) {
    const own = results[at]
    const ratio = quartiles(own.map(({ rate }, round) => rate / ceiling[round].rate))
    const row = [framework, label, name, ratio.median.toFixed(2), `${ratio.low.toFixed(2)}..${ratio.high.toFixed(2)}`]
    row.push(median(own.map(({ cpu }) => cpu)).toFixed(0), median(own.map(({ cpu }, round) => ceiling[round].cpu / cpu)).toFixed(2))
    row.push(median(own.map(({ rate }) => rate)).toFixed(0))
    for (const field of ['p50', 'p99']) row.push(median(own.map((result) => result[field])).toFixed(2))
    rows.push(row)
    console.error(row.join('  '))
  }
}

/** Every prompt asked twice: the second answer must be the first one, from the cache. */
async function fill(name, port, bodies) {
  for (const body of bodies) {
    const [first, second] = [await ask(port, body), await ask(port, body)]
    const expected = name === 'ceiling' ? null : 'HIT'
    if (second.label !== expected || second.text !== first.text || second.text === '')
      throw new Error(`${name}: expected ${expected}, got ${second.label} and ${second.text.length} characters`)
  }
}

async function ask(port, body) {
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: 'POST', headers: FIELDS, body })
  return { label: response.headers.get('x-llm-cache'), text: await response.text() }
}

function httpRequest(body) {
  const head = Object.entries(FIELDS).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /v1/chat/completions HTTP/1.1\r\n${head.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
