import { describe, expect, it } from 'vitest'
import type { Entry } from '../../../src/entry/entry.js'
import { MAX_DURATION_MS } from '../../../src/lib/duration.js'
import { createEpochs } from '../../../src/stores/epochs/epochs.js'
import { createManualClock } from '../../../src/testing/manual-clock.js'
import { sampleEntry } from '../../../src/testing/sample-entry.js'
import { always, type Call, createBackend, createProcess, keyOf, skewed, turns } from './support.js'

const docs = { tags: ['docs'] }
const MINUTE = 60_000

describe('what an invalidation costs', () => {
  it('takes the same number of store operations for 100,000 entries as for one', async () => {
    const counts: Record<number, Record<string, number>> = {}
    for (const entries of [1, 100_000]) {
      const backend = createBackend()
      const { tiers, clock, retire, has } = createProcess(backend)
      const base = sampleEntry(clock, {})
      const startedAt = tiers.stamp()
      for (let each = 0; each < entries; each++) {
        const key = keyOf(`${each}`)
        backend.held.set(key, { ...base, key, id: `${each}`, meta: { ...base.meta, tags: ['docs'], startedAt } })
      }
      expect(await has('0')).toBe(true)
      backend.calls.length = 0
      await retire('docs')
      const counted: Record<string, number> = {}
      for (const { call } of backend.calls) counted[call] = (counted[call] ?? 0) + 1
      counts[entries] = counted
      for (const key of ['0', `${entries - 1}`]) expect(await has(key)).toBe(false)
    }
    expect(counts[1]).toEqual({ setMany: 2, getMany: 1 })
    expect(counts[100_000]).toEqual(counts[1])
  })

  it('costs a lookup one batched read at the most, and none where the process can know', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const [one, two] = [createProcess(backend, { clock }), createProcess(backend, { clock })]
    const reads = async (work: () => Promise<unknown>): Promise<number> => {
      backend.calls.length = 0
      await work()
      await turns()
      return backend.calls.filter(({ keys }) => keys.some((key) => key.startsWith('lc0.mark.'))).length
    }
    await one.fill('a', docs)
    expect(await reads(() => two.look('a'))).toBe(1)
    // In memory, and read a moment ago.
    expect(await reads(() => two.look('a'))).toBe(0)
    clock.advance(499)
    expect(await reads(() => two.look('a'))).toBe(0)
    // In the background.
    clock.advance(1)
    expect(two.tiers.peek(keyOf('a'), always).kind).toBe('found')
    expect(await reads(() => turns())).toBe(0)
    clock.advance(499)
    expect(two.tiers.peek(keyOf('a'), always).kind).toBe('found')
    await turns()
    clock.advance(1000)
    // Too long ago: the lookup goes to the store.
    expect(two.tiers.peek(keyOf('a'), always).kind).toBe('absent')
    expect(await reads(async () => expect((await two.tiers.get(keyOf('a'), always)).kind).toBe('found'))).toBe(1)
    await one.retire('faq')
    clock.advance(1000)
    for (const key of ['a', 'b', 'c']) expect(await reads(() => two.look(key))).toBeLessThanOrEqual(1)
    // Known again, each guard by itself, until the next mark.
    await one.fill('d', { tags: ['docs', 'x', 'y', 'z'] })
    expect(await reads(() => two.look('d'))).toBe(1)
    expect(await reads(() => two.look('d'))).toBe(0)
  })

  it('reads all marks of an entry again where it is too long ago that any was read', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const [one, two] = [createProcess(backend, { clock }), createProcess(backend, { clock })]
    await one.retire('other')
    await one.fill('a', docs)
    expect(await two.has('a')).toBe(true)
    await one.retire('docs')
    clock.advance(1000)
    expect(await two.has('a')).toBe(false)
  })

  it('reads and writes nothing where there is only memory', async () => {
    const { fill, has, retire, tiers } = createProcess(undefined)
    expect(tiers.synchronous).toBe(true)
    await fill('a', docs)
    expect(tiers.peek(keyOf('a'), always).kind).toBe('found')
    expect(await retire('docs')).toEqual([{ tier: 'memory', matched: 0, removed: 0, failed: undefined }])
    expect(await has('a')).toBe(false)
  })

  it('with a bus, a guard that was read once is known until messages are lost', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const [one, two] = [createProcess(backend, { clock, bus: true }), createProcess(backend, { clock, bus: true })]
    await one.retire('other')
    await one.fill('a', docs)
    expect(await two.has('a')).toBe(true)
    clock.advance(100_000)
    backend.calls.length = 0
    expect(two.tiers.peek(keyOf('a'), always).kind).toBe('found')
    await turns()
    expect(backend.calls).toEqual([])
    const before = two.retirements
    await one.retire('docs')
    expect(two.retirements).toBe(before + 1)
    expect(two.tiers.peek(keyOf('a'), always).kind).toBe('absent')
    // Heard of, so what is begun now is no business of the mark.
    await two.fill('a', docs)
    expect([await two.has('a'), await one.has('a')]).toEqual([true, true])
  })

  it('with a bus, lost messages make everything be read again', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const [one, two] = [createProcess(backend, { clock, bus: true }), createProcess(backend, { clock, bus: true, memory: false })]
    await one.fill('a', docs)
    await one.fill('b', { tags: ['faq'] })
    expect([await two.has('a'), await two.has('b')]).toEqual([true, true])
    // Long enough for what was written not to be taken back.
    clock.advance(5000)
    backend.losing = true
    await one.retire('docs')
    expect(await two.has('a')).toBe(true)
    backend.tellLost()
    expect([await two.has('a'), await two.has('b')]).toEqual([false, true])
  })
})

