import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BudgetLimits, createBudget, MAX_SPENDING_MS, type Spending } from '../../src/policy/budget.js'

const HOUR = 60 * 60_000

/** A clock that goes on as the test says. */
function fixture(limits: Partial<BudgetLimits> = {}) {
  let now = 12_345
  const clock = { monotonic: () => now }
  return { budget: createBudget({ concurrency: 2, perHour: {}, ...limits }, clock), advance: (ms: number) => (now += ms), now: () => now }
}

function take(spending: Spending | undefined): Spending {
  if (!spending) throw new Error('refused')
  return spending
}

describe('concurrency', () => {
  it('gives as many at once as it has, and one more for each that ended', () => {
    const { budget } = fixture()
    const first = take(budget.tryTake({}))
    const second = take(budget.tryTake({}))
    expect(budget.tryTake({})).toBeUndefined()
    expect(budget.shortOf({})).toBe('concurrency')
    expect(budget.state).toEqual({ running: 2, lastHour: { requests: 2, tokens: 0, usd: 0 }, exhausted: ['concurrency'] })
    first.end({})
    first.end({})
    second.release()
    expect(budget.state).toEqual({ running: 0, lastHour: { requests: 1, tokens: 0, usd: 0 }, exhausted: [] })
    take(budget.tryTake({}))
    take(budget.tryTake({}))
    expect(budget.tryTake({})).toBeUndefined()
  })

  it('gives up what nobody ends, at its estimate, and counts what it cost beyond that when it ends after all', () => {
    const { budget, advance } = fixture({ concurrency: 1, perHour: { tokens: 1000 } })
    const lost = take(budget.tryTake({ tokens: 300 }))
    advance(MAX_SPENDING_MS - 1)
    expect(budget.tryTake({ tokens: 1 })).toBeUndefined()
    advance(1)
    expect(budget.state).toMatchObject({ running: 0, lastHour: { requests: 1, tokens: 300 } })
    const next = take(budget.tryTake({ tokens: 100 }))
    lost.end({ tokens: 500 })
    expect(budget.state).toMatchObject({ running: 1, lastHour: { requests: 2, tokens: 600 } })
    next.end({ tokens: 100 })
    expect(budget.state).toMatchObject({ running: 0, lastHour: { requests: 2, tokens: 600 } })
  })
})

describe('an hour', () => {
  it.each(['tokens', 'usd'] as const)('reserves the estimate of %s and settles what it was', (name) => {
    const { budget } = fixture({ perHour: { [name]: 100 } })
    const first = take(budget.tryTake({ [name]: 60 }))
    expect(budget.shortOf({ [name]: 41 })).toBe(name)
    expect(budget.shortOf({ [name]: 40 })).toBeUndefined()
    first.end({ [name]: 10 })
    expect(budget.shortOf({ [name]: 90 })).toBeUndefined()
    take(budget.tryTake({ [name]: 80 })).end({ [name]: 95 })
    expect(budget.state.lastHour[name]).toBe(105)
    expect(budget.state.exhausted).toEqual([name])
    expect(budget.shortOf({ [name]: 0 })).toBe(name)
  })

  it('counts requests', () => {
    const { budget, advance } = fixture({ perHour: { requests: 2 } })
    take(budget.tryTake({})).end({})
    take(budget.tryTake({})).release()
    take(budget.tryTake({})).end({})
    expect(budget.shortOf({})).toBe('requests')
    expect(budget.state.exhausted).toEqual(['requests'])
    advance(HOUR + 60_000)
    expect(budget.shortOf({})).toBeUndefined()
  })

  it('slides: what was spent comes back an hour later, to the minute, not at once', () => {
    const { budget, advance } = fixture({ perHour: { usd: 3 } })
    for (let spent = 0; spent < 3; spent++) {
      take(budget.tryTake({ usd: 1 })).end({ usd: 1 })
      advance(10 * 60_000)
    }
    advance(30 * 60_000 - 1)
    expect(budget.shortOf({ usd: 1 })).toBe('usd')
    advance(60_001)
    expect(budget.shortOf({ usd: 1 })).toBeUndefined()
    expect(budget.shortOf({ usd: 2 })).toBe('usd')
    advance(10 * 60_000)
    expect(budget.shortOf({ usd: 2 })).toBeUndefined()
  })
})

