// The load: an open loop, so that a slow answer does not thin out the requests after it. Latencies count from the time at which
// a request was to be sent.

import http from 'node:http'
import { expectedOf, promptOf, requestOf } from './answers.mjs'

const WARM_PROMPTS = 50
/** After so many ms without a whole answer a request has failed. */
const TIMEOUT_MS = 20_000

/** The prompts that half of all requests repeat; every tenth is asked for as a stream. */
export const WARM = Array.from({ length: WARM_PROMPTS }, (_, at) => ({
  prompt: promptOf(`warm ${at}`),
  stream: at % 10 === 0,
  repeat: true,
}))

/**
 * Endless questions, the same for the same `seed`: half of them repeats of `WARM`, half new ones, every tenth a stream.
 * @returns {() => { prompt: string, stream: boolean, repeat: boolean }}
 */
export function createQuestions(seed) {
  let state = seed
  let asked = 0
  // A linear congruential generator (Numerical Recipes) is random enough to mix questions.
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return () => {
    asked++
    if (random() < 0.5) return WARM[Math.floor(random() * WARM.length)]
    return { prompt: promptOf(`new ${seed} ${asked}`), stream: asked % 10 === 0, repeat: false }
  }
}

/**
 * Starts to send `rate` requests a second to `paths`, each in turn. `records` fills with what became of them; `stop()` sends no
 * more and resolves once all are answered.
 */
export function startLoad({ port, paths, rate, next }) {
  const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 2048 })
  const records = []
  const wall = wallOffset()
  const startedAt = performance.now()
  const interval = 1000 / rate
  const open = new Set()
  let sent = 0
  let timer

  function tick() {
    const now = performance.now()
    for (let due = startedAt + sent * interval; due <= now; due = startedAt + sent * interval) {
      const path = paths[sent % paths.length]
      sent++
      const answered = ask(agent, port, path, next(), due, wall).then((record) => {
        records.push({ ...record, path })
        open.delete(answered)
      })
      open.add(answered)
    }
    timer = setTimeout(tick, startedAt + sent * interval - performance.now())
  }
  tick()

  return {
    records,
    async stop() {
      clearTimeout(timer)
      await Promise.all(open)
      agent.destroy()
    },
  }
}

/** Asks every one of `questions` once, `lanes` at a time. Resolves with the records. */
export async function askAll({ port, path, questions, lanes }) {
  const agent = new http.Agent({ keepAlive: true })
  const waiting = [...questions]
  const records = []
  const lane = async () => {
    for (let question = waiting.shift(); question; question = waiting.shift())
      records.push(await ask(agent, port, path, question, performance.now(), 0))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  agent.destroy()
  return records
}

/**
 * One request. Never rejects: `failed` says why it was none, or not a whole one; `wrong` that its bytes are not the prompt's.
 * @param due on performance.now()'s scale; `at` in the record is on Date.now()'s
 */
function ask(agent, port, path, { prompt, stream, repeat }, due, wall) {
  return new Promise((resolve) => {
    const body = requestOf(prompt, stream)
    const done = (label, failed, wrong) => {
      clearTimeout(timeout)
      resolve({ at: due + wall, ms: performance.now() - due, label, stream, repeat, failed, wrong })
    }
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const request = http.request({ agent, port, host: '127.0.0.1', path, method: 'POST', headers }, (response) => {
      const chunks = []
      const label = response.headers['x-llm-cache'] ?? 'NONE'
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', () => done(label, 'cut', false))
      response.on('end', () => {
        if (!response.complete) return done(label, 'cut', false)
        if (response.statusCode !== 200) return done(label, `status ${response.statusCode}`, false)
        done(label, undefined, !Buffer.concat(chunks).equals(expectedOf(prompt, stream)))
      })
    })
    const timeout = setTimeout(() => {
      done('NONE', 'timeout', false)
      request.destroy()
    }, TIMEOUT_MS)
    request.on('error', (error) => done('NONE', error.code ?? 'error', false))
    request.end(body)
  })
}

/** What to add to performance.now() to get Date.now(), to a fraction of a millisecond. */
function wallOffset() {
  const before = Date.now()
  let now = before
  while (now === before) now = Date.now()
  return now - performance.now()
}
