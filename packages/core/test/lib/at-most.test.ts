import { LRUCache } from 'lru-cache'
import { expect, it } from 'vitest'
import { atMost } from '../../src/lib/at-most.js'

it('holds so many and drops the least recently used', () => {
  const dropped: string[] = []
  const cache = new LRUCache<string, boolean>({ ...atMost(3), dispose: (_value, key) => void dropped.push(key) })
  for (const key of ['a', 'b', 'c']) cache.set(key, true)
  expect(cache.get('a')).toBe(true)
  cache.set('d', false)
  cache.set('a', false)
  expect([...cache.keys()]).toEqual(['a', 'd', 'c'])
  expect(dropped).toEqual(['b', 'a'])
  cache.delete('d')
  cache.set('e', true)
  expect(cache.size).toBe(3)
})

it('allocates nothing before there is anything to hold', () => {
  const before = process.memoryUsage()
  const caches = Array.from({ length: 20 }, () => new LRUCache<string, number>(atMost(1_000_000)))
  const after = process.memoryUsage()
  // With `max` each would take 26 MB.
  expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(20_000_000)
  expect(caches).toHaveLength(20)
})
