import { describe, expect, it } from 'vitest'
import type { Entry } from '../../src/entry/entry.js'
import type { CacheStore } from '../../src/ports.js'
import { guardStore } from '../../src/stores/guarded.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { warmMemory } from '../../src/stores/warm-up.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

const clock = createManualClock()
const soon = {
  schedule(_ms: number, callback: () => void) {
    setImmediate(callback)
    return () => {}
  },
}
const entries = Array.from({ length: 100 }, (_, index) => sampleEntry(clock, { key: `lc1.p.${index}` }))

function far(hottest: (maxBytes: number) => Iterable<Entry> | AsyncIterable<Entry>): CacheStore {
  return { ...createMemoryStore({ clock }), name: 'far', inMemory: false, hottest }
}

function warm(near: CacheStore, behind: CacheStore, isClosed = (): boolean => false): Promise<void> {
  const stores = [near, behind].map((store) => ({ store }))
  const tiers = stores.map(({ store }) => ({ store: guardStore(store, { clock }), ttlMs: Number.POSITIVE_INFINITY }))
  return warmMemory(stores, tiers, { isClosed, clock: soon })
}

describe('a warm start', () => {
  it('fills the memory in front, and asks for half of what it holds', async () => {
    const near = createMemoryStore({ clock, maxBytes: 1_000_000 })
    let asked = 0
    await warm(
      near,
      far((maxBytes) => {
        asked = maxBytes
        return entries
      }),
    )
    expect(asked).toBe(500_000)
    expect(near.size()?.entries).toBe(100)
  })

  it('ends with the cache, and keeps what it has when the store fails in the middle', async () => {
    const closed = createMemoryStore({ clock })
    let given = 0
    await warm(
      closed,
      far(() => entries),
      () => given++ > 10,
    )
    expect(closed.size()?.entries).toBe(11)
    const failing = createMemoryStore({ clock })
    await warm(
      failing,
      far(async function* () {
        yield* entries.slice(0, 5)
        throw new Error('disk')
      }),
    )
    expect(failing.size()?.entries).toBe(5)
  })

  it('is for memory in front alone', async () => {
    const near = far(() => [])
    await warm(
      near,
      far(() => entries),
    )
    expect(near.size()?.entries).toBe(0)
  })
})
