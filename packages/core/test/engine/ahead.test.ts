import { describe, expect, it } from 'vitest'
import { MAX_WAITING } from '../../src/engine/ahead.js'
import { createPopularity } from '../../src/engine/ahead-popularity.js'
import { aheadValue } from '../../src/engine/ahead-value.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { aheadFixture, MINUTE } from './ahead-support.js'

describe('what is refreshed', () => {
  it('is popular: before its freshness ends, and once', () => {
    const { fill, traffic, started, clock, ahead } = aheadFixture()
    const entry = fill('popular')
    fill('rare')
    traffic(['popular'], 9 * MINUTE, MINUTE)
    expect(started.map(({ key }) => key)).toEqual(['popular'])
    // Half way of the last fifth, but for the tenth that is left for the refresh: 0.55 of 2 minutes before the end.
    expect(started[0]?.at).toBe(entry.staleAt - 2 * MINUTE * 0.55)
    expect(clock.now()).toBeLessThan(entry.staleAt)
    expect(ahead.state).toMatchObject({ waiting: 0, budget: { running: 1, lastHour: { requests: 1, tokens: 100, usd: 0.001 } } })
  })

  it('is not what too few asked for, nor what nobody asked for lately', () => {
    const { fill, hit, started, clock } = aheadFixture({ ttl: '1h' })
    fill('twice', { ttlMs: 60 * MINUTE })
    fill('once popular', { ttlMs: 60 * MINUTE })
    hit('once popular', 50)
    clock.advance(50 * MINUTE)
    hit('twice', 2)
    hit('once popular')
    clock.advance(9 * MINUTE)
    expect(started).toEqual([])
  })

  it('is not what was popular when it was put down and is no more when its time comes', () => {
    const { fill, hit, started, clock, ahead } = aheadFixture({ refreshAhead: { window: '1m', hits: 19 } }, { random: () => 0 })
    fill('a')
    clock.advance(8.81 * MINUTE)
    hit('a', 20)
    expect(ahead.state.waiting).toBe(1)
    clock.advance(1.5 * MINUTE)
    expect(started).toEqual([])
    expect(ahead.state.waiting).toBe(0)
  })

  it('is not what costs more than the hits to come save, however often it was hit', () => {
    const { fill, traffic, started } = aheadFixture({ ttl: '30s', refreshAhead: { window: '10m', hits: 3 } })
    // Three hits in ten minutes are a seventh of a hit in the next half a minute.
    fill('short', { ttlMs: MINUTE / 2 })
    traffic(['short'], 24_000, 8000)
    expect(started).toEqual([])
  })

  it('is what is hit by misses and followers no sooner than it is hit', () => {
    const { fill, hit, started, clock } = aheadFixture()
    fill('a')
    clock.advance(8.5 * MINUTE)
    hit('a', 30, 'miss')
    hit('a')
    clock.advance(MINUTE)
    expect(started).toEqual([])
    hit('a', 2, 'collapsed')
    clock.advance(MINUTE / 4)
    expect(started).toEqual([])
    hit('a')
    clock.advance(0)
    expect(started).toHaveLength(1)
  })

  it('follows the options of its route', () => {
    const off = aheadFixture({ refreshAhead: false })
    off.fill('a')
    off.traffic(['a'], 10 * MINUTE, MINUTE / 4)
    expect(off.started).toEqual([])
    const early = aheadFixture({ refreshAhead: { hits: 30, window: '5m', ahead: 0.5 } })
    const entry = early.fill('a')
    early.traffic(['a'], 4 * MINUTE, MINUTE / 4)
    expect(early.started).toEqual([])
    early.traffic(['a'], 4 * MINUTE, MINUTE / 10)
    expect(early.started[0]?.at).toBe(entry.staleAt - 5 * MINUTE * 0.55)
  })

  it('is not what was replaced, removed or has gone stale meanwhile', () => {
    const { fill, traffic, hit, started, clock, entries, ahead } = aheadFixture()
    for (const key of ['replaced', 'removed', 'forgotten', 'lc1.p.1']) fill(key)
    traffic(['replaced', 'removed', 'forgotten', 'lc1.p.1'], 8 * MINUTE, MINUTE)
    expect(ahead.state.waiting).toBe(4)
    fill('replaced')
    entries.delete('removed')
    ahead.forget({ keys: new Set(['forgotten']) })
    ahead.forget({ prefix: 'lc1.p.' })
    expect(ahead.state.waiting).toBe(2)
    clock.advance(3 * MINUTE)
    expect(started).toEqual([])
    expect(ahead.state.waiting).toBe(0)
    fill('late')
    clock.advance(11 * MINUTE)
    hit('late', 10)
    clock.advance(MINUTE)
    expect(started).toEqual([])
  })

  it('waits on where hits have prolonged its freshness', () => {
    const { fill, traffic, started, clock, entries } = aheadFixture()
    const entry = fill('a')
    traffic(['a'], 8 * MINUTE, MINUTE)
    const prolonged = { ...entry, staleAt: clock.now() + 10 * MINUTE, meta: { ...entry.meta, ttlMs: 10 * MINUTE } }
    entries.set('a', prolonged)
    traffic(['a'], 8 * MINUTE, MINUTE)
    expect(started).toEqual([])
    traffic(['a'], 2 * MINUTE, MINUTE)
    expect(started.map(({ at }) => at)).toEqual([prolonged.staleAt - 2 * MINUTE * 0.55])
  })
})

