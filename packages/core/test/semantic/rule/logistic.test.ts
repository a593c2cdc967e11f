import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finished } from '../../../src/lib/finished.js'
import {
  type Example,
  type FitOptions,
  factorOf,
  fitLogistic,
  leftOut,
  lengthBy,
  probability,
} from '../../../src/semantic/rule/logistic.js'
import { normal, seeded, sigmoid } from './streams.js'

const PLANTED = [-1, 2, -0.5, 0, 1.5]

function drawExamples(count: number, beta: readonly number[], seed: number): Example[] {
  const random = seeded(seed)
  return Array.from({ length: count }, () => {
    const x = beta.map((_, index) => (index === 0 ? 1 : normal(random)))
    return { x, correct: random() < sigmoid(x.reduce((sum, value, index) => sum + value * (beta[index] as number), 0)), weight: 1 }
  })
}

function fit(examples: readonly Example[], options: FitOptions): Float64Array {
  return finished(fitLogistic(examples, options))
}

const NONE = new Float64Array(PLANTED.length)

describe('fitLogistic', () => {
  it.each([1, 2, 3])('finds the coefficients that made the examples (seed %i)', (seed) => {
    const beta = fit(drawExamples(20_000, PLANTED, seed), { prior: NONE, ridge: 1e-3, maxSteps: 20 })
    for (const [index, value] of PLANTED.entries()) expect(Math.abs((beta[index] as number) - value)).toBeLessThan(0.12)
  })

  it('finds where the penalised likelihood is highest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.constantFrom(0.5, 5, 50), (seed, ridge) => {
        const examples = drawExamples(60, PLANTED, seed).map((each, index) => ({ ...each, weight: 1 + (index % 6) }))
        const prior = Float64Array.from([0.5, 0.5, 0.5, 0.5, 0.5])
        const beta = fit(examples, { prior, ridge, maxSteps: 50 })
        for (let at = 0; at < beta.length; at++) {
          let slope = -ridge * ((beta[at] as number) - (prior[at] as number))
          for (const { x, correct, weight } of examples) slope += weight * ((correct ? 1 : 0) - probability(beta, x)) * (x[at] as number)
          expect(Math.abs(slope)).toBeLessThan(0.02)
        }
      }),
    )
  })

  it('stays at the prior where nothing was learnt, and leaves it the more the more was', () => {
    const prior = Float64Array.from([1, -1, 1, -1, 1])
    const distance = (count: number): number => {
      const beta = fit(drawExamples(count, PLANTED, 9), { prior, ridge: 30 })
      return Math.hypot(...beta.map((value, index) => value - (prior[index] as number)))
    }
    expect(distance(0)).toBe(0)
    expect(distance(20)).toBeLessThan(distance(200))
    expect(distance(200)).toBeLessThan(distance(5000))
  })

  it('turns round where what it believed is the opposite of what it sees', () => {
    const prior = Float64Array.from([0, 8, 0, 0, 0])
    const examples = drawExamples(3000, [0, -3, 0, 0, 0], 4).map((each) => ({ ...each, weight: 6 }))
    const beta = fit(examples, { prior, ridge: 30 })
    expect([...beta].every(Number.isFinite)).toBe(true)
    expect(beta[1]).toBeLessThan(-2)
  })

  it('has finite coefficients where all labels are alike', () => {
    const examples = drawExamples(500, PLANTED, 5).map((each) => ({ ...each, correct: true, weight: 20 }))
    const beta = fit(examples, { prior: NONE, ridge: 1 })
    expect([...beta].every(Number.isFinite)).toBe(true)
    expect(probability(beta, [1, 0, 0, 0, 0])).toBeGreaterThan(0.9)
  })

  it('counts an example of weight 3 as three', () => {
    const examples = drawExamples(100, PLANTED, 6)
    const options = { prior: NONE, ridge: 1, maxSteps: 20 }
    const weighed = fit(
      examples.map((each) => ({ ...each, weight: 3 })),
      options,
    )
    const repeated = fit([...examples, ...examples, ...examples], options)
    for (const [index, value] of weighed.entries()) expect(value).toBeCloseTo(repeated[index] as number, 6)
  })

  it('draws each coefficient as firmly as is said of it', () => {
    const prior = Float64Array.from(NONE, () => 2)
    const beta = fit(drawExamples(200, PLANTED, 9), { prior, ridge: Float64Array.from(NONE, (_, at) => (at === 1 ? 1e6 : 1e-3)) })
    expect(beta[1]).toBeCloseTo(2, 3)
    const free = fit(drawExamples(200, PLANTED, 9), { prior, ridge: 1e-3 })
    expect(Math.abs((free[1] as number) - 2)).toBeGreaterThan(0.1)
    expect(Math.abs((beta[2] as number) - 2)).toBeGreaterThan(0.1)
  })

  it('yields after at most 25 examples', () => {
    let touched = new Set<number>()
    const examples = drawExamples(2000, PLANTED, 7).map((each, index) => ({
      ...each,
      get x() {
        touched.add(index)
        return each.x
      },
    }))
    const work = fitLogistic(examples, { prior: NONE, ridge: 1 })
    const slices: number[] = []
    for (let step = work.next(); !step.done; step = work.next()) {
      slices.push(touched.size)
      touched = new Set()
    }
    expect(Math.max(...slices)).toBe(25)
    expect(touched.size).toBe(0)
    expect(slices.length % 20).toBe(0)
  })

  it('changes neither the prior nor the start', () => {
    const prior = Float64Array.from([1, 1, 1, 1, 1])
    const start = Float64Array.from([2, 2, 2, 2, 2])
    fit(drawExamples(50, PLANTED, 8), { prior, ridge: 1, start })
    expect([...prior, ...start]).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
  })
})

