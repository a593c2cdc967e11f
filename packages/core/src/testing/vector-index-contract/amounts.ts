/** Long names, many vectors, much at once. */

import assert from 'node:assert/strict'
import type { VectorItem } from '../../semantic/ports.js'
import type { Rules } from './rule.js'
import { assertClose, cosine, EAST, idsOf, NAMESPACE, NORTH, random, towards, unit } from './samples.js'

export const AMOUNTS: Rules = {
  'tells long and similar names apart': async ({ add, find, index, settle }) => {
    const ids = [
      'k',
      'K',
      'k-',
      'k_',
      'k.',
      'k'.repeat(200),
      `${'k'.repeat(199)}K`,
      `lc1.${'x'.repeat(195)}.`,
      '__proto__',
      '0',
      '00',
      '-1',
    ]
    const name = `lc1.p.${'n'.repeat(194)}`
    await add(name, Object.fromEntries(ids.map((id, at) => [id, towards(at)])))
    await add(`${name.slice(0, -1)}N`, { other: EAST })
    assert.deepEqual(idsOf(await find(name, EAST, { k: 100 })).toSorted(), ids.toSorted())
    await index.remove(name, ['k', '__proto__', 'k'.repeat(200)])
    await settle()
    const rest = ids.filter((id) => !['k', '__proto__', 'k'.repeat(200)].includes(id))
    assert.deepEqual(idsOf(await find(name, EAST, { k: 100 })).toSorted(), rest.toSorted())
  },

  'takes a thousand at once, and finds each of them': async ({ index, add, find, settle }) => {
    const next = random(7)
    const vectors = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`v${at}`, unit(next, 96)]))
    await add(NAMESPACE, vectors)
    const entries = Object.entries(vectors)
    for (let at = 0; at < entries.length; at += 25) {
      const [id, vector] = entries[at] as [string, number[]]
      const found = await find(NAMESPACE, vector, { k: 1, minSimilarity: 0.99 })
      assert.deepEqual(idsOf(found), [id])
    }
    assert.equal((await find(NAMESPACE, (entries[0] as [string, number[]])[1], { k: 1000, exact: true })).length, 1000)
    assert.ok([1000, undefined].includes(await index.size()))
    await index.remove(NAMESPACE, Object.keys(vectors).slice(0, 999))
    await settle()
    assert.deepEqual(idsOf(await find(NAMESPACE, (entries[0] as [string, number[]])[1])), ['v999'])
  },

  'exact gives just what a comparison with all gives': async ({ add, find, tolerance }) => {
    const next = random(11)
    const vectors = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`v${at}`, unit(next, 64)]))
    await add(NAMESPACE, vectors)
    for (let turn = 0; turn < 5; turn++) {
      const query = unit(next, 64)
      const found = await find(NAMESPACE, query, { k: 20, exact: true })
      const expected = Object.values(vectors)
        .map((vector) => cosine(vector, query))
        .sort((a, b) => b - a)
      assert.equal(new Set(idsOf(found)).size, 20)
      for (const [at, { id, similarity }] of found.entries()) {
        // Two that are equally near may change places.
        assertClose(cosine(vectors[id] as number[], query), expected[at] as number, 2 * tolerance)
        assertClose(similarity, expected[at] as number, tolerance)
      }
    }
  },

  'counts what it holds, where it counts': async ({ index, add, settle }) => {
    const expect = async (count: number): Promise<void> => assert.ok([count, undefined].includes(await index.size()))
    await expect(0)
    await add(NAMESPACE, { a: EAST, b: NORTH })
    await add('lc1.p.other', { a: EAST })
    await expect(3)
    await index.remove(NAMESPACE, ['a', 'absent'])
    await settle()
    await expect(2)
    await index.clear('')
    await settle()
    await expect(0)
  },

  'keeps its head when much goes on at once': async ({ index, clock, find, settle, vector: direction }) => {
    const deleteAt = clock.now() + 60_000
    const item = (at: number): VectorItem => ({ id: `v${at}`, vector: direction(towards(at)), deleteAt })
    await Promise.all(Array.from({ length: 40 }, async (_, at) => index.add(NAMESPACE, [item(at)])))
    await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        if (at % 2) await index.remove(NAMESPACE, [`v${at}`])
        else if (at % 4) await index.add(NAMESPACE, [item(at)])
        else await index.search(NAMESPACE, direction(towards(at)), { k: 3 })
      }),
    )
    await settle()
    const expected = Array.from({ length: 20 }, (_, at) => `v${at * 2}`)
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { k: 100 })), expected)
    assert.ok([20, undefined].includes(await index.size()))
  },

  'closes twice without complaint': async ({ index, add }) => {
    await add(NAMESPACE, { a: EAST })
    await index.close()
    await index.close()
  },
}
