import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { credentialCookies } from '../../src/policy/cookies.js'

describe('credentialCookies', () => {
  it('takes the whole field by default', () => {
    expect(credentialCookies('a=1; b=2', 'all')).toEqual([['', 'a=1; b=2']])
  })

  it.each<[string, [string, string][]]>([
    ['', []],
    ['other=1', []],
    ['sid=1', [['sid', '1']]],
    ['sid=', [['sid', '']]],
    ['sid', []],
    ['Sid=1', []],
    ['xsid=1; sidx=2', []],
    ['a=1;sid=2 ; b=3', [['sid', '2']]],
    ['\tsid = 2\t', [['sid', '2']]],
    ['sid=a=b==', [['sid', 'a=b==']]],
    // In name order, equal names in the order sent.
    [
      'sid=1; auth=2',
      [
        ['auth', '2'],
        ['sid', '1'],
      ],
    ],
    [
      'sid=1; sid=2',
      [
        ['sid', '1'],
        ['sid', '2'],
      ],
    ],
    [
      'sid=2; sid=1',
      [
        ['sid', '2'],
        ['sid', '1'],
      ],
    ],
    ['=sid=9', []],
    ['x=sid=9', []],
    [';;; sid=1;', [['sid', '1']]],
    ['__proto__=1; sid=2', [['sid', '2']]],
    // A double quote makes the field ambiguous: it counts as a whole besides.
    [
      'x="; sid=2; "',
      [
        ['sid', '2'],
        ['', 'x="; sid=2; "'],
      ],
    ],
    ['x="; evil=2"', [['', 'x="; evil=2"']]],
  ])('%o', (field, expected) => {
    expect(credentialCookies(field, ['auth', 'sid'])).toEqual(expected)
  })

  it('is blind to other cookies, and to nothing else', () => {
    const value = fc.string({ unit: fc.constantFrom('a', 'b', '=', '%', '0') })
    const cookie = fc.tuple(fc.constantFrom('auth', 'sid', '_ga', 'csrf'), value)
    const format = (cookies: readonly (readonly [string, string])[]): string => cookies.map((pair) => pair.join('=')).join('; ')
    fc.assert(
      fc.property(fc.array(cookie), (cookies) => {
        const named = (name: string): [string, string][] => cookies.filter((pair) => pair[0] === name)
        expect(credentialCookies(format(cookies), ['auth', 'sid'])).toEqual([...named('auth'), ...named('sid')])
      }),
    )
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (field) => credentialCookies(field, ['sid']).length >= 0))
  })
})