describe('what nobody can estimate', () => {
  it('goes alone until one told what it cost, and is then taken for the dearest', () => {
    const { budget, advance } = fixture({ concurrency: 5, perHour: { usd: 10 } })
    const first = take(budget.tryTake({}))
    expect(budget.shortOf({})).toBe('usd')
    first.end({ usd: 2 })
    const rest = [1, 2, 3, 4].map(() => take(budget.tryTake({})))
    expect(budget.shortOf({})).toBe('usd')
    for (const spending of rest) spending.end({})
    expect(budget.state.lastHour.usd).toBe(10)
    advance(2 * HOUR)
    take(budget.tryTake({}))
    expect(budget.shortOf({})).toBe('usd')
  })

  it('counts for nothing where three ends told nothing either: another bound has to hold', () => {
    const { budget } = fixture({ concurrency: 2, perHour: { usd: 1, requests: 10 } })
    for (let count = 0; count < 3; count++) {
      const alone = take(budget.tryTake({ usd: Number.NaN, tokens: -1 }))
      expect(budget.shortOf({})).toBe('usd')
      alone.end({ usd: Number.POSITIVE_INFINITY })
    }
    for (let count = 3; count < 10; count++) take(budget.tryTake({})).end({})
    expect(budget.state).toMatchObject({ lastHour: { requests: 10, usd: 0 }, exhausted: ['requests'] })
  })

  it('is estimated where only one of the two is known', () => {
    const { budget } = fixture({ perHour: { tokens: 100, usd: 1 } })
    take(budget.tryTake({ tokens: 40 })).end({ tokens: 50, usd: 0.4 })
    expect(budget.state.lastHour).toEqual({ requests: 1, tokens: 50, usd: 0.4 })
    expect(budget.shortOf({ tokens: 50 })).toBeUndefined()
    expect(budget.shortOf({ tokens: 51 })).toBe('tokens')
  })
})

describe('any sequence of requests', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), estimate: fc.integer({ min: 0, max: 50 }) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('end' as const), at: fc.nat(), actual: fc.integer({ min: 0, max: 80 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), at: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 20 * 60_000 }) }) },
  )

  it('keeps within concurrency, requests and, but for errors of estimates, tokens in every window of an hour', () => {
    fc.assert(
      fc.property(
        fc.record({
          concurrency: fc.integer({ min: 1, max: 4 }),
          tokens: fc.integer({ min: 1, max: 300 }),
          requests: fc.integer({ min: 1, max: 8 }),
        }),
        fc.array(step, { maxLength: 60 }),
        ({ concurrency, tokens, requests }, steps) => {
          const { budget, advance, now } = fixture({ concurrency, perHour: { tokens, requests } })
          let running: { spending: Spending; estimate: number; since: number }[] = []
          let started: number[] = []
          let spent: { at: number; actual: number }[] = []
          let errors = 0
          for (const action of steps) {
            if (action.kind === 'wait') advance(action.ms)
            const since = now() - HOUR
            started = started.filter((at) => at > since)
            spent = spent.filter(({ at }) => at > since)
            const total = spent.reduce((sum, { actual }) => sum + actual, 0)
            if (action.kind === 'take') {
              const spending = budget.tryTake({ tokens: action.estimate })
              if (!spending) continue
              const others = running.filter((one) => now() - one.since < MAX_SPENDING_MS)
              expect(others.length).toBeLessThan(concurrency)
              expect(started.length).toBeLessThan(requests)
              expect(total + others.reduce((sum, { estimate }) => sum + estimate, action.estimate)).toBeLessThanOrEqual(tokens)
              running.push({ spending, estimate: action.estimate, since: now() })
              started.push(now())
              errors = 0
            } else if (action.kind !== 'wait') {
              const one = running[action.at % Math.max(running.length, 1)]
              if (!one) continue
              running = running.filter((other) => other !== one)
              if (action.kind === 'release') {
                one.spending.release()
                if (now() - one.since < MAX_SPENDING_MS) started = started.filter((at) => at !== one.since)
                continue
              }
              one.spending.end({ tokens: action.actual })
              spent.push({ at: now(), actual: action.actual })
              errors += Math.max(0, action.actual - one.estimate)
              // Overrun by what was misjudged since something was last begun, and by nothing else.
              expect(total + action.actual).toBeLessThanOrEqual(tokens + errors)
            }
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
