// One run: an app and its twin without a cache, a Redis of their own, load on both all the time, and a fault in the middle of it.

import { setTimeout as delay } from 'node:timers/promises'
import { promptOf } from './answers.mjs'
import { CACHED, PLAIN, PLAIN_AGAIN } from './apps.mjs'
import { startApp } from './children.mjs'
import { askAll, createQuestions, startLoad, WARM } from './load.mjs'
import { createRedis } from './redis.mjs'

const HEALTHY_SECONDS = 1
/** How long a recovery is waited for, and how long the load goes on after it. */
const RECOVERY_SECONDS = 4
const AFTERWARDS_MS = 500
/** The twin's share of the load: enough for a 99th percentile. */
const TWIN_SHARE = 0.25
/** Of the comparison while the breaker is open. */
const ROUNDS = 5
const WARM_UP = Array.from({ length: 200 }, (_, at) => ({ prompt: promptOf(`warm-up ${at}`), stream: at % 10 === 0, repeat: false }))

const { createFaultProxy } = await import(new URL('../../../packages/core/dist/testing/index.js', import.meta.url).href)

/**
 * Runs one fault. Times are in ms since the epoch; `recoveredAt` is undefined when there was no recovery in time.
 * `records` are of the fault's first seconds, `twin` of the same app without a cache, in a process of its own, asked at the same time,
 * `rounds` of the comparison while the breaker was open, `afterwards` of the time from the fault's end on.
 * @returns `{ unavailable }` where the store is not there, else records, states, lines, exit, times and what the app counted
 */
export function runFault(settings) {
  const { fault, rate } = settings
  const seconds = fault.seconds ?? settings.seconds
  return withApps(settings, async ({ app, twin, redis, proxy }) => {
    if (!fault.absent) for (let round = 0; round < 2; round++) await askAll({ port: app.port, path: CACHED, questions: WARM, lanes: 16 })
    app.begin()
    const load = startLoad({ port: app.port, paths: [CACHED], rate, next: createQuestions(1) })
    const twinLoad = startLoad({ port: twin.port, paths: [PLAIN], rate: rate * TWIN_SHARE, next: createQuestions(2) })
    if (!fault.absent) await delay(HEALTHY_SECONDS * 1000)

    const faultAt = Date.now()
    const begun = fault.begin({ redis, proxy, seconds })
    await Promise.all([begun, delay(seconds * 1000)])
    const numbers = await app.numbers()
    await Promise.all([load.stop(), twinLoad.stop()])
    const comparedAt = Date.now()
    const rounds = fault.seconds === undefined ? await compareOpened(app, rate, seconds) : []
    const again = startLoad({ port: app.port, paths: [CACHED], rate, next: createQuestions(3) })

    const endingAt = Date.now()
    await fault.end({ redis, proxy, store: settings.store })
    const endedAt = Date.now()

    const recoveredAt = await untilRecovered(app, again.records, endingAt, endedAt)
    await delay(AFTERWARDS_MS)
    await again.stop()
    return {
      records: load.records,
      twin: twinLoad.records,
      rounds,
      afterwards: again.records,
      states: app.states,
      lines: app.lines,
      exit: app.exit,
      ...numbers,
      faultAt,
      comparedAt,
      endedAt,
      recoveredAt,
    }
  })
}

/**
 * The cache with an open breaker against no cache: three routes of one app asked in turn, the third being the second once more, which
 * tells how far apart equals are here. Rounds of which only what came while the breaker was open counts; none if it never was.
 */
async function compareOpened(app, rate, seconds) {
  const rounds = []
  if (!isOpen(app.states, Date.now())) return rounds
  while (rounds.length < ROUNDS) {
    const load = startLoad({ port: app.port, paths: [CACHED, PLAIN, PLAIN_AGAIN], rate, next: createQuestions(10 + rounds.length) })
    await delay(seconds * 1000)
    await load.stop()
    const records = (path) => load.records.filter((record) => record.path === path)
    rounds.push({ cached: records(CACHED), plain: records(PLAIN), plainAgain: records(PLAIN_AGAIN) })
  }
  return rounds
}

/** The first change to 'up' if a store is not, else the first hit. */
async function untilRecovered(app, records, endingAt, endedAt) {
  const isUp = worstState(app.states, endingAt) === 'up'
  while (Date.now() < endedAt + RECOVERY_SECONDS * 1000) {
    if (isUp) {
      const hit = records.find(({ at, label, failed }) => at >= endedAt && label === 'HIT' && !failed)
      if (hit) return hit.at + hit.ms
    } else {
      const back = app.states.find(({ at, state }) => at >= endingAt && state === 'up' && worstState(app.states, at) === 'up')
      if (back) return Math.max(back.at, endedAt)
    }
    await delay(10)
  }
  return undefined
}

const BADNESS = ['up', 'busy', 'read-only', 'down']
/** States in which reads are not even tried. */
const SKIPPED_IN = ['busy', 'down']

/** Whether the breaker of the reads was open at `time`. Events carry whole milliseconds: within that one it may have been open yet. */
export function isOpen(states, time) {
  return SKIPPED_IN.includes(worstState(states, time - 1))
}

/** The worst state in which any of the stores was at `time`. */
export function worstState(states, time) {
  const now = new Map()
  for (const { at, store, state } of states) if (at <= time) now.set(store, state)
  return [...now.values()].reduce((worst, state) => (BADNESS.indexOf(state) > BADNESS.indexOf(worst) ? state : worst), 'up')
}

async function withApps({ framework, store, fault, model }, work) {
  const redis = await createRedis()
  const proxy = await createFaultProxy({ target: { host: '127.0.0.1', port: redis.port } })
  const apps = []
  const open = async (settings) => {
    const app = await startApp({ framework, modelUrl: model?.url, ...settings })
    apps.push(app)
    if (!app.unavailable) await askAll({ port: app.port, path: PLAIN, questions: WARM_UP, lanes: 16 })
    return app
  }
  try {
    if (!fault.absent) await redis.start()
    const redisUrl = `redis://127.0.0.1:${fault.proxied ? proxy.port : redis.port}`
    const [app, twin] = await Promise.all([open({ store, redisUrl }), open({ store: 'none' })])
    if (app.unavailable) return { unavailable: app.unavailable }
    return await work({ app, twin, redis, proxy })
  } finally {
    await Promise.all(apps.map((app) => app.stop()))
    await proxy.close()
    await redis.close()
  }
}
