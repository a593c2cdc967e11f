import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileGlob } from '../../src/lib/glob.js'
import { countedText } from '../counted-text.js'

const matches = (pattern: string, text: string): boolean => compileGlob(pattern)(text)

/** By trying everything: what a glob means, in a few lines. */
function naive(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return text.length === 0
  if (first === '*') return naive(rest, text) || (text.length > 0 && naive(pattern, text.slice(1)))
  const [character, ...after] = text
  if (character === undefined) return false
  return (first === '?' || first.replace(/^\\/, '') === character || isIn(first, character)) && naive(rest, after)
}

function isIn(set: string, character: string): boolean {
  if (!set.startsWith('[')) return false
  const inside = set.slice(1, -1)
  if (inside.startsWith('^')) return !Array.from(inside.slice(1)).includes(character)
  if (/^.-.$/u.test(inside)) return character >= (inside[0] as string) && character <= (inside[2] as string)
  return Array.from(inside).includes(character)
}

describe('globs', () => {
  it.each<[string, string, boolean]>([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything / at all', true],
    ['user:*', 'user:42', true],
    ['user:*', 'my-user:42', false],
    ['*:42', 'user:42', true],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXbYbZ', false],
    ['gpt-4?', 'gpt-4o', true],
    ['gpt-4?', 'gpt-4', false],
    ['v[0-9]', 'v7', true],
    ['v[0-9]', 'vx', false],
    ['v[^0-9]', 'vx', true],
    ['v[!0-9]', 'v7', false],
    ['[a-cx-z_]', '_', true],
    ['[a-]', '-', true],
    ['[\\]]', ']', true],
    ['[\\^a]', '^', true],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['\\\\', '\\', true],
    ['a]', 'a]', true],
    ['Docs', 'docs', false],
    ['?', '🍕', true],
    ['[🍎-🍕]', '🍒', true],
    ['*🍕', 'a🍕', true],
    ['/chat/:id', '/chat/:id', true],
    ['(a+)+$', '(a+)+$', true],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected)
  })

  it.each<[string, RegExp]>([
    ['a[b', /without a '\]'/],
    ['[', /without a '\]'/],
    ['[]', /empty/],
    ['[^]', /empty/],
    ['[z-a]', /backwards/],
    ['a\\', /nothing follows/],
    ['[a\\', /nothing follows/],
    ['x'.repeat(257), /256/],
  ])('%s is malformed', (pattern, message) => {
    expect(() => compileGlob(pattern)).toThrow(message)
    expect(() => compileGlob(pattern)).toThrow(RangeError)
  })

  it('agrees with trying everything', () => {
    const character = fc.constantFrom('a', 'b', 'c', '-', '🍕', ']')
    const step = fc.oneof(
      { weight: 4, arbitrary: character },
      { weight: 3, arbitrary: fc.constantFrom('*', '?') },
      { weight: 2, arbitrary: fc.constantFrom('[ab]', '[a-c]', '[^a]', '[^🍕]', '\\*', '\\]') },
    )
    const texts = fc.array(fc.oneof(character, fc.constant('*')), { maxLength: 10 })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), texts, (pattern, text) => {
        expect(matches(pattern.join(''), text.join(''))).toBe(naive(pattern, text))
      }),
      { numRuns: 5000 },
    )
  })

  it('any text matches itself, escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(matches(text.replace(/[*?[\\]/g, '\\$&'), text)).toBe(true)
      }),
    )
  })

  it.each([
    ['*a'.repeat(120).concat('*b'), 'many stars'],
    [`*${'a'.repeat(250)}b`, 'a long tail'],
    ['*?*?*?*?*?*b', 'stars and question marks'],
    [`${'[a-z]*'.repeat(40)}!`, 'stars and sets'],
  ])('takes no more steps than the length of the text by that of the pattern: $1', (pattern) => {
    const counted = countedText('a'.repeat(2000))
    expect(matches(pattern, counted.text)).toBe(false)
    // Each step reads the length and a character or two.
    expect(counted.reads).toBeLessThan(2000 * pattern.length * 3)
  })
})