describe('clocks', () => {
  it.each([0, 1000, -1000, 59_000, -59_000])(
    'that differ by %d ms bring nothing back, and keep what was asked after the mark was heard of',
    async (off) => {
      const backend = createBackend()
      const clock = createManualClock()
      const one = createProcess(backend, { clock })
      const two = createProcess(backend, { clock: skewed(clock, off) })
      await two.fill('old', docs)
      const flying = two.begin('flying', docs)
      clock.advance(5)
      await one.retire('docs')
      await flying()
      for (const key of ['old', 'flying']) expect([key, await one.has(key)]).toEqual([key, false])
      clock.advance(1000)
      for (const key of ['old', 'flying']) expect([key, await two.has(key)]).toEqual([key, false])
      for (const process of [one, two]) {
        await process.fill('new', docs)
        for (const other of [one, two]) expect(await other.has('new')).toBe(true)
      }
      // A key that it never looked for, by a process that only heard of a round of marks.
      clock.advance(2000)
      await one.retire('faq')
      clock.advance(1000)
      await two.has('nothing')
      await two.fill('fresh', { tags: ['faq'] })
      clock.advance(1000)
      expect([await one.has('fresh'), await two.has('fresh')]).toEqual([true, true])
    },
  )

  it('that are behind do not hide what another process invalidated before', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const ahead = createProcess(backend, { clock: skewed(clock, 700) })
    const behind = createProcess(backend, { clock })
    await ahead.retire('docs')
    // It hears of the round, and so of the mark, before it begins.
    await behind.has('a')
    await behind.fill('a', docs)
    clock.advance(1000)
    expect(await ahead.has('a')).toBe(true)
    const restarted = createProcess(backend, { clock })
    await restarted.retire('docs')
    clock.advance(1000)
    expect([await ahead.has('a'), await behind.has('a')]).toEqual([false, false])
  })

  it('of two processes are not weighed against each other where one answer is made from another', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const ahead = createProcess(backend, { clock: skewed(clock, 700) })
    const behind = createProcess(backend, { clock })
    await ahead.fill('source', docs, { id: 'AAAAAAAAAAAAAAAAAAAAAA' })
    await turns()
    await behind.retire('docs')
    clock.advance(100)
    await behind.fill('made', { tags: ['docs'], dependsOn: ['AAAAAAAAAAAAAAAAAAAAAA'] })
    clock.advance(1000)
    expect([await ahead.has('made'), await behind.has('made')]).toEqual([false, false])
  })

  it('set back, in one process and over a restart, bring nothing back and cost one answer at the most', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const own = skewed(clock, 0)
    const one = createProcess(backend, { clock: own })
    await one.fill('a', docs)
    own.off = -30_000
    await one.retire('docs')
    expect(await one.has('a')).toBe(false)
    await one.fill('a', docs)
    expect(await one.has('a')).toBe(true)
    await one.retire('docs')
    expect(await one.has('a')).toBe(false)
    const later = createProcess(backend, { clock: skewed(clock, -45_000) })
    expect(await later.has('a')).toBe(false)
    await later.fill('a', docs)
    expect(await later.has('a')).toBe(true)
    clock.advance(1000)
    expect(await one.has('a')).toBe(true)
  })

  it('set forward do not make what came before younger', async () => {
    const clock = createManualClock()
    const own = skewed(clock, 0)
    const { begin, retire, has } = createProcess(undefined, { clock: own })
    const flying = begin('a', docs)
    own.off = 40_000
    await retire('docs')
    own.off = 0
    await flying()
    expect(await has('a')).toBe(false)
  })
})

