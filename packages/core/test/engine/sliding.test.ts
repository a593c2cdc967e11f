import Keyv from 'keyv'
import { describe, expect, it, vi } from 'vitest'
import { createLlmCache, type LlmCache } from '../../src/cache.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { Entry } from '../../src/entry/entry.js'
import type { CacheStore } from '../../src/ports.js'
import type { Fence } from '../../src/sharing.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { createCluster } from './cluster.js'
import { completion, decode, encode, field, JSON_HEAD, open, type RequestParts, record, request } from './support.js'

const SECOND = 1000
const OLD = completion('old')
const NEW = completion('new')

async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve()
}

type Hook = () => Promise<void>

/** A store as another machine would be: it answers later, and what it holds can be looked at. */
function slowStore(clock: ManualClock, hooks: { beforeGet?: Hook; afterGet?: Hook; beforeSet?: Hook } = {}) {
  const inner = createMemoryStore({ clock })
  const writes: Entry[] = []
  const store: CacheStore = {
    name: 'slow',
    limits: inner.limits,
    async get(key) {
      // Not what the cache keeps of its own.
      if (key.startsWith('lc1.')) await hooks.beforeGet?.()
      const found = inner.get(key)
      if (key.startsWith('lc1.')) await hooks.afterGet?.()
      return found
    },
    async set(entry) {
      if (!entry.key.startsWith('lc1.')) return inner.set(entry)
      await hooks.beforeSet?.()
      writes.push(entry)
      return inner.set(entry)
    },
    delete: async (key) => inner.delete(key),
    clear: async () => inner.clear(),
    ...(inner.keys && { keys: inner.keys }),
    size: () => undefined,
    close: () => {},
  }
  return { store, writes, inner, hooks }
}

/** 'HIT' and so on; a miss is answered with `body`. */
async function ask(cache: Pick<LlmCache, 'open'>, body: string = OLD, parts: RequestParts = {}): Promise<string> {
  const outcome = await cache.open(request(parts))
  if (outcome.kind === 'record') {
    outcome.recorder.head(200, JSON_HEAD)
    outcome.recorder.write(encode(body))
    outcome.recorder.end()
    await settle()
    return 'MISS'
  }
  if (outcome.kind !== 'replay') throw new Error(outcome.kind)
  await settle()
  const { headers, body: reply } = outcome.reply
  const text = reply.kind === 'bytes' ? decode(reply.bytes) : ''
  return `${field(headers, 'x-llm-cache')} ${JSON.parse(text).choices[0].message.content}`
}

const create = (clock: ManualClock, options: LlmCacheOptions = {}): LlmCache =>
  createLlmCache({ clock, ttl: '10s', sliding: '60s', storeTimeout: '1m', staleIfError: 0, ...options })

const STORES: readonly [string, (clock: ManualClock) => LlmCacheOptions][] = [
  ['in memory', () => ({})],
  ['in a Keyv', () => ({ store: new Keyv() })],
  ['in memory and a slow store', (clock) => ({ store: [createMemoryStore({ clock }), slowStore(clock).store] })],
  ['under a lease', (clock) => ({ store: [createMemoryStore({ clock }), createCluster(clock).store()] })],
]

