import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createDiskStore } from '../../src/disk/index.js'
import type { CacheStore } from '../../src/ports.js'
import { guardStore } from '../../src/stores/guarded.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { type Chaos, createChaos } from './chaos-store.js'

const fill = (chaos: Chaos, count: number, prefix = 'lc1.t.'): void => {
  for (let index = 0; index < count; index++) chaos.held.set(`${prefix}${index}`, sampleEntry(chaos.clock, { key: `${prefix}${index}` }))
}
const later = <T>(work: Promise<T>): { value: T | undefined } => {
  const told: { value: T | undefined } = { value: undefined }
  void work.then((value) => {
    told.value = value
  })
  return told
}

/** A store of which each deletion takes 1 ms, and the most of them that came in one turn of the event loop. */
function slowed(store: CacheStore, clock: ManualClock): { store: CacheStore; most: () => number } {
  let most = 0
  let inTurn = 0
  const remove = (key: string): boolean | Promise<boolean> => {
    clock.advance(1)
    if (inTurn === 0) {
      setImmediate(() => {
        inTurn = 0
      })
    }
    inTurn += 1
    most = Math.max(most, inTurn)
    return store.delete(key)
  }
  return { store: { ...store, delete: remove }, most: () => most }
}

describe('erasing lets others have their turns', () => {
  it('on the memory store', async () => {
    const clock = createManualClock()
    const { store, most } = slowed(createMemoryStore({ clock }), clock)
    const guard = guardStore(store, { clock })
    for (let index = 0; index < 1200; index++) void guard.set(sampleEntry(clock, { key: `lc1.t.${index}` }))
    expect(await guard.erase('lc1.t.')).toEqual({ kind: 'erased', matched: 1200, removed: 1200 })
    expect(most()).toBeLessThanOrEqual(6)
  })

  it('on the disk store', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llm-cache-erase-'))
    const clock = createManualClock()
    const { store, most } = slowed(createDiskStore({ path: join(folder, 'cache.db'), clock }), clock)
    const guard = guardStore(store, { clock })
    for (let index = 0; index < 600; index++) await guard.set(sampleEntry(clock, { key: `lc1.t.${index}` }))
    expect(await guard.erase('lc1.t.')).toEqual({ kind: 'erased', matched: 600, removed: 600 })
    expect(most()).toBeLessThanOrEqual(6)
    await guard.close()
    await rm(folder, { recursive: true })
  })

  it('while it lists', async () => {
    const keys = function* (): Generator<string> {
      for (let index = 0; index < 2000; index++) {
        chaos.clock.advance(1)
        yield `lc1.x.${index}`
      }
    }
    const chaos: Chaos = createChaos({}, { keys })
    let others = 0
    let over = false
    const tick = (): void => {
      others += 1
      if (!over) setImmediate(tick)
    }
    setImmediate(tick)
    await chaos.guard.erase('lc1.t.')
    over = true
    expect(others).toBeGreaterThanOrEqual(390)
  })
})

describe('what is left', () => {
  it('is not the new entry of a key that came back', async () => {
    const chaos: Chaos = createChaos({}, { delete: async (key) => chaos.held.delete(key) && comeBack(key) })
    const comeBack = (key: string): boolean => {
      chaos.clock.advance(1)
      chaos.held.set(key, sampleEntry(chaos.clock, { key, id: 'new' }))
      return true
    }
    fill(chaos, 3)
    expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'erased', matched: 3, removed: 3 })
    expect([...chaos.held.values()].map(({ id }) => id)).toEqual(['new', 'new', 'new'])
  })

  it('is not a name without an entry, such as a lock, and such a name is not matched', async () => {
    const chaos: Chaos = createChaos(
      {},
      {
        async *keys(prefix) {
          yield* ['lc1.t.lock', ...chaos.held.keys()].filter((key) => key.startsWith(prefix))
        },
      },
    )
    fill(chaos, 2)
    expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'erased', matched: 2, removed: 2 })
    expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'erased', matched: 0, removed: 0 })
  })

  it('is an old entry that its deletion did not remove, whatever the store says of it', async () => {
    for (const claim of [true, false]) {
      const chaos: Chaos = createChaos({}, { delete: async (key) => (key.endsWith('1') ? claim : chaos.held.delete(key)) })
      fill(chaos, 9)
      expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'failed', reason: 'left', matched: 9, removed: 8 })
    }
  })

  it('is what could not be deleted at the second try either, and the others go all the same', async () => {
    for (const tries of [1, 2]) {
      let failures = 0
      const chaos: Chaos = createChaos(
        {},
        {
          async delete(key) {
            if (key.endsWith('7') && failures++ < tries) throw new Error('delete')
            return chaos.held.delete(key)
          },
        },
      )
      fill(chaos, 10)
      const healed = { kind: 'erased', matched: 10, removed: 10 }
      expect(await chaos.guard.erase('lc1.t.')).toEqual(tries === 1 ? healed : { kind: 'failed', reason: 'error', matched: 10, removed: 9 })
      expect(chaos.held.size).toBe(tries - 1)
    }
  })

  it('is not tried any more once the store takes no writes', async () => {
    let asked = 0
    const chaos = createChaos(
      {},
      {
        async delete() {
          asked += 1
          throw new Error('delete')
        },
      },
    )
    fill(chaos, 1000)
    expect(await chaos.guard.erase('lc1.t.')).toMatchObject({ kind: 'failed', reason: 'error', removed: 0 })
    expect(asked).toBeLessThanOrEqual(16)
  })
})

