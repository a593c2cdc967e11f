import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '../../src/entry/entry.js'
import type { CacheStore, StoreEvent } from '../../src/ports.js'
import type { BusMessage, FlightLease, InvalidationBus } from '../../src/sharing.js'
import { guardStore } from '../../src/stores/guarded.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createTiers, type StoreTiers, type Tier } from '../../src/stores/tiers.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

const KEY = 'lc1.p.request'
const always = (): boolean => true

/** A store outside the process, as far as anyone can tell: it answers later, when it is let. */
interface Remote extends CacheStore {
  /** Answers of calls wait until `open`. */
  hold(): void
  open(): void
  fail: boolean
  readonly calls: string[]
}

function remote(clock: ManualClock, name = 'remote', extra: Partial<CacheStore> = {}): Remote {
  const inner = createMemoryStore({ clock })
  let gate = Promise.resolve()
  let release: () => void = () => {}
  const calls: string[] = []
  const later = <T>(call: string, work: () => T): Promise<T> => {
    // What the cache keeps there of its own has its own tests.
    if (!/ lc0\./.test(call)) calls.push(call)
    return gate.then(() => {
      if (store.fail) throw new Error('down')
      return work()
    })
  }
  const store: Remote = {
    name,
    limits: inner.limits,
    calls,
    fail: false,
    hold: () => {
      gate = new Promise((resolve) => {
        release = resolve
      })
    },
    open: () => {
      release()
      gate = Promise.resolve()
    },
    get: (key) => later(`get ${key}`, () => inner.get(key) as Entry | undefined),
    set: (entry) => later(`set ${entry.key}`, () => inner.set(entry) as boolean),
    delete: (key) => later(`delete ${key}`, () => inner.delete(key) as boolean),
    clear: () => later('clear', () => inner.clear() as undefined),
    async *keys(prefix) {
      if (store.fail) throw new Error('down')
      for await (const key of inner.keys?.(prefix) ?? []) yield key
    },
    size: () => undefined,
    close: () => {},
    ...extra,
  }
  return store
}

interface Scene {
  readonly clock: ManualClock
  readonly tiers: StoreTiers
  readonly events: StoreEvent[]
  /** Prefixes, or keys one by one. */
  readonly erased: string[]
}

