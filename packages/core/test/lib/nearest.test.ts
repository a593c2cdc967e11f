import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeValue, didYouMean, nearest } from '../../src/lib/nearest.js'

const OPTIONS = ['ttl', 'partition', 'credentials', 'maxEntries', 'maxBytes', 'minTtl', 'maxTtl', 'allow']

describe('nearest', () => {
  it.each([
    ['tll', 'ttl'],
    ['TTL', 'ttl'],
    ['partitoin', 'partition'],
    ['partion', 'partition'],
    ['maxTTl', 'maxTtl'],
    ['maxEntry', 'maxEntries'],
    ['credential', 'credentials'],
    ['alow', 'allow'],
    ['storage', undefined],
    ['', undefined],
    ['x', undefined],
    ['__proto__', undefined],
    ['x'.repeat(100_000), undefined],
  ])('%s -> %s', (word, expected) => {
    expect(nearest(word, OPTIONS)).toBe(expected)
  })

  it('counts a swap of neighbours as one edit', () => {
    expect(nearest('abdc', ['abcd'])).toBe('abcd')
    expect(nearest('badc', ['abcd'])).toBeUndefined()
  })

  it('prefers the nearest, then the first', () => {
    expect(nearest('minTtx', ['maxTtl', 'minTtl'])).toBe('minTtl')
    expect(nearest('aaab', ['aaac', 'aaad'])).toBe('aaac')
  })

  it('does not suggest for a one-letter name', () => {
    expect(nearest('a', ['b'])).toBeUndefined()
    expect(nearest('A', ['a'])).toBe('a')
  })

  it('always finds the word itself, and only ever answers with a candidate', () => {
    const words = fc.array(fc.string({ maxLength: 20 }), { minLength: 1 })
    fc.assert(
      fc.property(words, (candidates) => nearest(candidates[0] as string, candidates)?.toLowerCase() === candidates[0]?.toLowerCase()),
    )
    fc.assert(
      fc.property(fc.string(), words, (word, candidates) => {
        const found = nearest(word, candidates)
        return found === undefined || candidates.includes(found)
      }),
    )
  })
})

describe('words of option errors', () => {
  it('names the nearest, else all valid ones', () => {
    expect(didYouMean('tll', OPTIONS)).toBe('; did you mean "ttl"?')
    expect(didYouMean('zzzzzz', ['all', 'none'])).toBe('; valid: "all", "none"')
    expect(didYouMean(7, ['all', 'none'])).toBe('; valid: "all", "none"')
  })

  it.each([
    ['1 hour', '"1 hour"'],
    ['"', '"\\""'],
    ['x'.repeat(61), `"${'x'.repeat(60)}"...`],
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [10n, '10'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{ password: 'secret' }, 'an object'],
    [['secret'], 'an array'],
    [() => 'secret', 'a function'],
    [Symbol('s'), 'Symbol(s)'],
  ])('describes %o', (value, expected) => {
    expect(describeValue(value)).toBe(expected)
  })
})
