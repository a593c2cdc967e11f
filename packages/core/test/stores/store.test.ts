import { Keyv as Keyv6 } from 'keyv'
import { Keyv as Keyv5 } from 'keyv-v5'
import { describe, expect, it } from 'vitest'
import { createLlmCache } from '../../src/cache.js'
import { createEntryCodec } from '../../src/entry/codec.js'
import type { CacheStore, EntryCodec } from '../../src/ports.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { type OpenedTier, openStores, type StoreOption } from '../../src/stores/store.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

const clock = createManualClock()
const codec = createEntryCodec()
function open(option?: StoreOption | StoreOption[], encrypted = false): readonly OpenedTier[] {
  const { opened, release } = openStores(option, { memory: { maxEntryBytes: 5000 }, clock, codec, encrypted })
  release()
  return opened
}

describe('one store', () => {
  it('is memory with its bounds and clock when nothing is given', () => {
    const own = createManualClock()
    const [tier] = openStores(undefined, { memory: { maxBytes: 8000 }, clock: own, codec, encrypted: true }).opened
    const store = tier?.store as CacheStore
    expect([tier?.name, store.limits.maxEntryBytes]).toEqual(['memory', 1000])
    store.set(sampleEntry(own, { lifetimeMs: 5 }))
    own.advance(5)
    expect(store.get(sampleEntry(own, {}).key)).toBeUndefined()
  })

  it('is taken as it is', () => {
    const store = createMemoryStore()
    expect(open(store)).toEqual([{ name: 'memory', store, ttlMs: Number.POSITIVE_INFINITY, timeoutMs: undefined }])
  })

  it.each([
    ['keyv 5', new Keyv5()],
    ['keyv 6', new Keyv6()],
    ['Map', new Map<string, string>()],
  ])('wraps %s', (_name, keyv) => {
    const store = open(keyv)[0]?.store
    expect([store?.name, store?.limits.maxEntryBytes]).toEqual(['keyv', 5000])
  })

  it.each<[string, unknown]>([
    ['a string', 'redis://:secret@host'],
    ['null', null],
    ['number', 5],
    ['new Keyv(...)', Keyv6],
    ['a Promise', Promise.resolve(new Map())],
    ['an object', {}],
    ['a Set', new Set()],
    ['an object', Object.create(null)],
    ['an object', { get() {}, set() {}, delete() {} }],
  ])('names %s', (what, option) => {
    const wrong = (): unknown => open(option as StoreOption)
    expect(wrong).toThrow(expect.objectContaining({ name: 'OptionError', option: 'store', code: 'ERR_OPTION_INVALID' }))
    expect(wrong).toThrow(what)
    expect(wrong).not.toThrow('secret')
  })
})

describe('tiers', () => {
  it('keep their order, and get names of their own', () => {
    const stores = [createMemoryStore(), new Keyv6(), new Map<string, string>(), createMemoryStore()]
    expect(open(stores).map(({ name }) => name)).toEqual(['memory', 'keyv', 'keyv-2', 'memory-2'])
  })

  it('take a name, a longest time and a deadline', () => {
    const store = createMemoryStore()
    expect(open([{ store, name: 'near', ttl: '1m', timeout: 50 }, new Map()])).toMatchObject([
      { name: 'near', store, ttlMs: 60_000, timeoutMs: 50 },
      { name: 'keyv' },
    ])
  })

  const same = createMemoryStore()
  it.each<[string, StoreOption[], string]>([
    ['none', [], 'store'],
    ['too many', Array.from({ length: 9 }, () => new Map()), 'store'],
    ['one twice', [same, same], 'store[1]'],
    ['one twice, once with options', [same, { store: same }], 'store[1]'],
    ['no store', [new Map(), 'redis://:secret@host' as never], 'store[1]'],
    ['a list in a list', [[new Map()] as never], 'store[0]'],
    ['no store in options', [{ store: 5 as never }], 'store[0].store'],
    ['an unknown option', [{ store: new Map(), tll: '1h' } as never], 'store[0].tll'],
    ['a wrong name', [{ store: new Map(), name: 'L 1' }], 'store[0].name'],
    ['a wrong time', [{ store: new Map(), ttl: '1 fortnight' as never }], 'store[0].ttl'],
    ['no time', [{ store: new Map(), ttl: 0 }], 'store[0].ttl'],
    ['a wrong deadline', [{ store: new Map(), timeout: -1 }], 'store[0].timeout'],
  ])('refuse %s', (_what, option, path) => {
    expect(() => open(option)).toThrow(expect.objectContaining({ name: 'OptionError', option: path }))
    expect(() => open(option)).not.toThrow('secret')
  })
})

describe('encryption', () => {
  const plain: CacheStore = { ...createMemoryStore(), name: 'own', inMemory: false }

  it('is given to every store that makes bytes', () => {
    let given: EntryCodec | undefined
    const useCodec = (one: EntryCodec): void => {
      given = one
    }
    open([createMemoryStore(), { ...plain, useCodec }], true)
    expect(given).toBe(codec)
  })

  it('a store outside the process that cannot encrypt is refused, and only then', () => {
    expect(() => open([createMemoryStore(), plain], true)).toThrow(expect.objectContaining({ name: 'OptionError', option: 'store[1]' }))
    expect(open([createMemoryStore(), plain])).toHaveLength(2)
  })
})

describe('a store', () => {
  it('belongs to one cache until that is closed', async () => {
    const store = createMemoryStore()
    const first = createLlmCache({ store })
    const second = (): unknown => createLlmCache({ store: [new Map(), { store }] })
    expect(second).toThrow(expect.objectContaining({ name: 'OptionError', option: 'store[1].store' }))
    expect(second).toThrow('Share the cache')
    await first.close()
    expect(second).not.toThrow()
  })

  it('is not taken by a cache that could not be made', () => {
    const store = createMemoryStore()
    expect(() => createLlmCache({ store, ttl: 'soon' as never })).toThrow()
    expect(() => createLlmCache({ store, compression: 'zip' as never })).toThrow()
    expect(() => createLlmCache({ store: [store, 5 as never] })).toThrow()
    expect(() => createLlmCache({ store })).not.toThrow()
  })

  it('is not taken by a cache that cannot hear the others', () => {
    const subscribe = (): never => {
      throw new Error('The store is closed.')
    }
    const bus = { boundMs: 1000, publish: async () => {}, caughtUp: async () => {}, subscribe }
    const store: CacheStore = { ...createMemoryStore(), sharing: { bus } }
    for (let attempt = 0; attempt < 2; attempt++) expect(() => createLlmCache({ store })).toThrow('The store is closed.')
  })

  it('a Keyv may serve several caches: each has a store of its own round it', () => {
    const keyv = new Keyv6()
    createLlmCache({ store: keyv })
    expect(() => createLlmCache({ store: keyv })).not.toThrow()
  })
})
