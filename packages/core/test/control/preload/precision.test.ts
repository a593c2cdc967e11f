import { describe, expect, it } from 'vitest'
import { createGauge, GAUGE_WINDOW, type Gauge, wilsonLower, wilsonUpper } from '../../../src/control/preload/precision.js'
import { createManualClock } from '../../../src/testing/manual-clock.js'

const HOUR = 3_600_000

function feed(gauge: Gauge, used: number, wasted: number, value = { used: 1, wasted: -0.1 }): string[] {
  const reasons: string[] = []
  const total = used + wasted
  for (let at = 0; at < total; at++) {
    const hit = Math.floor(((at + 1) * used) / total) > Math.floor((at * used) / total)
    const reason = gauge.note({ used: hit, value: hit ? value.used : value.wasted })
    if (reason) reasons.push(reason)
  }
  return reasons
}

describe('a gauge', () => {
  it('is off until enough came true, and off again once too little does', () => {
    const gauge = createGauge({ minPrecision: 0.3, clock: createManualClock() })
    expect(gauge.on).toBe(false)
    expect(feed(gauge, 2, 0)).toEqual(['proven'])
    expect(feed(gauge, 50, 50)).toEqual([])
    expect(feed(gauge, 10, 90)).toEqual(['precision'])
    expect(gauge.on).toBe(false)
    expect(gauge.precision.count).toBe(GAUGE_WINDOW)
    expect(gauge.precision.lower).toBeLessThan(gauge.precision.share)
  })

  it('does not begin where precision is just at the floor, for chance may have made it', () => {
    const gauge = createGauge({ minPrecision: 0.3, clock: createManualClock() })
    expect(feed(gauge, 30, 70)).toEqual([])
    expect(gauge.on).toBe(false)
  })

  it('is off where what comes true saves less than what does not costs', () => {
    const gauge = createGauge({ minPrecision: 0.3, clock: createManualClock() })
    const value = { used: 0.1, wasted: -1 }
    expect(feed(gauge, 10, 0, value)).toEqual(['proven'])
    expect(feed(gauge, 20, 5, value)).toEqual(['value'])
    expect(gauge.on).toBe(false)
    const late = createGauge({ minPrecision: 0.3, clock: createManualClock() })
    expect(feed(late, 50, 0, { used: 0, wasted: -1 })).toEqual([])
  })

  it('stays off for a while, twice as long each time', () => {
    const clock = createManualClock()
    const gauge = createGauge({ minPrecision: 0.3, clock })
    feed(gauge, 10, 0)
    feed(gauge, 0, 50)
    expect(gauge.on).toBe(false)
    clock.advance(9 * 60_000)
    expect(feed(gauge, 100, 0)).toEqual([])
    clock.advance(60_000)
    expect(feed(gauge, 1, 0)).toEqual(['proven'])
    expect(feed(gauge, 0, 100)).toEqual(['precision'])
    clock.advance(10 * 60_000)
    expect(feed(gauge, 100, 0)).toEqual([])
    clock.advance(10 * 60_000)
    expect(feed(gauge, 1, 0)).toEqual(['proven'])
    clock.advance(25 * HOUR)
    feed(gauge, 0, 100)
    clock.advance(10 * 60_000)
    expect(feed(gauge, 100, 0)).toContain('proven')
  })
})

describe("Wilson's interval", () => {
  it('is that of the textbooks', () => {
    // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, there with z = 1.96.
    expect(wilsonLower(81, 263)).toBeCloseTo(0.2633, 3)
    expect(wilsonUpper(81, 263)).toBeCloseTo(0.3567, 3)
    expect(wilsonLower(0, 0)).toBe(0)
    expect(wilsonUpper(0, 10)).toBeCloseTo(0.213, 2)
  })
})