describe('stores that list slowly or badly', () => {
  it('deletes what is listed before the listing is over, and has time for every step', async () => {
    const chaos: Chaos = createChaos(
      { longDeadlineMs: 1000 },
      {
        async *keys(prefix) {
          for (const key of [...chaos.held.keys()]) {
            if (!key.startsWith(prefix)) continue
            await new Promise<void>((resolve) => void chaos.clock.schedule(900, resolve))
            yield key
          }
        },
      },
    )
    fill(chaos, 10)
    const erased = later(chaos.guard.erase('lc1.t.'))
    await chaos.pass(4600)
    expect(erased.value).toBeUndefined()
    expect(chaos.held.size).toBe(5)
    await chaos.pass(4900)
    expect(erased.value).toEqual({ kind: 'erased', matched: 10, removed: 10 })
    expect(chaos.clock.pending()).toBe(0)
  })

  it('gives up a listing that never ends after thirty times the long deadline', async () => {
    let left = false
    const chaos: Chaos = createChaos(
      { longDeadlineMs: 100 },
      {
        async *keys() {
          try {
            for (let index = 0; ; index++) {
              await new Promise<void>((resolve) => void chaos.clock.schedule(50, resolve))
              yield `lc1.x.${index}`
            }
          } finally {
            left = true
          }
        },
      },
    )
    const erased = later(chaos.guard.erase('lc1.t.'))
    await chaos.pass(2900)
    expect(erased.value).toBeUndefined()
    await chaos.pass(400)
    expect(erased.value).toEqual({ kind: 'failed', reason: 'timeout', matched: 0, removed: 0 })
    expect(left).toBe(true)
  })

  it('looks until nothing is found where deleting makes the listing skip', async () => {
    // As adapters that page by offset do.
    const chaos: Chaos = createChaos(
      {},
      {
        async *keys(prefix) {
          for (let at = 0; at < chaos.held.size; at++) {
            const key = [...chaos.held.keys()][at] as string
            if (key.startsWith(prefix)) yield key
          }
        },
      },
    )
    fill(chaos, 3000)
    expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'erased', matched: 3000, removed: 3000 })
    expect(chaos.held.size).toBe(0)
  })

  it('reports a listing that breaks in the middle, with what was removed', async () => {
    const broken: Partial<CacheStore>[] = [
      {
        async *keys() {
          yield* Array.from({ length: 500 }, (_, index) => `lc1.t.${index}`)
          throw new Error('keys')
        },
      },
      { keys: () => ({ [Symbol.iterator]: () => ({ next: () => undefined }) }) as unknown as Iterable<string> },
    ]
    for (const [index, store] of broken.entries()) {
      const chaos = createChaos({}, store)
      fill(chaos, 600)
      const removed = index === 0 ? 500 : 0
      expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'failed', reason: 'error', matched: removed, removed })
    }
  })

  it('removes also what only others can read', async () => {
    let first = true
    const chaos: Chaos = createChaos(
      {},
      {
        get: async () => undefined,
        keys(prefix) {
          const all = [...chaos.held.keys()].filter((key) => key.startsWith(prefix))
          const listed = first ? all.slice(1) : all
          first = false
          return listed
        },
      },
    )
    fill(chaos, 6)
    expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'erased', matched: 6, removed: 6 })
    expect(chaos.held.size).toBe(0)
  })
})
