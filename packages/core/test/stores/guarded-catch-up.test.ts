import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardOptions } from '../../src/stores/guarded.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { type Chaos, createChaos, statesOf, turn } from './chaos-store.js'

/** How hearing what others did ends: at once, badly, never, or after as many ms. */
type Hearing = 'fine' | 'reject' | 'hang' | number

interface Setup {
  readonly chaos: Chaos
  /** 'asked' and 'heard' for what others did, and the key of each write that the store took. */
  readonly order: string[]
  hearing: Hearing
}

function setUp(options: Partial<GuardOptions> = {}): Setup {
  const order: string[] = []
  const catchUp = async (): Promise<void> => {
    order.push('asked')
    const { hearing } = setup
    if (hearing === 'reject') throw new Error('bus')
    if (hearing === 'hang') await new Promise(() => {})
    if (typeof hearing === 'number') await new Promise<void>((resolve) => void chaos.clock.schedule(hearing, resolve))
    order.push('heard')
  }
  const chaos: Chaos = createChaos(
    { catchUp, ...options },
    {
      async set(entry) {
        if (chaos.writes === 'reject') throw new Error('rejected')
        order.push(entry.key)
        return Boolean(chaos.held.set(entry.key, entry))
      },
    },
  )
  const setup: Setup = { chaos, order, hearing: 'fine' }
  return setup
}

function put({ guard, clock }: Chaos, key: string): { outcome: string } {
  const told = { outcome: 'waits' }
  void Promise.resolve(guard.set(sampleEntry(clock, { key, lifetimeMs: 10_000_000 }))).then((outcome) => {
    told.outcome = outcome
  })
  return told
}

async function goDown(chaos: Chaos): Promise<void> {
  chaos.reads = 'reject'
  for (let times = 0; times < 5; times++) await chaos.guard.get('lc1.p.x')
  expect(chaos.guard.state).toBe('down')
}

async function goReadOnly(chaos: Chaos): Promise<void> {
  Object.assign(chaos, { deletes: 'reject', writes: 'reject' })
  for (let times = 0; times < 5; times++) await chaos.guard.delete('lc1.p.x')
  await turn()
  expect(chaos.guard.state).toBe('read-only')
}

