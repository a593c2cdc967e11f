import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, type JsonValue } from '../../src/lib/canonical.js'

const hostileKey = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '1', '10', '2', 'é', '\ud800')
const json = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<JsonValue>(null, true, false, '', '\ud800', '\\ud800', '\ufffd', '"', '1', 1, 0, -1.5, 1e-7),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(hostileKey, fc.string()), tie('value'), { maxKeys: 4 }),
  ),
})).value

/** The same value with all keys in another order. */
function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  )
}

/** Equality by definition, independent of the code under test. */
function isSame(a: JsonValue, b: JsonValue): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [Object.keys(a), Object.keys(b)]
  const at = (object: object, key: string): JsonValue => (object as Record<string, JsonValue>)[key] as JsonValue
  return left.length === right.length && left.every((key) => Object.hasOwn(b, key) && isSame(at(a, key), at(b, key)))
}

describe('canonicalJson', () => {
  it('is the same text for the same value, whatever the key order, and parses back to it', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value)
        expect(canonicalJson(reversed(value))).toBe(text)
        expect(isSame(JSON.parse(text) as JsonValue, value)).toBe(true)
        expect(text).not.toMatch(/\p{Surrogate}/u)
      }),
    )
  })

  it('is equal exactly for equal values', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(canonicalJson(a) === canonicalJson(b)).toBe(isSame(a, b))
      }),
      { numRuns: 500 },
    )
  })

  it('sorts keys by UTF-16 code units, few and many', () => {
    // U+1F600 is D83D DE00 in UTF-16 and so before U+FB33 (RFC 8785 section 3.2.3).
    expect(canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 })).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    )
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${(index * 7) % 60}`, index]))
    expect(Object.keys(JSON.parse(canonicalJson(many)) as object)).toEqual(Object.keys(many).sort())
  })

  it('keeps hostile keys as data', () => {
    const value = JSON.parse('{"toString":1,"__proto__":{"a":1},"constructor":2}') as JsonValue
    expect(canonicalJson(value)).toBe('{"__proto__":{"a":1},"constructor":2,"toString":1}')
    expect(canonicalJson({})).toBe('{}')
  })

  it('tells lone surrogates from their replacement and from their spelled-out escape', () => {
    const texts = ['\ud800', '\udc00', '\ufffd', '\\ud800', '\ud83d\ude00'].map(canonicalJson)
    expect(new Set(texts.map((text) => new TextEncoder().encode(text).join())).size).toBe(5)
  })

  it('takes 0 and -0, 1 and 1.0 for one value', () => {
    expect(canonicalJson(-0)).toBe('0')
    expect(canonicalJson(JSON.parse('1.0') as JsonValue)).toBe('1')
  })

  it.each([undefined, Number.NaN, Number.POSITIVE_INFINITY, () => 1, 1n, Symbol('x')])('refuses %s', (value) => {
    expect(() => canonicalJson(value as JsonValue)).toThrow(TypeError)
    expect(() => canonicalJson([value as JsonValue])).toThrow(TypeError)
  })
})
