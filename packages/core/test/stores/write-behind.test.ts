import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Entry, entryBytes } from '../../src/entry/entry.js'
import type { Fence } from '../../src/sharing.js'
import { createWriteBehind, type QueueOptions, resolveQueue, type WriteBehind, type WriteOutcome } from '../../src/stores/write-behind.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

interface Pending {
  readonly entry: Entry
  readonly fence: Fence | undefined
  settle(outcome: WriteOutcome): Promise<void>
}

interface Setup {
  readonly queue: WriteBehind
  readonly clock: ManualClock
  /** Writes under way, oldest first. */
  readonly underWay: Pending[]
  readonly started: string[]
  readonly drops: string[]
  mayWrite: boolean
  readonly entry: (key: string, fields?: object) => Entry
  /** What became of a write, as far as it is known. */
  push(entry: Entry, fence?: Fence): { outcome: string }
}

function setUp(options: QueueOptions = {}): Setup {
  const clock = createManualClock()
  const underWay: Pending[] = []
  const started: string[] = []
  const drops: string[] = []
  const setup = { clock, underWay, started, drops, mayWrite: true }
  const queue = createWriteBehind({
    config: resolveQueue(options),
    clock,
    mayWrite: () => setup.mayWrite,
    onDropped: (reason) => drops.push(reason),
    write: (entry, fence) =>
      new Promise((resolve) => {
        started.push(entry.key)
        expect(underWay.some((other) => other.entry.key === entry.key)).toBe(false)
        const pending: Pending = {
          entry,
          fence,
          async settle(outcome) {
            underWay.splice(underWay.indexOf(pending), 1)
            resolve(outcome)
            await turn()
          },
        }
        underWay.push(pending)
      }),
  })
  return Object.assign(setup, {
    queue,
    entry: (key: string, fields: object = {}) => sampleEntry(clock, { key, ...fields }),
    push(entry: Entry, fence?: Fence) {
      const told = { outcome: 'waits' }
      queue.push(entry, fence).then((outcome) => {
        told.outcome = outcome
      })
      return told
    },
  })
}

