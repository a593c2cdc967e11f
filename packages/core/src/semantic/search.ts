/** Finds the entry nearest to a prompt, and decides whether it answers. Never throws and never rejects: what goes wrong is no match, and an event. */

import type { Entry } from '../entry/entry.js'
import { chain, isThenable } from '../lib/deadline.js'
import type { Awaitable } from '../ports.js'
import type { SafeEmbedder } from './embedders/guarded.js'
import type { Considered, Finding, Lesson, NoMatchReason, SemanticQuery } from './finding.js'
import type { Learners } from './learners.js'
import type { Nearby, NearNode } from './nearby.js'
import { CURATED } from './nodes.js'
import type { ResolvedSemantic } from './options.js'
import type { Calibration } from './ports.js'
import { featuresOf } from './rule/features.js'
import type { Candidate, Decision } from './rule/policy.js'
import { type Standing, standingOf } from './rule/standing.js'
import { compareTexts } from './text/compare.js'
import { matchable } from './text/eligibility.js'
import { evidenceOf, type Witness } from './text/evidence.js'
import type { Frequencies } from './text/frequencies.js'
import { profileOf, type TextProfile } from './text/profile.js'

/** The layer's parts that searching works with. */
export interface SearchContext {
  readonly options: ResolvedSemantic
  readonly embedder: SafeEmbedder
  readonly calibration: Calibration
  readonly nearby: Nearby
  readonly learners: Learners
  readonly onFailed: (where: 'index' | 'router' | 'policy', error: unknown) => void
  /** An entry answers another prompt than its own. */
  readonly onServed: (domain: string, candidate: Candidate, decision: Decision) => void
  /** Another entry was found under a key that led to an older one. */
  readonly onReplaced: (entry: Entry) => void
}

