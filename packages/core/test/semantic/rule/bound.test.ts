import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finished } from '../../../src/lib/finished.js'
import { type BoundOptions, type Threshold, thresholdOf as walk } from '../../../src/semantic/rule/bound.js'
import type { ErrorCurve } from '../../../src/semantic/rule/curve.js'

/** A curve that errs as often as the model says, times `times`, all of it by one uncertain factor of deviation `doubt`. */
function plain({ least = 0, times = 1, doubt = 0 } = {}): ErrorCurve {
  const errorAt = (p: number): number => times * (1 - p)
  return {
    least,
    sum() {
      let expected = 0
      return {
        get expected() {
          return expected
        },
        add(p) {
          expected += errorAt(p)
          return errorAt(p)
        },
        deviation: () => doubt * expected,
      }
    },
  }
}

function thresholdOf(...given: Parameters<typeof walk>): Threshold {
  return finished(walk(...given))
}

const recentArbitrary = fc.array(
  fc.integer({ min: 0, max: 100 }).map((value) => value / 100),
  { minLength: 1, maxLength: 300 },
)

describe('thresholdOf', () => {
  it.each(['hits', 'requests'] as const)('keeps the bound of %s, and is the lowest that does', (basis) => {
    fc.assert(
      fc.property(recentArbitrary, fc.constantFrom(0.0203, 0.1007, 0.3011), fc.constantFrom(0, 1, 2), (recent, maxErrorRate, z) => {
        const requests = recent.length + 10
        const doubt = 0.3
        const at = (tau: number): { readonly upper: number; readonly of: number; readonly served: number } => {
          const served = recent.filter((p) => p >= tau)
          const upper = served.reduce((sum, p) => sum + (1 - p), 0) * (1 + z * doubt)
          return { upper, of: basis === 'hits' ? served.length : requests, served: served.length }
        }
        const keeps = (tau: number): boolean => {
          const { upper, of } = at(tau)
          return tau >= 0.5 && upper <= maxErrorRate * of + 1e-9 && maxErrorRate * of >= z
        }
        const { tau, upper, error, served } = thresholdOf(plain({ doubt }), recent, requests, { maxErrorRate, basis, z })
        const keeping = recent.filter(keeps)
        expect(tau).toBe(Math.min(...keeping))
        if (tau === Number.POSITIVE_INFINITY) return
        expect(served * requests).toBeCloseTo(at(tau).served, 8)
        expect(upper * at(tau).served).toBeCloseTo(at(tau).upper, 8)
        expect(upper).toBeGreaterThanOrEqual(error)
      }),
    )
  })

  const OPTIONS: BoundOptions = { maxErrorRate: 0.02, basis: 'hits', z: 2 }

  it('serves nothing that is more often wrong than right, whatever the bound has room for', () => {
    const options = { maxErrorRate: 0.2, basis: 'requests', z: 2 } as const
    expect(thresholdOf(plain({ times: 2 }), many(10, 0.7), 1000, options).tau).toBe(Number.POSITIVE_INFINITY)
    expect(thresholdOf(plain(), many(10, 0.7), 1000, options).tau).toBe(0.7)
  })

  it('serves nothing below all labels, however few are asked for there', () => {
    const recent = [...many(500, 0.999), ...many(2, 0.9)]
    expect(thresholdOf(plain({ least: 0.95 }), recent, 502, OPTIONS).tau).toBe(0.999)
    expect(thresholdOf(plain(), recent, 502, OPTIONS).tau).toBe(0.9)
  })

  it.each([1, 2])('serves nothing where %i wrong answers would be more than the bound, as many as there are deviations', (z) => {
    const tau = (served: number, requests: number, basis: 'hits' | 'requests'): number =>
      thresholdOf(plain(), many(served, 0.9999), requests, { maxErrorRate: 0.02, basis, z }).tau
    expect(tau(50 * z - 1, 5000, 'hits')).toBe(Number.POSITIVE_INFINITY)
    expect(tau(50 * z, 5000, 'hits')).toBe(0.9999)
    expect(tau(20, 50 * z - 1, 'requests')).toBe(Number.POSITIVE_INFINITY)
    expect(tau(20, 50 * z, 'requests')).toBe(0.9999)
  })

  it('serves more for a share of requests than for the same share of hits', () => {
    const recent = [...many(100, 0.99), ...many(100, 0.8)]
    expect(thresholdOf(plain(), recent, 10_000, OPTIONS).tau).toBe(0.99)
    const ofRequests = thresholdOf(plain(), recent, 10_000, { ...OPTIONS, basis: 'requests' })
    expect(ofRequests.tau).toBe(0.8)
    expect(ofRequests.served).toBe(0.02)
  })

  it('serves less with more confidence, where there is doubt', () => {
    const recent = [...many(500, 0.995), ...many(500, 0.97)]
    const tau = (z: number, doubt: number): number => thresholdOf(plain({ doubt }), recent, 1000, { ...OPTIONS, z }).tau
    expect([0, 1, 10].map((z) => tau(z, 0.5))).toEqual([0.97, 0.995, Number.POSITIVE_INFINITY])
    expect([0, 1, 10].map((z) => tau(z, 0))).toEqual([0.97, 0.97, 0.97])
  })

  it('serves nothing where nothing is known', () => {
    expect(thresholdOf(plain({ least: Number.POSITIVE_INFINITY }), many(100, 0.999), 100, OPTIONS).tau).toBe(Number.POSITIVE_INFINITY)
    expect(thresholdOf(plain(), [], 100, OPTIONS)).toEqual({ tau: Number.POSITIVE_INFINITY, error: 0, upper: 0, served: 0 })
  })
})

function many<T>(count: number, value: T): T[] {
  return new Array<T>(count).fill(value)
}