function scene(clock: ManualClock, stores: readonly (CacheStore | [CacheStore, ttlMs: number])[]): Scene {
  const events: StoreEvent[] = []
  const erased: string[] = []
  const tiers: Tier[] = stores.map((one) => {
    const [store, ttlMs] = Array.isArray(one) ? one : [one, Number.POSITIVE_INFINITY]
    return { store: guardStore(store, { clock }), ttlMs }
  })
  const made = createTiers(tiers, {
    clock,
    onEvent: (event) => events.push(event),
    onRemoved: (removal) => erased.push(...('prefix' in removal ? [removal.prefix] : removal.keys)),
    onRetired: () => {},
  })
  return { clock, tiers: made, events, erased }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

describe('reading through tiers', () => {
  it('asks the near ones at once, the far ones after', async () => {
    const clock = createManualClock()
    const [near, far] = [createMemoryStore({ clock }), remote(clock)]
    const { tiers } = scene(clock, [near, far])
    const entry = sampleEntry(clock, { key: KEY })
    await far.set(entry)
    expect(tiers.peek(KEY, always)).toEqual({ kind: 'absent' })
    expect(await tiers.get(KEY, always)).toMatchObject({ kind: 'found', source: 'remote', fresh: true })
    expect(tiers.peek(KEY, always)).toMatchObject({ kind: 'found', source: 'memory', entry })
  })

  it('promotes to every tier above the one that had it, and to none below', async () => {
    const clock = createManualClock()
    const stores = [createMemoryStore({ clock }), remote(clock, 'l2'), remote(clock, 'l3'), remote(clock, 'l4')] as const
    const { tiers } = scene(clock, stores)
    await stores[2].set(sampleEntry(clock, { key: KEY }))
    expect(await tiers.get(KEY, always)).toMatchObject({ source: 'l3' })
    await settled()
    expect(await stores[0].get(KEY)).toBeDefined()
    expect(await stores[1].get(KEY)).toBeDefined()
    expect(stores[3].calls).toEqual([])
  })

  it('looks further where the near entry is not fresh, and answers the newest if none is', async () => {
    const clock = createManualClock()
    const [near, far] = [createMemoryStore({ clock }), remote(clock)]
    const { tiers } = scene(clock, [near, far])
    near.set(sampleEntry(clock, { key: KEY, id: 'old' }))
    clock.advance(10)
    await far.set(sampleEntry(clock, { key: KEY, id: 'new' }))
    const isNew = ({ id }: Entry): boolean => id === 'new'
    expect(tiers.peek(KEY, isNew)).toMatchObject({ kind: 'found', fresh: false, entry: { id: 'old' } })
    expect(await tiers.get(KEY, isNew)).toMatchObject({ fresh: true, entry: { id: 'new' } })
    expect(tiers.peek(KEY, () => false)).toMatchObject({ fresh: false, entry: { id: 'new' } })
  })

  it('skips a tier that fails, and says so only when nothing was found', async () => {
    const clock = createManualClock()
    const [l2, l3] = [remote(clock, 'l2'), remote(clock, 'l3')]
    const { tiers } = scene(clock, [createMemoryStore({ clock }), l2, l3])
    l2.fail = true
    expect(await tiers.get(KEY, always)).toEqual({ kind: 'failed', reason: 'error' })
    await l3.set(sampleEntry(clock, { key: KEY }))
    expect(await tiers.get(KEY, always)).toMatchObject({ kind: 'found', source: 'l3' })
  })

  it('keeps nothing in a tier for longer than that tier is told', async () => {
    const clock = createManualClock()
    const [near, far] = [createMemoryStore({ clock }), remote(clock)]
    const { tiers } = scene(clock, [[near, 1000], far])
    await tiers.set(sampleEntry(clock, { key: KEY, lifetimeMs: 60_000 }))
    clock.advance(999)
    expect(tiers.peek(KEY, always).kind).toBe('found')
    clock.advance(1)
    expect(tiers.peek(KEY, always).kind).toBe('absent')
    expect(await tiers.get(KEY, always)).toMatchObject({ kind: 'found', source: 'remote' })
    expect(tiers.peek(KEY, always).kind).toBe('found')
    clock.advance(1000)
    expect(tiers.peek(KEY, always).kind).toBe('absent')
  })
})

describe('writing to tiers', () => {
  it('is done at once where all answer at once', () => {
    const clock = createManualClock()
    const { tiers } = scene(clock, [createMemoryStore({ clock })])
    expect(tiers.synchronous).toBe(true)
    expect(tiers.set(sampleEntry(clock, { key: KEY }))).toBe('stored')
  })

  it('stored anywhere is stored; nowhere is not', async () => {
    const clock = createManualClock()
    const far = remote(clock)
    far.fail = true
    expect(await scene(clock, [createMemoryStore({ clock }), far]).tiers.set(sampleEntry(clock, { key: KEY }))).toBe('stored')
    expect(await scene(clock, [remote(clock, 'a', { set: async () => false }), far]).tiers.set(sampleEntry(clock, {}))).toBe('refused')
    expect(await scene(clock, [far]).tiers.set(sampleEntry(clock, {}))).toBe('failed')
  })

  it('is to be read at once, before the slow tier has it', async () => {
    const clock = createManualClock()
    const far = remote(clock)
    const { tiers } = scene(clock, [far])
    far.hold()
    const written = tiers.set(sampleEntry(clock, { key: KEY }))
    expect(await tiers.get(KEY, always)).toMatchObject({ kind: 'found' })
    far.open()
    expect(await written).toBe('stored')
  })
})

describe('removing', () => {
  it('removes from every tier and reports each', async () => {
    const clock = createManualClock()
    const [near, far] = [createMemoryStore({ clock }), remote(clock)]
    const { tiers } = scene(clock, [near, far])
    await tiers.set(sampleEntry(clock, { key: KEY }))
    expect(await tiers.delete(KEY)).toEqual([
      { tier: 'memory', matched: 1, removed: 1, failed: undefined },
      { tier: 'remote', matched: 1, removed: 1, failed: undefined },
    ])
    expect(tiers.peek(KEY, always).kind).toBe('absent')
    expect((await tiers.get(KEY, always)).kind).toBe('absent')
  })

  it('erases by prefix, tells partitions apart, and says which tier could not be cleaned', async () => {
    const clock = createManualClock()
    const [near, far, mute] = [createMemoryStore({ clock }), remote(clock), remote(clock, 'mute', { keys: undefined as never })]
    const { tiers } = scene(clock, [near, far, mute])
    for (const key of ['lc1.p.1', 'lc1.p.2', 'lc1.pp.1']) await tiers.set(sampleEntry(clock, { key }))
    expect(await tiers.erase('lc1.p.')).toEqual([
      { tier: 'memory', matched: 2, removed: 2, failed: undefined },
      { tier: 'remote', matched: 2, removed: 2, failed: undefined },
      { tier: 'mute', matched: 0, removed: 0, failed: 'unsupported' },
    ])
    expect(tiers.peek('lc1.pp.1', always).kind).toBe('found')
    far.fail = true
    expect((await tiers.erase('lc1.pp.'))[1]).toMatchObject({ tier: 'remote', failed: 'error' })
  })

  it('is not undone by a read that was under way', async () => {
    const clock = createManualClock()
    const [near, far] = [createMemoryStore({ clock }), remote(clock)]
    const { tiers } = scene(clock, [near, far])
    await far.set(sampleEntry(clock, { key: KEY }))
    far.hold()
    const reading = tiers.get(KEY, always)
    const erasing = tiers.erase('lc1.p.')
    far.open()
    expect((await reading).kind).toBe('absent')
    await erasing
    await settled()
    expect(tiers.peek(KEY, always).kind).toBe('absent')
    expect((await tiers.get(KEY, always)).kind).toBe('absent')
  })

  it('wins against reads and promotions in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 4 }), async (s, readers) => {
        const clock = createManualClock()
        const near = createMemoryStore({ clock })
        const l2 = remote(clock, 'l2')
        const l3 = remote(clock, 'l3')
        const get = l3.get
        const far: CacheStore = { ...l3, get: s.scheduleFunction(async (key: string) => get(key)) }
        const slowly = l2.delete
        const { tiers } = scene(clock, [near, { ...l2, delete: s.scheduleFunction(async (key: string) => slowly(key)) }, far])
        await l3.set(sampleEntry(clock, { key: KEY }))
        // Reads begin before, during and after the erasure.
        const begin = s.scheduleFunction(async () => {})
        const reading = Array.from({ length: readers }, async (_, index) => {
          if (index > 0) await begin()
          return tiers.get(KEY, always)
        })
        const erasing = tiers.erase('lc1.p.')
        await s.waitFor(Promise.all([erasing, ...reading]))
        await settled()
        expect(near.size()).toMatchObject({ entries: 0 })
        expect(await l2.get(KEY)).toBeUndefined()
        expect(await l3.get(KEY)).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })
})