describe.each(STORES)('sliding freshness %s', (_, options) => {
  it('is prolonged by hits in the second half of the lifetime, up to the cap, and not beyond', async () => {
    const clock = createManualClock()
    const cache = create(clock, options(clock))
    expect(await ask(cache)).toBe('MISS')
    for (let passed = 6; passed < 60; passed += 6) {
      clock.advance(6 * SECOND)
      expect([passed, await ask(cache)]).toEqual([passed, 'HIT old'])
    }
    clock.advance(6 * SECOND)
    expect(await ask(cache)).toBe('MISS')
  })

  it('is as it was without hits, or with hits in the first half', async () => {
    const clock = createManualClock()
    const cache = create(clock, options(clock))
    await ask(cache)
    clock.advance(4 * SECOND)
    expect(await ask(cache)).toBe('HIT old')
    clock.advance(6 * SECOND)
    expect(await ask(cache)).toBe('MISS')
  })

  it('keeps the age, the id and the bytes', async () => {
    const clock = createManualClock()
    const cache = create(clock, options(clock))
    const id = field(await record(cache), 'x-llm-cache-id')
    await settle()
    for (let time = 0; time < 3; time++) {
      clock.advance(7 * SECOND)
      const { reply } = await open(cache, {}, 'replay')
      await settle()
      expect(field(reply.headers, 'age')).toBe(String(7 * (time + 1)))
      expect(field(reply.headers, 'x-llm-cache-id')).toBe(id)
      expect(reply.body.kind === 'bytes' && decode(reply.body.bytes)).toBe(completion())
    }
  })

  it('brings nothing back that is removed on purpose', async () => {
    const clock = createManualClock()
    const cache = create(clock, options(clock))
    for (const selector of [{ all: true }, { partition: { headers: {} } }] as const) {
      await ask(cache)
      clock.advance(7 * SECOND)
      // Both at once: the hit's own write is under way while it is removed.
      await open(cache, {}, 'replay')
      await cache.invalidate(selector)
      await settle()
      expect(await ask(cache)).toBe('MISS')
    }
  })

  it('is the lifetime of the answer itself, not of the route', async () => {
    const clock = createManualClock()
    const cache = create(clock, options(clock))
    const { recorder, handle } = await open(cache, {}, 'record')
    handle.ttl('30s')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(OLD))
    recorder.end()
    await settle()
    clock.advance(16 * SECOND)
    expect(await ask(cache)).toBe('HIT old')
    clock.advance(29 * SECOND)
    expect(await ask(cache)).toBe('HIT old')
    clock.advance(14 * SECOND)
    expect(await ask(cache)).toBe('HIT old')
    clock.advance(SECOND)
    expect(await ask(cache)).toBe('MISS')
  })
})

describe('without sliding', () => {
  it('nothing is written at a hit, and nothing prolonged that another route slides', async () => {
    const clock = createManualClock()
    const { store, writes } = slowStore(clock)
    const cache = create(clock, { store, sliding: undefined })
    await ask(cache)
    clock.advance(6 * SECOND)
    expect(await ask(cache.route({ sliding: '60s' }))).toBe('HIT old')
    expect(writes).toHaveLength(1)
    expect(writes[0]?.meta).not.toHaveProperty('ttlMs')
  })
})

