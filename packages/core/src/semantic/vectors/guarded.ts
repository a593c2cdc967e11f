/** An index of the app's own, as the layer calls it: each call with a deadline and a circuit breaker, and nothing believed that is no cosine. */

import { VectorIndexError } from '../../errors.js'
import { isThenable, withDeadline } from '../../lib/deadline.js'
import type { Awaitable, Clock } from '../../ports.js'
import { createGate } from '../embedders/gate.js'
import type { VectorIndex, VectorMatch } from '../ports.js'

/**
 * Throws and rejects as `index` does, with VectorIndexError `timeout` where a call takes too long, `open` where it is not even made since
 * too many failed of late, and `failed` where the similarities of a search are none.
 */
export function guardIndex(index: VectorIndex, clock: Clock): VectorIndex {
  let abandoned = 0
  const gate = createGate(
    clock,
    () => abandoned,
    () => undefined,
  )

  function call<T>(ms: number, work: () => Awaitable<T>): Awaitable<T> {
    const pass = gate.enter()
    if (!pass) throw new VectorIndexError('open', 'The vector index failed too often of late to be asked.')
    let result: Awaitable<T>
    try {
      result = work()
    } catch (error) {
      pass.fail('error')
      throw error
    }
    if (!isThenable(result)) {
      pass.succeed()
      return result
    }
    const ended = (late: boolean): void => {
      if (late) abandoned--
    }
    return withDeadline(result, ms, clock, ended).then((settled) => {
      if (settled.kind === 'done') {
        pass.succeed()
        return settled.value
      }
      if (settled.kind === 'late') abandoned++
      pass.fail(settled.kind === 'late' ? 'timeout' : 'error')
      throw settled.kind === 'thrown' ? settled.error : new VectorIndexError('timeout', 'The vector index did not answer in time.')
    })
  }

  return {
    name: index.name,
    synchronous: index.synchronous,
    shared: index.shared,
    add: (namespace, items) => call(WRITE_MS, () => index.add(namespace, items)),
    search(namespace, vector, query) {
      const matches = call(SEARCH_MS, () => index.search(namespace, vector, query))
      return isThenable(matches) ? Promise.resolve(matches).then(checked) : checked(matches)
    },
    remove: (namespace, ids) => call(WRITE_MS, () => index.remove(namespace, ids)),
    clear: (prefix) => call(WRITE_MS, () => index.clear(prefix)),
    size: () => call(WRITE_MS, () => index.size()),
    close: () => index.close(),
  }
}

/** Best first, whatever order they came in. */
function checked(matches: readonly VectorMatch[]): readonly VectorMatch[] {
  for (const { similarity } of matches) {
    // Not `>`: NaN is greater than nothing.
    if (typeof similarity === 'number' && Math.abs(similarity) <= 1 + ROUNDING) continue
    throw new VectorIndexError('failed', 'The vector index gave a similarity that is no cosine from -1 to 1.')
  }
  return [...matches].sort((a, b) => b.similarity - a.similarity)
}

/** Longest wait of a request for the index, in ms. */
const SEARCH_MS = 250
/** Of what is done in the background. */
const WRITE_MS = 5000
const ROUNDING = 1e-3
