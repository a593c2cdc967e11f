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
    expect(Array.from({ length: 10_000 }, () => test.add(false, 0.02))).not.toContain(true)
    const told = Array.from({ length: 8 }, () => test.add(true, 0.02))
    expect(told.indexOf(true)).toBeGreaterThanOrEqual(2)
    expect(told.indexOf(true)).toBeLessThan(7)
  })

  it('does not tell after a single error, whatever was promised', () => {
    for (const expected of [0, 0.001, 0.5, 1]) expect(createDriftTest().add(true, expected)).toBe(false)
  })

  it('forgets', () => {
    const test = createDriftTest()
    for (let count = 0; count < 4; count++) test.add(true, 0.02)
    test.reset()
    expect(test.add(true, 0.02)).toBe(false)
  })
})
