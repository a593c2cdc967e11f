import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLatencyHistogram } from '../../src/stores/latency.js'

describe('latency histogram', () => {
  it('is all zero while nothing was measured', () => {
    expect(createLatencyHistogram().summary()).toEqual({ count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 })
  })

  it('never tells less than the true percentile, and at most a tenth more', () => {
    const durations = fc.array(fc.double({ min: 0.001, max: 500_000, noNaN: true }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(durations, (values) => {
        const histogram = createLatencyHistogram()
        for (const value of values) histogram.add(value)
        const sorted = [...values].sort((a, b) => a - b)
        const { count, p50Ms, p99Ms, maxMs } = histogram.summary()
        expect(count).toBe(values.length)
        expect(maxMs).toBe(sorted.at(-1))
        for (const [told, share] of [
          [p50Ms, 0.5],
          [p99Ms, 0.99],
        ] as const) {
          const exact = sorted[Math.ceil(values.length * share) - 1] as number
          expect(told).toBeGreaterThanOrEqual(exact * 0.999_999)
          expect(told).toBeLessThanOrEqual(exact * 1.1)
        }
      }),
    )
  })

  it('takes anything', () => {
    const histogram = createLatencyHistogram()
    for (const value of [Number.NaN, -1, 0, Number.POSITIVE_INFINITY, 1e300]) histogram.add(value)
    expect(histogram.summary()).toMatchObject({ count: 5, maxMs: 1e300, p50Ms: expect.closeTo(0.001) })
  })
})
