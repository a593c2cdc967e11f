/** What the Keyv store believes, lists and clears, on stores in memory. */

import { Keyv as Keyv6 } from 'keyv'
import { Keyv as Keyv5 } from 'keyv-v5'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame } from '../../src/entry/frame.js'
import { OptionError } from '../../src/errors.js'
import type { CacheStore, KeyvLike } from '../../src/ports.js'
import { createKeyvStore } from '../../src/stores/keyv.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

const clock = createManualClock()
const entry = sampleEntry(clock, {})

async function listed(store: CacheStore, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys?.(prefix) ?? []) keys.push(key)
  return keys.sort()
}

/** A storage adapter over `held` whose `set` and `delete` may be replaced by something that lies. */
function createAdapter(held: Map<string, unknown> = new Map(), lies: Partial<KeyvLike> = {}): KeyvLike & { held: Map<string, unknown> } {
  return {
    held,
    get: (key) => held.get(key),
    set: (key, value) => void held.set(key, value),
    delete: (key) => held.delete(key),
    clear: () => held.clear(),
    ...lies,
  }
}

/** The value that a store writes for an entry. */
async function valueFor(stored: typeof entry): Promise<unknown> {
  const adapter = createAdapter()
  await createKeyvStore(adapter, { clock }).set(stored)
  return adapter.held.get(stored.key)
}

describe('writes that are read back', () => {
  it('that were lost are failures', async () => {
    const store = createKeyvStore(createAdapter(undefined, { set: () => true }), { clock })
    await expect(store.set(entry)).rejects.toThrow(/not there/)
  })

  it('that left an older entry where it was are failures', async () => {
    const old = sampleEntry(clock, { storedAt: clock.now() - 1, id: 'old' })
    const adapter = createAdapter(new Map([[old.key, await valueFor(old)]]), { set: () => true })
    await expect(createKeyvStore(adapter, { clock }).set(entry)).rejects.toThrow(/not there/)
  })

  it('that a later one replaced are none', async () => {
    const rival = await valueFor(sampleEntry(clock, { storedAt: clock.now() + 1, id: 'rival' }))
    const held = new Map<string, unknown>()
    const adapter = createAdapter(held, { set: (key) => void held.set(key, rival) })
    expect(await createKeyvStore(adapter, { clock }).set(entry)).toBe(true)
  })

  it('that an older one, still under way, replaced are written again', async () => {
    const late = await valueFor(sampleEntry(clock, { storedAt: clock.now() - 1, id: 'late' }))
    const held = new Map<string, unknown>()
    let writes = 0
    const adapter = createAdapter(held, { set: (key, value) => void held.set(key, ++writes === 1 ? late : value) })
    const store = createKeyvStore(adapter, { clock })
    expect(await store.set(entry)).toBe(true)
    expect(await store.get(entry.key)).toEqual(entry)
  })

  it('that became something else are failures', async () => {
    const held = new Map<string, unknown>()
    const adapter = createAdapter(held, { set: (key, value) => void held.set(key, `${value}`.slice(0, -9)) })
    await expect(createKeyvStore(adapter, { clock }).set(entry)).rejects.toThrow(/not there/)
  })

  it.each([
    ['delete', (store: CacheStore) => store.delete(entry.key)],
    ['a refused set', (store: CacheStore) => store.set({ ...entry, body: new Uint8Array(9_000_000) })],
  ])('%s that removed nothing is a failure', async (_, work) => {
    const adapter = createAdapter(undefined, { delete: () => true })
    const store = createKeyvStore(adapter, { clock })
    await store.set(entry)
    await expect(work(store)).rejects.toThrow(/still there/)
  })

  it('clear that removed nothing is a failure', async () => {
    const store = createKeyvStore(createAdapter(undefined, { clear: () => undefined }), { clock })
    await expect(store.clear()).rejects.toThrow(/still there/)
  })

  it('are not where nothing can go wrong unnoticed, or is not to', async () => {
    const reads = async (keyv: object, options: object = {}): Promise<number> => {
      let count = 0
      const counting = new Proxy(keyv, {
        get: (target, name) => {
          const value = Reflect.get(target, name) as unknown
          if (typeof value !== 'function') return value
          return (...given: unknown[]) => {
            if (name === 'get') count += 1
            return (value as (...given: unknown[]) => unknown).apply(target, given)
          }
        },
      })
      await createKeyvStore(counting as KeyvLike, { clock, ...options }).set(entry)
      return count
    }
    const throwing = (): object => Object.assign(createAdapter(), { throwOnErrors: true })
    expect(await reads(new Map())).toBe(0)
    expect(await reads(new Keyv5())).toBe(0)
    expect(await reads(new Keyv6())).toBe(0)
    expect(await reads(throwing())).toBe(0)
    expect(await reads(new Keyv5({ store: throwing(), throwOnErrors: true }))).toBe(0)
    expect(await reads(new Keyv5({ store: throwing() }))).toBe(1)
    expect(await reads(new Keyv5({ store: createAdapter(), throwOnErrors: true }))).toBe(1)
    expect(await reads(createAdapter())).toBe(1)
    expect(await reads(createAdapter(), { verifyWrites: false })).toBe(0)
    expect(await reads(new Map(), { verifyWrites: true })).toBe(1)
  })
})