describe('writes that waited', () => {
  it('are not held up where nothing went wrong', async () => {
    const { chaos, order } = setUp()
    put(chaos, 'a')
    await turn()
    expect(order).toEqual(['a'])
  })

  it('go out after an outage once what others did was heard; reads do not wait', async () => {
    const setup = setUp()
    const { chaos, order } = setup
    await goDown(chaos)
    const writes = [put(chaos, 'a'), put(chaos, 'b')]
    Object.assign(setup, { hearing: 600 })
    chaos.reads = 'fine'
    await chaos.pass(800)
    expect(chaos.guard.state).toBe('up')
    expect(await chaos.guard.get('lc1.p.x')).toEqual({ kind: 'absent' })
    writes.push(put(chaos, 'c'))
    await turn()
    expect(order).toEqual(['asked'])
    await chaos.pass(600)
    expect(order).toEqual(['asked', 'heard', 'a', 'b', 'c'])
    expect(writes.map(({ outcome }) => outcome)).toEqual(['stored', 'stored', 'stored'])
    expect(statesOf(chaos.events)).toEqual(['down', 'up'])
  })

  it('wait until hearing works, which is tried in pauses of 250 ms to 1 s', async () => {
    const setup = setUp()
    const { chaos, order } = setup
    await goDown(chaos)
    put(chaos, 'a')
    setup.hearing = 'reject'
    chaos.reads = 'fine'
    await chaos.pass(300)
    expect(order).toEqual(['asked'])
    await chaos.pass(1700)
    expect(order).toEqual(['asked', 'asked', 'asked', 'asked'])
    await chaos.pass(10_000)
    expect(order).toHaveLength(14)
    expect(chaos.guard.state).toBe('up')
    setup.hearing = 'fine'
    await chaos.pass(1000)
    expect(order.slice(14)).toEqual(['asked', 'heard', 'a'])
    await chaos.pass(5000)
    expect(order).toHaveLength(17)
  })

  it('do not go out on what was asked before the store went away again', async () => {
    const setup = setUp()
    const { chaos, order } = setup
    await goDown(chaos)
    put(chaos, 'a')
    setup.hearing = 2000
    chaos.reads = 'fine'
    await chaos.pass(300)
    await goDown(chaos)
    chaos.reads = 'fine'
    setup.hearing = 'hang'
    await chaos.pass(2500)
    expect(chaos.guard.state).toBe('up')
    expect(order).toEqual(['asked', 'asked', 'heard'])
    setup.hearing = 'fine'
    // The one that hangs is given up after the long deadline.
    await chaos.pass(11_000)
    expect(order.slice(3)).toEqual(['asked', 'heard', 'a'])
  })

  it('probe a store that takes no writes only after what others did was heard', async () => {
    const setup = setUp()
    const { chaos, order } = setup
    await goReadOnly(chaos)
    // As a Redis that is out of memory: it deletes, and does not write.
    chaos.deletes = 'fine'
    const write = put(chaos, 'a')
    await chaos.pass(3000)
    expect(chaos.guard.state).toBe('read-only')
    expect(order.length).toBeGreaterThan(3)
    expect(order).not.toContain('a')
    chaos.writes = 'fine'
    await chaos.pass(1500)
    expect(order.slice(-4)).toEqual(['heard', 'a', 'asked', 'heard'])
    expect(write.outcome).toBe('stored')
    expect(statesOf(chaos.events)).toEqual(['read-only', 'up'])
  })

  it('do not probe where others cannot be heard: then a delete does', async () => {
    for (const hearing of ['reject', 'hang'] as const) {
      const setup = setUp()
      const { chaos, order } = setup
      await goReadOnly(chaos)
      put(chaos, 'a')
      setup.hearing = hearing
      Object.assign(chaos, { deletes: 'fine', writes: 'fine' })
      await chaos.pass(2000)
      expect(chaos.guard.state).toBe('up')
      expect(order).not.toContain('a')
      expect(await chaos.guard.delete('lc1.p.x')).toBe('absent')
    }
  })

  it('are written at close after what others did was heard, and dropped where that cannot be', async () => {
    for (const hearing of [50, 'reject', 'hang'] as const) {
      for (const away of [true, false]) {
        const setup = setUp({ longDeadlineMs: 1000 })
        const { chaos, order } = setup
        setup.hearing = 'hang'
        await goDown(chaos)
        const write = put(chaos, 'a')
        chaos.reads = 'fine'
        if (!away) await chaos.pass(300)
        expect(chaos.guard.state).toBe(away ? 'down' : 'up')
        order.length = 0
        setup.hearing = hearing
        let closed = false
        void chaos.guard.close().then(() => {
          closed = true
        })
        await chaos.pass(1000)
        expect(closed).toBe(true)
        expect(order).toEqual(hearing === 50 ? ['asked', 'heard', 'a'] : ['asked'])
        expect(write.outcome).toBe(hearing === 50 ? 'stored' : 'dropped')
        expect(chaos.events.some(({ type }) => type === 'write-dropped')).toBe(hearing !== 50)
        await chaos.pass(1000)
        expect(chaos.clock.pending()).toBe(0)
      }
    }
  })

  it('never go out between an outage and hearing, whatever happens', async () => {
    const phase = fc.record({
      reads: fc.constantFrom('fine', 'reject', 'hang', 150),
      writes: fc.constantFrom('fine', 'reject'),
      hearing: fc.constantFrom<Hearing>('fine', 'reject', 'hang', 30, 400),
      ms: fc.integer({ min: 1, max: 200 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(phase, { minLength: 1, maxLength: 6 }), async (phases) => {
        const setup = setUp()
        const { chaos, order } = setup
        const writes: { outcome: string }[] = []
        chaos.guard.listen((event) => {
          if (event.type === 'store-state') order.push(event.state)
        })
        let count = 0
        const ask = (): void => {
          count += 1
          void chaos.guard.get(`lc1.p.${count % 7}`)
          if (count % 3 === 0) writes.push(put(chaos, `k${count}`))
        }
        for (const { ms, hearing, ...moods } of phases) {
          Object.assign(setup, { hearing })
          Object.assign(chaos, { ...moods, deletes: moods.writes })
          await chaos.pass(ms * 10, ask)
        }
        let heard = true
        for (const each of order) {
          if (each === 'heard') heard = true
          else if (each.startsWith('k')) expect(heard).toBe(true)
          else if (each === 'down' || each === 'busy' || each === 'read-only') heard = false
        }
        setup.hearing = 'fine'
        Object.assign(chaos, { reads: 'fine', writes: 'fine', deletes: 'fine' })
        await chaos.pass(13_000)
        expect(chaos.guard.stats().queued.items).toBe(0)
        expect(writes.map(({ outcome }) => outcome)).not.toContain('waits')
      }),
      { numRuns: 20 },
    )
  }, 60_000)
})

describe('dropping what waits', () => {
  it('drops what waits and undoes what is under way, and leaves alone what is stored', async () => {
    const chaos = createChaos({ queue: { concurrency: 2 } })
    for (const key of ['lc1.t.held', 'lc1.x.held']) put(chaos, key)
    await turn()
    chaos.writes = 50
    const writes = ['lc1.t.a', 'lc1.x.a', 'lc1.t.b', 'lc1.x.b'].map((key) => put(chaos, key))
    expect(chaos.guard.dropWaiting('lc1.t.')).toBe(1)
    expect(chaos.guard.get('lc1.x.a')).toMatchObject({ kind: 'found' })
    expect(await chaos.guard.get('lc1.t.a')).toEqual({ kind: 'absent' })
    await chaos.pass(200)
    expect(writes.map(({ outcome }) => outcome)).toEqual(['dropped', 'stored', 'dropped', 'stored'])
    expect([...chaos.held.keys()].sort()).toEqual(['lc1.t.held', 'lc1.x.a', 'lc1.x.b', 'lc1.x.held'])
  })

  it('does not take away what is written later, and holds up no other key', async () => {
    const chaos = createChaos()
    Object.assign(chaos, { writes: 50, deletes: 30 })
    put(chaos, 'lc1.t.a')
    expect(chaos.guard.dropWaiting('lc1.')).toBe(0)
    const [again, other] = [put(chaos, 'lc1.t.a'), put(chaos, 'lc1.t.b')]
    await chaos.pass(60)
    expect([again.outcome, other.outcome]).toEqual(['waits', 'stored'])
    await chaos.pass(100)
    expect(again.outcome).toBe('stored')
    expect([...chaos.held.keys()].sort()).toEqual(['lc1.t.a', 'lc1.t.b'])
  })

  it('undoes writes that land late, too', async () => {
    for (const when of ['before', 'after'] as const) {
      const chaos = createChaos()
      chaos.writes = 'hang'
      const write = put(chaos, 'lc1.t.a')
      if (when === 'before') chaos.guard.dropWaiting('lc1.t.')
      await chaos.pass(100)
      if (when === 'after') chaos.guard.dropWaiting('lc1.t.')
      expect(write.outcome).toBe(when === 'before' ? 'dropped' : 'failed')
      chaos.answerAll()
      await turn()
      expect(chaos.held.size).toBe(0)
    }
  })

  it('leaves the records of answers alone, which outlive them', async () => {
    const chaos = createChaos({ queue: { concurrency: 2 } })
    chaos.writes = 50
    const writes = ['lc0.answer.a', 'lc1.t.a', 'lc0.answer.b', 'lc1.t.b'].map((key) => put(chaos, key))
    expect(chaos.guard.dropWaiting('')).toBe(1)
    await chaos.pass(200)
    expect(writes.map(({ outcome }) => outcome)).toEqual(['stored', 'dropped', 'stored', 'dropped'])
    expect([...chaos.held.keys()].sort()).toEqual(['lc0.answer.a', 'lc0.answer.b'])
  })

  it('undoes nothing that the store refused', async () => {
    const chaos: Chaos = createChaos(
      {},
      {
        set: () => new Promise((resolve) => void chaos.clock.schedule(20, () => resolve(false))),
      },
    )
    chaos.held.set('lc1.t.a', sampleEntry(chaos.clock, { key: 'lc1.t.a', id: 'of-a-later-leader' }))
    const write = put(chaos, 'lc1.t.a')
    chaos.guard.dropWaiting('')
    await chaos.pass(50)
    expect([write.outcome, chaos.held.size]).toEqual(['refused', 1])
  })
})

it('leaves reads alone when what processes do together fails, and skips it while reads fail', async () => {
  const chaos = createChaos()
  await goDown(chaos)
  let asked = 0
  const join = async (): Promise<number> => {
    asked += 1
    return asked
  }
  expect(await chaos.guard.attempt('flight', join)).toEqual({ kind: 'failed', reason: 'skipped' })
  chaos.reads = 'fine'
  await chaos.pass(500)
  expect(await chaos.guard.attempt('flight', join)).toEqual({ kind: 'done', value: 1 })
  for (let times = 0; times < 6; times++) await chaos.guard.attempt('flight', () => Promise.reject(new Error('READONLY')))
  await turn()
  expect(chaos.guard.state).toBe('read-only')
  expect(await chaos.guard.get('lc1.p.x')).toEqual({ kind: 'absent' })
})
