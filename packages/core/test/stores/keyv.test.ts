import { EventEmitter } from 'node:events'
import { Keyv as Keyv6 } from 'keyv'
import { Keyv as Keyv5 } from 'keyv-v5'
import { describe, expect, it, vi } from 'vitest'
import { createEntryCodec } from '../../src/entry/codec.js'
import type { KeyvLike, StoreEvent } from '../../src/ports.js'
import { createKeyvStore, isKeyvLike } from '../../src/stores/keyv.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { type StoreSubject, storeContract } from '../../src/testing/store-contract.js'

const FOREIGN = 'another-app'

function subject(keyv: KeyvLike, clock: { now(): number }, foreign?: StoreSubject['foreign']): StoreSubject {
  const raw = { read: (key: string) => keyv.get(key), write: (key: string, value: unknown) => keyv.set(key, value as string) }
  return { store: createKeyvStore(keyv, { clock }), raw, ...(foreign && { foreign }) }
}

storeContract({ describe, it }, 'Map as bare adapter', async ({ clock }) => {
  const map = new Map<string, string>()
  return subject(map, clock, { plant: () => void map.set(FOREIGN, 'theirs'), isThere: () => map.has(FOREIGN) })
})

storeContract({ describe, it }, 'keyv 6 in memory', async ({ clock }) => {
  const backend = new Map()
  const other = new Keyv6({ store: backend, namespace: 'other' })
  return subject(new Keyv6({ store: backend, namespace: 'llm' }), clock, {
    plant: async () => void (await other.set(FOREIGN, 'theirs')),
    isThere: async () => (await other.get(FOREIGN)) === 'theirs',
  })
})

// Keyv 5 clears the whole Map whatever the namespace, so there is no `foreign` here.
storeContract({ describe, it }, 'keyv 5 in memory', async ({ clock }) => subject(new Keyv5({ namespace: 'llm' }), clock))

storeContract({ describe, it }, 'keyv 6 without serialisation', async ({ clock }) => subject(new Keyv6({ serialization: false }), clock))

/** Counts what reaches the adapter; `answers` replaces what it would have said. */
function createFake(answers: Partial<Record<'get' | 'set' | 'delete' | 'clear', () => unknown>> = {}) {
  const calls: unknown[][] = []
  const events = new EventEmitter()
  const say = (method: 'get' | 'set' | 'delete' | 'clear', ...rest: unknown[]): unknown => {
    calls.push([method, ...rest])
    return answers[method]?.()
  }
  const keyv = {
    get: (key: string) => say('get', key),
    set: (key: string, value: string, ttl?: number) => say('set', key, value, ttl),
    delete: (key: string) => say('delete', key),
    clear: () => say('clear'),
    disconnect: () => calls.push(['disconnect']),
    on: (event: 'error', listener: (error: unknown) => void) => events.on(event, listener),
    off: (event: 'error', listener: (error: unknown) => void) => events.off(event, listener),
    listeners: (event: 'error') => events.listeners(event),
  }
  return { keyv, calls, fault: () => events.emit('error', new Error('fault')), listening: () => events.listenerCount('error') }
}

function listenTo(store: { listen?(listener: (event: StoreEvent) => void): void }): StoreEvent[] {
  const events: StoreEvent[] = []
  store.listen?.((event) => events.push(event))
  return events
}

const clock = createManualClock()
const entry = sampleEntry(clock, { lifetimeMs: 60_000 })
const CONNECTION = { type: 'store-failed', store: 'keyv', operation: 'connection', reason: 'error' }