describe('marks', () => {
  it('tell processes that hear of nothing what a search has removed', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const [one, two] = [createProcess(backend, { clock }), createProcess(backend, { clock })]
    await one.fill('a', docs)
    await one.fill('b')
    expect([await two.has('a'), await two.has('b')]).toEqual([true, true])
    await one.tiers.erase('', { matches: ({ key }) => key === keyOf('a'), found: () => undefined })
    clock.advance(1500)
    expect([await two.has('a'), await two.has('b')]).toEqual([false, true])
  })

  it.each([false, true])('outlive entries that their process never saw (bus %s)', async (bus) => {
    const backend = createBackend()
    const clock = createManualClock()
    const longest = clock.now() + 2 * MAX_DURATION_MS
    await createProcess(backend, { clock, bus }).fill('a', docs, { staleAt: longest, deleteAt: longest })
    clock.advance(1000)
    await createProcess(backend, { clock, bus }).retire('docs')
    const marks = [...backend.held.values()].filter(({ key }) => key.startsWith('lc0.mark.'))
    expect(marks).toHaveLength(2)
    for (const mark of marks) expect(mark.deleteAt).toBeGreaterThanOrEqual(longest)
    for (const days of [8, 24, 17]) {
      clock.advance(days * 86_400_000)
      expect(backend.held.get(keyOf('a'))?.deleteAt).toBeGreaterThan(clock.now())
      expect(await createProcess(backend, { clock, bus }).has('a')).toBe(false)
    }
  })

  it('live longer where this process has seen what lives longer still', async () => {
    const backend = createBackend()
    const { fill, retire, clock } = createProcess(backend)
    const longest = clock.now() + 90 * 86_400_000
    await fill('a', docs, { deleteAt: longest, staleAt: longest })
    await retire('docs')
    const marks = [...backend.held.values()].filter(({ key }) => key.startsWith('lc0.mark.'))
    expect(marks).toHaveLength(2)
    for (const mark of marks) expect(mark.deleteAt).toBeGreaterThanOrEqual(longest)
  })

  it('do not show the texts of tags in their keys, nor do records of answers', async () => {
    const backend = createBackend()
    const { fill, retire } = createProcess(backend)
    await fill('a', { tags: ['secret-tag'], dependsOn: ['secret-doc'] })
    await retire('secret-tag')
    await turns()
    const own = [...backend.held].filter(([key]) => key.startsWith('lc0.'))
    expect(own.length).toBeGreaterThanOrEqual(3)
    expect(JSON.stringify(own)).not.toContain('secret')
    expect(own.map(([key]) => key).every((key) => /^[A-Za-z0-9._-]{1,200}$/.test(key))).toBe(true)
  })

  it('that a store does not take are owed: the call says so, and they are written with a later stamp once it does', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const one = createProcess(backend, { clock }, 'one')
    const two = createProcess(backend, { clock }, 'two')
    await two.fill('a', docs)
    backend.failing.add('one setMany')
    const reports = await one.retire('docs')
    expect(reports).toEqual([
      { tier: 'memory', matched: 0, removed: 0, failed: undefined },
      { tier: 'shared', matched: 0, removed: 0, failed: 'error' },
    ])
    expect(await one.has('a')).toBe(false)
    await one.fill('mine', docs)
    expect(await one.has('mine')).toBe(true)
    clock.advance(1000)
    expect(await two.has('a')).toBe(true)
    // Another process says the same meanwhile; what waited must not take its place.
    await two.retire('docs')
    const before = backend.held.get(`lc0.mark.${one.tiers.guardOf('tag', 'docs')}`)?.meta.startedAt as number
    backend.failing.clear()
    for (let pass = 0; pass < 30; pass++) {
      clock.advance(1000)
      await turns()
    }
    expect(backend.held.get(`lc0.mark.${one.tiers.guardOf('tag', 'docs')}`)?.meta.startedAt).toBeGreaterThan(before)
    expect(await two.has('a')).toBe(false)
    await one.tiers.close()
  })

  it('that are told to nobody are told later', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const one = createProcess(backend, { clock, bus: true }, 'one')
    const two = createProcess(backend, { clock, bus: true }, 'two')
    await one.fill('a', docs)
    expect(await two.has('a')).toBe(true)
    backend.failing.add('one publish')
    expect((await one.retire('docs')).map(({ failed }) => failed)).toEqual([undefined, 'peers'])
    expect(await two.has('a')).toBe(true)
    backend.failing.clear()
    for (let pass = 0; pass < 30; pass++) {
      clock.advance(1000)
      await turns()
    }
    expect(await two.has('a')).toBe(false)
  })

  it('that land late are written once more', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const one = createProcess(backend, { clock }, 'one')
    const two = createProcess(backend, { clock }, 'two')
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let first = true
    backend.gate = async (call: Call, process) => {
      const isHeld = first && process === 'one' && call === 'setMany'
      if (isHeld) first = false
      if (isHeld) await held
    }
    const retiring = one.retire('docs')
    await turns()
    clock.advance(10_000)
    await turns()
    expect((await retiring).map(({ failed }) => failed)).toEqual([undefined, 'timeout'])
    await two.fill('a', docs)
    clock.advance(61_000)
    await two.retire('docs')
    const latest = (): number => backend.held.get(`lc0.mark.${one.tiers.guardOf('tag', 'docs')}`)?.meta.startedAt ?? 0
    const after = latest()
    release()
    await turns()
    expect(latest()).toBeLessThan(after)
    for (let pass = 0; pass < 20; pass++) {
      clock.advance(1000)
      await turns()
    }
    expect(latest()).toBeGreaterThan(after)
    expect(await two.has('a')).toBe(false)
  })

  it('cannot be read: what was found in memory or known before is answered, the rest is not', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const one = createProcess(backend, { clock }, 'one')
    await one.fill('a', docs)
    await one.fill('b', docs)
    await one.retire('other')
    expect(await one.has('a')).toBe(true)
    backend.failing.add('one')
    clock.advance(5000)
    expect(await one.has('a')).toBe(true)
    const reader = createProcess(backend, { clock, memory: false }, 'reader')
    backend.failing.add('reader getMany')
    expect(await reader.has('a')).toBe(false)
    backend.failing.clear()
    clock.advance(5000)
    await turns()
    expect(await reader.has('a')).toBe(true)
  })
})

