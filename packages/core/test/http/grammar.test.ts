import { describe, expect, it } from 'vitest'
import { isToken, readQuoted, readToken } from '../../src/http/grammar.js'

describe('token and quoted-string', () => {
  it.each([
    ['x-api-key', true],
    ["!#$%&'*+-.^_`|~09azAZ", true],
    ['', false],
    ['a b', false],
    ['a:b', false],
    ['é', false],
    ['a\n', false],
    ['"a"', false],
  ])('%o is a token: %s', (text, expected) => {
    expect(isToken(text)).toBe(expected)
  })

  it('reads from a position on', () => {
    expect(readToken('ab=cd', 3)).toBe(5)
    expect(readToken('ab=cd', 2)).toBe(2)
    expect(readToken('ab', 9)).toBe(9)
    expect(readQuoted('x="a\\"b" ', 2)).toEqual({ text: 'a"b', end: 8 })
    expect(readQuoted('"', 0)).toBeUndefined()
    expect(readQuoted('"a\\', 0)).toBeUndefined()
    expect(readQuoted('"a\\"', 0)).toBeUndefined()
  })
})