describe('leftOut', () => {
  it.each([1, 30])('is near what the model says that is fitted without the example (ridge %i)', (ridge) => {
    const examples = drawExamples(150, PLANTED, 11).map((each, index) => ({ ...each, weight: 1 + (index % 3) }))
    const options = { prior: NONE, ridge, maxSteps: 30 }
    const beta = fit(examples, options)
    const guessed = finished(leftOut(examples, beta, ridge))
    for (const index of [0, 7, 31, 64, 99, 149]) {
      const { x } = examples[index] as Example
      const without = fit(
        examples.filter((_, at) => at !== index),
        options,
      )
      const [truth, own] = [probability(without, x), probability(beta, x)]
      expect(Math.abs((guessed[index] as number) - truth)).toBeLessThan(0.15 * Math.abs(own - truth) + 0.004)
    }
  })

  it('is less sure of each example than the model that has seen it', () => {
    const examples = drawExamples(80, PLANTED, 12)
    const beta = fit(examples, { prior: NONE, ridge: 1 })
    const guessed = finished(leftOut(examples, beta, 1))
    for (const [index, { x, correct }] of examples.entries()) {
      const change = (guessed[index] as number) - probability(beta, x)
      expect(correct ? -change : change).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('lengthBy', () => {
  it('is the variance of a score: one over what is known, where features do not overlap', () => {
    const examples = Array.from({ length: 40 }, (_, index) => ({ x: index % 2 ? [1, 0] : [0, 2], correct: true, weight: 1 }))
    const factor = finished(factorOf(examples, Float64Array.from([0, 0]), 3))
    expect(lengthBy(factor, [1, 0])).toBeCloseTo(1 / (20 / 4 + 3), 12)
    expect(lengthBy(factor, [0, 2])).toBeCloseTo(4 / (80 / 4 + 3), 12)
    expect(lengthBy(factor, [0, 0])).toBe(0)
  })
})

describe('probability', () => {
  it('is the logistic function of the weighed sum', () => {
    expect(probability(Float64Array.from([1, 2]), [1, -0.5])).toBe(0.5)
    expect(probability(Float64Array.from([0, 1]), [1, Math.log(3)])).toBeCloseTo(0.75, 12)
    expect(probability(Float64Array.from([0, 1000]), [1, -1])).toBe(0)
  })
})
