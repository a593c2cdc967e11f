import { describe, expect, it } from 'vitest'
import { finished } from '../../../src/lib/finished.js'
import { type ErrorCurve, fitCurve, type Point } from '../../../src/semantic/rule/curve.js'
import { seeded, sigmoid } from './streams.js'

function curveOf(points: readonly Point[]): ErrorCurve {
  return finished(fitCurve(points))
}

/** Points whose probabilities are spread over the log odds from -2 to 6. */
function draw(count: number, errorOf: (p: number) => number, seed: number): Point[] {
  const random = seeded(seed)
  return Array.from({ length: count }, () => {
    const p = sigmoid(8 * random() - 2)
    return { p, wrong: random() < errorOf(p), weight: 1 }
  })
}

/** Errors at `times` the odds that a model says. */
function odds(p: number, times: number): number {
  return sigmoid(Math.log((times * (1 - p)) / p))
}

const PROBABILITIES = [0.5, 0.7, 0.9, 0.95, 0.98, 0.99]

function deviationOf(curve: ErrorCurve, ps: readonly number[]): number {
  const sum = curve.sum()
  for (const p of ps) sum.add(p)
  return sum.deviation()
}

describe('an error curve', () => {
  it("is the model's own word where nothing is known, and that is little", () => {
    const curve = curveOf([])
    for (const p of PROBABILITIES) expect(curve.sum().add(p)).toBeCloseTo(1 - p, 10)
    expect(curve.least).toBe(Number.POSITIVE_INFINITY)
    expect(deviationOf(curve, [0.99])).toBeGreaterThan(0.01)
  })

  it.each([
    ['errs as often as it says', (p: number): number => 1 - p],
    ['errs at half the odds', (p: number): number => odds(p, 0.5)],
    ['errs at twice the odds', (p: number): number => odds(p, 2)],
    ['errs in five of a hundred at the least, as where judges err', (p: number): number => Math.max(0.05, 1 - p)],
  ])('finds how often a model errs that %s', (_, errorOf) => {
    const curve = curveOf(draw(20_000, errorOf, 1))
    for (const p of PROBABILITIES) expect(Math.abs(curve.sum().add(p) - errorOf(p))).toBeLessThan(0.1 * errorOf(p) + 0.015)
  })

  it('has the truth within two deviations, nearly always', () => {
    const served = [0.93, 0.95, 0.97, 0.98, 0.99]
    const truth = served.reduce((sum, p) => sum + odds(p, 1.5), 0)
    let within = 0
    for (let seed = 1; seed <= 60; seed++) {
      const sum = curveOf(draw(1500, (p) => odds(p, 1.5), seed)).sum()
      for (const p of served) sum.add(p)
      if (sum.expected + 2 * sum.deviation() >= truth) within++
    }
    expect(within).toBeGreaterThanOrEqual(56)
  })

  it('is the surer the more labels there are', () => {
    const deviations = [50, 500, 5000].map((count) => deviationOf(curveOf(draw(count, (p) => 1 - p, 3)), [0.97, 0.98]))
    expect(deviations[1]).toBeLessThan(deviations[0] as number)
    expect(deviations[2]).toBeLessThan(0.6 * (deviations[1] as number))
  })

  it('does not take a stretch without errors for one that has none', () => {
    const points = Array.from({ length: 40 }, () => ({ p: 0.97, wrong: false, weight: 1 }))
    expect(curveOf(points).sum().add(0.97)).toBeGreaterThan(0.01)
  })

  it('goes by what is likely alone', () => {
    const unlikely = (count: number): Point[] => Array.from({ length: count }, () => ({ p: 0.2, wrong: true, weight: 1 }))
    const likely = draw(2000, (p) => 1 - p, 6).filter(({ p }) => p >= 0.5)
    expect(
      curveOf([...likely, ...unlikely(2000)])
        .sum()
        .add(0.95),
    ).toBe(curveOf(likely).sum().add(0.95))
  })

  it('counts a rejection as often as it is told to', () => {
    const points = draw(500, (p) => 1 - p, 4)
    const bad = { p: 0.98, wrong: true }
    const once = curveOf([...points, { ...bad, weight: 1 }])
      .sum()
      .add(0.98)
    expect(
      curveOf([...points, { ...bad, weight: 10 }])
        .sum()
        .add(0.98),
    ).toBeGreaterThan(1.2 * once)
  })

  it('adds up what is to be expected', () => {
    const curve = curveOf(draw(500, (p) => 1 - p, 5))
    const sum = curve.sum()
    expect([sum.expected, sum.deviation()]).toEqual([0, 0])
    for (const p of PROBABILITIES) sum.add(p)
    expect(sum.expected).toBeCloseTo(
      PROBABILITIES.reduce((total, p) => total + curve.sum().add(p), 0),
      10,
    )
    // One curve for all of them: what is doubtful of one is of the other, too.
    expect(deviationOf(curve, [0.95, 0.95])).toBeCloseTo(2 * deviationOf(curve, [0.95]), 10)
  })

  it('knows the lowest probability that has a label', () => {
    expect(curveOf([0.4, 0.1, 0.9].map((p) => ({ p, wrong: false, weight: 1 }))).least).toBe(0.1)
  })
})
