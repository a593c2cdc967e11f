import { describe, expect, it } from 'vitest'
import { createMemoryVectorIndex } from '../../../src/semantic/vectors/memory.js'
import { clusters, gaussian, toLengthOne, unitVector } from './vectors.js'

const clock = { now: () => 0 }

describe('recall among many vectors', () => {
  it.each([
    { dimensions: 384, common: 0 },
    { dimensions: 384, common: 1.5 },
    { dimensions: 1024, common: 0 },
    { dimensions: 1024, common: 0.7 },
    { dimensions: 100, common: 0 },
  ])(
    'at $dimensions dimensions with a common part of $common: the nearest is found wherever its cosine is 0.75 and more',
    ({ dimensions, common }) => {
      const next = gaussian(dimensions + common)
      const count = Math.round(1_000_000 / dimensions)
      const draw = clusters(next, { dimensions, count, common })
      const index = createMemoryVectorIndex({ clock })
      const spread = (): number => 0.2 + Math.abs(next()) * 0.6
      index.add(
        'n',
        Array.from({ length: count }, (_, at) => ({ id: `v${at}`, vector: draw(spread()), deleteAt: 1 })),
      )
      let near = 0
      for (let turn = 0; turn < 100; turn++) {
        const query = draw(spread())
        const [best] = index.search('n', query, { k: 1, exact: true })
        if (!best || best.similarity < 0.75) continue
        near += 1
        expect(index.search('n', query, { k: 1 })).toEqual([best])
        const all = index.search('n', query, { k: 200, minSimilarity: 0.8, exact: true })
        expect(index.search('n', query, { k: 200, minSimilarity: 0.8 })).toEqual(all)
      }
      expect(near).toBeGreaterThan(30)
    },
  )

  it('does not need the signs of a vector’s own parts: where nearly all of them are zero it is as good', () => {
    const next = gaussian(5)
    const sparse = (): Float32Array => {
      const vector = new Float32Array(1024)
      for (let at = 0; at < 40; at++) vector[Math.floor(Math.abs(next()) * 1e6) % 1024] = 1 + Math.abs(next())
      return toLengthOne(vector)
    }
    const vectors = Array.from({ length: 3000 }, sparse)
    const index = createMemoryVectorIndex({ clock })
    index.add(
      'n',
      vectors.map((vector, at) => ({ id: `v${at}`, vector, deleteAt: 1 })),
    )
    for (let at = 0; at < 3000; at += 30) {
      // A fifth of its parts are others.
      const query = vectors[at]?.slice() as Float32Array
      for (let part = 0, left = 8; part < 1024 && left > 0; part++) {
        if (query[part] === 0) continue
        query[(part * 7 + 3) % 1024] = query[part] as number
        query[part] = 0
        left -= 1
      }
      expect(index.search('n', query, { k: 1 })).toEqual(index.search('n', query, { k: 1, exact: true }))
    }
  })

  it('stays whole while namespaces grow, shrink and move', () => {
    const next = gaussian(9)
    const index = createMemoryVectorIndex({ clock })
    const held = new Map<string, Float32Array>()
    for (let turn = 0; turn < 6000; turn++) {
      // Up to 1500 and down again, over the sizes at which signatures are made and given up.
      const grows = turn < 3500
      const ids = [...held.keys()]
      if (grows ? Math.abs(next()) < 1.2 : Math.abs(next()) < 0.3 || ids.length === 0) {
        const id = next() < -1 ? (ids[0] ?? `v${turn}`) : `v${turn}`
        held.set(id, unitVector(next, 64))
        index.add('n', [{ id, vector: held.get(id) as Float32Array, deleteAt: 1 }])
      } else {
        const id = ids[Math.floor(Math.abs(next()) * 1e6) % Math.max(1, ids.length)] ?? 'none'
        held.delete(id)
        index.remove('n', [id])
      }
      if (turn % 50 > 0) continue
      expect(index.size()).toBe(held.size)
      for (const [id, vector] of [...held].slice(-3)) expect(index.search('n', vector, { k: 1 })[0]).toMatchObject({ id })
    }
  })
})
