/** Namespaces, and clearing them. */

import assert from 'node:assert/strict'
import type { Rules } from './rule.js'
import { AWKWARD, assertClose, EAST, idsOf, NAMESPACE, NORTH, towards } from './samples.js'

export const NAMESPACES: Rules = {
  'never mixes namespaces': async ({ add, find, tolerance }) => {
    for (const [at, name] of AWKWARD.entries()) await add(name, { same: towards(at), [`own${at}`]: NORTH })
    for (const [at, name] of AWKWARD.entries()) {
      for (const exact of [true, false]) {
        const found = await find(name, NORTH, { exact })
        assert.deepEqual(idsOf(found), [`own${at}`, 'same'], name)
        assertClose(found[1]?.similarity as number, Math.cos(((90 - at) * Math.PI) / 180), Math.max(1e-3, tolerance))
      }
    }
  },

  'clears by prefix, which is never a pattern': async ({ index, add, find, settle }) => {
    for (const name of AWKWARD) await add(name, { a: EAST })
    const left = new Set(AWKWARD)
    for (const prefix of ['lc1.t*', 'lc1.[t].', 'lc1_t.', 'lc1.t.%', 'lc1?t.', 'lc1\\.t.', 'lc1.t.n.x', "lc1.t'", 'lc1.T.x', '*', '%']) {
      await index.clear(prefix)
    }
    await settle()
    for (const name of left) assert.equal((await find(name, EAST)).length, 1, name)
    for (const prefix of ['lc1.t.', 'lc1.p_q.', 'lc1.T.', 'lc1.tu.n']) {
      await index.clear(prefix)
      await settle()
      for (const name of left) if (name.startsWith(prefix)) left.delete(name)
      for (const name of AWKWARD) assert.equal((await find(name, EAST)).length, left.has(name) ? 1 : 0, `${name} after ${prefix}`)
    }
    assert.ok(left.size > 2)
  },

  'clears all of its own and nothing else': async ({ index, add, find, settle, foreign }) => {
    await foreign?.plant()
    for (const name of AWKWARD) await add(name, { a: EAST })
    await index.clear('')
    await settle()
    for (const name of AWKWARD) assert.deepEqual(await find(name, EAST), [], name)
    if (foreign) assert.equal(await foreign.isThere(), true, 'what is not the index’s is still there')
    await add(NAMESPACE, { a: NORTH })
    assert.deepEqual(idsOf(await find(NAMESPACE, NORTH)), ['a'])
  },
}
