import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../../src/entry/entry.js'
import type { CacheStore, StoreEvent } from '../../src/ports.js'
import { type GuardedStore, type GuardOptions, guardStore } from '../../src/stores/guarded.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

const unhandled = vi.fn()
beforeEach(() => void process.on('unhandledRejection', unhandled))
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

interface Setup {
  readonly guard: GuardedStore
  readonly clock: ManualClock
  readonly events: StoreEvent[]
  readonly entry: Entry
}

function setUp(store: Partial<CacheStore>, options: Partial<GuardOptions> = {}): Setup {
  const clock = createManualClock()
  const guard = guardStore({ ...createMemoryStore({ clock }), name: 'test', ...store }, { clock, ...options })
  const events: StoreEvent[] = []
  guard.listen((event) => events.push(event))
  return { guard, clock, events, entry: sampleEntry(clock, {}) }
}

/** A store of which no call is answered until `settle`. */
function createHanging() {
  const settlers: ((error?: Error, value?: unknown) => void)[] = []
  const hang = (): Promise<never> =>
    new Promise((resolve, reject) => settlers.push((error, value) => (error ? reject(error) : resolve(value as never))))
  return { store: { get: hang, set: hang, delete: hang, clear: hang, close: hang }, settlers }
}

const failure = (operation: string, reason: string): object => ({ type: 'store-failed', store: 'test', operation, reason })
const OPERATIONS = ['get', 'set', 'delete'] as const
const callOf = ({ guard, entry }: Setup, operation: (typeof OPERATIONS)[number]): unknown =>
  operation === 'set' ? guard.set(entry) : guard[operation](entry.key)
const failed = (operation: string, reason: string): unknown => (operation === 'get' ? { kind: 'failed', reason } : 'failed')

