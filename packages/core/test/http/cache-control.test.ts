import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leastSeconds, MAX_DELTA_SECONDS, mostSeconds, parseCacheControl, parseDelta } from '../../src/http/cache-control.js'
import { countedText } from '../counted-text.js'

const parsed = (value: string | undefined): unknown => [...parseCacheControl(value)]

describe('parseCacheControl', () => {
  it.each<[string | undefined, unknown]>([
    [undefined, []],
    ['', []],
    [' , ,, ', []],
    ['no-store', [['no-store', [undefined]]]],
    ['No-Store', [['no-store', [undefined]]]],
    [
      'Private, MAX-AGE=60',
      [
        ['private', [undefined]],
        ['max-age', ['60']],
      ],
    ],
    ['max-age="60"', [['max-age', ['60']]]],
    [
      'a=1,b=2 ,\tc=3',
      [
        ['a', ['1']],
        ['b', ['2']],
        ['c', ['3']],
      ],
    ],
    [
      'private="set-cookie, x-user", no-cache',
      [
        ['private', ['set-cookie, x-user']],
        ['no-cache', [undefined]],
      ],
    ],
    ['ext="a, no-store"', [['ext', ['a, no-store']]]],
    ['ext="a \\", no-store"', [['ext', ['a ", no-store']]]],
    ['max-age=60, max-age=30', [['max-age', ['60', '30']]]],
    [
      '__proto__=1, constructor, toString',
      [
        ['__proto__', ['1']],
        ['constructor', [undefined]],
        ['tostring', [undefined]],
      ],
    ],
    // Broken grammar hides no directive and makes the argument before it malformed.
    [
      'max-age=60 no-store',
      [
        ['max-age', ['']],
        ['no-store', [undefined]],
      ],
    ],
    [
      'private; no-store',
      [
        ['private', ['']],
        ['no-store', [undefined]],
      ],
    ],
    [
      'ext="a, no-store',
      [
        ['ext', ['']],
        ['a', [undefined]],
        ['no-store', [undefined]],
      ],
    ],
    [
      'ext="a\\',
      [
        ['ext', ['']],
        ['a', ['']],
      ],
    ],
    [
      'max-age = 60',
      [
        ['max-age', ['']],
        ['60', [undefined]],
      ],
    ],
    ['max-age=', [['max-age', ['']]]],
    [
      'max-age="60"x',
      [
        ['max-age', ['']],
        ['x', [undefined]],
      ],
    ],
    [
      '=60, no-store',
      [
        ['60', [undefined]],
        ['no-store', [undefined]],
      ],
    ],
    [
      'no-störe',
      [
        ['no-st', ['']],
        ['re', [undefined]],
      ],
    ],
  ])('%s', (value, expected) => {
    expect(parsed(value)).toEqual(expected)
  })

  it('never throws, and names are lower-case tokens', () => {
    const soup = fc.string({
      unit: fc.constantFrom('"', '\\', '=', ',', ' ', ';', 'a', 'B', '-', '1', 'max-age', 'no-store', '\u0000', 'é', '\ud800'),
    })
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ unit: 'binary' })), (value) => {
        for (const name of parseCacheControl(value).keys()) expect(name).toMatch(/^[!#$%&'*+.^_`|~0-9a-z-]+$/)
      }),
    )
  })

  it('reads back any well-formed list', () => {
    const token = fc.string({ unit: fc.constantFrom(...'abcz09-_!*'), minLength: 1, maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\\', '=', ';') })
    const directive = fc.tuple(token, fc.option(fc.oneof(token, text), { nil: undefined }))
    fc.assert(
      fc.property(fc.array(directive), (list) => {
        const expected = new Map<string, (string | undefined)[]>()
        for (const [name, argument] of list) expected.set(name, [...(expected.get(name) ?? []), argument])
        const quoted = (argument: string): string => `"${argument.replace(/["\\]/g, '\\$&')}"`
        const field = list.map(([name, argument]) => (argument === undefined ? name : `${name}=${quoted(argument)}`)).join(', ')
        expect(parseCacheControl(field)).toEqual(expected)
      }),
    )
  })

  it('finds no-store wherever a broken sender put it', () => {
    const junk = fc.string({ unit: fc.constantFrom(';', ',', ' ', '=', '/', '(', '@', '\t') })
    fc.assert(fc.property(junk, junk, (before, after) => parseCacheControl(`${before},no-store${after}`).has('no-store')))
  })

  it.each(['a="\\",', 'max-age=1,', '="', 'a="\\"', '"', ' ', 'a'])(
    'reads every character a few times, however many there are: %s',
    (part) => {
      const counted = countedText(part.repeat(5000))
      parseCacheControl(counted.text)
      expect(counted.reads).toBeLessThan(10 * counted.text.length)
    },
  )

  it('takes the least of as many as there are', () => {
    expect(leastSeconds(parseCacheControl('max-age=1,'.repeat(200_000)), 'max-age')).toBe(1)
  })
})

describe('delta-seconds', () => {
  it.each([
    ['0', 0],
    ['060', 60],
    ['2147483648', MAX_DELTA_SECONDS],
    ['2147483649', MAX_DELTA_SECONDS],
    ['9'.repeat(400), MAX_DELTA_SECONDS],
    ['-1', undefined],
    ['+1', undefined],
    ['1.5', undefined],
    ['60s', undefined],
    ['0x10', undefined],
    ['1e3', undefined],
    ['', undefined],
    [' 1', undefined],
    ['١', undefined],
  ])('%s -> %s', (text, seconds) => {
    expect(parseDelta(text)).toBe(seconds)
  })

  it.each<[string, number | undefined]>([
    ['no-cache', undefined],
    ['max-age=60', 60],
    ['max-age="60"', 60],
    ['max-age=60, max-age=30, max-age=90', 30],
    ['max-age=60, max-age=soon', 0],
    ['max-age', 0],
    ['max-age=60;', 0],
  ])('the least of %s is %s', (field, seconds) => {
    expect(leastSeconds(parseCacheControl(field), 'max-age')).toBe(seconds)
  })

  it.each<[string, number | undefined]>([
    ['max-stale', Number.POSITIVE_INFINITY],
    ['max-stale, max-stale=5', 5],
    ['max-stale=soon', 0],
  ])('a bare max-stale has no limit: %s is %s', (field, seconds) => {
    expect(leastSeconds(parseCacheControl(field), 'max-stale', Number.POSITIVE_INFINITY)).toBe(seconds)
  })

  it.each<[string, number | undefined]>([
    ['no-cache', undefined],
    ['min-fresh=60', 60],
    ['min-fresh=60, min-fresh=90', 90],
    ['min-fresh=60, min-fresh=x', MAX_DELTA_SECONDS],
    ['min-fresh', MAX_DELTA_SECONDS],
  ])('the most of %s is %s', (field, seconds) => {
    expect(mostSeconds(parseCacheControl(field), 'min-fresh')).toBe(seconds)
  })
})
