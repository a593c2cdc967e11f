import { describe, expect, it } from 'vitest'
import { createDriftTest } from '../../../src/semantic/rule/drift.js'
import { seeded } from './streams.js'

/** After how many observations it tells, at most `most`. */
function alarmAfter(errors: number, expected: number, seed: number, most: number): number {
  const random = seeded(seed)
  const test = createDriftTest()
  for (let count = 1; count <= most; count++) if (test.add(random() < errors, expected)) return count
  return Number.POSITIVE_INFINITY
}

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)

describe('createDriftTest', () => {
  it.each([0.002, 0.01, 0.02, 0.05])('is silent for 1,000 audits of which as many are wrong as was promised: %d', (expected) => {
    const alarms = SEEDS.filter((seed) => alarmAfter(expected / 2, expected, seed, 1000) < 1000)
    expect(alarms).toEqual([])
  })

  it.each([0.01, 0.02, 0.05])('comes a false alarm once in some thousands where errors are all that was promised: %d', (expected) => {
    const alarms = SEEDS.filter((seed) => alarmAfter(expected, expected, seed, 500) < 500)
    expect(alarms.length).toBeLessThanOrEqual(3)
  })

  it.each([
    [0.5, 25],
    [0.3, 60],
    [0.2, 200],
  ])('tells when %d are wrong, in at most %i', (errors, most) => {
    for (const seed of SEEDS) expect(alarmAfter(errors, 0.02, seed, 1000)).toBeLessThanOrEqual(most)
  })

  it('is not put off by a long good past', () => {
    const test = createDriftTest()
    expect(Array.from({ length: 10_000 }, () => test.add(false, 0.02)).some(Boolean)).toBe(false)
    const told = Array.from({ length: 8 }, () => test.add(true, 0.02))
    expect(told.findIndex(Boolean)).toBeGreaterThanOrEqual(2)
    expect(told.findIndex(Boolean)).toBeLessThan(7)
  })

  it('does not tell after a single error, whatever was promised', () => {
    for (const expected of [0, 0.001, 0.5, 1]) expect(createDriftTest().add(true, expected)).toBeUndefined()
  })

  it('forgets', () => {
    const test = createDriftTest()
    for (let count = 0; count < 4; count++) test.add(true, 0.02)
    test.reset()
    expect(test.add(true, 0.02)).toBeUndefined()
  })

  it('takes as many as are likelier of errors by as much than not, before it tells', () => {
    // Of one that is wrong: log 5 at a promise of 2 %, log 1.5 of 50 %. In all more than 8, or what is given.
    for (const [expected, alarm, wrong] of [
      [0.02, undefined, 5],
      [0.5, undefined, 20],
      [0.5, 12, 30],
      [0.1, 12, 8],
    ] as const) {
      const test = createDriftTest(alarm)
      let count = 1
      while (!test.add(true, expected)) count++
      expect(count).toBe(wrong)
    }
  })
})

describe('whose errors they are', () => {
  /** What it tells of errors by these callers, one after the other, when it first tells. */
  const told = (callers: readonly (string | undefined)[], test = createDriftTest()): unknown => {
    for (const caller of callers) {
      const drift = test.add(true, 0.02, caller)
      if (drift) return drift.caller ?? 'several'
    }
    return 'nothing'
  }

  it('is told where one caller has brought more than half', () => {
    expect(told(['a', 'a', 'a', 'a', 'a'])).toBe('a')
    expect(told(['a', 'b', 'a', 'a', 'c'])).toBe('a')
    expect(told(['a', 'a', 'b', 'b', 'c'])).toBe('several')
    expect(told(['a', 'b', 'c', 'd', 'e'])).toBe('several')
  })

  it('is not told where it is not known', () => {
    expect(told([undefined, undefined, undefined, undefined, undefined])).toBe('several')
    expect(told([undefined, undefined, undefined, 'a', 'a'])).toBe('several')
    expect(told([undefined, 'a', undefined, 'a', 'a'])).toBe('a')
  })

  it('is not changed by what was right, whoever that was', () => {
    const test = createDriftTest()
    for (const caller of ['a', 'a', 'b']) test.add(true, 0.02, caller)
    for (let count = 0; count < 40; count++) test.add(false, 0.02, 'a')
    expect(told(['a', 'b', 'a', 'b', 'a'], test)).toBe('a')
  })

  it('leaves the others with theirs when it is forgotten', () => {
    const test = createDriftTest()
    for (const caller of ['a', 'a', 'a', 'b']) test.add(true, 0.02, caller)
    test.reset('a')
    test.reset('nobody')
    expect(told(['c', 'c', 'b'], test)).toBe('nothing')
    expect(told(['d'], test)).toBe('several')
    const alone = createDriftTest()
    for (let count = 0; count < 4; count++) alone.add(true, 0.02, 'a')
    alone.reset('a')
    expect(told(['b', 'b', 'b', 'b'], alone)).toBe('nothing')
    expect(told(['b'], alone)).toBe('b')
  })
})
