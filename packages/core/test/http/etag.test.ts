import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { etagFor, matchesIfNoneMatch } from '../../src/http/etag.js'

const ETAG = etagFor('Zx_-9')

describe('etags', () => {
  it('is a weak validator', () => {
    expect(ETAG).toBe('W/"Zx_-9"')
  })

  it.each<[string | undefined, boolean]>([
    ['W/"Zx_-9"', true],
    ['"Zx_-9"', true],
    [' "Zx_-9" ', true],
    ['*', true],
    [' * ', true],
    ['"a", W/"Zx_-9"', true],
    ['"a","Zx_-9","b"', true],
    [',, "Zx_-9",', true],
    ['"a,b", "Zx_-9"', true],
    ['"\\", "Zx_-9"', true],
    ['bad, "Zx_-9"', true],
    ['"bad"x, "Zx_-9"', true],
    [undefined, false],
    ['', false],
    ['"zx_-9"', false],
    ['"Zx_-9', false],
    ['Zx_-9', false],
    ['w/"Zx_-9"', false],
    ['W/ "Zx_-9"', false],
    ['"a, Zx_-9"', false],
    ['"Zx_-9"x', false],
    ['x"Zx_-9"', false],
    ['"a" "Zx_-9"', false],
    ['*, "a"', false],
    ['W/', false],
    ['"', false],
  ])('%o matches: %s', (field, expected) => {
    expect(matchesIfNoneMatch(field, ETAG)).toBe(expected)
  })

  it("compares an app's own strong tag weakly, with commas", () => {
    expect(matchesIfNoneMatch('W/"a,b"', '"a,b"')).toBe(true)
    expect(matchesIfNoneMatch('"a", "b"', '"a,b"')).toBe(false)
  })

  it('never throws, and finds a tag in any list of tags', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', 'W/', ',', ' ', 'a', '*') }),
        (field) => typeof matchesIfNoneMatch(field, ETAG) === 'boolean',
      ),
    )
    const tag = fc.string({ unit: fc.constantFrom('a', ',', 'W', '/', '*', '!', '\\') }).map((text) => `"${text}"`)
    fc.assert(
      fc.property(fc.array(tag), fc.array(tag), fc.array(tag), (before, after, others) => {
        expect(matchesIfNoneMatch([...before, ETAG, ...after].join(','), ETAG)).toBe(true)
        expect(matchesIfNoneMatch(others.join(', '), ETAG)).toBe(false)
      }),
    )
  })
})
