// What the parts of a hit and of a miss cost in process, in microseconds. See findings.md for the method.
//
//   npm run bench -- engine [--rounds=15] [--base=<folder>]
//
// --base: the `packages` folder of another built checkout, measured in the same turns (before and after a change).

import { IncomingMessage, ServerResponse } from 'node:http'
import { cpus } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { alternate, quartiles, table } from './lib/rounds.mjs'
import { chatAnswer, chatChunks, chatRequest } from './lib/samples.mjs'

const { values: args } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, base: { type: 'string' } } })
const ROUND_MS = 60
// Enough of a socket for a request and a response that go nowhere.
const NO_SOCKET = { destroyed: false, on() {}, once() {}, removeListener() {} }
const ours = fileURLToPath(new URL('../packages', import.meta.url))
const ANSWER = chatAnswer(2048)
const CHUNKS = chatChunks(500)
const FIELDS = {
  host: '127.0.0.1',
  'content-type': 'application/json',
  'user-agent': 'OpenAI/JS 6.0.0',
  authorization: 'Bearer sk-proj-0123456789abcdef0123456789abcdef',
}

const builds = args.base ? [ours, args.base] : [ours]
const cases = await Promise.all(builds.map(casesOf))
const rows = [['what', 'us', 'quartiles', ...(args.base ? ['base us', 'base / ours'] : [])]]
for (const [at, { name }] of cases[0].entries()) {
  const variants = cases.map((list) => list[at])
  for (const { run } of variants) for (let warm = 0; warm < 5; warm++) await timed(run)
  const results = await alternate(variants, Number(args.rounds), ({ run }) => timed(run))
  const [own, base] = results.map(quartiles)
  const row = [name, own.median.toFixed(2), `${own.low.toFixed(2)}..${own.high.toFixed(2)}`]
  if (base) row.push(base.median.toFixed(2), quartiles(results[1].map((us, round) => us / results[0][round])).median.toFixed(2))
  rows.push(row)
}
console.log(`Node ${process.versions.node}, ${cpus().length} CPUs, ${args.rounds} rounds of ${ROUND_MS} ms\n`)
console.log(table(rows))

/** Microseconds a call, over about ROUND_MS. */
async function timed(run) {
  const start = performance.now()
  let calls = 0
  let end = start
  do {
    for (let times = 0; times < 50; times++) {
      const result = run(calls++)
      if (result instanceof Promise) await result
    }
    end = performance.now()
  } while (end - start < ROUND_MS)
  return ((end - start) * 1000) / calls
}

async function casesOf(packages) {
  const load = (path) => import(pathToFileURL(`${packages}/core/dist/${path}.js`).href)
  const { createLlmCache, encodeFrame, decodeFrame } = await load('index')
  const { nodeRequest, tapResponse, snapshot } = await load('node/index')
  const { fingerprint } = await load('fingerprint/fingerprint')
  const cache = createLlmCache()

  async function hit(text, form) {
    const bodies = Array.from({ length: 64 }, (_, seed) => chatRequest(text, seed)).map((body) =>
      form === 'bytes' ? { kind: 'bytes', bytes: Buffer.from(body) } : { kind: 'parsed', value: JSON.parse(body) },
    )
    for (const body of bodies) record(await cache.open(requestOf(body)))
    const run = (at) => cache.open(requestOf(bodies[at % 64]))
    if ((await run(1)).kind !== 'replay') throw new Error('not a hit')
    return run
  }

  function requestOf(body) {
    const [message, response] = exchange()
    const request = nodeRequest(message, response, { url: message.url, explicit: false, route: () => undefined })
    request.body = () => body
    return request
  }

  /** The parsed form of a body has the key of its bytes: its answer may be there already. */
  function record({ recorder }) {
    if (!recorder) return
    recorder.run(() => {})
    recorder.head(200, [['content-type', 'application/json']])
    recorder.write(ANSWER)
    recorder.end()
  }

  /** What a handler does to its response, with or without the cache listening; every body is new. */
  function miss(isCached, answer) {
    let serial = 0
    return () => {
      const [message, response] = exchange()
      if (!isCached) return answer(response)
      const bytes = Buffer.from(chatRequest(300, `${answer.name} ${serial++}`))
      const request = nodeRequest(message, response, { url: message.url, explicit: false, route: () => undefined })
      request.body = () => ({ kind: 'bytes', bytes })
      const { recorder } = cache.open(request)
      tapResponse(message, response, recorder, snapshot(response))
      recorder.run(() => answer(response))
    }
  }
  const answerJson = (response) => {
    response.setHeader('content-type', 'application/json')
    response.end(ANSWER)
  }
  const answerChunks = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const chunk of CHUNKS) response.write(chunk)
    response.end()
  }

  const entry = {
    id: 'AAAAAAAAAAAAAAAAAAAAAA',
    key: 'lc1.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    storedAt: 1,
    staleAt: 2,
    deleteAt: 3,
    status: 200,
    headers: [['Content-Type', 'application/json; charset=utf-8']],
    body: ANSWER,
    chunks: undefined,
    meta: { provider: 'openai-chat', model: 'gpt-4o-mini', route: '/chat', usage: undefined, originMs: 900, tags: [] },
  }
  const frame = encodeFrame(entry)
  const keyed = (body) => {
    const input = { method: 'POST', host: 'localhost', url: '/v1/chat/completions', contentType: 'application/json' }
    return () => fingerprint({ ...input, headers: [], partition: 'A'.repeat(22), body, normalize: 'default' })
  }
  const [small, large] = [300, 8192].map((size) => Buffer.from(chatRequest(size, 0)))

  return [
    { name: 'exchange alone (request and response objects)', run: () => exchange() },
    { name: 'hit, raw bytes, 300 B', run: await hit(300, 'bytes') },
    { name: 'hit, raw bytes, 8 KB', run: await hit(8192, 'bytes') },
    { name: 'hit, parsed, 300 B', run: await hit(300, 'parsed') },
    { name: 'hit, parsed, 8 KB', run: await hit(8192, 'parsed') },
    { name: 'fingerprint, raw bytes, 300 B', run: keyed({ kind: 'bytes', bytes: small }) },
    { name: 'fingerprint, raw bytes, 8 KB', run: keyed({ kind: 'bytes', bytes: large }) },
    { name: 'fingerprint, parsed, 8 KB', run: keyed({ kind: 'parsed', value: JSON.parse(large) }) },
    { name: 'frame encode, 2 KB', run: () => encodeFrame(entry) },
    { name: 'frame decode, 2 KB', run: () => decodeFrame(frame, entry.key) },
    { name: 'JSON answer without a cache', run: miss(false, answerJson) },
    { name: 'JSON answer, miss', run: miss(true, answerJson) },
    { name: '500 chunks without a cache', run: miss(false, answerChunks) },
    { name: '500 chunks, miss', run: miss(true, answerChunks) },
  ]
}

/** A request and response without a socket. */
function exchange() {
  const message = new IncomingMessage(NO_SOCKET)
  message.method = 'POST'
  message.url = '/v1/chat/completions'
  message.headers = { ...FIELDS }
  return [message, new ServerResponse(message)]
}