export function createSearch(context: SearchContext): (query: SemanticQuery) => Awaitable<Finding> {
  const { options, embedder, calibration, nearby, learners, onFailed, onServed, onReplaced } = context
  const { nodes } = nearby

  function find(query: SemanticQuery): Awaitable<Finding> {
    return attempt('router', query, () => {
      const profile = profileOf(query.semantic.text)
      const unfit = matchable(profile, options.minTokens)
      if (unfit) return nothing(unfit)
      const asks = options.router?.(profile)
      return asks ? nothing(`asks-${asks}`) : search(query, profile)
    })
  }

  function search(query: SemanticQuery, profile: TextProfile): Awaitable<Finding> {
    const { text, namespace } = query.semantic
    return attempt('embedder', query, () =>
      chain(embedder.embed(text), (vector) =>
        attempt('index', query, () =>
          chain(nearby.search(namespace, vector, query), (neighbours) =>
            attempt('policy', query, () => judge(query, profile, vector, neighbours)),
          ),
        ),
      ),
    )
  }

  function attempt(
    where: 'router' | 'embedder' | 'index' | 'policy',
    { dry }: SemanticQuery,
    work: () => Awaitable<Finding>,
  ): Awaitable<Finding> {
    const failed = (error: unknown): Finding => {
      // The embedder tells of its failures itself.
      if (where !== 'embedder' && !dry) onFailed(where, error)
      return nothing(`${where}-failed`)
    }
    try {
      const result = work()
      return isThenable(result) ? Promise.resolve(result).catch(failed) : result
    } catch (error) {
      return failed(error)
    }
  }

  function witnessOf({ node, similarity }: NearNode): Witness {
    return { words: nodes.wordsOf(node), similarity }
  }

  /** Two users asked something near that prompt which no guard keeps apart from it, and were answered the same; or the app answered it itself. */
  function isConfirmed(profile: TextProfile, { nearest, own }: Standing<NearNode>, frequencies: Frequencies): boolean {
    const { owner } = nearest.node
    if (owner === CURATED) return true
    return own.some(
      ({ node, similarity }) =>
        node.owner !== owner &&
        similarity >= nearest.similarity - WITNESS_REACH &&
        compareTexts(profile, nodes.profileOf(node), frequencies, options.guards).vetoes.length === 0,
    )
  }

  /** Why the nearest is not sent whatever the policy says: known before it is asked, for what is never sent counts for no bound. */
  function withheldBy(query: SemanticQuery, profile: TextProfile, standing: Standing<NearNode>): 'unsure' | 'quorum' | undefined {
    const { node, similarity } = standing.nearest
    if (query.least !== undefined && !(similarity >= query.least)) return 'unsure'
    const isOwn = !options.quorum || node.owner === query.owner
    return isOwn || isConfirmed(profile, standing, nearby.frequenciesOf(query.semantic.namespace)) ? undefined : 'quorum'
  }

  function judge(query: SemanticQuery, profile: TextProfile, vector: Float32Array, neighbours: readonly NearNode[]): Awaitable<Finding> {
    const { domain, namespace } = query.semantic
    const policy = learners.of(domain)
    const decide = (candidate: Candidate | undefined): Decision | undefined => {
      const decision = query.dry ? candidate && policy.preview?.(candidate) : policy.decide(candidate)
      if (candidate && decision && !ACTIONS.has(decision.action)) throw new TypeError('The decision policy gave no decision.')
      return decision
    }
    if (neighbours.length === 0) {
      decide(undefined)
      return nothing('nothing-near', { query, profile, vector, neighbours, candidate: undefined, decision: undefined })
    }
    const standing = standingOf(neighbours, policy.considers)
    const { nearest } = standing
    const { node, similarity } = nearest
    const { entryId, group } = node
    const lesson = (candidate?: Candidate, decision?: Decision): Lesson => ({
      query,
      profile,
      vector,
      neighbours: [nearest, ...neighbours.filter((each) => each !== nearest)],
      candidate,
      decision,
    })
    const frequencies = nearby.frequenciesOf(namespace)
    const comparison = compareTexts(profile, nodes.profileOf(node), frequencies, options.guards)
    const vetoes = comparison.vetoes.map(({ guard }) => guard)
    if (vetoes[0] !== undefined) {
      decide(undefined)
      return nothing(`guard-${vetoes[0]}`, lesson(), { entryId, similarity, vetoes, candidate: undefined, decision: undefined })
    }
    const evidence = evidenceOf(profile, standing.own.map(witnessOf), standing.rivals.map(witnessOf), frequencies)
    const features = featuresOf(standing, evidence, nodes.groupSize(group), comparison, calibration)
    const withheld = withheldBy(query, profile, standing)
    const candidate: Candidate = {
      features,
      similarity,
      entryId,
      ...(query.caller !== undefined && { caller: query.caller }),
      ...(withheld && { withheld: true }),
    }
    const decision = decide(candidate)
    const considered: Considered = { entryId, similarity, vetoes, candidate, decision }
    if (!decision) return nothing('unsure', undefined, considered)
    // Whatever keeps the policy's word from being kept, its answer is seen for certain.
    const no = (reason: NoMatchReason, auditRate = 1): Finding => nothing(reason, lesson(candidate, { ...decision, auditRate }), considered)
    if (decision.action === 'ask') return no('unsure', decision.auditRate)
    if (withheld) return no(withheld)
    const isAudit = decision.action === 'audit' && query.mayAudit
    const verifies = isAudit && options.audit === 'verify' && query.mayVerify
    if (isAudit && !verifies) return no('audit', decision.auditRate)
    return chain(nearby.answer(node, query), (found): Finding => {
      if (found.kind === 'failed') return no('store-failed')
      if (found.kind === 'absent' || found.entry.id !== entryId) {
        if (query.dry) return no('entry-gone')
        nearby.lose(node.key, namespace)
        // Another one took its place, here or in another process: it is known by what it says of itself.
        if (found.kind === 'found') onReplaced(found.entry)
        return no('entry-gone')
      }
      if (!found.fresh) return no('entry-gone')
      if (!query.dry) onServed(domain, candidate, decision)
      const { entry, source } = found
      const { probability, error } = decision
      const match = { entry, source, similarity, probability, error }
      return { match, reason: undefined, considered, lesson: verifies ? lesson(candidate, decision) : undefined }
    })
  }

  return find
}

const ACTIONS: ReadonlySet<unknown> = new Set(['serve', 'audit', 'ask'])

function nothing(reason: NoMatchReason, lesson?: Lesson, considered?: Considered): Finding {
  return { match: undefined, reason, considered, lesson }
}

/** How much farther than the entry itself another user's prompt may be that confirms it: cosines. */
const WITNESS_REACH = 0.15
