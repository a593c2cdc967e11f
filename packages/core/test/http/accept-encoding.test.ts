import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptsCoding } from '../../src/http/accept-encoding.js'

describe('Accept-Encoding', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['', false],
    [' , ,', false],
    ['gzip', true],
    ['GZip', true],
    ['x-gzip', true],
    ['gzipped', false],
    ['gzip, deflate, br, zstd', true],
    ['br,deflate', false],
    ['*', true],
    ['*;q=0', false],
    ['gzip;q=0', false],
    ['gzip;q=0.000', false],
    ['gzip;q=0, *', false],
    ['*;q=0, gzip', true],
    ['br;q=1.0, gzip;q=0.8, *;q=0.1', true],
    ['gzip ; q=0.5', true],
    ['gzip;\tQ=1.000', true],
    ['gzip;q=0.001', true],
    ['gzip, gzip;q=0', false],
    ['gzip;q=0, x-gzip', false],
    ['identity', false],
    ['identity, gzip', true],
    ['gzip;q=0.5, identity', false],
    ['gzip;q=0.5, identity;q=0.5', true],
    ['identity;q=0', false],
    ['identity;q=0, *;q=0.3', true],
    ['identity;q=1, *;q=0', false],
    // Malformed: not accepted.
    ['gzip;q=', false],
    ['gzip;q=2', false],
    ['gzip;q=1.1', false],
    ['gzip;q=-1', false],
    ['gzip;q=0.1234', false],
    ['gzip;q=.5', false],
    ['gzip;q="1"', false],
    ['gzip;level=9', false],
    ['gzip;', false],
    ['gzip;q=1;q=0', false],
    ['gzip deflate', false],
    ['"gzip"', false],
    [';q=1', false],
  ])('%j and gzip: %s', (field, accepted) => {
    expect(acceptsCoding(field, 'gzip')).toBe(accepted)
  })

  it('knows no alias for other codings', () => {
    expect(acceptsCoding('x-br', 'br')).toBe(false)
    expect(acceptsCoding('br', 'br')).toBe(true)
    expect(acceptsCoding('x-gzip', 'br')).toBe(false)
  })

  it('agrees with a weight table, in any order and with any white space', () => {
    const weight = fc.integer({ min: 0, max: 1000 })
    const space = fc.constantFrom('', ' ', '\t', '  ')
    const table = fc.uniqueArray(fc.tuple(fc.constantFrom('gzip', 'br', 'zstd', 'deflate', 'identity', '*'), weight), {
      selector: ([name]) => name,
    })
    fc.assert(
      fc.property(table, space, (members, gap) => {
        const field = members.map(([name, q]) => `${gap}${name}${gap};${gap}q=${(q / 1000).toFixed(3)}${gap}`).join(',')
        const weights = new Map<string, number>(members)
        for (const coding of ['gzip', 'br', 'zstd']) {
          const q = weights.get(coding) ?? weights.get('*') ?? 0
          expect(acceptsCoding(field, coding)).toBe(q > 0 && q >= (weights.get('identity') ?? 0))
        }
      }),
    )
  })

  it('reads any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        expect(typeof acceptsCoding(text, 'gzip')).toBe('boolean')
        // What one says of brotli has no bearing on gzip.
        expect(acceptsCoding(`gzip;q=0,${text}`, 'gzip')).toBe(false)
      }),
    )
  })
})
