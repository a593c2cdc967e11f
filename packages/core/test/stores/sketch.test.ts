import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHeap } from '../../src/stores/heap.js'
import { createFrequencySketch, hashKey } from '../../src/stores/sketch.js'

describe('frequency sketch', () => {
  it('never estimates too low, up to 15', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 2000 }), (ids) => {
        const sketch = createFrequencySketch(64)
        const truth = new Map<number, number>()
        for (const id of ids) {
          sketch.add(hashKey(`lc1.p.${id}`))
          truth.set(id, (truth.get(id) ?? 0) + 1)
        }
        for (const [id, count] of truth) expect(sketch.estimate(hashKey(`lc1.p.${id}`))).toBeGreaterThanOrEqual(Math.min(15, count))
      }),
      { numRuns: 100 },
    )
  })

  it('is right of nearly all keys at its size', () => {
    const sketch = createFrequencySketch(10_000)
    const hashes = Array.from({ length: 10_000 }, (_, id) => hashKey(`lc1.partition.${id}`))
    for (const [id, hash] of hashes.entries()) for (let times = id % 5; times > 0; times--) sketch.add(hash)
    const wrong = hashes.filter((hash, id) => sketch.estimate(hash) !== id % 5)
    expect(wrong.length).toBeLessThan(50)
    const strangers = Array.from({ length: 10_000 }, (_, id) => sketch.estimate(hashKey(`lc1.other.${id}`)))
    expect(strangers.filter((count) => count > 0).length).toBeLessThan(200)
  })

  it('stops at 15, and halves each counter by itself', () => {
    const sketch = createFrequencySketch(1)
    const [often, once] = [hashKey('often'), hashKey('once')]
    for (let times = 0; times < 1000; times++) sketch.add(often)
    sketch.add(once)
    expect([sketch.estimate(often), sketch.estimate(once)]).toEqual([15, 1])
    sketch.halve()
    expect([sketch.estimate(often), sketch.estimate(once)]).toEqual([7, 0])
    sketch.clear()
    expect(sketch.estimate(often)).toBe(0)
  })

  it('takes 8 to 16 bytes an entry, 4 MiB at the most', () => {
    for (const entries of [64, 65, 1000, 5000, 95_325, 262_144]) {
      const { bytes } = createFrequencySketch(entries)
      expect(bytes).toBeGreaterThanOrEqual(8 * entries)
      expect(bytes).toBeLessThan(16 * entries)
    }
    expect(createFrequencySketch(10_000_000).bytes).toBe(4 * 1024 * 1024)
    expect(createFrequencySketch(1).bytes).toBe(512)
  })

  it('hashes keys that differ little to numbers that differ much', () => {
    const low = new Set(Array.from({ length: 4096 }, (_, id) => hashKey(`lc1.p.${id}`) & 0xffff))
    // 4096 random draws from 65536 hit about 3969 different ones.
    expect(low.size).toBeGreaterThan(3900)
    expect(hashKey('')).toBe(hashKey(''))
  })
})

describe('heap', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), rank: fc.double({ noNaN: true }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('move' as const), rank: fc.double({ noNaN: true }), pick: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), pick: fc.nat() }) },
  )

  it('has the lowest on top, whatever is pushed, moved and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        type Item = { place: number; rank: number }
        const heap = createHeap<Item>((item, place) => {
          item.place = place
        })
        const held: Item[] = []
        for (const next of steps) {
          if (next.do === 'push') {
            const item = { place: -1, rank: next.rank }
            held.push(item)
            heap.push(item, next.rank)
          } else {
            const at = next.pick % Math.max(1, held.length)
            const item = held[at]
            if (!item) continue
            if (next.do === 'move') {
              item.rank = next.rank
              heap.move(item.place, next.rank)
            } else {
              held.splice(at, 1)
              heap.remove(item.place)
            }
          }
          const lowest = held.reduce((least, { rank }) => Math.min(least, rank), Number.POSITIVE_INFINITY)
          expect(heap.top()?.rank ?? Number.POSITIVE_INFINITY).toBe(lowest)
          for (const { place, rank } of held) expect(heap.rankAt(place)).toBe(rank)
        }
        for (let last = Number.NEGATIVE_INFINITY, top = heap.top(); top; top = heap.top()) {
          expect(top.rank).toBeGreaterThanOrEqual(last)
          last = top.rank
          heap.remove(0)
        }
      }),
      { numRuns: 300 },
    )
  })
})
