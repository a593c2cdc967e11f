/** Vectors that are refused, and times. */

import assert from 'node:assert/strict'
import type { VectorError } from '../../errors.js'
import type { VectorItem } from '../../semantic/ports.js'
import type { Rules } from './rule.js'
import { EAST, idsOf, isVectorError, NAMESPACE, towards } from './samples.js'

export const REFUSALS: Rules = {
  'refuses vectors of another dimension than those beside them': async ({ index, clock, add, find, settle, vector, hasOneLength }) => {
    await add(NAMESPACE, { a: EAST })
    const wide = Float32Array.of(...vector(EAST), 0)
    const deleteAt = clock.now() + 60_000
    const narrowItem = { id: 'a', vector: vector(EAST), deleteAt }
    const wideItem = { id: 'b', vector: wide, deleteAt }
    await assert.rejects(async () => index.add(NAMESPACE, [wideItem]), isVectorError('dimension'))
    await assert.rejects(async () => index.add('lc1.p.new', [narrowItem, wideItem]), isVectorError('dimension'))
    const found = await Promise.resolve()
      .then(() => index.search(NAMESPACE, wide, { k: 10 }))
      .catch((error: unknown) => (isVectorError('dimension')(error) ? [] : Promise.reject(error)))
    assert.deepEqual(found, [])
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST)), ['a'])
    if (hasOneLength) return
    await index.add('lc1.p.wider', [wideItem])
    await settle()
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST)), ['a'])
    assert.deepEqual(idsOf(await index.search('lc1.p.wider', wide, { k: 10 })), ['b'])
  },

  'refuses vectors that are zero or no numbers': async ({ index, clock, find }) => {
    const deleteAt = clock.now() + 60_000
    const bad: readonly (readonly [VectorError['reason'], readonly number[]])[] = [
      ['zero', EAST.map(() => 0)],
      ['zero', []],
      ['not-finite', [Number.NaN, ...EAST.slice(1)]],
      ['not-finite', [...EAST.slice(1), Number.POSITIVE_INFINITY]],
      ['not-finite', [Number.NEGATIVE_INFINITY, ...EAST.slice(1)]],
    ]
    for (const [reason, vector] of bad) {
      const item = { id: 'bad', vector: Float32Array.from(vector), deleteAt }
      const good = { id: 'good', vector: Float32Array.from(EAST), deleteAt }
      await assert.rejects(async () => index.add(NAMESPACE, [good, item]), isVectorError(reason))
      await assert.rejects(async () => find(NAMESPACE, vector), isVectorError(reason))
    }
    assert.ok(!idsOf(await find(NAMESPACE, EAST)).includes('bad'))
  },

  'finds nothing from deleteAt on': async ({ index, clock, find, settle, vector: direction }) => {
    const now = clock.now()
    await index.add(
      NAMESPACE,
      [60_000, 120_000].map((ms) => ({ id: `${ms}`, vector: direction(towards(ms / 10_000)), deleteAt: now + ms })),
    )
    await settle()
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST)), ['60000', '120000'])
    clock.advance(59_999)
    assert.equal((await find(NAMESPACE, EAST)).length, 2)
    clock.advance(1)
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST)), ['120000'])
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { k: 1 })), ['120000'])
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST, { k: 1, exact: true })), ['120000'])
    clock.advance(60_000)
    assert.deepEqual(await find(NAMESPACE, EAST), [])
  },

  'gives what is added again its new time': async ({ index, clock, find, settle, vector: direction }) => {
    const item = (ms: number): VectorItem => ({ id: 'a', vector: direction(EAST), deleteAt: clock.now() + ms })
    await index.add(NAMESPACE, [item(60_000)])
    await index.add(NAMESPACE, [item(600_000)])
    await settle()
    clock.advance(60_000)
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST)), ['a'])
    await index.add(NAMESPACE, [item(1000)])
    await settle()
    clock.advance(1000)
    assert.deepEqual(await find(NAMESPACE, EAST), [])
    await index.add(NAMESPACE, [item(60_000)])
    await settle()
    assert.deepEqual(idsOf(await find(NAMESPACE, EAST)), ['a'])
  },

  'keeps nothing for ever by accident': async ({ index, clock, add, find, settle, vector: direction }) => {
    for (const deleteAt of [clock.now(), clock.now() - 1, 0, Number.NaN]) {
      await add(NAMESPACE, { a: EAST })
      // It may well refuse.
      await Promise.resolve()
        .then(() => index.add(NAMESPACE, [{ id: 'a', vector: direction(EAST), deleteAt }]))
        .catch(() => undefined)
      await settle()
      assert.deepEqual(await find(NAMESPACE, EAST), [], `deleteAt ${deleteAt - clock.now()}`)
    }
  },
}
