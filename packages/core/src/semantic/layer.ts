/**
 * The semantic layer: finds the entry whose prompt means the same, decides whether it answers, and learns from what the origin says. It
 * never throws and never rejects: what goes wrong here is no match, and an event.
 */

import { LRUCache } from 'lru-cache'
import { sha256 } from '#platform'
import type { Entry } from '../entry/entry.js'
import { VectorIndexError } from '../errors.js'
import { atMost } from '../lib/at-most.js'
import type { Awaitable, Clock } from '../ports.js'
import type { Removal } from '../stores/hearing.js'
import { type EmbedderEvent, guardEmbedder, type SafeEmbedder } from './embedders/guarded.js'
import type { Finding, SemanticQuery } from './finding.js'
import { builtInJudges } from './judges/built-in.js'
import { createJudges, type JudgesEvent, type JudgesStats } from './judges/judges.js'
import { createLearners, type Learners } from './learners.js'
import { createLearning, type Learning } from './learning.js'
import { ANY, createNearby, type LayerStore } from './nearby.js'
import type { ResolvedSemantic } from './options.js'
import type { Calibration } from './ports.js'
import { createAdaptivePolicy } from './rule/adaptive.js'
import type { Candidate, Decision, DecisionPolicy } from './rule/policy.js'
import { SHIPPED_PRIOR } from './rule/prior.generated.js'
import { createStaticPolicy } from './rule/static.js'
import { createVCachePolicy } from './rule/vcache.js'
import { createSearch } from './search.js'

export type SemanticEvent =
  | EmbedderEvent
  | Extract<JudgesEvent, { readonly type: 'judge-billed' }>
  | {
      readonly type: 'semantic-judged'
      /** Undefined: no judge could tell. */
      readonly verdict: 'same' | 'different' | undefined
      readonly judge: string | undefined
      /** It would have been sent. */
      readonly audited: boolean
    }
  | { readonly type: 'semantic-failed'; readonly where: FailedWhere; readonly errorName: string }

export interface SemanticStats {
  readonly vectors: number
  readonly embedder: { readonly id: string; readonly state: string } & SafeEmbedder['counts']
  readonly judges: JudgesStats
  readonly learners: ReturnType<Learners['inspect']>
}

/** What went wrong: a call of the index, learning from an answer, the app's own decision policy or router. */
export type FailedWhere = 'index' | 'learn' | 'policy' | 'router'

/** An entry whose prompt is like a text. */
export interface SimilarEntry {
  /** `x-llm-cache-id` of its answer. */
  readonly entryId: string
  /** Cosine. */
  readonly similarity: number
}

export interface SemanticLayer extends Pick<Learning, 'stored' | 'met' | 'prolonged' | 'answerToFind'> {
  find(query: SemanticQuery): Awaitable<Finding>
  /**
   * The entries of all namespaces under `prefix` whose prompts are nearest to `text`, best first; no decision is made of it.
   * @throws EmbedderError, VectorError and what the index throws
   */
  findSimilar(text: string, k: number, prefix: string): Promise<readonly SimilarEntry[]>
  /**
   * A user found an answer wrong: what says the same is not found any more, and if it was sent for another prompt, that is learnt.
   *
   * @param caller digest of who says so; undefined: the app, which has it from whom the answer was sent to, as far as is known
   */
  rejected(entryId: string, key: string, caller?: string): void
  forget(removal: Removal): void
  readonly learners: Learners
  stats(): SemanticStats
  close(): Promise<void>
}

export interface LayerDeps {
  readonly store: LayerStore
  readonly decode: (entry: Entry) => Awaitable<Uint8Array>
  readonly clock: Clock
  readonly random: () => number
  readonly randomId: () => string
  readonly onEvent: (event: SemanticEvent) => void
}

