import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, MAX_DURATION_MS, parseDuration, parseDurationText } from '../../src/lib/duration.js'

describe('parseDuration', () => {
  it.each([
    [0, 0],
    [1, 1],
    [1.6, 2],
    [MAX_DURATION_MS, MAX_DURATION_MS],
    ['0s', 0],
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['0.5ms', 1],
  ])('%s is %d ms', (value, ms) => {
    expect(parseDuration(value)).toBe(ms)
  })

  it('has one zero', () => {
    expect(Object.is(parseDuration(-0), 0)).toBe(true)
  })

  it.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    MAX_DURATION_MS + 1,
    2 ** 53,
    // Would be rounded to a zero that nobody wrote.
    0.2,
    '0.2ms',
    '25d',
    `${'9'.repeat(400)}s`,
    '',
    '60',
    ' 1h',
    '1h ',
    '1 h',
    '1H',
    '-1s',
    '+1s',
    '1e3s',
    '.5s',
    '1.s',
    '1h30m',
    '1 hour',
    '1y',
    '١s',
    null,
    undefined,
    true,
    10n,
    {},
    ['1h'],
    new Date(0),
  ])('refuses %o', (value) => {
    expect(parseDuration(value)).toBeUndefined()
  })

  it('answers with a whole number of ms in range, or not at all', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const ms = parseDuration(value)
        return ms === undefined || (Number.isInteger(ms) && ms >= 0 && ms <= MAX_DURATION_MS)
      }),
    )
  })
})

describe('parseDurationText', () => {
  it('has no bound', () => {
    expect(parseDurationText('100d')).toBe(8_640_000_000)
    expect(parseDurationText(`${'9'.repeat(400)}s`)).toBe(Number.POSITIVE_INFINITY)
    expect(parseDurationText('100')).toBeUndefined()
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [1, '1ms'],
    [1500, '1500ms'],
    [90_000, '90s'],
    [3_600_000, '1h'],
    [5_400_000, '90m'],
    [86_400_000, '1d'],
    [604_800_000, '7d'],
    [MAX_DURATION_MS, `${MAX_DURATION_MS}ms`],
  ])('%d is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('is read back as it was', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: MAX_DURATION_MS }), (ms) => parseDuration(formatDuration(ms)) === ms))
  })
})
