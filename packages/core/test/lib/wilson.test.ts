import fc from 'fast-check'
import { expect, it } from 'vitest'
import { wilson } from '../../src/lib/wilson.js'

// By R's binom::binom.confint(..., methods = "wilson").
it.each([
  [0, 10, 0, 0.2775],
  [5, 10, 0.2366, 0.7634],
  [10, 10, 0.7225, 1],
  [1, 100, 0.0018, 0.0545],
  [50, 1000, 0.0381, 0.0653],
])('%d of %d', (successes, count, low, high) => {
  const interval = wilson(successes, count)
  expect(interval.low).toBeCloseTo(low, 4)
  expect(interval.high).toBeCloseTo(high, 4)
})

it('knows nothing without a trial', () => {
  expect(wilson(0, 0)).toEqual({ low: 0, high: 1 })
})

it('holds the share that was counted, within 0 and 1', () => {
  const counts = fc.integer({ min: 1, max: 1e6 }).chain((count) => fc.tuple(fc.integer({ min: 0, max: count }), fc.constant(count)))
  fc.assert(
    fc.property(counts, ([successes, count]) => {
      const { low, high } = wilson(successes, count)
      return 0 <= low && low <= successes / count && successes / count <= high && high <= 1
    }),
  )
})
