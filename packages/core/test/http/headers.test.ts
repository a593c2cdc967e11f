import { describe, expect, it } from 'vitest'
import type { HeaderPairs } from '../../src/exchange.js'
import { headerValue, listMembers, relayableHeaders, storableHeaders } from '../../src/http/headers.js'

const KEPT: HeaderPairs = [
  ['Content-Type', 'text/event-stream; charset=utf-8'],
  ['X-Request-Id', 'req_123'],
  ['cache-control', 'no-cache'],
  ['Link', '<a>; rel=x'],
  ['Link', '<b>; rel=y'],
  ['ETag', '"app"'],
  ['Vary', 'Accept-Encoding'],
  ['Cache-Status', 'Origin; hit'],
  ['x-vercel-ai-ui-message-stream', 'v1'],
  ['x-ratelimiter', 'is no rate limit'],
  ['__proto__', 'a name like any other'],
]

const PER_EXCHANGE: HeaderPairs = [
  ['Retry-After', '3'],
  ['Server-Timing', 'model;dur=2100'],
  ['X-Response-Time', '2.1s'],
  ['x-runtime', '2.1'],
  ['openai-processing-ms', '2100'],
  ['RateLimit', 'limit=10'],
  ['RateLimit-Policy', '10;w=60'],
  ['x-ratelimit-remaining-tokens', '0'],
  ['anthropic-ratelimit-requests-reset', '2026-01-01T00:00:00Z'],
]

const DROPPED: HeaderPairs = [
  ['Connection', 'keep-alive, X-Hop'],
  ['connection', 'X-Other-Hop'],
  ['x-hop', '1'],
  ['X-Other-Hop', '1'],
  ['Keep-Alive', 'timeout=5'],
  ['Proxy-Authenticate', 'Basic'],
  ['Proxy-Authorization', 'Basic x'],
  ['Proxy-Authentication-Info', 'x'],
  ['Proxy-Connection', 'close'],
  ['TE', 'trailers'],
  ['Trailer', 'x-sum'],
  ['Transfer-Encoding', 'chunked'],
  ['Upgrade', 'h2c'],
  ['Content-Length', '12'],
  ['Date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ['Age', '3'],
  ['X-LLM-Cache', 'MISS'],
  ['x-llm-cache-id', 'abc'],
  ['Set-Cookie', 'sid=1'],
  ['Set-Cookie2', 'sid=1'],
  [':status', '200'],
]

describe('which fields are kept', () => {
  it('stores all but facts of the connection, the message and the exchange, as received', () => {
    expect(storableHeaders([...DROPPED, ...KEPT, ...PER_EXCHANGE])).toEqual(KEPT)
  })

  it('relays the facts of the exchange to its followers', () => {
    expect(relayableHeaders([...DROPPED, ...KEPT, ...PER_EXCHANGE])).toEqual([...KEPT, ...PER_EXCHANGE])
  })

  it.each([...DROPPED, ...PER_EXCHANGE])('does not store %s alone', (name, value) => {
    const named = name === 'x-hop' || name === 'X-Other-Hop'
    expect(storableHeaders([[name, value]])).toEqual(named ? [[name, value]] : [])
  })

  it('leaves the given pairs as they are', () => {
    const headers = Object.freeze([...DROPPED, ...KEPT])
    storableHeaders(headers)
    expect(headers).toHaveLength(DROPPED.length + KEPT.length)
  })
})

describe('headerValue', () => {
  it('joins the lines of a field whatever their case', () => {
    expect(
      headerValue(
        [
          ['Vary', 'a'],
          ['x', '1'],
          ['VARY', 'b'],
        ],
        'vary',
      ),
    ).toBe('a, b')
    expect(headerValue([['x', '']], 'x')).toBe('')
    expect(headerValue([['x-y', '1']], 'x')).toBeUndefined()
  })
})

describe('listMembers', () => {
  it.each<[string | undefined, string[]]>([
    [undefined, []],
    ['', []],
    ['Accept, Accept-Encoding', ['accept', 'accept-encoding']],
    [' ,a,, B\t', ['a', 'b']],
  ])('%o', (value, expected) => {
    expect(listMembers(value)).toEqual(expected)
  })
})
