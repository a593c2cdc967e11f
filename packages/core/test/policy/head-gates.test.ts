import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HeaderPairs } from '../../src/exchange.js'
import { type HeadSkipReason, isShareable, judgeHead } from '../../src/policy/head-gates.js'

const KEYED: ReadonlySet<string> = new Set(['accept-language', 'authorization'])

function judge(status: number, ...headers: HeaderPairs): HeadSkipReason | undefined {
  return judgeHead({
    method: 'POST',
    status,
    headers: [['Content-Type', 'application/json'], ...headers],
    isKeyed: (name) => KEYED.has(name),
  })
}

describe('judgeHead', () => {
  it.each<[number, HeadSkipReason | undefined]>([
    [200, undefined],
    [201, undefined],
    [202, undefined],
    [203, undefined],
    [299, undefined],
    [101, 'status'],
    [199, 'status'],
    [204, 'status'],
    [205, 'status'],
    [206, 'content-range'],
    [300, 'status'],
    [304, 'status'],
    [400, 'status'],
    [429, 'status'],
    [500, 'status'],
    [Number.NaN, 'status'],
  ])('status %d: %s', (status, expected) => {
    expect(judge(status)).toBe(expected)
  })

  it.each<[string, string, HeadSkipReason | undefined]>([
    ['Set-Cookie', 'a=b', 'set-cookie'],
    ['set-cookie', '', 'set-cookie'],
    ['Set-Cookie2', 'a=b', 'set-cookie'],
    ['Cache-Control', 'no-store', 'response-no-store'],
    ['Cache-Control', 'max-age=60, No-Store', 'response-no-store'],
    ['Cache-Control', 'no-store; private', 'response-no-store'],
    ['Cache-Control', 'Private, max-age=60', 'response-private'],
    ['Cache-Control', 'private="x-user"', 'response-private'],
    ['Cache-Control', 'private;max-age=0', 'response-private'],
    ['Cache-Control', 'no-cache', undefined],
    ['Cache-Control', 'no-cache, no-transform', undefined],
    ['Cache-Control', 'public, max-age=0, must-revalidate', undefined],
    ['Cache-Control', 's-maxage=0, proxy-revalidate', undefined],
    ['Cache-Control', 'ext="no-store, private"', undefined],
    ['Pragma', 'no-cache', undefined],
    ['Expires', '0', undefined],
    ['Content-Range', 'bytes 0-1/2', 'content-range'],
    ['Vary', '*', 'vary'],
    ['Vary', 'Accept-Encoding, *', 'vary'],
    ['Vary', 'Origin', 'vary'],
    ['Vary', 'Accept-Language, Accept', 'vary'],
    ['Vary', 'accept language', 'vary'],
    ['Vary', 'Accept-Encoding', undefined],
    ['Vary', 'ACCEPT-LANGUAGE,, Authorization', undefined],
    ['Vary', '', undefined],
    ['Content-Encoding', 'gzip', 'encoded'],
    ['Content-Encoding', 'identity, br', 'encoded'],
    ['Content-Encoding', 'Identity', undefined],
    ['Content-Encoding', '', undefined],
    ['X-Anything', 'no-store', undefined],
  ])('%s: %s -> %s', (name, value, expected) => {
    expect(judge(200, [name, value])).toBe(expected)
  })

  it('sees every line of a field', () => {
    expect(judge(200, ['Cache-Control', 'no-cache'], ['cache-control', 'no-store'])).toBe('response-no-store')
    expect(judge(200, ['Vary', 'accept-encoding'], ['vary', 'cookie'])).toBe('vary')
  })

  it('a keyed field may not make * harmless', () => {
    expect(judgeHead({ method: 'POST', status: 200, headers: [['vary', '*']], isKeyed: () => true })).toBe('vary')
  })

  it('records no answer to HEAD', () => {
    expect(judgeHead({ method: 'HEAD', status: 200, headers: [], isKeyed: (name) => KEYED.has(name) })).toBe('empty')
  })
})

describe('isShareable', () => {
  const shares = (status: number, ...headers: HeaderPairs): boolean => {
    const reason = judge(status, ...headers)
    expect(reason).toBeDefined()
    return isShareable(reason as HeadSkipReason, status)
  }

  it.each([204, 301, 302, 400, 401, 402, 403, 404, 413, 422, 429, 500, 502, 503, 504, 529])(
    'a plain %d goes to the followers',
    (status) => {
      expect(shares(status)).toBe(true)
    },
  )

  it.each([101, 103, 206, 304, 407, 408, 412, 416, 417, 421, 425, 431])('a %d is for the leader alone', (status) => {
    expect(shares(status)).toBe(false)
  })

  const PERSONAL: HeaderPairs = [
    ['Set-Cookie', 'a=b'],
    ['Cache-Control', 'no-store'],
    ['Cache-Control', 'private'],
    ['Vary', 'Origin'],
    ['Content-Encoding', 'gzip'],
    ['Content-Range', 'bytes */2'],
  ]

  it.each(PERSONAL)('an answer with %s: %s is for the leader alone, an error too', (name, value) => {
    expect(shares(200, [name, value])).toBe(false)
    expect(shares(500, [name, value])).toBe(false)
  })

  it('never shares what a header forbids to share, in any order and company', () => {
    const some = fc.shuffledSubarray([...PERSONAL, ['Vary', 'accept-encoding'], ['X-A', 'b']] as [string, string][])
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.constantFrom(...PERSONAL), some, (status, personal, others) => {
        expect(shares(status, ...others, personal)).toBe(false)
      }),
    )
  })
})
