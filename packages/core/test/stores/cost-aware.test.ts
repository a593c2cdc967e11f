import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Entry, entryBytes } from '../../src/entry/entry.js'
import type { CacheStore } from '../../src/ports.js'
import { createMemoryStore, type MemoryStoreOptions } from '../../src/stores/memory.js'
import { createValuation, USD_PER_MS } from '../../src/stores/value.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { storeContract } from '../../src/testing/store-contract.js'

storeContract({ describe, it }, 'memory by cost', async ({ clock }) => ({ store: createMemoryStore({ clock, eviction: 'cost' }) }))

const clock = createManualClock()

/** An entry of `bytes` whose answer cost `usd`. */
function priced(key: string, usd: number, bytes = 2000, fields: Partial<Entry> = {}): Entry {
  const meta = { provider: 'generic', model: 'm', route: undefined, usage: { outputTokens: usd * 1e6 }, originMs: 1000, tags: [] }
  const bare = sampleEntry(clock, { key, body: new Uint8Array(0), meta, ...fields })
  return { ...bare, body: new Uint8Array(bytes - entryBytes(bare)) }
}

function open(options: MemoryStoreOptions = {}): CacheStore {
  return createMemoryStore({
    eviction: 'cost',
    prices: { m: { input: 1, output: 1 } },
    clock,
    maxBytes: 20_000,
    maxEntryBytes: 20_000,
    ...options,
  })
}

const held = (store: CacheStore): string[] => Array.from((store.keys?.('') ?? []) as Iterable<string>).sort()

describe('memory store by cost', () => {
  it('gives up what saves least for its bytes', () => {
    const store = open()
    for (let at = 0; at < 10; at++) store.set(priced(`e${at}`, 0.01 * (at + 1)))
    expect(store.set(priced('dear', 0.05))).toBe(true)
    expect(held(store)).not.toContain('e0')
    expect(store.size()).toEqual({ entries: 10, bytes: 20_000 })
  })

  it('counts bytes: two small answers are worth more than one large of the same price', () => {
    const store = open()
    store.set(priced('large', 0.1, 10_000))
    store.set(priced('small', 0.1, 2000))
    store.set(priced('other', 0.1, 8000))
    store.set(priced('new', 0.1, 2000))
    expect(held(store)).toEqual(['new', 'other', 'small'])
  })

  it('keeps what is asked for often, be it cheap', () => {
    const store = open()
    for (let at = 0; at < 10; at++) store.set(priced(`e${at}`, 0.01))
    for (let times = 0; times < 6; times++) store.get('e0')
    for (let at = 0; at < 9; at++) store.set(priced(`dearer${at}`, 0.04))
    expect(held(store)).toContain('e0')
  })

  it('refuses what is worth less than what would have to go, and forgets what it would have replaced', () => {
    const store = open()
    store.set(priced('mine', 0.0001))
    for (let at = 0; at < 9; at++) store.set(priced(`e${at}`, 0.1))
    const events: string[] = []
    store.listen?.((event) => events.push(event.type))
    expect(store.set(priced('worthless', 0.000001))).toBe(false)
    expect(store.set(priced('mine', 0.0001, 10_000))).toBe(false)
    expect(store.get('mine')).toBeUndefined()
    expect(store.size()).toEqual({ entries: 9, bytes: 18_000 })
    expect(events).toEqual([])
  })

  it('lets no scan of one-time prompts flush what is asked for again', () => {
    for (const eviction of ['cost', 'lru'] as const) {
      const store = open({ eviction, maxBytes: 200_000 })
      const ask = (key: string): boolean => {
        if (store.get(key)) return true
        store.set(priced(key, 0.01))
        return false
      }
      for (let round = 0; round < 5; round++) for (let at = 0; at < 80; at++) ask(`hot${at}`)
      for (let at = 0; at < 500; at++) ask(`once${at}`)
      let hits = 0
      for (let at = 0; at < 80; at++) hits += store.get(`hot${at}`) ? 1 : 0
      if (eviction === 'cost') expect(hits).toBeGreaterThan(75)
      else expect(hits).toBe(0)
    }
  })

  it('lets go in time of what was popular once', () => {
    const store = open()
    const ask = (key: string): boolean => {
      if (store.get(key)) return true
      store.set(priced(key, 0.01))
      return false
    }
    for (let times = 0; times < 50; times++) for (let at = 0; at < 10; at++) ask(`old${at}`)
    let hits = 0
    for (let times = 0; times < 200; times++) {
      hits = 0
      for (let at = 0; at < 10; at++) hits += ask(`new${at}`) ? 1 : 0
    }
    expect(hits).toBe(10)
  })

  it('gives up expired entries before all others', () => {
    const store = open()
    const reasons: string[] = []
    store.listen?.((event) => {
      if (event.type === 'entry-evicted') reasons.push(`${event.reason} ${event.bytes}`)
    })
    const now = clock.now()
    store.set(priced('dear and short', 100, 2000, { storedAt: now, staleAt: now, deleteAt: now + 10 }))
    for (let at = 0; at < 9; at++) store.set(priced(`e${at}`, 0.0001))
    clock.advance(10)
    expect(store.set(priced('new', 0.0001))).toBe(true)
    expect(held(store)).not.toContain('dear and short')
    expect(reasons).toEqual(['expired 2000'])
  })

  it('counts the share of the number where that is the tighter bound', () => {
    const store = open({ maxEntries: 2, maxBytes: 1_000_000, maxEntryBytes: 100_000 })
    store.set(priced('small', 0.01, 2000))
    store.set(priced('large', 0.02, 90_000))
    store.set(priced('new', 0.02, 2000))
    expect(held(store)).toEqual(['large', 'new'])
  })
})

describe('what a hit is worth', () => {
  const meta = { provider: 'openai-chat', route: undefined, tags: [] }
  const worthOf = (fields: Partial<Entry['meta']>, value = createValuation()): number =>
    value(
      sampleEntry(clock, { meta: { ...meta, model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 500 }, originMs: 800, ...fields } }),
    )

  it('is what the answer was billed', () => {
    expect(worthOf({})).toBeCloseTo(0.0075, 10)
  })

  it('is its time at the usual rate where the price is not known, or nothing', () => {
    expect(worthOf({ usage: undefined })).toBeCloseTo(800 * USD_PER_MS, 12)
    expect(worthOf({ model: 'no-such-model' })).toBeCloseTo(800 * USD_PER_MS, 12)
    expect(worthOf({}, createValuation({ 'gpt-4o': { input: 0, output: 0 } }))).toBeCloseTo(800 * USD_PER_MS, 12)
  })

  it('follows the rate of the answers whose price is known', () => {
    const value = createValuation()
    for (let times = 0; times < 10_000; times++) worthOf({ originMs: 1000 }, value)
    expect(worthOf({ usage: undefined, originMs: 1000 }, value)).toBeCloseTo(0.0075, 3)
  })

  it('is a number above 0 whatever an entry claims', () => {
    const value = createValuation({ gold: { input: Number.MAX_VALUE } })
    const figure = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -1, 0, Number.MAX_VALUE))
    fc.assert(
      fc.property(figure, figure, fc.constantFrom('gold', 'gpt-4o', undefined), (inputTokens, originMs, model) => {
        const worth = worthOf({ usage: { inputTokens }, originMs, model }, value)
        expect(worth).toBeGreaterThan(0)
        expect(worth).toBeLessThanOrEqual(100)
      }),
    )
  })
})
