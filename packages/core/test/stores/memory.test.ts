import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Entry, entryBytes } from '../../src/entry/entry.js'
import { OptionError } from '../../src/errors.js'
import type { CacheStore, StoreEvent } from '../../src/ports.js'
import { createMemoryStore, type MemoryStoreOptions } from '../../src/stores/memory.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { storeContract } from '../../src/testing/store-contract.js'
import { cpuTime } from '../cpu-time.js'

storeContract({ describe, it }, 'memory', async ({ clock }) => ({ store: createMemoryStore({ clock }) }))

const listed = (store: CacheStore, prefix: string): string[] => Array.from((store.keys?.(prefix) ?? []) as Iterable<string>)

type Step =
  | { readonly do: 'set'; readonly key: string; readonly size: number; readonly lifetimeMs: number }
  | { readonly do: 'get' | 'delete'; readonly key: string }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'clear' }

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', '__proto__')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('set' as const), key, size: fc.nat(2600), lifetimeMs: fc.integer({ min: -2, max: 60 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'clear' as const }) },
)

/** An LRU so plain that it is evidently right: the list's first is the least recently used. */
function createModel(maxEntries: number, maxBytes: number, maxEntryBytes: number) {
  let held: Entry[] = []
  const events: string[] = []
  const bytes = (): number => held.reduce((total, entry) => total + entryBytes(entry), 0)
  const remove = (wanted: string): boolean => {
    const before = held.length
    held = held.filter((entry) => entry.key !== wanted)
    return held.length < before
  }
  return {
    events,
    size: () => ({ entries: held.length, bytes: bytes() }),
    get(wanted: string, now: number): Entry | undefined {
      const entry = held.find((candidate) => candidate.key === wanted)
      if (!entry) return undefined
      remove(wanted)
      if (entry.deleteAt > now) held.push(entry)
      else events.push(`expired ${entryBytes(entry)}`)
      return entry.deleteAt > now ? entry : undefined
    },
    set(entry: Entry, now: number): boolean {
      remove(entry.key)
      if (entryBytes(entry) > maxEntryBytes || entry.deleteAt <= now) return false
      while (held.length >= maxEntries || bytes() + entryBytes(entry) > maxBytes) {
        const [first] = held.splice(0, 1) as [Entry]
        events.push(`${first.deleteAt > now ? 'space' : 'expired'} ${entryBytes(first)}`)
      }
      held.push(entry)
      return true
    },
    delete: remove,
    clear(): void {
      held = []
    },
  }
}

