import { describe, expect, it } from 'vitest'
import { OptionError } from '../../../src/errors.js'
import type { VectorItem } from '../../../src/semantic/ports.js'
import { createMemoryVectorIndex } from '../../../src/semantic/vectors/memory.js'
import type { EvictedVector, MemoryVectorIndexOptions } from '../../../src/semantic/vectors/memory-options.js'
import { createManualClock } from '../../../src/testing/manual-clock.js'
import { gaussian, toLengthOne, unitVector } from './vectors.js'

const next = gaussian(4)
const clock = createManualClock(0)
const item = (id: string, { dimensions = 16, deleteAt = 1e9 } = {}): VectorItem => ({ id, vector: unitVector(next, dimensions), deleteAt })

describe('the bounds of the index in memory', () => {
  it('evict what was added first, over all namespaces, and tell', () => {
    const evicted: EvictedVector[] = []
    const index = createMemoryVectorIndex({ maxVectors: 3, clock, onEvicted: (one) => evicted.push(one) })
    const again = item('a')
    index.add('n', [item('a'), item('b')])
    index.add('m', [item('c')])
    // Added again, it is the newest.
    index.add('n', [again])
    index.add('m', [item('d')])
    expect(evicted).toEqual([{ namespace: 'n', id: 'b' }])
    index.add('m', [item('e')])
    expect(evicted.at(-1)).toEqual({ namespace: 'm', id: 'c' })
    expect(index.size()).toBe(3)
    expect(index.search('n', again.vector, { k: 1 })[0]?.id).toBe('a')
    index.add('k', [item('1'), item('2'), item('3'), item('4')])
    expect(index.size()).toBe(3)
    expect(evicted.at(-1)).toEqual({ namespace: 'k', id: '1' })
  })

  it('hold for bytes as well, and what listeners throw does not matter', () => {
    let count = 0
    const index = createMemoryVectorIndex({
      maxBytes: 1024 * 1024,
      clock,
      onEvicted: () => {
        count += 1
        throw new Error('no')
      },
    })
    for (let at = 0; at < 500; at++) index.add(`n${at % 7}`, [item(`v${at}`, { dimensions: 1024 })])
    // 4096 bytes of numbers and some 270 more.
    expect(index.size()).toBeGreaterThan(220)
    expect(index.size()).toBeLessThan(245)
    expect(count).toBe(500 - index.size())
    index.clear('')
    index.add('n', [item('v', { dimensions: 16_384 })])
    expect(index.size()).toBe(1)
    index.clear('')
    // 75 parts of six bytes and some 270 more, also of an id that had a full vector before.
    const sparse = toLengthOne(new Float32Array(1024).fill(1, 0, 75))
    for (let at = 0; at < 4000; at++) {
      if (at % 100 === 0) index.add('m', [item(`v${at}`, { dimensions: 1024 })])
      index.add('m', [{ id: `v${at}`, vector: sparse, deleteAt: 1e9 }])
    }
    expect(index.size()).toBeGreaterThan(1350)
    expect(index.size()).toBeLessThan(1500)
  })

  it('make room by what has expired without telling of it', () => {
    const evicted: EvictedVector[] = []
    const index = createMemoryVectorIndex({ maxVectors: 2, clock, onEvicted: (one) => evicted.push(one) })
    index.add('n', [item('a', { deleteAt: clock.now() + 10 })])
    index.add('m', [item('b')])
    clock.advance(10)
    index.add('n', [item('c')])
    index.add('n', [item('d')])
    expect(evicted).toEqual([{ namespace: 'm', id: 'b' }])
  })

  it('do not let expired vectors of other namespaces pile up', () => {
    const index = createMemoryVectorIndex({ clock })
    for (let at = 0; at < 300; at++) index.add(`n${at}`, [item('a', { deleteAt: clock.now() + 10 })])
    clock.advance(10)
    for (let at = 0; at < 200; at++) index.add('m', [item(`v${at}`)])
    expect(index.size()).toBe(200)
  })

  it('let expired vectors be found by none, though they are nearest, and by thousands', () => {
    const index = createMemoryVectorIndex({ clock })
    const query = unitVector(next, 128)
    const near = (noise: number): Float32Array => query.map((part) => part + (next() * noise) / Math.sqrt(128))
    index.add('n', [{ id: 'far', vector: near(2), deleteAt: 1e9 }])
    index.add(
      'n',
      Array.from({ length: 5000 }, (_, at) => ({ id: `v${at}`, vector: near(0.1), deleteAt: clock.now() + 10 })),
    )
    clock.advance(10)
    expect(index.search('n', query, { k: 5 }).map(({ id }) => id)).toEqual(['far'])
    expect(index.size()).toBe(1)
  })

  it('cost little for thousands of small namespaces', () => {
    const index = createMemoryVectorIndex({ clock })
    const before = process.memoryUsage()
    for (let at = 0; at < 20_000; at++) index.add(`lc1.${at}.n`, [item('a', { dimensions: 64 })])
    const after = process.memoryUsage()
    const each = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 20_000
    // A kernel of its own would be 64 KiB at the least.
    expect(each).toBeLessThan(4000)
    index.clear('lc1.1')
    expect(index.size()).toBe(20_000 - 11_111)
  })
})

describe('the options of the index in memory', () => {
  it.each([
    [{ maxVectors: 0 }, 'maxVectors'],
    [{ maxVectors: 1.5 }, 'maxVectors'],
    [{ maxBytes: 1000 }, 'maxBytes'],
    [{ webAssembly: 'no' }, 'webAssembly'],
    [{ onEvicted: 1 }, 'onEvicted'],
    [{ maxVector: 1 }, 'maxVector'],
  ])('%j is refused by name', (options, option) => {
    expect(() => createMemoryVectorIndex(options as MemoryVectorIndexOptions)).toThrow(OptionError)
    expect(() => createMemoryVectorIndex(options as MemoryVectorIndexOptions)).toThrow(expect.objectContaining({ option }))
  })

  it('a closed index says so', () => {
    const index = createMemoryVectorIndex({ clock })
    index.add('n', [item('a')])
    index.close()
    expect(index.size()).toBe(0)
    for (const call of [() => index.add('n', [item('a')]), () => index.search('n', item('a').vector, { k: 1 }), () => index.toBytes()])
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_VECTOR_INDEX', reason: 'closed' }))
  })

  it('vectors of too many dimensions are refused', () => {
    const index = createMemoryVectorIndex({ clock })
    expect(() => index.add('n', [item('a', { dimensions: 16_385 })])).toThrow(expect.objectContaining({ reason: 'dimension' }))
  })
})