describe('a removal in the background', () => {
  it('does not take the next write with it', async () => {
    const held = new Map<string, unknown>([[entry.key, 'damaged']])
    let release: (() => void) | undefined
    const adapter = createAdapter(held, {
      delete: (key) =>
        new Promise<boolean>((resolve) => {
          release = () => resolve(held.delete(key))
        }),
    })
    const store = createKeyvStore(adapter, { clock })
    expect(await store.get(entry.key)).toBeUndefined()
    const written = store.set(entry)
    await new Promise((resolve) => setImmediate(resolve))
    expect(held.get(entry.key)).toBe('damaged')
    release?.()
    expect(await written).toBe(true)
    expect(await store.get(entry.key)).toEqual(entry)
  })
})

describe('limits', () => {
  it('refuse a value that is too long once encoded, and forget what it would have replaced', async () => {
    const adapter = createAdapter()
    const { length } = (await valueFor(entry)) as string
    expect(await createKeyvStore(adapter, { clock, maxEntryBytes: 5000, maxValueBytes: length }).set(entry)).toBe(true)
    expect(await createKeyvStore(adapter, { clock, maxEntryBytes: 5000, maxValueBytes: length - 1 }).set(entry)).toBe(false)
    expect(adapter.held.size).toBe(0)
    expect(createKeyvStore(adapter, { maxValueBytes: 4000 }).limits.maxEntryBytes).toBe(3000)
  })

  it('cap the time that the backend is told, not the entry’s', async () => {
    let told: number | undefined
    const held = new Map<string, unknown>()
    const adapter = createAdapter(held, {
      set: (key, value, ttl) => {
        told = ttl
        held.set(key, value)
      },
    })
    const store = createKeyvStore(adapter, { clock, maxTtl: 5000 })
    expect(store.limits.maxTtlMs).toBe(5000)
    await store.set(entry)
    expect(told).toBe(5000)
    expect((await store.get(entry.key))?.deleteAt).toBe(entry.deleteAt)
  })

  it('are checked when the store is made', () => {
    const keyv = new Keyv6({ namespace: 'ü'.repeat(13) })
    expect(() => createKeyvStore(keyv, { maxNamespaceBytes: 26 })).not.toThrow()
    expect(() => createKeyvStore(keyv, { maxNamespaceBytes: 25 })).toThrow(OptionError)
    for (const options of [{ maxTtl: 0 }, { maxValueBytes: 1.5 }, { maxNamespaceBytes: -1 }, { maxTTL: 5 } as object])
      expect(() => createKeyvStore(new Map(), options)).toThrow(OptionError)
  })
})

describe('a codec', () => {
  it('takes the place of the frame, and may take its time', async () => {
    const adapter = createAdapter()
    const store = createKeyvStore(adapter, { clock })
    const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff)
    store.useCodec?.({
      encode: async (given) => flip(encodeFrame(given)),
      decode: async (bytes, key) => decodeFrame(flip(bytes), key),
    })
    expect(await store.set(entry)).toBe(true)
    expect(await store.get(entry.key)).toEqual(entry)
    expect(await createKeyvStore(adapter, { clock }).get(entry.key)).toBeUndefined()
  })
})

describe('keys', () => {
  const NAMESPACES = ['t', 't:', 't::u', 'x', 'xt', 'lc1', '__proto__', '*']

  it.each([
    ['keyv 5', (store: Map<string, unknown>, namespace: string) => new Keyv5({ store, namespace })],
    ['keyv 6', (store: Map<string, unknown>, namespace: string) => new Keyv6({ store, namespace })],
    ['keyv 6, unserialised', (store: Map<string, unknown>, namespace: string) => new Keyv6({ store, namespace, serialization: false })],
  ])('of each namespace of one Map, %s', async (_, open) => {
    const map = new Map<string, unknown>([['lc1.p.bare', 'x']])
    const stores = NAMESPACES.map((namespace) => createKeyvStore(open(map, namespace), { clock }))
    const keys = ['lc1.p.a', 'lc1.p.b', 'lc1.t.c']
    for (const store of stores) for (const key of keys) await store.set(sampleEntry(clock, { key }))
    for (const [index, store] of stores.entries()) {
      expect(await listed(store), NAMESPACES[index]).toEqual(keys)
      expect(await listed(store, 'lc1.p.')).toEqual(keys.slice(0, 2))
      await store.clear()
      expect(await listed(store)).toEqual([])
      expect(map.size).toBe(1 + keys.length * (NAMESPACES.length - index - 1))
    }
  })

  it('of a bare Map are those of entries', async () => {
    const map = new Map<string, string>([['lc1.p.theirs', 'x']])
    const store = createKeyvStore(map, { clock })
    await store.set(entry)
    expect(await listed(store)).toEqual([entry.key])
    await store.clear()
    expect([...map.keys()]).toEqual(['lc1.p.theirs'])
  })

  it('are there behind Keyv’s own compression', async () => {
    const compression = {
      compress: async (text: string) => Buffer.from(text).toString('hex'),
      decompress: async (hex: string) => Buffer.from(hex, 'hex').toString(),
    }
    for (const keyv of [new Keyv5({ compression } as object), new Keyv6({ compression } as object)]) {
      const store = createKeyvStore(keyv, { clock })
      await store.set(entry)
      expect(await listed(store)).toEqual([entry.key])
    }
  })

  it('cannot be had where the adapter has no iterator', () => {
    for (const keyv of [createAdapter(), new Keyv5({ store: createAdapter() }), new Keyv6({ store: createAdapter() as object })])
      expect(createKeyvStore(keyv as KeyvLike).keys).toBeUndefined()
  })

  it('are not believed of an iterator that shows nothing', async () => {
    const adapter = Object.assign(createAdapter(), { async *iterator() {} })
    await expect(listed(createKeyvStore(adapter, { clock }))).rejects.toThrow(/list/)
  })
})