describe('a slow store', () => {
  it('is written once for many hits, by nobody who waits for it', async () => {
    const clock = createManualClock()
    const slow = slowStore(clock)
    const memory = createMemoryStore({ clock })
    const cache = create(clock, { store: [memory, slow.store] })
    await ask(cache)
    clock.advance(7 * SECOND)
    let free = (): void => {}
    slow.hooks.beforeGet = () => new Promise((resolve) => (free = resolve))
    for (let hit = 0; hit < 100; hit++) expect((await open(cache, {}, 'replay')).reply.status).toBe(200)
    expect(slow.writes).toHaveLength(1)
    free()
    await settle()
    expect(slow.writes).toHaveLength(2)
    expect(slow.writes[1]).toMatchObject({ id: slow.writes[0]?.id, storedAt: slow.writes[0]?.storedAt, staleAt: clock.now() + 10 * SECOND })
    for (let hit = 0; hit < 100; hit++) await ask(cache)
    expect(slow.writes).toHaveLength(2)
  })

  it('keeps the time for which a stale answer may be used', async () => {
    const clock = createManualClock()
    const slow = slowStore(clock)
    const cache = create(clock, { store: slow.store, staleIfError: '5m' })
    await ask(cache)
    clock.advance(9 * SECOND)
    await ask(cache)
    const [first, second] = slow.writes
    expect(second?.staleAt).toBe(clock.now() + 10 * SECOND)
    expect((second?.deleteAt ?? 0) - (second?.staleAt ?? 0)).toBe((first?.deleteAt ?? 0) - (first?.staleAt ?? 0))
  })

  it('keeps a newer answer that came while it was looked at, and what it no longer has stays away', async () => {
    const clock = createManualClock()
    const slow = slowStore(clock)
    const cache = create(clock, { store: [createMemoryStore({ clock }), slow.store] })
    for (const change of ['newer', 'gone'] as const) {
      await ask(cache)
      clock.advance(7 * SECOND)
      const old = slow.writes.at(-1) as Entry
      const written = slow.writes.length
      slow.hooks.beforeGet = async () => {
        slow.hooks.beforeGet = async () => {}
        if (change === 'newer') slow.inner.set({ ...old, id: 'newer', storedAt: clock.now() })
        else slow.inner.delete(old.key)
      }
      expect(await ask(cache)).toBe('HIT old')
      expect(slow.writes).toHaveLength(written)
      await cache.invalidate({ all: true })
    }
  })

  it('keeps its hands off what somebody here is asking anew', async () => {
    const clock = createManualClock()
    const slow = slowStore(clock)
    const cache = create(clock, { store: [createMemoryStore({ clock }), slow.store] })
    await ask(cache)
    clock.advance(7 * SECOND)
    const parts = { headers: { 'cache-control': 'no-cache' } }
    const { recorder } = await open(cache, parts, 'record')
    let reads = 0
    let free = (): void => {}
    slow.hooks.beforeGet = () => {
      reads++
      return new Promise((resolve) => (free = resolve))
    }
    expect(await ask(cache)).toBe('HIT old')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(NEW))
    recorder.end()
    await settle()
    free()
    await settle()
    expect(await ask(cache)).toBe('HIT new')
    expect(slow.writes).toHaveLength(2)
    expect(reads).toBe(1)
  })

  it('keeps a newer answer that the memory in front has already', async () => {
    const clock = createManualClock()
    const slow = slowStore(clock)
    const cache = create(clock, { store: [createMemoryStore({ clock }), slow.store] })
    await ask(cache)
    clock.advance(7 * SECOND)
    let read = (): void => {}
    slow.hooks.beforeGet = () => new Promise((resolve) => (read = resolve))
    expect(await ask(cache)).toBe('HIT old')
    // The new one is on its way to the slow store while the old one is read from there.
    let arrive = (): void => {}
    slow.hooks.beforeSet = () => new Promise((resolve) => (arrive = resolve))
    expect(await ask(cache, NEW, { headers: { 'cache-control': 'no-cache' } })).toBe('MISS')
    slow.hooks.beforeSet = async () => {}
    read()
    await settle()
    expect(slow.writes).toHaveLength(1)
    arrive()
    await settle()
    expect(await ask(cache)).toBe('HIT new')
  })

  it('keeps a newer answer that is on its way there', async () => {
    const clock = createManualClock()
    const slow = slowStore(clock)
    const cache = create(clock, { store: slow.store })
    await ask(cache)
    clock.advance(7 * SECOND)
    const arrivals: (() => void)[] = []
    const reads: (() => void)[] = []
    expect(await open(cache, {}, 'replay').then(() => slow.writes.length)).toBe(1)
    await settle()
    // Prolonged; once more, with a new answer between the look and the write.
    expect(slow.writes).toHaveLength(2)
    clock.advance(7 * SECOND)
    slow.hooks.afterGet = () => new Promise((resolve) => reads.push(resolve))
    const hit = open(cache, {}, 'replay')
    await settle()
    reads.shift()?.()
    await hit
    await settle()
    expect(reads).toHaveLength(1)
    slow.hooks.beforeSet = () => new Promise((resolve) => arrivals.push(resolve))
    expect(await ask(cache, NEW, { headers: { 'cache-control': 'no-cache' } })).toBe('MISS')
    reads.shift()?.()
    slow.hooks.afterGet = async () => {}
    await settle()
    for (const arrive of arrivals) arrive()
    await settle()
    slow.hooks.beforeSet = async () => {}
    expect(await ask(cache)).toBe('HIT new')
  })

  it('is not written while a new answer is fetched in the background', async () => {
    const clock = createManualClock()
    const slow = slowStore(clock)
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const refreshAhead = { hits: 1, window: '10s', ahead: 0.9 } as const
    const cache = create(clock, { store: [createMemoryStore({ clock }), slow.store], refreshAhead })
    await ask(cache)
    clock.advance(4 * SECOND)
    let sent = 0
    const again = (): Promise<undefined> => {
      sent++
      return new Promise(() => {})
    }
    await cache.open(Object.assign(request(), { again }))
    clock.advance(0)
    await settle()
    expect(sent).toBe(1)
    clock.advance(3 * SECOND)
    expect(await ask(cache)).toBe('HIT old')
    expect(slow.writes).toHaveLength(1)
    vi.restoreAllMocks()
  })

  it('that fails leaves everything as it is', async () => {
    const clock = createManualClock()
    const slow = slowStore(clock)
    const cache = create(clock, { store: [createMemoryStore({ clock }), slow.store] })
    await ask(cache)
    clock.advance(7 * SECOND)
    slow.hooks.beforeGet = async () => {
      throw new Error('down')
    }
    expect(await ask(cache)).toBe('HIT old')
    clock.advance(2 * SECOND)
    slow.hooks.beforeGet = async () => {}
    expect(await ask(cache)).toBe('HIT old')
    expect(slow.writes).toHaveLength(2)
  })

  it('is not written after close', async () => {
    const clock = createManualClock()
    const slow = slowStore(clock)
    const cache = create(clock, { store: [createMemoryStore({ clock }), slow.store] })
    await ask(cache)
    clock.advance(7 * SECOND)
    let free = (): void => {}
    slow.hooks.beforeGet = () => new Promise((resolve) => (free = resolve))
    await open(cache, {}, 'replay')
    const events: string[] = []
    cache.on(({ type }) => events.push(type))
    const closed = cache.close()
    free()
    await closed
    await settle()
    expect(slow.writes).toHaveLength(1)
    expect(events).toEqual([])
  })
})