export function createSemanticLayer(options: ResolvedSemantic, deps: LayerDeps): SemanticLayer {
  const { store, clock, onEvent } = deps
  const embedder = guardEmbedder(options.embedder, { clock, timeoutMs: options.embedderTimeoutMs, onEvent })
  const calibration = options.embedder.calibration ?? UNKNOWN_CALIBRATION
  const onFailed = (where: FailedWhere, error: unknown): void => {
    // What was not even tried was told of before.
    if (!(error instanceof VectorIndexError && error.reason === 'open'))
      onEvent({ type: 'semantic-failed', where, errorName: nameOf(error) })
  }
  const nearby = createNearby({
    store,
    index: options.index,
    embedderId: embedder.id,
    clock,
    onFailed: (error) => onFailed('index', error),
  })
  const { nodes } = nearby
  const embedMany = { embed: (texts: readonly string[]) => embedder.embedMany(texts) }
  const judges = createJudges([...builtInJudges(embedMany, options.embedder.cheap === true), ...options.judges], {
    clock,
    onEvent: (event) => event.type === 'judge-billed' && onEvent(event),
  })
  const learners = createLearners({
    create: () => createPolicy(options, deps),
    version: sha256(embedder.id).slice(0, 22),
    records: store.records,
    clock,
    onFailed: (error) => onFailed('policy', error),
  })
  const served = new LRUCache<string, { readonly domain: string; readonly candidate: Candidate; readonly decision: Decision }>(
    atMost(MAX_SERVED),
  )
  let closed = false
  const learning = createLearning({
    options,
    store,
    decode: deps.decode,
    clock,
    onEvent,
    onFailed,
    embedder,
    nearby,
    judges,
    learners,
    least: calibration.median - calibration.scale,
    isClosed: () => closed,
  })
  const find = createSearch({
    options,
    embedder,
    calibration,
    nearby,
    learners,
    onFailed,
    onServed(domain, candidate, decision) {
      served.set(candidate.entryId, { domain, candidate, decision })
      learners.served(domain, candidate, decision)
    },
    onReplaced: (entry) => learning.stored(entry, undefined),
  })
  if (nearby.isOwn && store.records.lasting) learning.restore()

  return {
    ...learning,
    find,
    learners,
    async findSimilar(text, k, prefix) {
      const similar = await nearby.searchAll(prefix, await embedder.embed(text), k)
      const found = await Promise.all(
        similar.map(async ({ node: { key, entryId, namespace }, similarity }): Promise<SimilarEntry | undefined> => {
          const still = await nearby.look(key, ANY)
          if (still.kind === 'found' && still.entry.id === entryId) return { entryId, similarity }
          if (still.kind !== 'failed' && nodes.get(key)?.entryId === entryId) nearby.lose(key, namespace)
          return undefined
        }),
      )
      return found.filter((each) => each !== undefined)
    },
    rejected(entryId, key, caller) {
      nearby.disown(entryId, key)
      const known = served.get(entryId)
      if (!known) return
      served.delete(entryId)
      const { domain, candidate, decision } = known
      learners.learn(domain, { candidate, decision, same: false, rejected: true, caller: caller ?? candidate.caller })
    },
    forget(removal) {
      if ('keys' in removal) {
        for (const key of removal.keys) {
          const node = nodes.get(key)
          if (node) nearby.lose(key, node.namespace)
        }
        return
      }
      // Of what is meant one by one, the lookup finds out that the entry is gone.
      if (!removal.meant) nearby.clear(removal.prefix)
    },
    stats: () => ({
      vectors: nodes.size,
      embedder: { id: embedder.id, state: embedder.state, ...embedder.counts },
      judges: judges.stats(),
      learners: learners.inspect(),
    }),
    async close() {
      closed = true
      judges.close()
      await learners.close()
      await embedder.close()
      await nearby.close()
    },
  }
}

function createPolicy({ policy, maxErrorRate, errorBasis, z, threshold }: ResolvedSemantic, deps: LayerDeps): DecisionPolicy {
  const { clock, random } = deps
  if (typeof policy === 'function') return policy()
  const by = deps.randomId()
  const now = (): number => clock.now()
  if (policy === 'vcache') return createVCachePolicy({ maxErrorRate, random, now, by })
  if (policy === 'static') return createStaticPolicy({ threshold, auditRate: STATIC_AUDITS, random, by })
  return createAdaptivePolicy({ maxErrorRate, basis: errorBasis, z, prior: SHIPPED_PRIOR, random, now, by })
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

/** For embedders that do not say: cosines of sentence models are mostly like this. */
const UNKNOWN_CALIBRATION: Calibration = { median: 0.65, scale: 0.2 }
const MAX_SERVED = 5000
const STATIC_AUDITS = 0.05
