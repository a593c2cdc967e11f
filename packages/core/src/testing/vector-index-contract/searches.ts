/** What searches give. */

import assert from 'node:assert/strict'
import type { Rules } from './rule.js'
import { assertClose, EAST, idsOf, NAMESPACE, NORTH, NORTH_EAST, random, scaled, towards, unit, WEST } from './samples.js'

export const SEARCHES: Rules = {
  'declares a name': async ({ index }) => {
    assert.match(index.name, /^[a-z][a-z0-9-]*$/)
  },

  'answers at once where it says so': async ({ index, clock, vector: direction }) => {
    if (!index.synchronous) return
    const item = { id: 'lc1.p.a', vector: direction(EAST), deleteAt: clock.now() + 1000 }
    const answers = [
      index.add(NAMESPACE, [item]),
      index.search(NAMESPACE, item.vector, { k: 1 }),
      index.remove(NAMESPACE, [item.id]),
      index.clear(''),
      index.size(),
    ]
    for (const answer of answers) assert.ok(!(answer instanceof Promise))
  },

  'finds nothing in a namespace that nobody added to': async ({ index, add, find }) => {
    assert.deepEqual(await find(NAMESPACE, EAST), [])
    assert.deepEqual(await find(NAMESPACE, EAST, { exact: true }), [])
    await index.remove(NAMESPACE, ['lc1.p.a'])
    await index.clear(NAMESPACE)
    await add('lc1.p.other', { a: EAST })
    assert.deepEqual(await find(NAMESPACE, EAST), [])
  },

  'takes an add and a remove of nothing': async ({ index, find }) => {
    await index.add(NAMESPACE, [])
    await index.remove(NAMESPACE, [])
    assert.deepEqual(await find(NAMESPACE, EAST), [])
  },

  'gives the nearest first, with their cosines': async ({ add, find, tolerance }) => {
    await add(NAMESPACE, { east: EAST, north: NORTH, northeast: NORTH_EAST, west: WEST })
    for (const exact of [true, false]) {
      const found = await find(NAMESPACE, towards(30), { exact })
      assert.deepEqual(idsOf(found), ['northeast', 'east', 'north', 'west'])
      const expected = [15, 30, 60, 150].map((degrees) => Math.cos((degrees * Math.PI) / 180))
      for (const [at, { similarity }] of found.entries()) assertClose(similarity, expected[at] as number, tolerance)
    }
  },

  'gives the cosine whatever the lengths are': async ({ add, find, tolerance }) => {
    await add(NAMESPACE, { long: scaled(NORTH_EAST, 40), short: scaled(EAST, 0.01) })
    const found = await find(NAMESPACE, scaled(NORTH_EAST, 3))
    assert.deepEqual(idsOf(found), ['long', 'short'])
    assertClose(found[0]?.similarity as number, 1, tolerance)
    assertClose(found[1]?.similarity as number, Math.SQRT1_2, tolerance)
  },

  'never says more than 1 or less than -1': async ({ add, find }) => {
    const vectors = Array.from({ length: 20 }, (_, at) => unit(random(at), 24))
    await add(NAMESPACE, Object.fromEntries(vectors.map((vector, at) => [`v${at}`, vector])))
    for (const vector of vectors) {
      for (const query of [vector, scaled(vector, -1)]) {
        for (const { similarity } of await find(NAMESPACE, query, { k: 20 })) assert.ok(similarity >= -1 && similarity <= 1)
      }
    }
  },

  'gives no more than k': async ({ add, find }) => {
    await add(NAMESPACE, Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`v${at}`, towards(at)])))
    for (const exact of [true, false]) {
      assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { k: 1, exact })), ['v0'])
      assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { k: 3, exact })), ['v0', 'v1', 'v2'])
      assert.equal((await find(NAMESPACE, EAST, { k: 1000, exact })).length, 30)
    }
  },

  'gives nothing under the least similarity': async ({ add, find }) => {
    await add(NAMESPACE, { a: towards(0), b: towards(20), c: towards(40), d: towards(100) })
    for (const exact of [true, false]) {
      assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { minSimilarity: 0.9, exact })), ['a', 'b'])
      assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { minSimilarity: 0, exact })), ['a', 'b', 'c'])
      assert.deepEqual(idsOf(await find(NAMESPACE, WEST, { minSimilarity: 0.9, exact })), [])
      assert.equal((await find(NAMESPACE, WEST, { minSimilarity: -1, exact })).length, 4)
    }
  },

  'gives fewer than k rather than what is under the least similarity': async ({ add, find }) => {
    await add(NAMESPACE, { a: towards(1), b: towards(90), c: towards(91) })
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { k: 3, minSimilarity: 0.5 })), ['a'])
  },
}
