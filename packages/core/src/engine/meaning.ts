/** What the semantic layer is asked about a request, and what everybody is told of its answer. */

import type { Entry, EntryPrompt } from '../entry/entry.js'
import type { SemanticDecision } from '../events.js'
import { chain } from '../lib/deadline.js'
import type { Awaitable } from '../ports.js'
import { decisionOf } from '../semantic/decision.js'
import type { Finding, SemanticQuery } from '../semantic/finding.js'
import { CURATED } from '../semantic/nodes.js'
import { type EngineContext, labelsOf } from './context.js'
import type { Query } from './query.js'
import type { Refresher } from './refresh.js'

export interface Meaning {
  /** What its answer is stored with, so that others find it. */
  promptOf(query: Query): EntryPrompt | undefined
  /**
   * What answers a prompt that means the same; undefined where that is not wanted.
   *
   * @param atHand the stores behind did not answer, and are not asked again
   */
  find(query: Query, atHand: boolean): Awaitable<Finding | undefined>
  /** What `find` would decide. Nothing is counted, learnt or told. */
  explain(query: Query): Promise<SemanticDecision | undefined>
}

/** @param freshFor what is fresh enough for a request */
export function createMeaning(
  context: EngineContext,
  refresher: Pick<Refresher, 'can'>,
  freshFor: (query: Query) => (entry: Entry) => boolean,
): Meaning {
  const { clock, emitter } = context

  function ask(query: Query, how: Pick<SemanticQuery, 'atHand' | 'dry'>): Awaitable<Finding | undefined> {
    const { semanticKey, controls, key } = query
    const layer = context.semantic
    if (!semanticKey || !layer) return undefined
    const made = semanticKey()
    if (made.kind === 'none') return { match: undefined, reason: made.reason, considered: undefined, lesson: undefined }
    const mayAudit = !controls.onlyIfCached
    const asked: SemanticQuery = {
      key,
      semantic: made,
      owner: query.owner(),
      caller: query.caller(),
      least: controls.threshold,
      isFresh: freshFor(query),
      mayAudit,
      mayVerify: mayAudit && refresher.can(query),
      ...how,
    }
    return layer.find(asked)
  }

  return {
    promptOf(query) {
      const made = query.semanticKey?.()
      if (made?.kind !== 'prompt') return undefined
      const { text, namespace, domain } = made
      const owner = query.ticket?.purpose === 'seed' ? CURATED : query.owner()
      return { text, namespace, domain, ...(owner !== undefined && { owner }) }
    },
    find(query, atHand) {
      return chain(ask(query, { atHand }), (finding) => {
        if (finding) {
          const { match, reason, considered } = finding
          const { probability, threshold } = considered?.decision ?? {}
          emitter.emit({
            ...labelsOf(clock, query.request, query.shape),
            type: 'semantic-lookup',
            outcome: match ? 'hit' : (reason ?? 'unsure'),
            similarity: considered?.similarity,
            probability,
            threshold,
          })
        }
        return finding
      })
    },
    async explain(query) {
      const finding = await ask(query, { dry: true })
      return finding && decisionOf(finding)
    },
  }
}
