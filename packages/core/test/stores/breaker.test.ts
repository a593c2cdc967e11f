import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { type Breaker, createBreaker, createProber, type Prober, resolveBreaker } from '../../src/stores/breaker.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'

const config = resolveBreaker()
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function calls(breaker: Breaker, now: number, results: string): void {
  for (const result of results) {
    if (result === '+') breaker.succeed(breaker.generation, now)
    else breaker.fail(breaker.generation, now, 'timeout')
  }
}

describe('breaker', () => {
  it('opens on five failures in a row', () => {
    const onOpen = vi.fn()
    const breaker = createBreaker(config, onOpen)
    calls(breaker, 0, '----+----')
    expect(breaker.open).toBe(false)
    calls(breaker, 7, '-')
    expect(breaker).toMatchObject({ open: true, because: 'timeout' })
    expect(onOpen).toHaveBeenCalledExactlyOnceWith(false)
    calls(breaker, 8, '-----+++')
    expect(onOpen).toHaveBeenCalledTimes(1)
  })

  it('opens when half of at least twenty calls within the window failed', () => {
    const mixed = (count: number): string => '+-'.repeat(count / 2)
    const onOpen = vi.fn()
    const breaker = createBreaker(config, onOpen)
    calls(breaker, 0, mixed(18))
    expect(breaker.open).toBe(false)
    calls(breaker, 9000, mixed(2))
    expect(breaker.open).toBe(true)
    expect(onOpen).toHaveBeenCalledWith(true)
    const forgetful = createBreaker(config, onOpen)
    calls(forgetful, 0, mixed(18))
    calls(forgetful, 10_000, mixed(18))
    expect(forgetful.open).toBe(false)
    const healthy = createBreaker(config, onOpen)
    calls(healthy, 0, '++-'.repeat(1000))
    expect(healthy.open).toBe(false)
  })

  it('hears nothing of calls that began before it opened or closed', () => {
    const breaker = createBreaker(config, () => {})
    const old = breaker.generation
    calls(breaker, 0, '-----')
    breaker.reset()
    for (let times = 0; times < 50; times++) breaker.fail(old, 0, 'error')
    expect(breaker.open).toBe(false)
    calls(breaker, 0, '-----')
    expect(breaker.open).toBe(true)
  })

  it('agrees with the rule in plain words', () => {
    const steps = fc.array(fc.record({ ok: fc.boolean(), wait: fc.integer({ min: 0, max: 3000 }) }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (all) => {
        const breaker = createBreaker(config, () => {})
        const past: { ok: boolean; at: number }[] = []
        let now = 0
        for (const { ok, wait } of all) {
          now += wait
          past.push({ ok, at: now })
          calls(breaker, now, ok ? '+' : '-')
          const slice = Math.floor(now / 1000) - 10
          const inside = past.filter(({ at }) => Math.floor(at / 1000) > slice)
          const bad = inside.filter((call) => !call.ok).length
          const straight = past.length >= 5 && past.slice(-5).every((call) => !call.ok)
          expect(breaker.open).toBe(straight || (!ok && inside.length >= 20 && bad * 2 >= inside.length))
          if (breaker.open) return
        }
      }),
    )
  })

  it('refuses wrong options', () => {
    expect(() => resolveBreaker({ consecutive: 0 })).toThrow(expect.objectContaining({ option: 'breaker.consecutive' }))
    expect(() => resolveBreaker({ treshold: 1 } as object)).toThrow(expect.objectContaining({ option: 'breaker.treshold' }))
  })
})

interface Probing {
  readonly clock: ManualClock
  readonly prober: Prober
  readonly at: number[]
  readonly answer: (works: boolean) => Promise<void>
  readonly answers: boolean[]
  crowding: number
}

function setUp(random: () => number = () => 0.5): Probing {
  const clock = createManualClock()
  const at: number[] = []
  const answers: boolean[] = []
  let pending: ((works: boolean) => void) | undefined
  const setup = { clock, at, answers, crowding: 0 }
  const probe = (): Promise<boolean> => {
    expect(pending).toBeUndefined()
    at.push(clock.monotonic())
    return new Promise((resolve) => {
      pending = resolve
    })
  }
  const prober = createProber({
    config,
    clock,
    random,
    probe,
    crowding: () => setup.crowding,
    onAnswer: (works) => answers.push(works),
  })
  const answer = async (works: boolean): Promise<void> => {
    const resolve = pending
    pending = undefined
    resolve?.(works)
    await turn()
  }
  return Object.assign(setup, { prober, answer })
}

/** The waits before each of the next probes, all of which fail. */
async function failing(setup: Probing, times: number): Promise<number[]> {
  const waits: number[] = []
  setup.prober.start(false)
  for (let round = 0; round < times; round++) {
    const { length } = setup.at
    let waited = 0
    for (; setup.at.length === length; waited++) setup.clock.advance(1)
    waits.push(waited)
    await setup.answer(false)
  }
  return waits
}

describe('prober', () => {
  it('waits 250 ms, then longer, but never more than a second', async () => {
    expect(await failing(setUp(), 5)).toEqual([250, 500, 1000, 1000, 1000])
    expect(
      await failing(
        setUp(() => 0),
        3,
      ),
    ).toEqual([188, 375, 750])
    expect(
      await failing(
        setUp(() => 0.999_999),
        3,
      ),
    ).toEqual([313, 625, 1250])
  })

  it('ends with the first that works, and begins gently again after a quiet time', async () => {
    const setup = setUp()
    setup.prober.start(false)
    setup.clock.advance(250)
    await setup.answer(true)
    expect(setup.answers).toEqual([true])
    expect(setup.clock.pending()).toBe(0)
  })

  it('goes on with long waits when it broke again at once', async () => {
    for (const [quietMs, wait] of [
      [1000, 1000],
      [20_000, 250],
    ] as const) {
      const setup = setUp()
      setup.prober.start(false)
      await failing(setup, 2)
      setup.clock.advance(1000)
      await setup.answer(true)
      setup.clock.advance(quietMs)
      setup.prober.start(false)
      const before = setup.at.length
      setup.clock.advance(wait - 1)
      expect(setup.at).toHaveLength(before)
      setup.clock.advance(1)
      expect(setup.at).toHaveLength(before + 1)
    }
  })

  it('becomes rarer as unanswered probes gather, until a sign of life', async () => {
    const setup = setUp()
    setup.prober.start(false)
    setup.clock.advance(250)
    setup.crowding = 8
    await setup.answer(false)
    setup.clock.advance(3999)
    expect(setup.at).toEqual([250])
    setup.prober.nudge()
    setup.clock.advance(1)
    expect(setup.at).toEqual([250, 4250])
    await setup.answer(false)
    setup.prober.nudge()
    setup.clock.advance(250)
    expect(setup.at).toHaveLength(3)
  })

  it('never has two in flight and leaves no timer after stop, whatever happens', async () => {
    const step = fc.oneof(fc.constantFrom('start', 'atOnce', 'stop', 'nudge', 'works', 'fails'), fc.integer({ min: 1, max: 1500 }))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        // `probe` itself expects that none is pending.
        const setup = setUp()
        for (const each of steps) {
          if (typeof each === 'number') setup.clock.advance(each)
          else if (each === 'works' || each === 'fails') await setup.answer(each === 'works')
          else if (each === 'start' || each === 'atOnce') setup.prober.start(each === 'atOnce')
          else setup.prober[each as 'stop' | 'nudge']()
        }
        setup.prober.stop()
        expect(setup.clock.pending()).toBe(0)
      }),
      { numRuns: 60 },
    )
  })
})