describe('expected value', () => {
  const clock = createManualClock()
  const entry = (usd: number | undefined, originMs: number) => {
    const meta = { ...sampleEntry(clock, {}).meta, originMs, usage: { outputTokens: usd ?? 0 } }
    return sampleEntry(clock, { staleAt: clock.now() + 10 * MINUTE, meta })
  }
  const worth = (usd: number | undefined, originMs: number, hits: number) => aheadValue(entry(usd, originMs), hits, 10 * MINUTE, () => usd)

  it('is hits to come x (bill + waiting) - bill', () => {
    expect(worth(0.01, 2000, 5).gain).toBeCloseTo(5 * (0.01 + 0.002) - 0.01, 10)
    expect(worth(0.01, 2000, 0).gain).toBeCloseTo(-0.01, 10)
    expect(aheadValue(entry(0.01, 2000), 5, 100 * MINUTE, () => 0.01).gain).toBeCloseTo(0.5 * 0.012 - 0.01, 10)
  })

  it('takes the time for the bill where there is no price, and says nothing of what is not known', () => {
    expect(worth(undefined, 2000, 3)).toMatchObject({
      gain: expect.closeTo(3 * 0.004 - 0.002, 10),
      estimate: { tokens: 0, usd: undefined },
    })
    expect(worth(0, 2000, 3)).toMatchObject({ gain: expect.closeTo(3 * 0.004 - 0.002, 10), estimate: { tokens: 0, usd: 0 } })
    const plain = sampleEntry(clock, { staleAt: clock.now() + 1000 })
    expect(aheadValue(plain, 1, 1000, () => 1).estimate).toEqual({ tokens: undefined, usd: undefined })
  })

  it('decides who comes first where not all can', () => {
    const { fill, traffic, hit, started, clock } = aheadFixture({}, { budget: { concurrency: 1, perHour: {} } })
    fill('cheap', { outputTokens: 10 })
    fill('dear', { outputTokens: 1000 })
    fill('often', { outputTokens: 100 })
    fill('slow', { outputTokens: 10, originMs: 60_000 })
    const keys = ['cheap', 'dear', 'often', 'slow']
    traffic(keys, 8 * MINUTE, MINUTE)
    hit('often', 1000)
    clock.advance(MINUTE)
    for (let count = 1; count <= 4; count++) {
      expect(started).toHaveLength(count)
      fill(started.at(-1)?.key ?? '')
      started.at(-1)?.end({ kind: 'stored', entryId: 'new', tokens: 1, usd: 0 })
      clock.advance(0)
    }
    expect(started.map(({ key }) => key)).toEqual(['often', 'slow', 'dear', 'cheap'])
  })
})

describe('the budget', () => {
  it('holds at any time: of what does not fit, the best comes when there is room, and while it is fresh', () => {
    const { fill, traffic, started, clock, ahead } = aheadFixture({ ttl: '20m' }, { budget: { concurrency: 5, perHour: { tokens: 250 } } })
    const keys = ['a', 'b', 'c', 'd']
    for (const [at, key] of keys.entries()) fill(key, { ttlMs: 20 * MINUTE, outputTokens: 100 - at })
    traffic(keys, 19 * MINUTE, MINUTE)
    expect(started.map(({ key }) => key)).toEqual(['a', 'b'])
    expect(ahead.state.budget.lastHour.tokens).toBe(199)
    for (const one of started) one.end({ kind: 'stored', entryId: 'new', tokens: 60, usd: undefined })
    clock.advance(0)
    expect(started.map(({ key }) => key)).toEqual(['a', 'b', 'c'])
    clock.advance(MINUTE)
    expect(ahead.state.waiting).toBe(0)
    expect(ahead.state.budget.lastHour).toMatchObject({ requests: 3, tokens: 218 })
  })

  it('lets a cheaper one through where there is too little left for a dear one', () => {
    const { fill, traffic, started } = aheadFixture({}, { budget: { concurrency: 5, perHour: { usd: 0.005 } } })
    fill('dear', { outputTokens: 1000 })
    fill('cheap', { outputTokens: 100 })
    traffic(['dear', 'cheap'], 10 * MINUTE, MINUTE)
    expect(started.map(({ key }) => key)).toEqual(['cheap'])
  })

  it('is not charged for what was not asked', () => {
    const { fill, traffic, started, ahead, refused } = aheadFixture()
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) fill(key)
    refused.add('f')
    traffic(['a', 'b', 'c', 'd', 'e', 'f'], 9 * MINUTE, MINUTE)
    const ends = [
      { kind: 'fresh' },
      { kind: 'elsewhere' },
      { kind: 'failed', reason: 'not-reached', tokens: 0, usd: 0 },
      { kind: 'failed', reason: 'status' },
      { kind: 'failed', reason: 'not-reached' },
    ] as const
    for (const [at, end] of ends.entries()) started[at]?.end(end)
    expect(ahead.state.budget).toMatchObject({ running: 0, lastHour: { requests: 3, tokens: 200 } })
  })
})

