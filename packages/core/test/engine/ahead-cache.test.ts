import Keyv from 'keyv'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLlmCache, type LlmCache } from '../../src/cache.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheRequest, Outcome } from '../../src/exchange.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { createCluster } from './cluster.js'
import { completion, drain, encode, JSON_HEAD, request } from './support.js'

const MINUTE = 60_000

// Half way between the beginning of the time ahead and what is left for the refresh itself: 8.9 of 10 minutes.
beforeEach(() => vi.spyOn(Math, 'random').mockReturnValue(0.5))
afterEach(() => vi.restoreAllMocks())
const OLD = completion('old')
const NEW = completion('new')

async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve()
}

interface Process {
  readonly cache: LlmCache
  /** What the cache asked the app for by itself, and is not answered yet. */
  readonly sent: { readonly request: CacheRequest; end(): void }[]
  readonly types: string[]
  /** An asker's outcome. */
  ask(): Promise<Outcome>
  /** The text of an answer that has to be there. */
  text(): Promise<string>
  /** Lets the handler of the request that the cache sent answer. */
  answer(body: string, status?: number): Promise<void>
}

function start(clock: ManualClock, options: LlmCacheOptions = {}): Process {
  const cache = createLlmCache({ clock, ttl: '10m', refreshAhead: true, ...options })
  const sent: Process['sent'] = []
  const types: string[] = []
  cache.on((event) => types.push(event.type))
  const ask = async (): Promise<Outcome> =>
    cache.open(
      Object.assign(request(), {
        again: (mark?: object) =>
          new Promise<number | undefined>((resolve) => {
            sent.push({ request: Object.assign(request(), { mark }), end: () => resolve(200) })
          }),
      }),
    )
  const respond = (outcome: Outcome, body: string, status = 200): void => {
    if (outcome.kind !== 'record') throw new Error(outcome.kind)
    outcome.recorder.head(status, JSON_HEAD)
    outcome.recorder.write(encode(body))
    outcome.recorder.end()
  }
  return {
    cache,
    sent,
    types,
    ask,
    async text() {
      const outcome = await ask()
      if (outcome.kind === 'record') {
        respond(outcome, OLD)
        await settle()
        return 'recorded'
      }
      if (outcome.kind !== 'replay') throw new Error(outcome.kind)
      return JSON.parse((await drain(outcome.reply)).text).choices[0].message.content
    },
    async answer(body, status) {
      const next = sent.shift()
      if (!next) throw new Error('nothing was sent')
      respond(await cache.open(next.request), body, status)
      await settle()
      next.end()
      await settle()
    },
  }
}

/** Asks every half minute, for `ms`; every answer has to be at hand. */
async function traffic({ text }: Process, clock: ManualClock, ms: number): Promise<string[]> {
  const texts: string[] = []
  for (let passed = 0; passed < ms; passed += MINUTE / 2) {
    texts.push(await text())
    clock.advance(MINUTE / 2)
    await settle()
  }
  return texts
}

const STORES: readonly [string, (clock: ManualClock) => LlmCacheOptions][] = [
  ['in memory', () => ({})],
  ['in a Keyv', () => ({ store: new Keyv(), storeTimeout: '1m' })],
  ['in memory and a Keyv', (clock) => ({ store: [createMemoryStore({ clock }), new Keyv()], storeTimeout: '1m' })],
]

describe.each(STORES)('a popular answer %s', (_, options) => {
  it('is replaced before it is stale, and nobody waits meanwhile', async () => {
    const clock = createManualClock()
    const process = start(clock, options(clock))
    expect(await process.text()).toBe('recorded')
    expect(new Set(await traffic(process, clock, 9.9 * MINUTE))).toEqual(new Set(['old']))
    expect(process.sent).toHaveLength(1)
    expect(process.types).toContain('refresh-started')
    await process.answer(NEW)
    expect(await process.text()).toBe('new')
    expect(process.types.filter((type) => type === 'lookup-miss')).toHaveLength(1)
    const { refreshAhead, refreshed } = await process.cache.stats()
    expect(refreshed).toBe(1)
    expect(refreshAhead).toMatchObject({ waiting: 0, budget: { running: 0, lastHour: { requests: 1, tokens: 19 } } })
    expect(new Set(await traffic(process, clock, 5 * MINUTE))).toEqual(new Set(['new']))
    expect(process.sent).toHaveLength(0)
    await process.cache.close()
  })

  it('stays where its refresh fails, which is tried again after a pause', async () => {
    const clock = createManualClock()
    const process = start(clock, options(clock))
    await process.text()
    await traffic(process, clock, 9 * MINUTE)
    await process.answer('{"error":{"message":"overloaded"}}', 503)
    expect(await process.text()).toBe('old')
    await settle()
    expect(process.sent).toHaveLength(0)
    clock.advance(6000)
    expect(await process.text()).toBe('old')
    clock.advance(0)
    await settle()
    expect(process.sent).toHaveLength(1)
    expect((await process.cache.stats()).refreshesFailed).toBe(1)
    await process.cache.close()
  })

  it('is not refreshed after it was removed, nor after the cache was closed', async () => {
    for (const end of [(cache: LlmCache) => cache.invalidate({ all: true }), (cache: LlmCache) => cache.close()]) {
      const clock = createManualClock()
      const process = start(clock, options(clock))
      await process.text()
      await traffic(process, clock, 7 * MINUTE)
      await end(process.cache)
      for (let minute = 0; minute < 10; minute++) {
        clock.advance(MINUTE)
        await settle()
      }
      expect(process.sent).toEqual([])
      await process.cache.close()
    }
  })
})

describe('a route', () => {
  it('asks for it by itself, or does without', async () => {
    const clock = createManualClock()
    const cache = createLlmCache({ clock })
    expect((await cache.stats()).refreshAhead).toBeUndefined()
    cache.route({ refreshAhead: { hits: 5 } })
    expect((await cache.stats()).refreshAhead).toEqual({
      waiting: 0,
      budget: { running: 0, lastHour: { requests: 0, tokens: 0, usd: 0 }, exhausted: [] },
    })
  })
})

describe('several processes', () => {
  it('refresh a popular answer once', async () => {
    const clock = createManualClock()
    const cluster = createCluster(clock)
    const processes = [1, 2, 3].map(() => start(clock, { store: [createMemoryStore({ clock }), cluster.store()], storeTimeout: '1m' }))
    for (let passed = 0; passed < 9.9 * MINUTE; passed += MINUTE / 2) {
      for (const { text, sent } of processes) {
        await text()
        // The first that is sent stays unanswered for a while, so that the others come to it.
        if (passed > 9.4 * MINUTE) expect(sent.length).toBeLessThan(2)
      }
      clock.advance(MINUTE / 2)
      await settle()
    }
    const sending = processes.filter(({ sent }) => sent.length > 0)
    expect(sending).toHaveLength(1)
    await sending[0]?.answer(NEW)
    for (const { text } of processes) {
      clock.advance(10_000)
      await text()
      await settle()
    }
    expect(processes.flatMap(({ sent }) => sent)).toEqual([])
    expect(cluster.held).toBe(0)
    for (const { cache } of processes) await cache.close()
  })
})
