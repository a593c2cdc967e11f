/**
 * The semantic layer: finds the entry whose prompt means the same, decides whether it answers, and learns from what the origin says. It
 * never throws and never rejects: what goes wrong here is no match, and an event.
 */

import { LRUCache } from 'lru-cache'
import { sha256 } from '#platform'
import type { Entry } from '../entry/entry.js'
import { VectorIndexError } from '../errors.js'
import { chain, isThenable, withDeadline } from '../lib/deadline.js'
import type { Awaitable, Clock } from '../ports.js'
import type { Removal } from '../stores/hearing.js'
import type { Records } from '../stores/records.js'
import type { Finding as ScanFinding } from '../stores/scan.js'
import type { Lookup } from '../stores/tiers.js'
import { type EmbedderEvent, guardEmbedder, type SafeEmbedder } from './embedders/guarded.js'
import type { Finding, Lesson, NoMatchReason, SemanticQuery } from './finding.js'
import { builtInJudges } from './judges/built-in.js'
import { createJudges, type Judges, type JudgesEvent, type JudgesStats } from './judges/judges.js'
import { createLearners, type Learners } from './learners.js'
import { ANY, createLearning, groupKey, NEIGHBOURS, nameOf } from './learning.js'
import { createNodeTable, MAX_NODES, type Node } from './nodes.js'
import type { ResolvedSemantic } from './options.js'
import type { VectorIndex, VectorMatch } from './ports.js'
import { createAdaptivePolicy } from './rule/adaptive.js'
import { featuresOf } from './rule/features.js'
import type { Candidate, Decision, DecisionPolicy } from './rule/policy.js'
import { SHIPPED_PRIOR } from './rule/prior.generated.js'
import { type Neighbour, standingOf } from './rule/standing.js'
import { createStaticPolicy } from './rule/static.js'
import { createVCachePolicy } from './rule/vcache.js'
import { compareTexts } from './text/compare.js'
import { matchable } from './text/eligibility.js'
import { createFrequencies, type Frequencies } from './text/frequencies.js'
import { profileOf, type TextProfile } from './text/profile.js'
import { createMemoryVectorIndex } from './vectors/memory.js'

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
  | { readonly type: 'semantic-failed'; readonly where: 'index' | 'learn' | 'router'; readonly errorName: string }

export interface SemanticStats {
  readonly vectors: number
  readonly embedder: { readonly id: string; readonly state: string } & SafeEmbedder['counts']
  readonly judges: JudgesStats
  readonly learners: ReturnType<Learners['inspect']>
}

/** An entry whose prompt is like a text. */
export interface SimilarEntry {
  /** `x-llm-cache-id` of its answer. */
  readonly entryId: string
  /** Cosine. */
  readonly similarity: number
}

export interface SemanticLayer {
  find(query: SemanticQuery): Awaitable<Finding>
  /** The origin's answer is stored: it can be found from now on, and teaches. In the background. */
  stored(entry: Entry, lesson: Lesson | undefined): void
  /**
   * The entries of all namespaces under `prefix` whose prompts are nearest to `text`, best first; no decision is made of it.
   * @throws EmbedderError, VectorError and what the index throws
   */
  findSimilar(text: string, k: number, prefix: string): Promise<readonly SimilarEntry[]>
  /** As `Learning.isFindable`. */
  isFindable(text: string, contentType: string, body: Uint8Array, provider: string): boolean
  /** A user found an answer wrong: what says the same is not found any more, and if it was sent for another prompt, that is learnt. */
  rejected(entryId: string): void
  forget(removal: Removal): void
  readonly learners: Learners
  stats(): SemanticStats
  /** Resolves when everything that was to be learnt is learnt. */
  idle(): Promise<void>
  close(): Promise<void>
}

export interface LayerDeps {
  readonly store: {
    peek(key: string, isFresh: (entry: Entry) => boolean): Lookup
    get(key: string, isFresh: (entry: Entry) => boolean): Awaitable<Lookup>
    readonly records: Records
    scan(prefix: string, finding: ScanFinding): Promise<unknown>
  }
  readonly decode: (entry: Entry) => Awaitable<Uint8Array>
  readonly clock: Clock
  readonly random: () => number
  readonly randomId: () => string
  readonly onEvent: (event: SemanticEvent) => void
}

