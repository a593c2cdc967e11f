/** What the cache would do with a request, and why: nothing is sent, stored, counted or learnt. */

import type { Entry } from '../entry/entry.js'
import type { SemanticDecision } from '../events.js'
import type { BypassReason, CacheRequest, Outcome } from '../exchange.js'
import { evaluate } from '../freshness.js'
import { createAdmission } from './admission.js'
import type { EngineContext } from './context.js'
import type { Meaning } from './meaning.js'
import { idleHandle } from './notes.js'
import { timesUnder } from './permitted.js'
import type { Query } from './query.js'
import type { Rule } from './resolve.js'

export interface Explanation {
  /** Why it is not looked up at all; undefined where it is. */
  readonly bypass: BypassReason | undefined
  /** Its cache key, without the text of anything; undefined where it is bypassed. */
  readonly key: string | undefined
  /** What is stored under the key, in any tier. `unknown`: a store did not say. */
  readonly exact: 'fresh' | 'stale' | 'absent' | 'unknown' | undefined
  /** `x-llm-cache-id` of what is stored under the key. */
  readonly entryId: string | undefined
  /** What would be decided without an entry of its own; undefined where it is bypassed, or the route or the caller wants no other's. */
  readonly semantic: SemanticDecision | undefined
}

export function createExplain(
  context: EngineContext,
  isClosed: () => boolean,
  meaning: Pick<Meaning, 'explain'>,
): (request: CacheRequest, rule: Rule) => Promise<Explanation> {
  const { store, cache, clock, detached } = context
  const admitted = new WeakMap<CacheRequest, Query>()
  const emitter = { on: () => () => undefined, emit: () => undefined }
  const noted = (query: Query): Outcome => {
    admitted.set(query.request, query)
    return { kind: 'bypass', reason: 'policy', headers: [], handle: idleHandle('BYPASS') }
  }
  const admission = createAdmission({ cache, clock, detached, emitter }, isClosed, noted, true)

  return async (request, rule) => {
    const outcome = await admission.open(request, rule)
    const query = admitted.get(request)
    if (!query) {
      const bypass = outcome.kind === 'bypass' ? outcome.reason : 'body-aborted'
      return { bypass, key: undefined, exact: undefined, entryId: undefined, semantic: undefined }
    }
    const { key, controls } = query
    let entry: Entry | undefined
    const found = (one: Entry): void => {
      if (!store.isRetired(one) && !(entry && entry.storedAt > one.storedAt)) entry = one
    }
    const looked = await store.look([key], { matches: () => true, found })
    const isFresh = entry !== undefined && evaluate(timesUnder(rule, entry), controls, clock.now()) === 'fresh'
    const missing = looked.some(({ failed }) => failed !== undefined) ? 'unknown' : 'absent'
    return {
      bypass: undefined,
      key,
      exact: entry ? (isFresh ? 'fresh' : 'stale') : missing,
      entryId: entry?.id,
      semantic: await meaning.explain(query),
    }
  }
}