describe('bounds', () => {
  it('what is dropped of marks that no store has makes everything older count as retired, never as valid', async () => {
    const clock = createManualClock()
    const epochs = createEpochs({ stores: [], clock, bus: undefined, onChange: () => undefined, maxKnown: 10 })
    const entry = (tag: string): Entry => {
      const base = sampleEntry(clock, { key: keyOf(tag) })
      return { ...base, meta: { ...base.meta, tags: [tag], startedAt: epochs.stamp() } }
    }
    const old = [entry('t0'), entry('other')].map((each) => epochs.seal(each) as Entry)
    for (let tag = 0; tag < 10; tag++) await epochs.retire([epochs.guards.of('tag', `t${tag}`)], true)
    expect(old.map((each) => epochs.judge(each, undefined))).toEqual(['retired', 'valid'])
    const between = epochs.seal(entry('between')) as Entry
    for (let tag = 10; tag < 20; tag++) await epochs.retire([epochs.guards.of('tag', `t${tag}`)], true)
    expect(old.map((each) => epochs.judge(each, undefined))).toEqual(['retired', 'retired'])
    expect(epochs.judge(between, undefined)).toBe('valid')
    expect(epochs.judge(epochs.seal(entry('t0')) as Entry, undefined)).toBe('valid')
  })

  it('what is dropped of marks that a store has is read again', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const { guardStore } = await import('../../../src/stores/guarded.js')
    const store = guardStore(backend.store('one', clock, true), { clock })
    const epochs = createEpochs({ stores: [store], clock, bus: { store, tell: async () => true }, onChange: () => undefined, maxKnown: 10 })
    const base = sampleEntry(clock, { key: keyOf('a') })
    const old = epochs.seal({ ...base, meta: { ...base.meta, tags: ['t0'], startedAt: epochs.stamp() } }) as Entry
    const other = epochs.seal({ ...base, meta: { ...base.meta, tags: ['x'], startedAt: epochs.stamp() } }) as Entry
    expect(await epochs.decide(old, store)).toBe('valid')
    for (let tag = 0; tag < 50; tag++) await epochs.retire([epochs.guards.of('tag', `t${tag}`)], true)
    expect(await epochs.decide(old, store)).toBe('retired')
    expect(await epochs.decide(other, store)).toBe('valid')
  })

  it('entries have a bounded number of guards', async () => {
    const { fill } = createProcess(undefined)
    const many = Array.from({ length: 1001 }, (_, index) => `${index}`)
    expect(await fill('a', { tags: many })).toBe('refused')
    expect(await fill('b', { dependsOn: many.slice(1) })).toBe('stored')
  })
})