describe('write-behind queue', () => {
  it('begins at once, tells what became of it, and keeps the fence', async () => {
    const setup = setUp()
    const results = ['a', 'b', 'c'].map((key, token) => setup.push(setup.entry(key), { token }))
    expect(setup.underWay.map(({ fence }) => fence?.token)).toEqual([0, 1, 2])
    for (const outcome of ['stored', 'refused', 'failed'] as const) await setup.underWay[0]?.settle(outcome)
    expect(results.map(({ outcome }) => outcome)).toEqual(['stored', 'refused', 'failed'])
    expect(setup.queue).toMatchObject({ items: 0, bytes: 0 })
    expect(setup.drops).toEqual([])
  })

  it('has no more under way than allowed, and the oldest go first', async () => {
    const setup = setUp({ concurrency: 2 })
    for (const key of 'abcde') setup.push(setup.entry(key))
    expect(setup.started).toEqual(['a', 'b'])
    await setup.underWay[1]?.settle('stored')
    expect(setup.started).toEqual(['a', 'b', 'c'])
  })

  it('answers reads with what waits or is under way, the newest, while its time lasts', async () => {
    const setup = setUp()
    const [first, second] = [setup.entry('a', { lifetimeMs: 1000 }), setup.entry('a', { id: 'second', lifetimeMs: 2000 })]
    setup.push(first)
    expect(setup.queue.peek('a')).toBe(first)
    setup.push(second)
    expect(setup.queue.peek('a')).toBe(second)
    expect(setup.started).toEqual(['a'])
    await setup.underWay[0]?.settle('stored')
    expect(setup.underWay[0]?.entry).toBe(second)
    setup.clock.advance(2000)
    expect(setup.queue.peek('a')).toBeUndefined()
    expect(setup.queue.peek('b')).toBeUndefined()
  })

  it('drops a waiting write for a newer one of its key, without a word', async () => {
    const setup = setUp()
    setup.mayWrite = false
    const [older, newer] = [setup.push(setup.entry('a')), setup.push(setup.entry('a', { id: 'newer' }))]
    setup.mayWrite = true
    setup.queue.pump()
    await setup.underWay[0]?.settle('stored')
    expect([older.outcome, newer.outcome]).toEqual(['dropped', 'stored'])
    expect(setup.drops).toEqual([])
  })

  it('drops the oldest when full of writes or of bytes, and what can never fit at once', async () => {
    const size = entryBytes(sampleEntry({ now: () => 0 }, { key: 'a' }))
    for (const bounds of [{ maxItems: 2 }, { maxBytes: 2 * size }]) {
      const setup = setUp(bounds)
      setup.mayWrite = false
      const results = [...'abc'].map((key) => setup.push(setup.entry(key)))
      const large = bounds.maxBytes && setup.push(setup.entry('d', { body: new Uint8Array(2 * size) }))
      await turn()
      expect(results.map(({ outcome }) => outcome)).toEqual(['dropped', 'waits', 'waits'])
      expect(large ? large.outcome : 'dropped').toBe('dropped')
      expect(setup.drops).toEqual(large ? ['overflow', 'overflow'] : ['overflow'])
      expect(setup.queue.items).toBe(2)
    }
  })

  it('drops what is over before its turn comes', async () => {
    const setup = setUp()
    setup.mayWrite = false
    const result = setup.push(setup.entry('a', { lifetimeMs: 1000 }))
    setup.clock.advance(1000)
    setup.mayWrite = true
    setup.queue.pump()
    await turn()
    expect(result.outcome).toBe('dropped')
    expect(setup.drops).toEqual(['expired'])
    expect(setup.started).toEqual([])
  })

  it('keeps what fails as the store goes down, and writes it later', async () => {
    const setup = setUp()
    const result = setup.push(setup.entry('a'))
    setup.mayWrite = false
    await setup.underWay[0]?.settle('failed')
    expect(result.outcome).toBe('waits')
    expect(setup.queue.peek('a')).toBeDefined()
    setup.mayWrite = true
    setup.queue.pump()
    await setup.underWay[0]?.settle('failed')
    expect(result.outcome).toBe('failed')
    expect(setup.started).toEqual(['a', 'a'])
  })

  it('probes with the newest, then with those that failed least, and gives one up after ten more', async () => {
    const setup = setUp()
    setup.mayWrite = false
    const results = [...'abc'].map((key) => setup.push(setup.entry(key)))
    for (let round = 0; round < 6; round++) {
      const worked = setup.queue.probe()
      await setup.underWay[0]?.settle('failed')
      expect(await worked).toBe(false)
    }
    expect(setup.started.slice(0, 3).join('')).toBe('cba')
    expect([...setup.started].sort().join('')).toBe('aabbcc')
    const worked = setup.queue.probe()
    await setup.underWay[0]?.settle('stored')
    expect(await worked).toBe(true)
    while (setup.queue.probe()) await setup.underWay[0]?.settle('failed')
    await turn()
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['failed', 'failed', 'stored'])
    expect(setup.queue.items).toBe(0)
  })

  it('holds keys: drops what waits, lets what is under way end, lets later writes wait', async () => {
    const setup = setUp({ concurrency: 1 })
    const [underWay, waiting] = [setup.push(setup.entry('a')), setup.push(setup.entry('b'))]
    const hold = setup.queue.hold(() => true)
    expect(hold.dropped).toBe(1)
    expect(setup.queue.peek('a')).toBeUndefined()
    const settled = { done: false }
    hold.settled?.then(() => {
      settled.done = true
    })
    const later = setup.push(setup.entry('a'))
    await turn()
    expect(settled.done).toBe(false)
    await setup.underWay[0]?.settle('stored')
    expect(settled.done).toBe(true)
    expect([underWay.outcome, waiting.outcome, later.outcome]).toEqual(['dropped', 'dropped', 'waits'])
    expect(setup.underWay).toEqual([])
    hold.release()
    await setup.underWay[0]?.settle('stored')
    expect(later.outcome).toBe('stored')
    expect(setup.queue.hold(() => true).settled).toBeUndefined()
  })

  it('drops what waits and what comes once it is closed', async () => {
    const setup = setUp({ concurrency: 1 })
    const results = [...'ab'].map((key) => setup.push(setup.entry(key)))
    setup.queue.close()
    results.push(setup.push(setup.entry('c')))
    const idle = setup.queue.idle()
    await setup.underWay[0]?.settle('stored')
    await idle
    expect(results.map(({ outcome }) => outcome)).toEqual(['stored', 'dropped', 'dropped'])
    expect(setup.drops).toEqual(['closed', 'closed'])
  })

  it('keeps its bounds and settles every write, under any interleaving', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('push' as const), key: fc.constantFrom(...'abcdefgh'), bytes: fc.nat(3000) }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('settle' as const), outcome: fc.constantFrom<WriteOutcome>('stored', 'refused', 'failed') }),
      },
      fc.record({ do: fc.constantFrom('open', 'close', 'probe', 'hold', 'release', 'advance') }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const bounds = { maxItems: 5, maxBytes: 8000, concurrency: 2 }
        const setup = setUp(bounds)
        const results: { outcome: string }[] = []
        const holds: { release(): void }[] = []
        for (const each of steps) {
          if ('key' in each) results.push(setup.push(setup.entry(each.key, { body: new Uint8Array(each.bytes), lifetimeMs: 1000 })))
          else if ('outcome' in each) await setup.underWay[0]?.settle(each.outcome)
          else if (each.do === 'probe') void (setup.mayWrite || setup.queue.probe())
          else if (each.do === 'hold') holds.push(setup.queue.hold((key) => key < 'd'))
          else if (each.do === 'release') holds.pop()?.release()
          else if (each.do === 'advance') setup.clock.advance(400)
          else setup.mayWrite = each.do === 'open'
          if (setup.mayWrite) setup.queue.pump()
          expect(setup.queue.items).toBeLessThanOrEqual(bounds.maxItems)
          expect(setup.queue.bytes).toBeLessThanOrEqual(bounds.maxBytes)
        }
        setup.queue.close()
        while (setup.underWay.length > 0) await setup.underWay[0]?.settle('stored')
        await setup.queue.idle()
        await turn()
        expect(results.map(({ outcome }) => outcome)).not.toContain('waits')
        expect(setup.queue).toMatchObject({ items: 0, bytes: 0 })
      }),
      { numRuns: 150 },
    )
  })

  it.each(['maxItems', 'maxBytes', 'concurrency'])('refuses a wrong %s', (option) => {
    expect(() => resolveQueue({ [option]: 0 })).toThrow(expect.objectContaining({ name: 'OptionError', option: `queue.${option}` }))
  })
})
