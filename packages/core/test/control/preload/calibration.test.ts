import { describe, expect, it } from 'vitest'
import { type Calibration, createCalibration } from '../../../src/control/preload/calibration.js'

const FEW = { hits: 2, occasions: 3, next: false }
const MANY = { hits: 12, occasions: 30, next: false }

function feed(calibration: Calibration, raw: number, evidence: typeof FEW, used: number, wasted: number): void {
  for (let at = 0; at < used + wasted; at++) calibration.note(raw, evidence, (at * used) % (used + wasted) < used)
}

describe('calibration', () => {
  it('believes the counts until it is known what comes of such', () => {
    const calibration = createCalibration()
    for (const raw of [0, 0.35, 1]) for (const evidence of [FEW, MANY]) expect(calibration.of(raw, evidence)).toBe(raw)
  })

  it('goes by what came of equal counts where there are few, and of about equal probabilities where there are many', () => {
    const calibration = createCalibration()
    feed(calibration, 0.4, FEW, 80, 20)
    expect(calibration.of(0.4, FEW)).toBeGreaterThan(0.7)
    expect(calibration.of(0.45, { hits: 1.8, occasions: 3.2, next: false })).toBeGreaterThan(0.7)
    expect(calibration.of(0.4, { hits: 1, occasions: 3, next: false })).toBe(0.4)
    expect(calibration.of(0.4, { ...FEW, next: true })).toBe(0.4)
    expect(calibration.of(0.4, MANY)).toBe(0.4)
    feed(calibration, 0.43, MANY, 10, 90)
    expect(calibration.of(0.48, { hits: 18, occasions: 40, next: false })).toBeLessThan(0.2)
    expect(calibration.of(0.52, MANY)).toBe(0.52)
  })

  it('forgets what was so once', () => {
    const calibration = createCalibration()
    feed(calibration, 0.5, MANY, 100, 0)
    feed(calibration, 0.5, MANY, 0, 200)
    expect(calibration.of(0.5, MANY)).toBeLessThan(0.1)
    feed(calibration, 0.5, MANY, 100, 0)
    expect(calibration.of(0.5, MANY)).toBeGreaterThan(0.8)
  })

  it('has a probability for whatever it is told', () => {
    const calibration = createCalibration()
    const odd = [
      { hits: 5, occasions: 2 },
      { hits: 0, occasions: 0 },
      { hits: 8.4, occasions: 8.4 },
    ]
    for (const evidence of odd.map((counts) => ({ ...counts, next: true }))) {
      for (const raw of [0, 0.99, 1]) {
        calibration.note(raw, evidence, true)
        expect(calibration.of(raw, evidence)).toBeGreaterThanOrEqual(0)
        expect(calibration.of(raw, evidence)).toBeLessThanOrEqual(1)
      }
    }
  })
})
