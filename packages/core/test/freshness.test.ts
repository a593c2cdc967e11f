import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ageMs, evaluate, type Freshness, MAX_CLOCK_SKEW_MS, remainingMs, times } from '../src/freshness.js'
import { NO_CONTROLS, type RequestControls } from '../src/policy/controls.js'

const T = 1_800_000_000_000
const SECOND = 1000
/** Stored at T, fresh for 60 s, kept 30 s more. */
const ENTRY = times(T, 60 * SECOND, 30 * SECOND)

const at = (offset: number, controls: Partial<RequestControls> = {}): Freshness =>
  evaluate(ENTRY, { ...NO_CONTROLS, ...controls }, T + offset)

describe('times', () => {
  it('makes absolute times', () => {
    expect(ENTRY).toEqual({ storedAt: T, staleAt: T + 60_000, deleteAt: T + 90_000 })
    expect(times(T, 5)).toEqual({ storedAt: T, staleAt: T + 5, deleteAt: T + 5 })
  })
})

describe('evaluate', () => {
  it.each<[number, Freshness]>([
    [0, 'fresh'],
    [59_999, 'fresh'],
    [60_000, 'stale'],
    [89_999, 'stale'],
    [90_000, 'gone'],
    [1e15, 'gone'],
  ])('at +%d ms without directives: %s', (offset, expected) => {
    expect(at(offset)).toBe(expected)
  })

  it('without retention goes from fresh to gone', () => {
    const entry = times(T, 5)
    expect(evaluate(entry, NO_CONTROLS, T + 4)).toBe('fresh')
    expect(evaluate(entry, { ...NO_CONTROLS, maxStaleMs: Number.POSITIVE_INFINITY }, T + 5)).toBe('gone')
    expect(evaluate(times(T, 0), NO_CONTROLS, T)).toBe('gone')
  })

  it.each<[string, number, Partial<RequestControls>, Freshness]>([
    ['max-age', 10_000, { maxAgeMs: 10_000 }, 'fresh'],
    ['max-age', 10_001, { maxAgeMs: 10_000 }, 'stale'],
    ['max-age over the lifetime', 60_000, { maxAgeMs: 1e9 }, 'stale'],
    ['max-age=0 at once', 0, { maxAgeMs: 0 }, 'stale'],
    ['min-fresh', 50_000, { minFreshMs: 10_000 }, 'fresh'],
    ['min-fresh', 50_001, { minFreshMs: 10_000 }, 'stale'],
    ['min-fresh over the lifetime', 0, { minFreshMs: 61_000 }, 'stale'],
    ['max-stale', 70_000, { maxStaleMs: 10_000 }, 'fresh'],
    ['max-stale', 70_001, { maxStaleMs: 10_000 }, 'stale'],
    ['max-stale=0 is met at the very end', 60_000, { maxStaleMs: 0 }, 'fresh'],
    ['bare max-stale', 89_999, { maxStaleMs: Number.POSITIVE_INFINITY }, 'fresh'],
    ['bare max-stale', 90_000, { maxStaleMs: Number.POSITIVE_INFINITY }, 'gone'],
    ['max-age beside max-stale', 70_000, { maxAgeMs: 65_000, maxStaleMs: 1e9 }, 'stale'],
    ['max-age beside max-stale', 70_000, { maxAgeMs: 75_000, maxStaleMs: 1e9 }, 'fresh'],
    ['min-fresh beside max-stale', 70_000, { minFreshMs: 0, maxStaleMs: 1e9 }, 'stale'],
    ['no-cache', 0, { noCache: true, maxStaleMs: 1e9 }, 'stale'],
    ['no-cache on what is gone', 90_000, { noCache: true }, 'gone'],
    ['stale-if-error alone', 60_000, { staleIfErrorMs: 1e9 }, 'stale'],
  ])('%s at +%d ms %o: %s', (_name, offset, controls, expected) => {
    expect(at(offset, controls)).toBe(expected)
  })

  it('after the clock was set back counts the age as 0, within the allowed skew', () => {
    expect(at(-1)).toBe('fresh')
    expect(at(-MAX_CLOCK_SKEW_MS, { maxAgeMs: 1 })).toBe('fresh')
    expect(at(-MAX_CLOCK_SKEW_MS - 1)).toBe('gone')
    expect(at(-1000, { minFreshMs: 60_001 })).toBe('stale')
    expect(ageMs(ENTRY, T - 5)).toBe(0)
    expect(remainingMs(ENTRY, T - 5)).toBe(60_000)
    expect(remainingMs(ENTRY, T + 61_000)).toBe(-1000)
  })

  it('never finds an entry with a broken time fresh', () => {
    for (const broken of ['storedAt', 'staleAt', 'deleteAt']) {
      expect(evaluate({ ...ENTRY, [broken]: Number.NaN }, { ...NO_CONTROLS, maxStaleMs: 1e9 }, T)).not.toBe('fresh')
    }
    expect(evaluate(ENTRY, NO_CONTROLS, Number.NaN)).toBe('gone')
  })

  const ms = fc.option(fc.oneof(fc.integer({ min: 0, max: 200_000 }), fc.constant(Number.POSITIVE_INFINITY)), { nil: undefined })
  const stricterControls = fc.record({ maxAgeMs: ms, minFreshMs: ms })
  const offsets = fc.integer({ min: -100_000, max: 200_000 })

  it('is not made more lenient by max-age and min-fresh', () => {
    fc.assert(fc.property(offsets, stricterControls, (offset, controls) => at(offset) === 'fresh' || at(offset, controls) !== 'fresh'))
  })

  it('gives nobody an answer after deleteAt, whatever is asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 90_000, max: 1e12 }),
        stricterControls,
        ms,
        (offset, controls, maxStaleMs) => at(offset, { ...controls, maxStaleMs }) === 'gone',
      ),
    )
  })
})
