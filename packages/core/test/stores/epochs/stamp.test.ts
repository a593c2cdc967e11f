import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStampClock } from '../../../src/stores/epochs/stamp.js'

const NOW = 1_750_000_000_000

describe('stamps', () => {
  it('are the time where that goes on, and later than each other where it does not', () => {
    let now = NOW
    const stamps = createStampClock({ now: () => now })
    expect(stamps.next()).toBe(NOW)
    const [second, third] = [stamps.next(), stamps.next()]
    expect(second).toBeGreaterThan(NOW)
    expect(third).toBeGreaterThan(second)
    expect(third).toBeLessThan(NOW + 1)
    now += 1
    expect(stamps.next()).toBe(NOW + 1)
    now -= 3_600_000
    expect(stamps.next()).toBeGreaterThan(NOW + 1)
  })

  it('a million of them are not a second ahead of the clock', () => {
    const stamps = createStampClock({ now: () => NOW })
    for (let made = 0; made < 1_000_000; made++) stamps.next()
    expect(stamps.next()).toBeLessThan(NOW + 1000)
  })

  it('follow what others stamped, but not further than clocks may differ', () => {
    const stamps = createStampClock({ now: () => NOW })
    stamps.see(NOW + 60_000)
    expect(stamps.next()).toBeGreaterThan(NOW + 60_000)
    stamps.see(NOW + 60_001)
    stamps.see(Number.NaN)
    stamps.see(Number.POSITIVE_INFINITY)
    expect(stamps.next()).toBeLessThan(NOW + 60_001)
  })

  it('grow whatever happens', () => {
    const happening = fc.oneof(
      fc.record({ jump: fc.integer({ min: -1e12, max: 1e12 }) }),
      fc.record({ see: fc.double() }),
      fc.constant({ next: true as const }),
    )
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 50 }), (happenings) => {
        let now = NOW
        let last = 0
        const stamps = createStampClock({ now: () => now })
        for (const one of happenings) {
          if ('jump' in one) now = Math.max(0, now + one.jump)
          else if ('see' in one) stamps.see(one.see)
          const next = stamps.next()
          expect(next).toBeGreaterThan(last)
          last = next
        }
      }),
    )
  })
})
