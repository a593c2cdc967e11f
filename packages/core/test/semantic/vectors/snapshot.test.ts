import { describe, expect, it } from 'vitest'
import { VectorIndexError } from '../../../src/errors.js'
import { createMemoryVectorIndex, type MemoryVectorIndex } from '../../../src/semantic/vectors/memory.js'
import type { MemoryVectorIndexOptions } from '../../../src/semantic/vectors/memory-options.js'
import { clusters, gaussian } from './vectors.js'

const clock = { now: () => 0 }
const next = gaussian(21)
const draw = clusters(next, { dimensions: 128, count: 2000, common: 0.5 })
const queries = Array.from({ length: 60 }, () => draw(0.4))

function filled(options: MemoryVectorIndexOptions = {}): MemoryVectorIndex {
  const index = createMemoryVectorIndex({ clock, ...options })
  index.add(
    'lc1.p.large',
    Array.from({ length: 2000 }, (_, at) => ({ id: `v${at}`, vector: draw(0.5), deleteAt: 1000 + at })),
  )
  index.add('lc1.p.ü', [{ id: 'ä', vector: Float32Array.of(1, 0, 0), deleteAt: 5 }])
  index.add('lc1.p.middle', [
    { id: 'a', vector: Float32Array.of(1, 0), deleteAt: Number.POSITIVE_INFINITY },
    { id: 'b', vector: Float32Array.of(0, 1), deleteAt: 7 },
  ])
  return index
}

const answers = (index: MemoryVectorIndex): unknown => [
  index.size(),
  queries.map((query) => index.search('lc1.p.large', query, { k: 5 })),
  index.search('lc1.p.ü', Float32Array.of(1, 0, 0), { k: 5 }),
  index.search('lc1.p.middle', Float32Array.of(1, 0), { k: 5 }),
]

describe('an index as bytes', () => {
  it('is the same again, wherever the bytes lie', () => {
    const index = filled()
    const bytes = index.toBytes()
    for (const offset of [0, 1, 4]) {
      const moved = new Uint8Array(bytes.length + offset).subarray(offset)
      moved.set(bytes)
      const copy = createMemoryVectorIndex({ clock })
      copy.add('lc1.p.other', [{ id: 'gone', vector: Float32Array.of(1), deleteAt: 9 }])
      copy.fromBytes(moved)
      moved.fill(0)
      expect(answers(copy)).toEqual(answers(index))
      expect(Buffer.compare(copy.toBytes(), bytes)).toBe(0)
      expect(copy.search('lc1.p.other', Float32Array.of(1), { k: 1 })).toEqual([])
      // It goes on as any other.
      copy.add('lc1.p.large', [{ id: 'new', vector: queries[0] as Float32Array, deleteAt: 1000 }])
      expect(copy.search('lc1.p.large', queries[0] as Float32Array, { k: 1 })[0]?.id).toBe('new')
    }
  })

  it('may be empty', () => {
    const index = createMemoryVectorIndex({ clock })
    const full = filled()
    full.fromBytes(index.toBytes())
    expect(full.size()).toBe(0)
  })

  it('leaves out what has expired, and evicts the oldest where there is less room', () => {
    const bytes = filled().toBytes()
    const later = createMemoryVectorIndex({ clock: { now: () => 1500 } })
    later.fromBytes(bytes)
    expect(later.size()).toBe(1 + 1499)
    const small = createMemoryVectorIndex({ clock, maxVectors: 4 })
    small.fromBytes(bytes)
    expect(small.size()).toBe(4)
    expect(small.search('lc1.p.large', queries[0] as Float32Array, { k: 5 }).map(({ id }) => id)).toEqual(['v1999'])
    expect(small.search('lc1.p.middle', Float32Array.of(1, 0), { k: 5 })).toHaveLength(2)
  })

  it('is refused where a single bit is another one, and nothing is lost then', () => {
    const bytes = filled().toBytes()
    const index = filled()
    const before = answers(index)
    const damaged: Uint8Array[] = [
      new Uint8Array(0),
      bytes.subarray(8),
      bytes.subarray(0, -8),
      bytes.subarray(0, 100),
      new Uint8Array(4096),
    ]
    for (let at = 0; at < bytes.length; at += 9973) {
      const copy = bytes.slice()
      copy[at] = (copy[at] as number) ^ 4
      damaged.push(copy)
    }
    for (const one of damaged) {
      expect(() => index.fromBytes(one)).toThrow(VectorIndexError)
      expect(() => index.fromBytes(one)).toThrow(expect.objectContaining({ reason: 'damaged' }))
    }
    expect(() => index.fromBytes('text' as unknown as Uint8Array)).toThrow(VectorIndexError)
    expect(answers(index)).toEqual(before)
  })
})