describe('many', () => {
  it('filled together are refreshed apart', () => {
    let seed = 1
    const random = (): number => {
      seed = (seed * 16807) % 2147483647
      return seed / 2147483647
    }
    const { fill, traffic, started } = aheadFixture({}, { random })
    const keys = Array.from({ length: 100 }, (_, at) => `key ${at}`)
    for (const key of keys) fill(key)
    traffic(keys, 10 * MINUTE, MINUTE)
    expect(started).toHaveLength(100)
    const times = started.map(({ at }) => at)
    for (let from = Math.min(...times); from < Math.max(...times); from += 10_000)
      expect(times.filter((at) => at >= from && at < from + 10_000).length).toBeLessThan(25)
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(MINUTE)
  })

  it('a hundred thousand popular keys take bounded memory, and the best of them are refreshed', () => {
    const { fill, hit, started, clock, ahead, entries } = aheadFixture()
    for (let key = 0; key < 100_000; key++) fill(`key ${key}`, { outputTokens: 1 + (key % 1000) })
    clock.advance(8.5 * MINUTE)
    for (let key = 0; key < 100_000; key++) hit(`key ${key}`, 3)
    expect(ahead.state.waiting).toBe(MAX_WAITING)
    clock.advance(MINUTE)
    expect(started).toHaveLength(MAX_WAITING)
    for (const { key } of started) expect(entries.get(key)?.meta.usage?.outputTokens).toBeGreaterThan(990)
  })

  it('popularity knows the last ten thousand keys', () => {
    const popularity = createPopularity(createManualClock(), 10_000)
    for (let key = 0; key < 100_000; key++) popularity.add(`key ${key}`, 1000)
    expect(popularity.size).toBe(10_000)
    expect(popularity.add('key 99999', 1000).count()).toBe(2)
    expect(popularity.add('key 1', 1000).count()).toBe(1)
  })

  it('popularity counts a sliding window, to a quarter of it', () => {
    const clock = createManualClock()
    const popularity = createPopularity(clock)
    const tally = popularity.add('a', 20_000)
    for (let second = 1; second < 40; second++) {
      clock.advance(1000)
      expect(popularity.add('a', 20_000)).toBe(tally)
    }
    clock.advance(1000)
    expect(tally.count()).toBe(20)
    clock.advance(10_000)
    expect(tally.count()).toBe(10)
    clock.advance(2500)
    expect(tally.count()).toBe(7.5)
    clock.advance(7500)
    expect(tally.count()).toBe(0)
    popularity.add('a', 20_000)
    expect(popularity.add('a', 10_000).count()).toBe(1)
    popularity.forget({ prefix: '' })
    expect(popularity.size).toBe(0)
  })
})

describe('what goes wrong', () => {
  it('is tried again with a later hit, not by itself', () => {
    const { fill, traffic, hit, started, clock, refused } = aheadFixture()
    fill('a')
    refused.add('a')
    traffic(['a'], 9 * MINUTE, MINUTE)
    expect(started).toEqual([])
    refused.delete('a')
    clock.advance(MINUTE / 4)
    expect(started).toEqual([])
    hit('a')
    clock.advance(0)
    expect(started).toHaveLength(1)
    started[0]?.end({ kind: 'failed', reason: 'status' })
    hit('a')
    clock.advance(6000)
    expect(started).toHaveLength(1)
    hit('a')
    clock.advance(0)
    expect(started).toHaveLength(2)
  })

  it('of two requests for the same the one counts by which the app can be asked', () => {
    let able = false
    const { fill, traffic, hit, started, clock, ahead } = aheadFixture({}, { can: () => able })
    fill('a')
    traffic(['a'], 8 * MINUTE, MINUTE)
    expect(ahead.state.waiting).toBe(0)
    able = true
    hit('a')
    able = false
    hit('a')
    expect(ahead.state.waiting).toBe(1)
    clock.advance(MINUTE)
    expect(started).toHaveLength(1)
  })

  it('after close nothing runs', () => {
    const { fill, traffic, hit, started, clock, ahead } = aheadFixture({}, { budget: { concurrency: 1, perHour: {} } })
    fill('a')
    fill('b')
    fill('c')
    traffic(['a', 'b'], 9 * MINUTE, MINUTE)
    expect(started).toHaveLength(1)
    ahead.close()
    expect(clock.pending()).toBe(0)
    started[0]?.end({ kind: 'fresh' })
    hit('c', 10)
    expect(clock.pending()).toBe(0)
    clock.advance(5 * MINUTE)
    expect(started).toHaveLength(1)
    expect(ahead.state.waiting).toBe(0)
  })
})