export function createSemanticLayer(options: ResolvedSemantic, deps: LayerDeps): SemanticLayer {
  const { store, clock, random, onEvent } = deps
  const embedder = guardEmbedder(options.embedder, { clock, onEvent })
  const calibration = options.embedder.calibration ?? UNKNOWN_CALIBRATION
  // An index of the app's own may be others' too: what leaves this process's memory stays there.
  const nodes = createNodeTable(MAX_NODES, ({ key, namespace }) => own && drop(key, namespace))
  const own: VectorIndex | undefined = options.index
    ? undefined
    : createMemoryVectorIndex({ maxVectors: MAX_NODES, maxBytes: OWN_INDEX_BYTES, clock })
  const index = options.index ?? (own as VectorIndex)
  const embedMany = { embed: (texts: readonly string[]) => embedder.embedMany(texts) }
  const judges: Judges = createJudges([...builtInJudges(embedMany, options.embedder.cheap === true), ...options.judges], {
    clock,
    onEvent: (event) => event.type === 'judge-billed' && onEvent(event),
  })
  const frequencies = new LRUCache<string, Frequencies>({ max: MAX_NAMESPACES })
  const served = new LRUCache<string, { readonly domain: string; readonly candidate: Candidate; readonly decision: Decision }>({
    max: MAX_SERVED,
  })
  const learners = createLearners({ create: createPolicy, version: `${sha256(embedder.id).slice(0, 22)}`, records: store.records, clock })
  let closed = false

  function createPolicy(): DecisionPolicy {
    const { policy, maxErrorRate, errorBasis, z, threshold } = options
    if (typeof policy === 'function') return policy()
    if (policy === 'static') return createStaticPolicy({ threshold, auditRate: STATIC_AUDITS, random })
    if (policy === 'vcache') return createVCachePolicy({ maxErrorRate, random })
    const by = deps.randomId()
    return createAdaptivePolicy({ maxErrorRate, basis: errorBasis, z, prior: SHIPPED_PRIOR, random, now: () => clock.now(), by })
  }

  /** Vectors of two embedders are never compared. */
  const spaceOf = (namespace: string): string => `${namespace}.${sha256(embedder.id).slice(0, 8)}`

  function drop(key: string, namespace: string): void {
    safely('index', () => index.remove(spaceOf(namespace), [key]))
  }

  function safely(where: 'index' | 'learn', work: () => Awaitable<unknown>): void {
    const failed = (error: unknown): void => onEvent({ type: 'semantic-failed', where, errorName: nameOf(error) })
    try {
      const result = work()
      if (isThenable(result)) void Promise.resolve(result).catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  function find(query: SemanticQuery): Awaitable<Finding> {
    return attempt('router-failed', () => {
      const profile = profileOf(query.semantic.text)
      const unfit = matchable(profile, options.minTokens)
      if (unfit) return nothing(unfit)
      const asks = options.router?.(profile)
      return asks ? nothing(`asks-${asks}`) : search(query, profile)
    })
  }

  function search(query: SemanticQuery, profile: TextProfile): Awaitable<Finding> {
    return attempt('embedder-failed', () =>
      chain(embedder.embed(query.semantic.text), (vector) =>
        attempt('index-failed', () =>
          chain(inTime(index.search(spaceOf(query.semantic.namespace), vector, { k: NEIGHBOURS })), (matches) =>
            chain(neighboursOf(query, matches), (neighbours) => judge(query, profile, vector, neighbours)),
          ),
        ),
      ),
    )
  }

  /** An index that hangs holds nobody up for longer. */
  function inTime<T>(work: Awaitable<T>): Awaitable<T> {
    if (!isThenable(work)) return work
    return withDeadline(work, INDEX_DEADLINE_MS, clock).then((settled) => {
      if (settled.kind === 'done') return settled.value
      throw settled.kind === 'thrown' ? settled.error : new VectorIndexError('timeout', 'The vector index did not answer in time.')
    })
  }

  function attempt(reason: 'router-failed' | 'embedder-failed' | 'index-failed', work: () => Awaitable<Finding>): Awaitable<Finding> {
    const failed = (error: unknown): Finding => {
      if (reason !== 'embedder-failed')
        onEvent({ type: 'semantic-failed', where: reason === 'index-failed' ? 'index' : 'router', errorName: nameOf(error) })
      return nothing(reason)
    }
    try {
      const result = work()
      return isThenable(result) ? Promise.resolve(result).catch(failed) : result
    } catch (error) {
      return failed(error)
    }
  }

  function neighboursOf({ key, semantic: { namespace } }: SemanticQuery, matches: readonly VectorMatch[]): Awaitable<readonly Neighbour[]> {
    const known = (): readonly Neighbour[] =>
      matches.flatMap(({ id, similarity }): Neighbour[] => {
        const node = nodes.get(id)
        return node && node.namespace === namespace && id !== key ? [{ id, similarity, group: node.group }] : []
      })
    const strangers = store.records.lasting ? matches.filter(({ id }) => id !== key && !nodes.get(id)) : []
    if (strangers.length === 0) return known()
    return Promise.all(strangers.map(({ id }) => meet(id, namespace))).then(known)
  }

  /** What another process added, or this one before it was restarted. */
  async function meet(key: string, namespace: string): Promise<void> {
    const near = store.peek(key, ANY)
    const found = near.kind === 'found' ? near : await store.get(key, ANY)
    if (found.kind === 'failed') return
    const prompt = found.kind === 'found' ? found.entry.meta.prompt : undefined
    if (found.kind !== 'found' || prompt?.namespace !== namespace) {
      safely('index', () => index.remove(spaceOf(namespace), [key]))
      return
    }
    const group = (await store.records.read(groupKey(key, found.entry.id)))?.[0] ?? found.entry.id
    if (!nodes.get(key)) nodes.add({ key, entryId: found.entry.id, namespace, text: prompt.text, group, owner: prompt.owner })
  }

  function judge(query: SemanticQuery, profile: TextProfile, vector: Float32Array, neighbours: readonly Neighbour[]): Awaitable<Finding> {
    const { domain, namespace } = query.semantic
    const policy = learners.of(domain)
    const lesson = (candidate?: Candidate, decision?: Decision): Lesson => ({ query, profile, vector, neighbours, candidate, decision })
    const nearest = neighbours[0]
    if (!nearest) {
      policy.decide(undefined)
      return nothing('nothing-near', lesson())
    }
    const node = nodes.get(nearest.id) as Node
    const comparison = compareTexts(profile, nodes.profileOf(node), frequenciesOf(namespace), options.guards)
    const veto = comparison.vetoes[0]
    if (veto) {
      policy.decide(undefined)
      return nothing(`guard-${veto.guard}`, lesson(), nearest.similarity)
    }
    const standing = standingOf(neighbours)
    const features = featuresOf(standing, nodes.groupSize(node.group), comparison, calibration)
    const candidate: Candidate = { features, similarity: nearest.similarity, entryId: node.entryId }
    const decision = policy.decide(candidate)
    const told = { similarity: nearest.similarity, probability: decision.probability, threshold: decision.threshold }
    // Whatever keeps the policy's word from being kept, its answer is seen for certain.
    const no = (reason: NoMatchReason, auditRate = 1): Finding => ({
      match: undefined,
      reason,
      ...told,
      lesson: lesson(candidate, { ...decision, auditRate }),
    })
    if (decision.action === 'ask') return no('unsure', decision.auditRate)
    if (query.least !== undefined && nearest.similarity < query.least) return no('unsure')
    if (options.quorum && node.owner !== query.owner && !nodes.isShared(node.group)) return no('quorum')
    if (decision.action === 'audit' && query.mayAudit) return no('audit', decision.auditRate)
    return chain(look(node.key, query.isFresh), (found): Finding => {
      if (found.kind === 'failed') return no('entry-gone')
      if (found.kind === 'absent' || found.entry.id !== node.entryId) {
        lose(node)
        // Another one took its place, here or in another process: it is known by what it says of itself.
        if (found.kind === 'found') learning.stored(found.entry, undefined)
        return no('entry-gone')
      }
      if (!found.fresh) return no('entry-gone')
      served.set(found.entry.id, { domain, candidate, decision })
      const { entry, source } = found
      return {
        match: { entry, source, similarity: nearest.similarity, probability: decision.probability, error: decision.error },
        reason: undefined,
        ...told,
        lesson: undefined,
      }
    })
  }

  function lose({ key, namespace }: Node): void {
    nodes.remove(key)
    drop(key, namespace)
  }

  function look(key: string, isFresh: (entry: Entry) => boolean): Awaitable<Lookup> {
    const near = store.peek(key, isFresh)
    return near.kind === 'found' ? near : store.get(key, isFresh)
  }

  function entryOf(key: string, isFresh: (entry: Entry) => boolean): Awaitable<Extract<Lookup, { kind: 'found' }> | undefined> {
    return chain(look(key, isFresh), (found) => (found.kind === 'found' ? found : undefined))
  }

  function frequenciesOf(namespace: string): Frequencies {
    const known = frequencies.get(namespace) ?? createFrequencies(MAX_TERMS)
    frequencies.set(namespace, known)
    return known
  }

  const learning = createLearning({
    options,
    store,
    decode: deps.decode,
    clock,
    onEvent,
    embedder,
    index,
    nodes,
    judges,
    learners,
    spaceOf,
    frequenciesOf,
    entryOf,
    neighboursOf,
    drop,
    least: calibration.median - calibration.scale,
    isClosed: () => closed,
  })
  if (own && store.records.lasting) learning.restore()

  return {
    find,
    stored: learning.stored,
    isFindable: learning.isFindable,
    learners,
    async findSimilar(text, k, prefix) {
      const vector = await embedder.embed(text)
      const found: SimilarEntry[] = []
      for (const namespace of nodes.namespaces(prefix)) {
        for (const { id, similarity } of await index.search(spaceOf(namespace), vector, { k })) {
          const node = nodes.get(id)
          if (node) found.push({ entryId: node.entryId, similarity })
        }
      }
      return found.sort((a, b) => b.similarity - a.similarity).slice(0, k)
    },
    rejected(entryId) {
      // Those of its group say the same.
      for (const node of nodes.groupOf(entryId)) lose(node)
      const known = served.get(entryId)
      if (!known) return
      served.delete(entryId)
      learners.learn(known.domain, { candidate: known.candidate, decision: known.decision, same: false, rejected: true })
    },
    forget(removal) {
      if ('keys' in removal) {
        for (const key of removal.keys) {
          const node = nodes.remove(key)
          if (node) drop(key, node.namespace)
        }
        return
      }
      // Of what is meant one by one, the lookup finds out that the entry is gone.
      if (removal.meant) return
      nodes.clear(removal.prefix)
      safely('index', () => index.clear(removal.prefix))
      for (const namespace of [...frequencies.keys()]) if (namespace.startsWith(removal.prefix)) frequencies.delete(namespace)
    },
    stats: () => ({
      vectors: nodes.size,
      embedder: { id: embedder.id, state: embedder.state, ...embedder.counts },
      judges: judges.stats(),
      learners: learners.inspect(),
    }),
    idle: learning.idle,
    async close() {
      closed = true
      judges.close()
      await learners.close()
      await embedder.close()
      await own?.close()
    },
  }
}

function nothing(reason: NoMatchReason, lesson?: Lesson, similarity?: number): Finding {
  return { match: undefined, reason, similarity, probability: undefined, threshold: undefined, lesson }
}

/** For embedders that do not say: cosines of sentence models are mostly like this. */
const UNKNOWN_CALIBRATION = { median: 0.65, scale: 0.2 }
const OWN_INDEX_BYTES = 128 * 1024 * 1024
/** Longest wait for the index, in ms. */
const INDEX_DEADLINE_MS = 250
const MAX_NAMESPACES = 1000
const MAX_TERMS = 5000
const MAX_SERVED = 5000
const STATIC_AUDITS = 0.05