describe('an entry that is written once more', () => {
  it.each([0, 30_000, -30_000])('is as old as it was, by whichever clock (%d ms off) it was begun', async (off) => {
    const backend = createBackend()
    const clock = createManualClock()
    const one = createProcess(backend, { clock: skewed(clock, off) })
    const two = createProcess(backend, { clock })
    const flying = one.begin('a', docs)
    clock.advance(10)
    // Of this two has heard before it touches what was begun before it.
    await two.retire('docs')
    await flying()
    const entry = backend.held.get(keyOf('a')) as Entry
    await two.tiers.set({ ...entry, staleAt: entry.staleAt + 10, deleteAt: entry.deleteAt + 10 })
    clock.advance(5000)
    for (const process of [one, two]) expect(await process.has('a')).toBe(false)
  })
})

describe('entries of older versions', () => {
  it('are as old as their time of storing and their origin say', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const { retire, has } = createProcess(backend, { clock })
    clock.advance(10 * MINUTE)
    const base = sampleEntry(clock, {})
    const plant = (name: string, storedAt: number, originMs: number): void => {
      const entry: Entry = {
        ...base,
        key: keyOf(name),
        storedAt,
        deleteAt: clock.now() + 60 * MINUTE,
        meta: { ...base.meta, originMs, tags: ['docs'] },
      }
      backend.held.set(entry.key, entry)
    }
    plant('before', clock.now() - MINUTE, 800)
    plant('during', clock.now() + 10 * MINUTE, 9.5 * MINUTE)
    plant('after', clock.now() + 10 * MINUTE, 800)
    await retire('docs')
    clock.advance(10 * MINUTE)
    expect([await has('before'), await has('during'), await has('after')]).toEqual([false, false, true])
  })
})

describe('finding answers', () => {
  it('by id, here and where another process stored them, while they are kept', async () => {
    const backend = createBackend()
    const clock = createManualClock()
    const [one, two] = [createProcess(backend, { clock }), createProcess(backend, { clock })]
    await one.fill('a', {}, { id: 'AAAAAAAAAAAAAAAAAAAAAA' })
    await turns()
    for (const { tiers } of [one, two]) {
      expect(await tiers.find('AAAAAAAAAAAAAAAAAAAAAA')).toEqual({ key: keyOf('a') })
      expect(await tiers.find('BBBBBBBBBBBBBBBBBBBBBB')).toBeUndefined()
    }
    clock.advance(600_000)
    for (const { tiers } of [one, two]) expect(await tiers.find('AAAAAAAAAAAAAAAAAAAAAA')).toBeUndefined()
  })

  it('what cannot be looked up keeps an answer that was made from it from being stored', async () => {
    const backend = createBackend()
    const one = createProcess(backend, {}, 'one')
    backend.failing.add('one getMany')
    expect(await one.fill('b', { dependsOn: ['AAAAAAAAAAAAAAAAAAAAAA'] })).toBe('failed')
    expect(await one.fill('b', { dependsOn: ['a document'] })).toBe('stored')
  })
})
