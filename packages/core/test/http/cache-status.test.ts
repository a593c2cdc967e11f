import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendCacheStatus, type CacheStatus, formatCacheStatus, isCacheName } from '../../src/http/cache-status.js'

describe('formatCacheStatus', () => {
  it.each<[string, CacheStatus, string]>([
    ['llm-cache', { hit: true }, 'llm-cache; hit'],
    ['llm-cache', { hit: true, ttlSeconds: 376 }, 'llm-cache; hit; ttl=376'],
    ['llm-cache', { hit: true, ttlSeconds: 376.9 }, 'llm-cache; hit; ttl=376'],
    ['llm-cache', { hit: true, ttlSeconds: -412 }, 'llm-cache; hit; ttl=-412'],
    ['llm-cache', { hit: true, ttlSeconds: Number.NaN }, 'llm-cache; hit'],
    ['llm-cache', { hit: true, ttlSeconds: Number.POSITIVE_INFINITY }, 'llm-cache; hit; ttl=999999999999999'],
    ['llm-cache', { fwd: 'miss' }, 'llm-cache; fwd=miss'],
    ['llm-cache', { fwd: 'miss', stored: true }, 'llm-cache; fwd=miss; stored'],
    ['llm-cache', { fwd: 'miss', stored: false, collapsed: true }, 'llm-cache; fwd=miss; collapsed'],
    ['llm-cache', { fwd: 'stale', fwdStatus: 503, ttlSeconds: -5, stored: true }, 'llm-cache; fwd=stale; fwd-status=503; ttl=-5; stored'],
    ['llm-cache', { fwd: 'bypass', detail: 'not-llm' }, 'llm-cache; fwd=bypass; detail=not-llm'],
    ['llm-cache', { fwd: 'bypass', detail: 'it said "no" \\' }, 'llm-cache; fwd=bypass; detail="it said \\"no\\" \\\\"'],
    ['llm-cache', { fwd: 'bypass', detail: 'a\r\nb\u{1f600}' }, 'llm-cache; fwd=bypass; detail="a??b??"'],
    ['llm-cache', { fwd: 'bypass', detail: '' }, 'llm-cache; fwd=bypass; detail=""'],
    ['CDN Company Here', { hit: true }, '"CDN Company Here"; hit'],
    ['cache.example.net:8080/a', { hit: true }, 'cache.example.net:8080/a; hit'],
    ['1cache', { hit: true }, '"1cache"; hit'],
    ['a"; hit, b', { fwd: 'miss' }, '"a\\"; hit, b"; fwd=miss'],
  ])('%s %o', (name, status, expected) => {
    expect(formatCacheStatus(name, status)).toBe(expected)
  })

  it('is one well-formed member, whatever name and detail are', () => {
    const item = String.raw`(?:[A-Za-z*][!#$%&'*+.^_\`|~0-9A-Za-z:/-]*|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*")`
    const member = new RegExp(`^${item}; fwd=miss; ttl=-?\\d{1,15}; detail=${item}$`)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), (name, detail, ttlSeconds) => {
        expect(formatCacheStatus(name, { fwd: 'miss', ttlSeconds, detail })).toMatch(member)
      }),
    )
  })
})

describe('isCacheName', () => {
  it.each([
    ['llm-cache', true],
    ['My Cache', true],
    ['', false],
    ['caché', false],
    ['a\nb', false],
    [7, false],
    [undefined, false],
  ])('%o: %s', (name, expected) => {
    expect(isCacheName(name)).toBe(expected)
  })
})

describe('appendCacheStatus', () => {
  it.each([
    [undefined, 'llm-cache; hit'],
    ['', 'llm-cache; hit'],
    [' , ', 'llm-cache; hit'],
    ['Origin; hit; ttl=1100', 'Origin; hit; ttl=1100, llm-cache; hit'],
    ['"A, B"; fwd=miss, C; hit,', '"A, B"; fwd=miss, C; hit, llm-cache; hit'],
  ])('%o', (existing, expected) => {
    expect(appendCacheStatus(existing, 'llm-cache; hit')).toBe(expected)
  })
})
