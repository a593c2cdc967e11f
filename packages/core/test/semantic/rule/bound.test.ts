import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Block, blocksOf, type Point, thresholdOf } from '../../../src/semantic/rule/bound.js'

const point = fc.record({
  // Few distinct values, so that there are ties.
  p: fc.integer({ min: 0, max: 20 }).map((value) => value / 20),
  wrong: fc.boolean(),
  weight: fc.constantFrom(1, 2, 5, 20),
})

/** Where isotonic regression puts each distinct probability: max over lower ends of min over upper ends of the mean between them. */
function isotonicByBruteForce(points: readonly Point[]): Map<number, number> {
  const levels = [...new Set(points.map(({ p }) => p))].sort((a, b) => a - b)
  const mean = (from: number, to: number): number => {
    const within = points.filter(({ p }) => p >= from && p <= to)
    const weight = within.reduce((sum, each) => sum + each.weight, 0)
    return within.reduce((sum, each) => sum + (each.wrong ? each.weight : 0), 0) / weight
  }
  // Errors fall as probabilities rise.
  return new Map(
    levels.map((level) => {
      const below = levels.filter((each) => each <= level)
      const above = levels.filter((each) => each >= level)
      return [level, Math.min(...below.map((from) => Math.max(...above.map((to) => mean(from, to)))))]
    }),
  )
}

function blockAt(blocks: readonly Block[], p: number): Block {
  return blocks.find(({ low, high }) => p >= low && p <= high) as Block
}

describe('blocksOf', () => {
  it('pools as isotonic regression does, whatever the order of the points', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 30 }), (points) => {
        const blocks = blocksOf(points)
        const ends = (given: readonly Block[]): unknown => given.map(({ low, high }) => [low, high])
        expect(ends(blocksOf([...points].reverse()))).toEqual(ends(blocks))
        const expected = isotonicByBruteForce(points)
        for (const { p } of points) {
          const { low, high } = blockAt(blocks, p)
          const within = points.filter((each) => each.p >= low && each.p <= high)
          const weight = within.reduce((sum, each) => sum + each.weight, 0)
          const wrong = within.reduce((sum, each) => sum + (each.wrong ? each.weight : 0), 0)
          expect(wrong / weight).toBeCloseTo(expected.get(p) as number, 10)
        }
      }),
    )
  })

  it('covers every point with blocks that do not overlap', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 30 }), (points) => {
        const blocks = blocksOf(points)
        for (const [index, { low, high }] of blocks.entries()) {
          expect(low).toBeLessThanOrEqual(high)
          if (index > 0) expect(low).toBeGreaterThan((blocks[index - 1] as Block).high)
        }
        for (const { p } of points) expect(blockAt(blocks, p)).toBeDefined()
      }),
    )
  })

  it('draws errors to what the model predicts, the more the fewer labels there are', () => {
    const few = blocksOf(many(5, { p: 0.9, wrong: false, weight: 1 }))[0] as Block
    const plenty = blocksOf(many(1000, { p: 0.9, wrong: false, weight: 1 }))[0] as Block
    expect(few.error).toBeCloseTo((10 * 0.1) / 15, 10)
    expect(plenty.error).toBeCloseTo((10 * 0.1) / 1010, 10)
    expect(few.variance).toBeGreaterThan(20 * plenty.variance)
  })

  it('takes a heavy label for no more than one', () => {
    const [light] = blocksOf(many(40, { p: 0.9, wrong: false, weight: 1 }))
    const [heavy] = blocksOf(many(40, { p: 0.9, wrong: false, weight: 20 }))
    expect(heavy?.error).toBeCloseTo(light?.error as number, 12)
    expect(heavy?.variance).toBeCloseTo(light?.variance as number, 12)
  })

  it('weighs labels against each other', () => {
    const [block] = blocksOf([...many(60, { p: 0.9, wrong: true, weight: 1 }), ...many(60, { p: 0.9, wrong: false, weight: 20 })])
    // 60 of 1260 by weight; 57 labels' worth, and 10 of the model.
    expect(block?.error).toBeCloseTo((66.15 * (60 / 1260) + 10 * 0.1) / 76.15, 3)
  })

  it('has no blocks without points', () => expect(blocksOf([])).toEqual([]))
})

const blocksArbitrary = fc.array(point, { minLength: 1, maxLength: 40 }).map(blocksOf)
const recentArbitrary = fc.array(
  fc.integer({ min: 0, max: 100 }).map((value) => value / 100),
  { minLength: 1, maxLength: 60 },
)

/** Something is known from `tau` on, and no block of it is more often wrong than right. */
function mayServe(tau: number, blocks: readonly Block[]): boolean {
  if (tau < (blocks[0]?.low ?? 0)) return false
  return blocks.every(({ low, error }, index) => error <= 0.5 || (tau > low && tau >= (blocks[index + 1]?.low ?? Number.POSITIVE_INFINITY)))
}

/** Errors that are reckoned with when everything from `tau` on is served. */
function upperAt(tau: number, blocks: readonly Block[], recent: readonly number[], z: number): { upper: number; served: number } {
  const counts = new Map<Block, number>()
  for (const p of recent.filter((each) => each >= tau)) {
    const block = blocks.findLast(({ low }) => p >= low) ?? (blocks[0] as Block)
    counts.set(block, (counts.get(block) ?? 0) + 1)
  }
  let expected = 0
  let variance = 0
  let served = 0
  for (const [block, count] of counts) {
    served += count
    expected += count * block.error
    variance += count * count * block.variance
  }
  return { upper: expected + z * Math.sqrt(variance), served }
}