describe('memory store', () => {
  it('does what a plain LRU does, within both bounds at every moment', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 6 }), (steps, maxEntries) => {
        const clock = createManualClock()
        const [maxBytes, maxEntryBytes] = [8700, 3300]
        const store = createMemoryStore({ maxEntries, maxBytes, maxEntryBytes, clock })
        const model = createModel(maxEntries, maxBytes, maxEntryBytes)
        const events: string[] = []
        store.listen?.((event) => {
          expect(store.size()?.bytes).toBeLessThanOrEqual(maxBytes)
          if (event.type === 'entry-evicted') events.push(`${event.reason} ${event.bytes}`)
        })
        for (const next of steps) {
          if (next.do === 'wait') clock.advance(next.ms)
          else if (next.do === 'clear') {
            store.clear()
            model.clear()
          } else if (next.do === 'set') {
            const now = clock.now()
            const times = { storedAt: now - 100, staleAt: now - 50, deleteAt: now + next.lifetimeMs }
            const entry = sampleEntry(clock, { key: next.key, body: new Uint8Array(next.size), ...times })
            expect(store.set(entry)).toBe(model.set(entry, now))
          } else if (next.do === 'get') expect(store.get(next.key)).toBe(model.get(next.key, clock.now()))
          else expect(store.delete(next.key)).toBe(model.delete(next.key))
          expect(store.size()).toEqual(model.size())
          expect(store.size()?.entries).toBeLessThanOrEqual(maxEntries)
          expect(store.size()?.bytes).toBeLessThanOrEqual(maxBytes)
        }
        expect(events).toEqual(model.events)
      }),
      { numRuns: 500 },
    )
  })

  it('evicts by cost only what it held, tells of it, and keeps the truth, within both bounds at every moment', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), fc.integer({ min: 1, max: 6 }), (steps, maxEntries) => {
        const clock = createManualClock()
        const [maxBytes, maxEntryBytes] = [9600, 3700]
        const store = createMemoryStore({ eviction: 'cost', maxEntries, maxBytes, maxEntryBytes, clock })
        // A map that knows no policy: it is told what went, by size, each of which is different.
        const model = new Map<string, Entry>()
        const bytes = (): number => [...model.values()].reduce((total, entry) => total + entryBytes(entry), 0)
        let gone: { readonly reason: string; readonly bytes: number }[] = []
        store.listen?.((event) => {
          expect(store.size()?.bytes).toBeLessThanOrEqual(maxBytes)
          if (event.type === 'entry-evicted') gone.push(event)
        })
        const settle = (): void => {
          for (const event of gone) {
            const entry = [...model.values()].find((candidate) => entryBytes(candidate) === event.bytes)
            expect(entry).toBeDefined()
            if (!entry) continue
            expect(event.reason).toBe(entry.deleteAt > clock.now() ? 'space' : 'expired')
            model.delete(entry.key)
          }
          gone = []
        }
        for (const [serial, next] of steps.entries()) {
          if (next.do === 'wait') clock.advance(next.ms)
          else if (next.do === 'clear') {
            store.clear()
            model.clear()
          } else if (next.do === 'set') {
            const now = clock.now()
            const times = { storedAt: now - 100, staleAt: now - 50, deleteAt: now + next.lifetimeMs }
            const size = next.size - (next.size % 200) + serial
            const entry = sampleEntry(clock, { key: next.key, body: new Uint8Array(size), ...times })
            const fitted = model.size < maxEntries && bytes() + entryBytes(entry) <= maxBytes
            model.delete(next.key)
            const stored = store.set(entry)
            settle()
            if (fitted) expect(stored).toBe(entryBytes(entry) <= maxEntryBytes && entry.deleteAt > now)
            if (stored) model.set(next.key, entry)
          } else if (next.do === 'get') {
            const found = store.get(next.key)
            settle()
            expect(found).toBe(model.get(next.key))
          } else expect(store.delete(next.key)).toBe(model.delete(next.key))
          expect(store.size()).toEqual({ entries: model.size, bytes: bytes() })
          expect(listed(store, '').sort()).toEqual([...model.keys()].sort())
          expect(model.size).toBeLessThanOrEqual(maxEntries)
          expect(bytes()).toBeLessThanOrEqual(maxBytes)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('answers at once with the very entry', () => {
    const store = createMemoryStore()
    const entry = sampleEntry({ now: Date.now }, {})
    expect(store.set(entry)).toBe(true)
    expect(store.get(entry.key)).toBe(entry)
  })

  it('holds its bounds under a hundred thousand keys', () => {
    const clock = createManualClock()
    const store = createMemoryStore({ maxBytes: 1_000_000, clock })
    const evicted: StoreEvent[] = []
    store.listen?.((event) => evicted.push(event))
    for (let index = 0; index < 100_000; index++) store.set(sampleEntry(clock, { key: `lc1.p.${index}` }))
    const size = store.size()
    expect(size?.bytes).toBeLessThanOrEqual(1_000_000)
    expect(size?.bytes).toBeGreaterThan(990_000)
    expect(evicted.length + (size?.entries ?? 0)).toBe(100_000)
  })

  it.each(['lru', 'cost'] as const)('lists its keys by prefix, also while they are deleted (%s)', (eviction) => {
    const clock = createManualClock()
    const store = createMemoryStore({ eviction, clock })
    const keys = ['lc1.t.1', 'lc1.t.2', 'lc1.tt.1', 'lc1.*.1', 'lc1.__proto__.1', 'other']
    for (const key of keys) store.set(sampleEntry(clock, { key }))
    expect(listed(store, '').sort()).toEqual([...keys].sort())
    expect(listed(store, 'lc1.t.').sort()).toEqual(['lc1.t.1', 'lc1.t.2'])
    expect(listed(store, 'lc1.*.').sort()).toEqual(['lc1.*.1'])
    for (const key of listed(store, 'lc1.')) store.delete(key)
    expect(listed(store, '').sort()).toEqual(['other'])
  })

  it.each(['lru', 'cost'] as const)('does not erase in quadratic time (%s)', (eviction) => {
    const clock = createManualClock()
    const store = createMemoryStore({ eviction, maxEntries: 1_000_000, maxBytes: 2 ** 30, clock })
    for (let at = 0; at < 100_000; at++) store.set(sampleEntry(clock, { key: `lc1.${at % 2 ? 'p' : 'q'}.${at}` }))
    const started = process.cpuUsage()
    for (const key of listed(store, 'lc1.p.')) store.delete(key)
    expect(store.size()?.entries).toBe(50_000)
    expect(cpuTime(started)).toBeLessThan(2000)
  })

  it('survives a listener that throws', () => {
    const clock = createManualClock()
    const store = createMemoryStore({ maxEntries: 1, clock })
    store.listen?.(() => {
      throw new Error('listener')
    })
    expect(store.set(sampleEntry(clock, { key: 'a' }))).toBe(true)
    expect(store.set(sampleEntry(clock, { key: 'b' }))).toBe(true)
    expect(store.size()?.entries).toBe(1)
  })

  it('limits one entry to an eighth of the bytes, 8 MiB at the most', () => {
    expect(createMemoryStore().limits.maxEntryBytes).toBe(8 * 1024 * 1024)
    expect(createMemoryStore({ maxBytes: 8000 }).limits.maxEntryBytes).toBe(1000)
    expect(createMemoryStore({ maxBytes: 2 ** 40 }).limits.maxEntryBytes).toBe(8 * 1024 * 1024)
    expect(createMemoryStore({ maxBytes: 1 }).limits.maxEntryBytes).toBe(1)
    expect(createMemoryStore({ maxEntryBytes: 100, maxBytes: undefined }).limits.maxEntryBytes).toBe(100)
  })

  it.each(['maxEntries', 'maxBytes', 'maxEntryBytes'])('refuses a wrong %s', (option) => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '5', null, {}]) {
      const options = { [option]: value } as MemoryStoreOptions
      expect(() => createMemoryStore(options)).toThrow(expect.objectContaining({ name: 'OptionError', option, code: 'ERR_OPTION_INVALID' }))
    }
  })

  it('refuses options that it does not know, and an entry larger than everything', () => {
    expect(() => createMemoryStore({ maxEntry: 5 } as MemoryStoreOptions)).toThrow(/maxEntries/)
    expect(() => createMemoryStore({ maxBytes: 100, maxEntryBytes: 101 })).toThrow(OptionError)
    expect(() => createMemoryStore({ maxEntries: 10_000_001 })).toThrow(OptionError)
    expect(() => createMemoryStore({ eviction: 'lfu' as 'lru' })).toThrow(expect.objectContaining({ option: 'eviction' }))
  })
})