describe('keyv store', () => {
  it('writes one ASCII string a key, with the time left in whole milliseconds', async () => {
    const { keyv, calls } = createFake()
    const store = createKeyvStore(Object.assign(keyv, { store: {} }), { clock, verifyWrites: false })
    expect(await store.set({ ...entry, deleteAt: clock.now() + 1500.2, staleAt: clock.now() })).toBe(true)
    expect(calls).toEqual([['set', entry.key, expect.stringMatching(/^llm-cache:[A-Za-z0-9+/]+=*$/), 1501]])
  })

  it('never asks Keyv to keep something for ever', async () => {
    const { keyv, calls } = createFake()
    const store = createKeyvStore(keyv, { clock, verifyWrites: false })
    for (const left of [0.2, 1]) await store.set({ ...entry, deleteAt: clock.now() + left })
    for (const left of [0, -1, Number.NaN]) expect(await store.set({ ...entry, deleteAt: clock.now() + left })).toBe(false)
    expect(calls.map(([method, , , ttl]) => [method, ttl])).toEqual([
      ['set', 1],
      ['set', 1],
      ['delete', undefined],
      ['delete', undefined],
      ['delete', undefined],
    ])
  })

  it('says when Keyv refuses, and that it does', async () => {
    const store = createKeyvStore(createFake({ set: () => false }).keyv, { clock })
    const events = listenTo(store)
    expect(await store.set(entry)).toBe(false)
    expect(events).toEqual([{ type: 'store-failed', store: 'keyv', operation: 'set', reason: 'refused' }])
  })

  it('does not believe an answer that came with an error event', async () => {
    const fake: ReturnType<typeof createFake> = createFake({
      get: () => fault(),
      set: () => fault() || true,
      delete: () => fault(),
      clear: () => fault(),
    })
    const fault = (): undefined => void fake.fault()
    const store = createKeyvStore(fake.keyv, { clock })
    await expect(store.get(entry.key)).rejects.toThrow(/reading/)
    await expect(store.set(entry)).rejects.toThrow(/writing/)
    await expect(store.delete(entry.key)).rejects.toThrow(/deleting/)
    await expect(store.clear()).rejects.toThrow(/clearing/)
  })

  it('reports a lost connection once, and again only after it worked', async () => {
    const { keyv, fault } = createFake({ set: () => true })
    const store = createKeyvStore(keyv, { clock, verifyWrites: false })
    const events = listenTo(store)
    for (let times = 0; times < 50; times++) fault()
    expect(events).toEqual([CONNECTION])
    // A miss proves nothing: Keyv 5 answers one while Redis is down.
    expect(await store.get('lc1.p.r')).toBeUndefined()
    fault()
    expect(events).toEqual([CONNECTION])
    await store.set(entry)
    fault()
    fault()
    expect(events).toEqual([CONNECTION, CONNECTION])
  })

  it('deletes what is damaged, but not what another version wrote', async () => {
    const map = new Map<string, string>()
    const store = createKeyvStore(map, { clock })
    const events = listenTo(store)
    await store.set(entry)
    const good = map.get(entry.key) as string
    const frame = Buffer.from(good.slice('llm-cache:'.length), 'base64')
    frame[4] = 2
    map.set(entry.key, `llm-cache:${frame.toString('base64')}`)
    expect(await store.get(entry.key)).toBeUndefined()
    expect(map.has(entry.key)).toBe(true)
    map.set(entry.key, 'something else')
    expect(await store.get(entry.key)).toBeUndefined()
    expect(map.has(entry.key)).toBe(false)
    expect(events.map((event) => event.type === 'entry-damaged' && event.reason)).toEqual(['version', 'not-a-frame'])
  })

  it('removes what is past its time where the adapter does not', async () => {
    const own = createManualClock()
    const map = new Map<string, string>()
    const store = createKeyvStore(map, { clock: own })
    const events = listenTo(store)
    await store.set(sampleEntry(own, { lifetimeMs: 10 }))
    own.advance(10)
    expect(await store.get(entry.key)).toBeUndefined()
    expect(map.size).toBe(0)
    expect(events).toMatchObject([{ type: 'entry-evicted', reason: 'expired' }])
  })

  it('leaves what is sealed with another key where it is: the processes that have the key go on reading it', async () => {
    const map = new Map<string, string>()
    const keys = ['a', 'b'].map((letter) => createEntryCodec({ encryption: { keys: [letter.repeat(64).replaceAll('b', 'c')] } }))
    const [mine, theirs] = keys.map((codec) => {
      const store = createKeyvStore(map, { clock })
      store.useCodec?.(codec)
      return store
    })
    await theirs?.set(entry)
    expect(await mine?.get(entry.key)).toBeUndefined()
    expect(await theirs?.get(entry.key)).toBeDefined()
  })

  it('an error that comes while writes are under way is theirs: reads go on', async () => {
    const finish: (() => void)[] = []
    const hang = (): Promise<undefined> => new Promise((resolve) => finish.push(() => resolve(undefined)))
    const { keyv, fault } = createFake({ set: hang, get: hang })
    const store = createKeyvStore(keyv, { clock, verifyWrites: false })
    const begun = (calls: number): Promise<void> => vi.waitFor(() => expect(finish).toHaveLength(calls))
    const writing = Promise.resolve(store.set(entry))
    writing.catch(() => {})
    await begun(1)
    const reading = Promise.resolve(store.get(entry.key))
    await begun(2)
    fault()
    for (const end of finish.splice(0)) end()
    expect(await reading).toBeUndefined()
    await expect(writing).rejects.toThrow('while writing')
    const alone = Promise.resolve(store.get(entry.key))
    alone.catch(() => {})
    await begun(1)
    fault()
    finish[0]?.()
    await expect(alone).rejects.toThrow('while reading')
  })

  it('lets go of Keyv on close, leaves it open, and lets none of its errors meet nobody', async () => {
    const { keyv, calls, listening, fault } = createFake()
    const store = createKeyvStore(keyv, { clock })
    expect(listening()).toBe(1)
    const events = listenTo(store)
    await store.close()
    await store.close()
    expect(fault).not.toThrow()
    expect([listening(), calls, events]).toEqual([1, [], []])
  })

  it('listens until the last call is over, for its error would meet nobody', async () => {
    let finish: (() => void) | undefined
    const { keyv, fault, listening } = createFake({ get: () => new Promise<void>((resolve) => (finish = resolve)) })
    const store = createKeyvStore(keyv, { clock })
    const pending = Promise.resolve(store.get(entry.key))
    await store.close()
    expect(listening()).toBe(1)
    fault()
    finish?.()
    await expect(pending).rejects.toThrow()
    expect(listening()).toBe(1)
  })

  it.each([
    ['keyv 5', () => new Keyv5()],
    ['keyv 6', () => new Keyv6()],
  ])('leaves one listener on %s, however many stores it had', async (_name, create) => {
    const keyv = create()
    const before = keyv.listeners('error').length
    for (let count = 0; count < 3; count++) await createKeyvStore(keyv).close()
    expect(keyv.listeners('error').length).toBe(before + 1)
  })

  it.each([
    ['keyv 5', (store: object) => new Keyv5({ store })],
    ['keyv 6', (store: object) => new Keyv6({ store: store as Map<string, string> })],
  ])('turns every fault behind %s into a miss or a rejection', async (_name, create) => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const adapter = new (class extends EventEmitter {
      get = async () => this.#fail()
      set = async () => this.#fail()
      delete = async () => this.#fail()
      has = async () => this.#fail()
      clear = async () => this.#fail()
      #fail(): never {
        this.emit('error', new Error('socket'))
        throw new Error('down')
      }
    })()
    const store = createKeyvStore(create(adapter), { clock })
    const events = listenTo(store)
    expect(await Promise.resolve(store.get(entry.key)).catch(() => undefined)).toBeUndefined()
    await expect(store.set(entry)).rejects.toThrow()
    await expect(store.delete(entry.key)).rejects.toThrow()
    await expect(store.clear()).rejects.toThrow()
    adapter.emit('error', new Error('from the socket, between calls'))
    expect(events).toEqual([CONNECTION])
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('does not clear a namespace that Redis would take for a pattern', async () => {
    for (const namespace of ['*', 'x*', 'a?', '[a]', 'a\\']) {
      const { keyv, calls } = createFake()
      await expect(createKeyvStore(Object.assign(keyv, { namespace })).clear()).rejects.toThrow(/namespace/)
      expect(calls).toEqual([])
    }
  })

  it('knows what a Keyv is', () => {
    for (const keyv of [new Keyv5(), new Keyv6(), new Map(), createFake().keyv]) expect(isKeyvLike(keyv)).toBe(true)
    for (const other of [undefined, null, 'redis://h', 5, {}, [], new Set(), new WeakMap(), Keyv6, { get() {} }])
      expect(isKeyvLike(other)).toBe(false)
  })
})
