import { createClient } from 'redis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../../packages/core/src/entry/entry.js'
import { systemClock } from '../../packages/core/src/lib/clock.js'
import type { Clock, StoreEvent } from '../../packages/core/src/ports.js'
import { type GuardedStore, guardStore } from '../../packages/core/src/stores/guarded.js'
import { createKeyvStore } from '../../packages/core/src/stores/keyv.js'
import { createManualClock } from '../../packages/core/src/testing/manual-clock.js'
import { sampleEntry } from '../../packages/core/src/testing/sample-entry.js'
import { freePort, type RedisServer, startRedis } from '../support/redis.js'
import { CLIENTS, type OpenRedis } from './redis-clients.js'

const DEADLINE_MS = 100
/** A stalled store makes callers wait for ever; this tells that apart from a busy machine. */
const GENEROUS_MS = 10_000

const available = await startRedis()
await available?.stop()

const unhandled = vi.fn()
const cleanUps: (() => unknown)[] = []
beforeEach(() => {
  process.on('unhandledRejection', unhandled)
  process.on('uncaughtException', unhandled)
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', unhandled)
  process.off('uncaughtException', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

interface Setup {
  readonly guard: GuardedStore
  readonly events: StoreEvent[]
  readonly entry: Entry
}

async function start(port?: number): Promise<RedisServer> {
  const redis = (await startRedis(port === undefined ? {} : { port })) as RedisServer
  cleanUps.push(() => redis.stop())
  return redis
}

function setUp(open: OpenRedis, url: string, clock: Clock = systemClock()): Setup {
  const keyv = open(url, 'llm')
  const guard = guardStore(createKeyvStore(keyv, { clock: systemClock() }), {
    clock,
    deadlineMs: DEADLINE_MS,
    writeDeadlineMs: DEADLINE_MS,
    longDeadlineMs: DEADLINE_MS,
  })
  const events: StoreEvent[] = []
  guard.listen((event) => events.push(event))
  cleanUps.push(async () => {
    await guard.close()
    // As an app would end: at once, whatever is under way.
    const store = (keyv as { store?: { disconnect?: (force: boolean) => unknown; store?: typeof keyv } }).store
    const adapter = store?.store ?? store ?? keyv
    await Promise.resolve((adapter as { disconnect(force: boolean): unknown }).disconnect(true)).catch(() => {})
  })
  return { guard, events, entry: sampleEntry(systemClock(), {}) }
}

async function timed<T>(work: () => T | Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const value = await work()
  expect(performance.now() - startedAt).toBeLessThan(GENEROUS_MS)
  return value
}

async function administrate(redis: RedisServer, ...commands: string[][]): Promise<void> {
  const client = await createClient({ url: redis.url }).connect()
  for (const command of commands) await client.sendCommand(command)
  client.destroy()
}

describe.skipIf(!available).each(CLIENTS)('faults of Redis behind %s', (_name, open) => {
  it('down at start: every call fails within the deadline', async () => {
    const { guard, events, entry } = setUp(open, `redis://127.0.0.1:${await freePort()}`)
    expect((await timed(() => guard.get(entry.key))).kind).not.toBe('found')
    expect(await timed(() => guard.set(entry))).toBe('failed')
    expect(await timed(() => guard.delete(entry.key))).toBe('failed')
    expect((await timed(() => guard.erase(''))).kind).toBe('failed')
    const all = await timed(() => Promise.all(Array.from({ length: 200 }, () => guard.get(entry.key))))
    expect(all.every(({ kind }) => kind !== 'found')).toBe(true)
    expect(events.filter((event) => event.type === 'store-failed' && event.operation === 'set')).toHaveLength(1)
    expect(events.filter((event) => event.type === 'store-failed' && event.operation === 'connection').length).toBeLessThanOrEqual(1)
  })

  it('stalled: calls wait for the deadline and no longer, and work again afterwards', async () => {
    const redis = await start()
    const clock = createManualClock()
    const { guard, events, entry } = setUp(open, redis.url, clock)
    expect(await guard.set(entry)).toBe('stored')
    redis.pause()
    const answered = vi.fn()
    const calls = [guard.get(entry.key), guard.set(entry), guard.delete('lc1.p.other')].map((call) => Promise.resolve(call).then(answered))
    clock.advance(DEADLINE_MS - 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(answered).not.toHaveBeenCalled()
    clock.advance(1)
    await timed(() => Promise.all(calls))
    expect(answered.mock.calls).toEqual([[{ kind: 'failed', reason: 'timeout' }], ['failed'], ['failed']])
    expect(events).toHaveLength(3)
    redis.resume()
    await vi.waitFor(async () => expect(await guard.get(entry.key)).toEqual({ kind: 'found', entry }), GENEROUS_MS)
    expect(events).toHaveLength(3)
  })

  it('killed in between: answers in time, and works again when it is back', async () => {
    const first = await start()
    const { guard, entry } = setUp(open, first.url)
    expect(await guard.set(entry)).toBe('stored')
    const burst = Array.from({ length: 100 }, () => guard.get(entry.key))
    await first.kill()
    await timed(() => Promise.all(burst))
    expect((await timed(() => guard.get(entry.key))).kind).not.toBe('found')
    // It may wait until the store is back.
    const written = Promise.resolve(guard.set(entry))
    await start(first.port)
    expect(['stored', 'failed']).toContain(await written)
    await vi.waitFor(async () => expect(await guard.set(entry)).toBe('stored'), { timeout: 10_000, interval: 50 })
    expect(await guard.get(entry.key)).toEqual({ kind: 'found', entry })
  })

  it('out of memory or read-only: a write that was lost is not reported as stored', async () => {
    const redis = await start()
    const { guard, entry } = setUp(open, redis.url)
    expect(await guard.set(entry)).toBe('stored')
    await administrate(redis, ['CONFIG', 'SET', 'maxmemory', '1'])
    expect(await guard.set(entry)).toBe('failed')
    await administrate(redis, ['CONFIG', 'SET', 'maxmemory', '0'], ['REPLICAOF', '127.0.0.1', '1'])
    expect(await guard.set(entry)).toBe('failed')
    expect(await guard.delete(entry.key)).toBe('failed')
    expect((await guard.erase('')).kind).toBe('failed')
    await administrate(redis, ['REPLICAOF', 'NO', 'ONE'])
    await vi.waitFor(async () => expect(await guard.set(entry)).toBe('stored'), { timeout: 10_000, interval: 50 })
  })

  it('a value of another type under the key: a miss', async () => {
    const redis = await start()
    const { guard, entry } = setUp(open, redis.url)
    await guard.set(entry)
    const client = await createClient({ url: redis.url }).connect()
    const [key] = (await client.keys('*')) as [string]
    for (const plant of [
      () => client.hSet(key, 'a', 'b'),
      () => client.set(key, '{"value":5'),
      () => client.set(key, Buffer.from([255, 0])),
    ]) {
      await client.del(key)
      await plant()
      expect((await guard.get(entry.key)).kind).not.toBe('found')
      expect(await guard.set(entry)).toBe('stored')
      expect(await guard.get(entry.key)).toEqual({ kind: 'found', entry })
    }
    client.destroy()
  })
})