describe('thresholdOf', () => {
  it.each(['hits', 'requests'] as const)('keeps the bound of %s, and is the lowest that does', (basis) => {
    fc.assert(
      fc.property(
        blocksArbitrary,
        recentArbitrary,
        fc.constantFrom(0.0203, 0.1007, 0.3011),
        fc.constantFrom(0, 1, 2),
        (blocks, recent, maxErrorRate, z) => {
          const requests = recent.length + 10
          const rateAt = (tau: number): number => {
            const { upper, served } = upperAt(tau, blocks, recent, z)
            return upper / (basis === 'hits' ? served : requests)
          }
          const { tau, upper, error, served } = thresholdOf(blocks, recent, requests, { maxErrorRate, basis, z })
          const levels = [...new Set(recent)].sort((a, b) => b - a)
          // Of equal probabilities all are served or none: what holds for some of them need not hold for all.
          const keeping = levels.filter((level) => rateAt(level) <= maxErrorRate + 1e-9 && mayServe(level, blocks))
          if (tau === Number.POSITIVE_INFINITY) {
            expect(keeping).toEqual([])
            return
          }
          expect(rateAt(tau)).toBeLessThanOrEqual(maxErrorRate + 1e-9)
          expect(upper).toBeGreaterThanOrEqual(error)
          expect(served * requests).toBeCloseTo(recent.filter((p) => p >= tau).length, 8)
          expect(upper * served * requests).toBeCloseTo(upperAt(tau, blocks, recent, z).upper, 8)
          if (basis === 'hits') expect(tau).toBe(Math.min(...keeping))
          else expect(levels.filter((level) => level >= tau).every((level) => rateAt(level) <= maxErrorRate + 1e-9)).toBe(true)
        },
      ),
    )
  })

  it('serves nothing that is more often wrong than right, whatever the bound has room for', () => {
    const options = { maxErrorRate: 0.2, basis: 'requests', z: 2 } as const
    const recent = many(10, 0.7)
    const bad = blocksOf([...many(45, { p: 0.7, wrong: false, weight: 1 }), ...many(55, { p: 0.7, wrong: true, weight: 1 })])
    const fair = blocksOf([...many(65, { p: 0.7, wrong: false, weight: 1 }), ...many(35, { p: 0.7, wrong: true, weight: 1 })])
    expect(thresholdOf(bad, recent, 1000, options).tau).toBe(Number.POSITIVE_INFINITY)
    expect(thresholdOf(fair, recent, 1000, options).tau).toBe(0.7)
  })

  it('serves nothing below all labels, however few are asked for there', () => {
    const blocks = blocksOf(many(50, { p: 0.95, wrong: false, weight: 1 }))
    const recent = [...many(50, 0.95), ...many(2, 0.05)]
    expect(thresholdOf(blocks, recent, 52, { maxErrorRate: 0.1, basis: 'hits', z: 2 }).tau).toBe(0.95)
  })

  it('serves more for a share of requests than for the same share of hits', () => {
    const blocks = blocksOf([
      ...many(500, { p: 0.9, wrong: false, weight: 1 }),
      ...many(100, { p: 0.5, wrong: true, weight: 1 }),
      ...many(200, { p: 0.5, wrong: false, weight: 1 }),
    ])
    const recent = Array.from({ length: 100 }, (_, index) => (index < 50 ? 0.9 : 0.5))
    const options = { maxErrorRate: 0.03, z: 2 }
    const ofHits = thresholdOf(blocks, recent, 10_000, { ...options, basis: 'hits' })
    const ofRequests = thresholdOf(blocks, recent, 10_000, { ...options, basis: 'requests' })
    expect(ofHits.tau).toBe(0.9)
    expect(ofRequests.tau).toBe(0.5)
    expect(ofRequests.served).toBe(0.01)
  })

  it('serves less with more confidence', () => {
    const blocks = blocksOf([
      ...many(60, { p: 0.99, wrong: false, weight: 1 }),
      ...many(60, { p: 0.8, wrong: false, weight: 1 }),
      ...many(3, { p: 0.8, wrong: true, weight: 1 }),
    ])
    const recent = many(50, 0.99).concat(many(50, 0.8))
    const taus = [0, 1, 2, 20].map((z) => thresholdOf(blocks, recent, 100, { maxErrorRate: 0.05, basis: 'hits', z }).tau)
    expect(taus).toEqual([...taus].sort((a, b) => a - b))
    expect(taus[0]).toBe(0.8)
    expect(taus.at(-1)).toBe(Number.POSITIVE_INFINITY)
  })

  it('serves nothing where nothing is known', () => {
    const options = { maxErrorRate: 0.5, basis: 'hits', z: 0 } as const
    expect(thresholdOf([], [0.9], 1, options).tau).toBe(Number.POSITIVE_INFINITY)
    expect(thresholdOf(blocksOf([{ p: 0.9, wrong: false, weight: 1 }]), [], 0, options).tau).toBe(Number.POSITIVE_INFINITY)
  })
})

function many<T>(count: number, value: T): T[] {
  return new Array<T>(count).fill(value)
}