describe('guarded store', () => {
  it('answers at once where the store does, without a timer', async () => {
    const { guard, clock, entry, events } = setUp({})
    expect(guard.get(entry.key)).toEqual({ kind: 'absent' })
    expect(guard.set(entry)).toBe('stored')
    expect(guard.get(entry.key)).toEqual({ kind: 'found', entry })
    expect(guard.size()?.entries).toBe(1)
    expect(guard.delete(entry.key)).toBe('deleted')
    expect(guard.delete(entry.key)).toBe('absent')
    expect(guard.set({ ...entry, body: new Uint8Array(9_000_000) })).toBe('refused')
    await guard.close()
    expect(clock.pending()).toBe(0)
    expect(events).toEqual([])
  })

  it('passes asynchronous answers on and leaves no timer', async () => {
    const memory = createMemoryStore()
    const { guard, clock, events } = setUp({ get: async (key) => memory.get(key), set: async (entry) => memory.set(entry) })
    const entry = sampleEntry({ now: Date.now }, {})
    expect(await guard.set(entry)).toBe('stored')
    expect(await guard.get(entry.key)).toEqual({ kind: 'found', entry })
    expect(clock.pending()).toBe(0)
    expect(events).toEqual([])
  })

  it.each(OPERATIONS)('turns a throw and a rejection of %s into one event each', async (operation) => {
    const thrown = setUp({
      [operation]: () => {
        throw new Error('sync')
      },
    })
    expect(callOf(thrown, operation)).toEqual(failed(operation, 'error'))
    expect(thrown.events).toEqual([failure(operation, 'error')])
    const rejected = setUp({ [operation]: () => Promise.reject(new Error('async')) })
    expect(await callOf(rejected, operation)).toEqual(failed(operation, 'error'))
    expect(rejected.events).toEqual([failure(operation, 'error')])
    expect(rejected.clock.pending()).toBe(0)
  })

  it('waits five times as long for what no request waits for', async () => {
    for (const [operation, ms] of [
      ['get', 100],
      ['set', 500],
      ['delete', 500],
    ] as const) {
      const setup = setUp(createHanging().store, { deadlineMs: 100 })
      const answered = vi.fn()
      const answer = Promise.resolve(callOf(setup, operation)).then(answered)
      setup.clock.advance(ms - 1)
      await new Promise((resolve) => setImmediate(resolve))
      expect(answered).not.toHaveBeenCalled()
      setup.clock.advance(1)
      await answer
    }
  })

  it.each(OPERATIONS)('waits for %s no longer than the deadline, and drops what comes later', async (operation) => {
    for (const late of [undefined, new Error('late')]) {
      const { store, settlers } = createHanging()
      const setup = setUp(store, { deadlineMs: 100, writeDeadlineMs: 100, longDeadlineMs: 100 })
      const answered = vi.fn()
      const answer = Promise.resolve(callOf(setup, operation)).then(answered)
      setup.clock.advance(99)
      await new Promise((resolve) => setImmediate(resolve))
      expect(answered).not.toHaveBeenCalled()
      setup.clock.advance(1)
      await answer
      expect(answered).toHaveBeenCalledWith(failed(operation, 'timeout'))
      settlers[0]?.(late, setup.entry)
      await new Promise((resolve) => setImmediate(resolve))
      expect(setup.events).toEqual([failure(operation, 'timeout')])
      expect(setup.clock.pending()).toBe(0)
    }
  })

  it('bounds the wait for close as well', async () => {
    const { clock, guard } = setUp(createHanging().store, { longDeadlineMs: 50 })
    const closed = guard.close()
    clock.advance(50)
    expect(await closed).toBeUndefined()
  })

  it('survives a thenable that throws, settles twice, or throws from its getter', async () => {
    const wicked = [
      // biome-ignore-start lint/suspicious/noThenProperty: thenables are what is tested
      { then: () => fail('then') },
      { then: (done: (value: unknown) => void, no: (error: unknown) => void) => [done(undefined), no(new Error('second')), done(5)] },
      Object.defineProperty({}, 'then', { get: () => fail('getter') }),
      // biome-ignore-end lint/suspicious/noThenProperty: thenables are what is tested
    ]
    const kinds = []
    for (const answer of wicked) kinds.push(await setUp({ get: () => answer as Promise<undefined> }).guard.get('k'))
    expect(kinds.map(({ kind }) => kind)).toEqual(['failed', 'absent', 'failed'])
  })

  it.each([5, 'text', true, {}, [], { key: 'other', body: new Uint8Array(0) }, { key: 'k', body: 'text' }])(
    'takes %j for damage, from a store at once and later',
    async (answer) => {
      for (const get of [() => answer, async () => answer]) {
        const { guard, events } = setUp({ get: get as unknown as CacheStore['get'] })
        expect(await guard.get('k')).toEqual({ kind: 'absent' })
        expect(events).toMatchObject([{ type: 'entry-damaged', store: 'test' }])
      }
    },
  )

  it('survives an answer whose fields throw', async () => {
    const answer = {
      get key() {
        return fail('key')
      },
    }
    for (const get of [() => answer, async () => answer]) {
      const { guard, events } = setUp({ get: get as unknown as CacheStore['get'] })
      expect(await guard.get('k')).toEqual({ kind: 'failed', reason: 'error' })
      expect(events).toHaveLength(1)
    }
  })

  it('takes null for absent', () => {
    expect(setUp({ get: () => null as unknown as undefined }).guard.get('k')).toEqual({ kind: 'absent' })
  })

  it('passes the store’s own events on, and survives a size that throws', () => {
    let tell: ((event: StoreEvent) => void) | undefined
    const { guard, events } = setUp({
      listen: (listener) => {
        tell = listener
      },
      size: () => fail('size'),
    })
    const event: StoreEvent = { type: 'entry-damaged', store: 'test', reason: 'checksum' }
    tell?.(event)
    expect(events).toEqual([event])
    expect(guard.size()).toBeUndefined()
  })

  it.each(['deadlineMs', 'longDeadlineMs'])('refuses a wrong %s', (option) => {
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '100']) {
      expect(() => setUp({}, { [option]: value })).toThrow(expect.objectContaining({ name: 'OptionError', option }))
    }
  })
})

function fail(what: string): never {
  throw new Error(what)
}