describe('tiers of several processes', () => {
  interface Peer {
    readonly bus: InvalidationBus
    readonly published: BusMessage[]
    /** Set: catching up waits for it. */
    behind: Promise<void> | undefined
    deaf: boolean
    say(message: BusMessage | { readonly kind: 'lost' }): void
  }

  function peer(): Peer {
    let listener: Parameters<InvalidationBus['subscribe']>[0] = () => {}
    const published: BusMessage[] = []
    const made: Peer = {
      published,
      behind: undefined,
      deaf: false,
      say: (message) => listener(message),
      bus: {
        boundMs: 1000,
        async publish(message) {
          if (made.deaf) throw new Error('down')
          published.push(message)
        },
        caughtUp: async () => made.behind,
        subscribe(heard) {
          listener = heard
        },
      },
    }
    return made
  }

  function lease(held = true): FlightLease {
    const nothing = (): void => {}
    const followed = async (): Promise<boolean> => false
    return {
      token: 1,
      held,
      followed,
      head: nothing,
      write: nothing,
      end: nothing,
      abort: nothing,
      release: nothing,
      close: async () => {},
    }
  }

  it('tells the others what was stored and what was erased', async () => {
    const clock = createManualClock()
    const { bus, published } = peer()
    const { tiers } = scene(clock, [createMemoryStore({ clock }), remote(clock, 'shared', { sharing: { bus } })])
    await tiers.set(sampleEntry(clock, { key: KEY }))
    await settled()
    await tiers.erase('lc1.p.')
    expect(published).toEqual([
      { kind: 'changed', key: KEY },
      { kind: 'retired', guards: [expect.any(String)], at: expect.any(Number), removal: true },
      { kind: 'erased', prefix: 'lc1.p.' },
    ])
  })

  it('an erasure that the others could not be told of is not reported as done', async () => {
    const clock = createManualClock()
    const other = peer()
    const { tiers } = scene(clock, [createMemoryStore({ clock }), remote(clock, 'shared', { sharing: { bus: other.bus } })])
    other.deaf = true
    expect(await tiers.erase('lc1.p.')).toMatchObject([{ failed: undefined }, { tier: 'shared', failed: 'peers' }])
  })

  it('drops from memory what another process changed, erased, or may have', async () => {
    const clock = createManualClock()
    const other = peer()
    const near = createMemoryStore({ clock })
    const { erased } = scene(clock, [near, remote(clock, 'shared', { sharing: { bus: other.bus } })])
    const keys = ['lc1.p.1', 'lc1.p.2', 'lc1.q.1', 'lc1.r.1']
    for (const key of keys) near.set(sampleEntry(clock, { key }))
    const left = (): string[] => keys.filter((key) => near.get(key))
    other.say({ kind: 'changed', key: 'lc1.p.1' })
    expect(left()).toEqual(keys.slice(1))
    other.say({ kind: 'erased', prefix: 'lc1.p.' })
    await settled()
    expect(left()).toEqual(keys.slice(2))
    expect(erased).toEqual(['lc1.p.'])
    other.say({ kind: 'lost' })
    await settled()
    expect(left()).toEqual([])
    expect(erased).toEqual(['lc1.p.', ''])
  })

  it('erases from every tier of its own what another process erased, and leaves to it the ones that all share', async () => {
    const clock = createManualClock()
    const other = peer()
    const [near, file, shared, database] = [
      createMemoryStore({ clock }),
      remote(clock, 'file', { local: true }),
      remote(clock, 'shared', { sharing: { bus: other.bus } }),
      remote(clock, 'database'),
    ] as const
    const { tiers } = scene(clock, [near, file, shared, database])
    const had = async (key: string): Promise<boolean[]> =>
      (await Promise.all([near, file, shared, database].map((store) => store.get(key)))).map((entry) => entry !== undefined)
    for (const key of ['lc1.p.1', 'lc1.q.1', 'lc1.r.1']) await tiers.set(sampleEntry(clock, { key }))
    clock.advance(3000)
    other.say({ kind: 'changed', key: 'lc1.q.1' })
    await settled()
    expect(await had('lc1.q.1')).toEqual([false, false, true, true])
    other.say({ kind: 'erased', prefix: 'lc1.p.' })
    await settled()
    expect(await had('lc1.p.1')).toEqual([false, false, true, true])
    expect(database.calls.filter((call) => call.startsWith('delete'))).toEqual([])
    other.say({ kind: 'lost' })
    await settled()
    expect(await had('lc1.r.1')).toEqual([false, false, true, true])
  })

  it('a tier of its own that cannot be cleaned is not believed until it is', async () => {
    const clock = createManualClock()
    const other = peer()
    const file = remote(clock, 'file', { local: true })
    const { tiers } = scene(clock, [createMemoryStore({ clock }), file, remote(clock, 'shared', { sharing: { bus: other.bus } })])
    const pass = async (ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 50) {
        clock.advance(50)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    for (const key of [KEY, 'lc1.q.1']) await file.set(sampleEntry(clock, { key }))
    const { delete: remove } = file
    file.delete = async () => Promise.reject(new Error('locked'))
    other.say({ kind: 'erased', prefix: 'lc1.p.' })
    await pass(100)
    expect((await tiers.get(KEY, always)).kind).toBe('absent')
    expect((await tiers.get('lc1.q.1', always)).kind).toBe('found')
    expect(await file.get(KEY)).toBeDefined()
    file.delete = remove
    await pass(10_000)
    expect(await file.get(KEY)).toBeUndefined()
    await tiers.set(sampleEntry(clock, { key: KEY }))
    expect((await tiers.get(KEY, always)).kind).toBe('found')
  })

  it('takes back what it wrote without a lease while the erasure was on its way', async () => {
    const clock = createManualClock()
    const other = peer()
    const shared = remote(clock, 'shared', { sharing: { bus: other.bus } })
    const { tiers } = scene(clock, [createMemoryStore({ clock }), shared])
    await tiers.set(sampleEntry(clock, { key: 'lc1.p.old' }))
    clock.advance(2001)
    for (const key of [KEY, 'lc1.q.1']) await tiers.set(sampleEntry(clock, { key }))
    other.say({ kind: 'erased', prefix: 'lc1.p.' })
    await settled()
    expect(await shared.get(KEY)).toBeUndefined()
    expect(await shared.get('lc1.q.1')).toBeDefined()
    // Older ones the other process has seen.
    expect(await shared.get('lc1.p.old')).toBeDefined()
  })

  it('hears of one key without walking through everything', async () => {
    const clock = createManualClock()
    const other = peer()
    const near = createMemoryStore({ clock })
    const keys: string[] = []
    const file = remote(clock, 'file', {
      local: true,
      keys: (prefix) => {
        keys.push(prefix)
        return []
      },
    })
    const { tiers, erased } = scene(clock, [near, file, remote(clock, 'shared', { sharing: { bus: other.bus } })])
    await tiers.set(sampleEntry(clock, { key: KEY }))
    other.say({ kind: 'deleted', key: KEY })
    await settled()
    expect([await near.get(KEY), await file.get(KEY)]).toEqual([undefined, undefined])
    expect([erased, keys]).toEqual([[KEY], []])
    await tiers.delete('lc1.p.other')
    expect(other.published.at(-1)).toEqual({ kind: 'deleted', key: 'lc1.p.other' })
  })

  it('a write that waits for the shared tier is dropped when another process erases its partition', async () => {
    const clock = createManualClock()
    const other = peer()
    const shared = remote(clock, 'shared', { sharing: { bus: other.bus } })
    const { tiers } = scene(clock, [createMemoryStore({ clock }), shared])
    shared.fail = true
    for (let count = 0; count < 8; count++) await tiers.get(`lc1.q.${count}`, always)
    void tiers.set(sampleEntry(clock, { key: KEY }))
    await settled()
    other.say({ kind: 'erased', prefix: 'lc1.p.' })
    shared.fail = false
    for (let ms = 0; ms < 3000; ms += 50) {
      clock.advance(50)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(tiers.stats()[1]).toMatchObject({ state: 'up', queued: { items: 0 } })
    expect(await shared.get(KEY)).toBeUndefined()
  })

  it('what waited for the shared tier goes out only after everything that was said meanwhile was heard', async () => {
    const clock = createManualClock()
    const other = peer()
    const shared = remote(clock, 'shared', { sharing: { bus: other.bus } })
    const events: StoreEvent[] = []
    const guard = guardStore(shared, { clock, catchUp: () => other.bus.caughtUp() })
    const tiers = createTiers([{ store: guard, ttlMs: Number.POSITIVE_INFINITY }], {
      clock,
      onEvent: (event) => events.push(event),
      onRemoved: () => {},
      onRetired: () => {},
    })
    let caughtUp: (() => void) | undefined
    other.behind = new Promise((resolve) => (caughtUp = resolve))
    shared.fail = true
    for (let count = 0; count < 8; count++) await tiers.get(`lc1.q.${count}`, always)
    void tiers.set(sampleEntry(clock, { key: KEY }))
    void tiers.set(sampleEntry(clock, { key: 'lc1.q.kept' }))
    shared.fail = false
    const pass = async (): Promise<void> => {
      for (let ms = 0; ms < 3000; ms += 50) {
        clock.advance(50)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await pass()
    expect(await shared.get('lc1.q.kept')).toBeUndefined()
    other.say({ kind: 'erased', prefix: 'lc1.p.' })
    caughtUp?.()
    await pass()
    expect(await shared.get(KEY)).toBeUndefined()
    expect(await shared.get('lc1.q.kept')).toBeDefined()
  })

  it('a read does not bring back into memory what another process removed meanwhile', async () => {
    const clock = createManualClock()
    const other = peer()
    const near = createMemoryStore({ clock })
    const far = remote(clock, 'shared', { sharing: { bus: other.bus } })
    const { tiers } = scene(clock, [near, far])
    await far.set(sampleEntry(clock, { key: KEY }))
    far.hold()
    const reading = tiers.get(KEY, always)
    other.say({ kind: 'erased', prefix: 'lc1.p.' })
    far.open()
    expect((await reading).kind).toBe('absent')
    expect(near.get(KEY)).toBeUndefined()
  })

  it('what the shared tier refuses for a later leader goes nowhere', async () => {
    const clock = createManualClock()
    const near = createMemoryStore({ clock })
    const refusing = remote(clock, 'shared', { sharing: { bus: peer().bus }, set: async () => false })
    const { tiers } = scene(clock, [near, refusing])
    expect(await tiers.set(sampleEntry(clock, { key: KEY }), lease())).toBe('superseded')
    expect(near.get(KEY)).toBeUndefined()
  })

  it('what was written under a lease that ran out meanwhile is not kept in memory', async () => {
    const clock = createManualClock()
    const near = createMemoryStore({ clock })
    const { tiers } = scene(clock, [near, remote(clock, 'shared', { sharing: { bus: peer().bus } })])
    expect(await tiers.set(sampleEntry(clock, { key: KEY }), lease(false))).toBe('superseded')
    expect(near.get(KEY)).toBeUndefined()
    expect(await tiers.set(sampleEntry(clock, { key: KEY }), lease())).toBe('stored')
    expect(near.get(KEY)).toBeDefined()
  })

  it('a shared tier that is down does not keep answers out of the others', async () => {
    const clock = createManualClock()
    const near = createMemoryStore({ clock })
    const far = remote(clock, 'shared', { sharing: { bus: peer().bus } })
    far.fail = true
    const { tiers } = scene(clock, [near, far])
    expect(await tiers.set(sampleEntry(clock, { key: KEY }), lease())).toBe('stored')
    expect(near.get(KEY)).toBeDefined()
  })

  it('gives back at once a lead that came too late to be waited for', async () => {
    const clock = createManualClock()
    let aborted = 0
    let answer: (() => void) | undefined
    const late = { ...lease(), abort: () => void aborted++ }
    const flights = {
      leaseMs: 3000,
      follow: async () => undefined,
      join: () => new Promise<{ kind: 'lead'; lease: FlightLease }>((resolve) => (answer = () => resolve({ kind: 'lead', lease: late }))),
    }
    const { tiers } = scene(clock, [remote(clock, 'shared', { sharing: { flights } })])
    const joining = tiers.peers.join(KEY)
    for (let ms = 0; ms < 300; ms += 10) {
      clock.advance(10)
      await settled()
    }
    expect(await joining).toBeUndefined()
    answer?.()
    await settled()
    expect(aborted).toBe(1)
  })
})

describe('a warm start', () => {
  const warmth = (clock: ManualClock, count = 100): Entry[] =>
    Array.from({ length: count }, (_, index) => sampleEntry(clock, { key: `lc1.p.${index}`, id: 'warm' }))

  it('fills half of the memory in front, under its longest time, and takes nobody’s place who is newer', async () => {
    const clock = createManualClock()
    const near = createMemoryStore({ clock, maxBytes: 1_000_000 })
    const { tiers } = scene(clock, [[near, 1000], remote(clock)])
    const old = warmth(clock)
    clock.advance(10)
    near.set(sampleEntry(clock, { key: 'lc1.p.7', id: 'newer' }))
    let asked = 0
    await tiers.warm(
      (maxBytes) => {
        asked = maxBytes
        return old
      },
      () => false,
    )
    expect(asked).toBe(500_000)
    expect(near.size()?.entries).toBe(100)
    expect(((await near.get('lc1.p.7')) as Entry).id).toBe('newer')
    clock.advance(1000)
    expect(await near.get('lc1.p.1')).toBeUndefined()
  })

  it('ends with the cache, with a removal, and with the store', async () => {
    const clock = createManualClock()
    const entries = warmth(clock)
    const left = async (warm: (tiers: StoreTiers) => Promise<void>): Promise<number | undefined> => {
      const near = createMemoryStore({ clock })
      await warm(scene(clock, [near, remote(clock)]).tiers)
      return near.size()?.entries
    }
    let given = 0
    expect(
      await left((tiers) =>
        tiers.warm(
          () => entries,
          () => given++ >= 11,
        ),
      ),
    ).toBe(11)
    expect(
      await left((tiers) =>
        tiers.warm(
          async function* () {
            yield* entries.slice(0, 5)
            throw new Error('disk')
          },
          () => false,
        ),
      ),
    ).toBe(5)
    expect(
      await left((tiers) =>
        tiers.warm(
          async function* () {
            yield* entries.slice(0, 5)
            await tiers.erase('lc1.p.')
            yield* entries.slice(5)
          },
          () => false,
        ),
      ),
    ).toBe(0)
  })

  it('is for memory in front alone', async () => {
    const clock = createManualClock()
    const near = remote(clock)
    await scene(clock, [near, remote(clock, 'far')]).tiers.warm(
      () => warmth(clock),
      () => false,
    )
    expect(near.calls).toEqual([])
  })
})