describe('two processes', () => {
  const start = (clock: ManualClock) => {
    const cluster = createCluster(clock)
    const writes: Entry[] = []
    const start = (): LlmCache => {
      const store = cluster.store()
      const { set } = store
      vi.spyOn(store, 'set').mockImplementation((entry, fence) => {
        if (entry.key.startsWith('lc1.')) writes.push(entry)
        return set(entry, fence)
      })
      return create(clock, { store: [createMemoryStore({ clock }), store] })
    }
    return { cluster, writes, a: start(), b: start() }
  }

  it('prolong it once, and the other one hears of it', async () => {
    const clock = createManualClock()
    const { cluster, writes, a, b } = start(clock)
    await ask(a)
    expect(await ask(b)).toBe('HIT old')
    clock.advance(7 * SECOND)
    expect(await ask(a)).toBe('HIT old')
    clock.advance(SECOND)
    expect(await ask(b)).toBe('HIT old')
    expect(writes).toHaveLength(2)
    clock.advance(7 * SECOND)
    // Ten seconds are over: both have it from the hit at 7 s.
    expect(await ask(b)).toBe('HIT old')
    expect(await ask(a)).toBe('HIT old')
    expect(cluster.held).toBe(0)
  })

  it.each(['the lease is waited for', 'the lease cannot be had'])('bring nothing back that is removed while %s', async (what) => {
    const clock = createManualClock()
    const cluster = createCluster(clock)
    const store = cluster.store()
    const { flights } = store.sharing ?? {}
    if (!flights) throw new Error('no flights')
    const writes: Entry[] = []
    let joined = async (): Promise<void> => {}
    let deleted = async (): Promise<void> => {}
    const cache = create(clock, {
      store: [
        createMemoryStore({ clock }),
        {
          ...store,
          sharing: {
            flights: {
              ...flights,
              async join(key) {
                await joined()
                return flights.join(key)
              },
            },
          },
          async set(entry: Entry, fence?: Fence) {
            if (entry.key.startsWith('lc1.')) writes.push(entry)
            return store.set(entry, fence)
          },
          async delete(key: string) {
            await deleted()
            return store.delete(key)
          },
        },
      ],
    })
    await ask(cache)
    expect(writes).toHaveLength(1)
    clock.advance(7 * SECOND)
    let goOn = (): void => {}
    let give: (error?: Error) => void = () => {}
    joined = () => new Promise((resolve, reject) => (give = (error) => (error ? reject(error) : resolve())))
    deleted = () => new Promise((resolve) => (goOn = resolve))
    await open(cache, {}, 'replay')
    await settle()
    const removed = what === 'the lease is waited for' ? cache.invalidate({ keys: [writes[0]?.key ?? ''] }) : undefined
    await settle()
    give(removed ? undefined : new Error('down'))
    await settle()
    expect(writes).toHaveLength(1)
    goOn()
    await removed
    expect(cluster.held).toBe(0)
  })

  it('leave it to who holds the lease', async () => {
    const clock = createManualClock()
    const { cluster, writes, a, b } = start(clock)
    await ask(a)
    await ask(b)
    clock.advance(7 * SECOND)
    const joining = await cluster.store().sharing?.flights?.join(writes[0]?.key ?? '')
    expect(await ask(b)).toBe('HIT old')
    expect(writes).toHaveLength(1)
    if (joining?.kind === 'lead') await joining.lease.close()
    clock.advance(2 * SECOND)
    expect(await ask(b)).toBe('HIT old')
    expect(writes).toHaveLength(2)
  })
})
