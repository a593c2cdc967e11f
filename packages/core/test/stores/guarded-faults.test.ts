import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoreState } from '../../src/ports.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { type Chaos, createChaos, type Mood, PROBE, statesOf, turn } from './chaos-store.js'

const failures = ({ events }: Chaos): number => events.filter(({ type }) => type === 'store-failed').length
const put = ({ guard, clock }: Chaos, key: string, fields: object = {}) => {
  const told = { outcome: 'waits' }
  Promise.resolve(guard.set(sampleEntry(clock, { key, ...fields }))).then((outcome) => {
    told.outcome = outcome
  })
  return told
}
/** Users ask for something every 10 ms. */
const traffic = (chaos: Chaos) => {
  let count = 0
  return () => {
    void chaos.guard.get(`lc1.p.${count++ % 50}`)
    if (count % 4 === 0) put(chaos, `lc1.p.${count % 50}`)
  }
}

async function breakReads(chaos: Chaos, mood: Mood = 'reject'): Promise<void> {
  chaos.reads = mood
  for (let times = 0; times < 5; times++) void chaos.guard.get('lc1.p.x')
  await turn()
}

describe('a store that fails', () => {
  it('is asked no more after five failures: one event each, one of the state, then silence', async () => {
    const chaos = createChaos()
    await breakReads(chaos)
    expect(chaos.events).toHaveLength(6)
    expect(chaos.events.at(-1)).toEqual({ type: 'store-state', store: 'chaos', state: 'down', because: 'error' })
    const { length } = chaos.asked
    for (let times = 0; times < 100; times++) expect(chaos.guard.get('lc1.p.x')).toEqual({ kind: 'failed', reason: 'skipped' })
    expect(await chaos.guard.attempt('flight', async () => 1)).toEqual({ kind: 'failed', reason: 'skipped' })
    expect(chaos.asked).toHaveLength(length)
    expect(chaos.events).toHaveLength(6)
    expect(chaos.guard.stats().failures).toEqual({ timeout: 0, error: 5, refused: 0, skipped: 101 })
    await chaos.guard.close()
    expect(chaos.clock.pending()).toBe(0)
  })

  it.each<[Mood, StoreState[]]>([
    ['reject', ['down', 'up']],
    ['throw', ['down', 'up']],
    ['hang', ['down', 'up']],
    [500, ['down', 'busy', 'up']],
    [150, ['busy', 'up']],
    [5000, ['down', 'busy', 'up']],
    [50, []],
  ])('is told down or busy and comes back within two seconds: %s', async (mood, states) => {
    const chaos = createChaos({ random: () => 0.999 })
    const ask = traffic(chaos)
    await chaos.pass(200, ask)
    Object.assign(chaos, { reads: mood, writes: mood, deletes: mood })
    await chaos.pass(10_000, ask)
    expect(statesOf(chaos.events)).toEqual(states.slice(0, -1))
    // At most what was under way when the breaker opened.
    expect(failures(chaos)).toBeLessThanOrEqual(15)
    Object.assign(chaos, { reads: 'fine', writes: 'fine', deletes: 'fine' })
    await chaos.pass(2000, ask)
    expect(chaos.guard.state).toBe('up')
    expect(statesOf(chaos.events)).toEqual(states)
    expect(await chaos.guard.get('lc1.p.4')).toMatchObject({ kind: 'found' })
  })

  it('is probed by nobody’s request, one at a time, though the client loses every call', async () => {
    const chaos = createChaos()
    await breakReads(chaos, 'hang')
    await chaos.pass(60_000)
    const probes = chaos.asked.filter((key) => key === PROBE)
    expect(chaos.asked).toHaveLength(5 + probes.length)
    // 350, 950, 2050, then every 1100 ms: the wait and the deadline.
    expect(probes.length).toBeGreaterThan(50)
    expect(probes.length).toBeLessThan(60)
    chaos.reads = 'fine'
    await chaos.pass(1100)
    expect(chaos.guard.state).toBe('up')
  })

  it('does not gather calls for ever', async () => {
    const chaos = createChaos()
    await breakReads(chaos, 'hang')
    for (let minutes = 0; minutes < 60; minutes++) {
      for (let steps = 0; steps < 600; steps++) {
        chaos.clock.advance(100)
        await Promise.resolve()
        await Promise.resolve()
        await Promise.resolve()
        await Promise.resolve()
      }
      await turn()
    }
    expect(chaos.asked.length).toBeLessThan(2200)
    chaos.reads = 'fine'
    chaos.answerAll()
    await chaos.pass(1300)
    expect(chaos.guard.state).toBe('up')
  })

  it('is read-only while only writes fail, and what could not be written waits', async () => {
    for (const mood of ['reject', 'hang', 'refuse'] as const) {
      const chaos = createChaos()
      Object.assign(chaos, { writes: mood, deletes: mood })
      const writes = [...'abcdefgh'].map((key) => put(chaos, `lc1.p.${key}`))
      await chaos.pass(3000)
      expect(statesOf(chaos.events)).toEqual(['read-only'])
      expect(await chaos.guard.get('lc1.p.h')).toMatchObject({ kind: 'found' })
      expect(await chaos.guard.get('lc1.p.absent')).toEqual({ kind: 'absent' })
      expect(await chaos.guard.delete('lc1.p.absent')).toBe('failed')
      Object.assign(chaos, { writes: 'fine', deletes: 'fine' })
      await chaos.pass(1500)
      expect(statesOf(chaos.events)).toEqual(['read-only', 'up'])
      // Those that failed as the breaker opened as well.
      expect(new Set(writes.map(({ outcome }) => outcome))).toEqual(new Set(['stored']))
      expect(chaos.held.size).toBe(8)
      expect(failures(chaos)).toBe(5)
    }
  })

  it('goes down in one step, and is not thought down for what failing writes tell of their connection', async () => {
    const chaos = createChaos()
    Object.assign(chaos, { reads: 'hang', writes: 'hang', deletes: 'hang' })
    for (const key of 'abcdef') {
      put(chaos, `lc1.p.${key}`)
      void chaos.guard.get('lc1.p.x')
      await chaos.pass(10)
    }
    await chaos.pass(1000)
    expect(statesOf(chaos.events)).toEqual(['down'])

    let tell: (event: never) => void = () => {}
    const reading = createChaos(
      {},
      {
        listen: (listener: never) => {
          tell = listener
        },
      },
    )
    Object.assign(reading, { writes: 'reject', deletes: 'reject' })
    for (let times = 0; times < 5; times++) await reading.guard.delete('lc1.p.a')
    await turn()
    const { length } = reading.events
    for (let times = 0; times < 9; times++)
      tell({ type: 'store-failed', store: 'chaos', operation: 'connection', reason: 'error' } as never)
    expect(reading.events).toHaveLength(length)
    expect(reading.guard.state).toBe('read-only')
  })

  it('comes up in one step from an outage of reads and writes', async () => {
    const chaos = createChaos()
    Object.assign(chaos, { reads: 'reject', writes: 'reject', deletes: 'reject' })
    for (let times = 0; times < 5; times++) await chaos.guard.get('lc1.p.x')
    for (let times = 0; times < 5; times++) expect(await chaos.guard.delete('lc1.p.a')).toBe('failed')
    put(chaos, 'lc1.p.a')
    Object.assign(chaos, { reads: 'fine', writes: 'fine', deletes: 'fine' })
    await chaos.pass(1500)
    expect(statesOf(chaos.events)).toEqual(['down', 'up'])
    expect(chaos.held.size).toBe(1)
  })

  it('finds writes possible again though none waits', async () => {
    const chaos = createChaos()
    Object.assign(chaos, { writes: 'reject', deletes: 'reject' })
    for (let times = 0; times < 5; times++) await chaos.guard.delete('lc1.p.a')
    await turn()
    expect(chaos.guard.state).toBe('read-only')
    chaos.deletes = 'fine'
    await chaos.pass(1500)
    expect(chaos.guard.state).toBe('up')
  })

  it('counts connection errors and refusals of the store itself, under the guard’s name', async () => {
    let tell: (event: never) => void = () => {}
    const listen = (listener: never): void => {
      tell = listener
    }
    const chaos = createChaos({ name: 'l2' }, { listen })
    for (let times = 0; times < 7; times++)
      tell({ type: 'store-failed', store: 'chaos', operation: 'connection', reason: 'error' } as never)
    expect(chaos.events).toHaveLength(6)
    expect(chaos.events[0]).toEqual({ type: 'store-failed', store: 'l2', operation: 'connection', reason: 'error' })
    expect(chaos.guard.state).toBe('down')
  })

  it('takes false alone for a refusal, not for a fault', async () => {
    const chaos = createChaos({}, { set: async () => false })
    for (let times = 0; times < 30; times++) expect(await chaos.guard.set(sampleEntry(chaos.clock, {}))).toBe('refused')
    expect(chaos.events).toEqual([])
    expect(chaos.guard.stats()).toMatchObject({ refused: 30, written: 0 })
  })

  it('comes back within two seconds of any fault, tells each change once, settles every write', async () => {
    const mood = fc.constantFrom<Mood>('fine', 'hang', 'throw', 'reject', 'refuse', 50, 150, 700, 5000)
    const phase = fc.record({ reads: mood, writes: mood, deletes: mood, ms: fc.integer({ min: 1, max: 300 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(phase, { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (phases, random) => {
          const chaos = createChaos({ random: () => random, queue: { maxItems: 20 } })
          const writes: { outcome: string }[] = []
          let count = 0
          const ask = (): void => {
            count += 1
            void chaos.guard.get(`lc1.p.${count % 7}`)
            if (count % 3 === 0) writes.push(put(chaos, `lc1.p.${count % 11}`))
            if (count % 17 === 0) void chaos.guard.delete(`lc1.p.${count % 11}`)
            expect(chaos.guard.stats().queued.items).toBeLessThanOrEqual(20)
          }
          for (const { ms, ...moods } of phases) {
            Object.assign(chaos, moods)
            await chaos.pass(ms * 10, ask)
          }
          Object.assign(chaos, { reads: 'fine', writes: 'fine', deletes: 'fine' })
          await chaos.pass(2000, ask)
          expect(chaos.guard.state).toBe('up')
          const states = ['up', ...statesOf(chaos.events)]
          for (const [index, state] of states.entries()) expect(state).not.toBe(states[index - 1])
          expect(states.at(-1)).toBe('up')
          const closed = chaos.guard.close()
          await chaos.pass(200)
          await closed
          expect(writes.map(({ outcome }) => outcome)).not.toContain('waits')
          await chaos.pass(5000)
          expect(chaos.clock.pending()).toBe(0)
        },
      ),
      { numRuns: 25 },
    )
  }, 60_000)
})
