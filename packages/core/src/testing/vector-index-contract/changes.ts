/** Adding, replacing and removing. */

import assert from 'node:assert/strict'
import type { VectorItem } from '../../semantic/ports.js'
import type { Rules } from './rule.js'
import { EAST, idsOf, NAMESPACE, NORTH, towards, WEST } from './samples.js'

export const CHANGES: Rules = {
  'replaces what has the same id': async ({ add, find, index }) => {
    await add(NAMESPACE, { a: EAST, b: NORTH })
    await add(NAMESPACE, { a: WEST })
    assert.deepEqual(idsOf(await find(NAMESPACE, WEST, { minSimilarity: 0.9 })), ['a'])
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { minSimilarity: 0.9 })), [])
    assert.equal((await find(NAMESPACE, EAST)).length, 2)
    assert.ok([2, undefined].includes(await index.size()))
  },

  'keeps the last of those that have the same id': async ({ index, clock, find, settle, vector: direction }) => {
    const deleteAt = clock.now() + 60_000
    const item = (vector: readonly number[]): VectorItem => ({ id: 'twice', vector: direction(vector), deleteAt })
    await index.add(NAMESPACE, [item(EAST), item(NORTH)])
    await settle()
    assert.deepEqual(idsOf(await find(NAMESPACE, NORTH)), ['twice'])
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { minSimilarity: 0.9 })), [])
  },

  'does not mind what becomes of the vector afterwards': async ({ index, clock, find, settle, vector: direction }) => {
    const vector = direction(EAST)
    await index.add(NAMESPACE, [{ id: 'a', vector, deleteAt: clock.now() + 60_000 }])
    vector.fill(0)
    await settle()
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { minSimilarity: 0.9 })), ['a'])
  },

  'removes those that it is told to, and no others': async ({ index, add, find, settle }) => {
    await add(NAMESPACE, { a: towards(0), b: towards(10), c: towards(20) })
    await add('lc1.p.other', { a: EAST })
    await index.remove(NAMESPACE, ['a', 'absent', 'c', 'c'])
    await settle()
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST)), ['b'])
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { exact: true })), ['b'])
    assert.deepEqual(idsOf(await find('lc1.p.other', EAST)), ['a'])
    await add(NAMESPACE, { a: towards(5) })
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST)), ['a', 'b'])
  },

  'lets a namespace become empty, and have vectors of another dimension then': async ({ index, add, find, settle, hasOneLength }) => {
    await add(NAMESPACE, { a: EAST, b: WEST })
    await index.remove(NAMESPACE, ['a', 'b'])
    await settle()
    assert.deepEqual(await find(NAMESPACE, EAST), [])
    if (hasOneLength) return
    await add(NAMESPACE, { a: [...EAST, 0] })
    assert.deepEqual(idsOf(await find(NAMESPACE, [...EAST, 0])), ['a'])
  },
}
