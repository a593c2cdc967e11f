/** The options of the semantic layer, checked and with their defaults. */

import { booleanOf, checkNames, countOf, durationOf, invalid, isPlain, numberOf, oneOf, wrongValue } from '../checks.js'
import type { Duration } from '../lib/duration.js'
import { checkEmbedder } from './embedders/check.js'
import { createHashEmbedder } from './embedders/hash.js'
import { BUILT_IN_JUDGES } from './judges/built-in.js'
import { MAX_JUDGES } from './judges/judges.js'
import type { Embedder, Judge, VectorIndex } from './ports.js'
import type { ErrorBasis } from './rule/bound.js'
import type { DecisionPolicy } from './rule/policy.js'
import { MIN_TOKENS } from './text/eligibility.js'
import { type Guard, type GuardOptions, selectGuards } from './text/guards.js'
import { DEFAULT_ROUTER, type Router } from './text/router.js'

export interface SemanticOptions {
  /** Prompts to vectors. @default `createHashEmbedder()`: built in, without weights, by wording */
  readonly embedder?: Embedder | undefined
  /** Longest that a request waits for the vector of its prompt, its time in the queue included, before it is a miss. Not of the built-in embedder. @default '2s' */
  readonly embedderTimeout?: Duration | undefined
  /** Where the vectors are. A cache closes what it made itself. @default `createMemoryVectorIndex()` */
  readonly index?: VectorIndex | undefined
  /**
   * What decides whether the nearest entry answers a prompt. `adaptive` learns and keeps `maxErrorRate`; `vcache` keeps it too, from each
   * entry's own labels; `static` is a plain `threshold`; a function makes the app's own policy, one for each kind of traffic.
   * @default 'static' where `threshold` is given, else 'adaptive'
   */
  readonly policy?: 'adaptive' | 'vcache' | 'static' | (() => DecisionPolicy) | undefined
  /** Cosine from which on `static` serves, 0 to 1. @default the embedder's own */
  readonly threshold?: number | undefined
  /** Wrong answers that may be served, as a share: 0.001 to 0.5. Of `adaptive` and `vcache`, which takes it of all requests. @default 0.02 */
  readonly maxErrorRate?: number | undefined
  /** Of what `maxErrorRate` is a share: of the semantic hits, or of all requests. Of `adaptive`. @default 'hits' */
  readonly errorBasis?: ErrorBasis | undefined
  /** Standard deviations between what is expected and what is reckoned with: 2, or 1. Of `adaptive`. @default 'strict' */
  readonly confidence?: 'strict' | 'balanced' | undefined
  /** Which guards are off, and the app's own. docs/guards.md has them. */
  readonly guards?: GuardOptions | undefined
  /** What compares answers, after the built-in judges of equal text, structure and vectors, whose names ('equal', 'structure', 'embedding') it does not take. Without one only equal answers teach. */
  readonly judge?: Judge | readonly Judge[] | undefined
  /** Says which prompts ask for something that no earlier answer can hold; false: none does. @default DEFAULT_ROUTER */
  readonly router?: Router | false | undefined
  /**
   * How a share of the hits is checked. `explore`: the origin answers in the hit's place, and both answers are compared. `verify`: the
   * hit is sent, and the origin is asked in the background, so that nobody waits; where the app cannot be asked again, `explore`.
   * @default 'explore'
   */
  readonly audit?: 'explore' | 'verify' | undefined
  /** Words that a prompt has at least to be matched, 1 to 20. @default 3 */
  readonly minTokens?: number | undefined
  /** Under a shared partition an answer goes to other users only after prompts of two users were found to mean the same. @default true */
  readonly quorum?: boolean | undefined
}

/** Options as the layer uses them. */
export interface ResolvedSemantic {
  readonly embedder: Embedder
  readonly embedderTimeoutMs: number
  readonly index: VectorIndex | undefined
  readonly policy: 'adaptive' | 'vcache' | 'static' | (() => DecisionPolicy)
  readonly threshold: number
  readonly maxErrorRate: number
  readonly errorBasis: ErrorBasis
  readonly z: number
  readonly guards: readonly Guard[]
  readonly judges: readonly Judge[]
  readonly router: Router | undefined
  readonly audit: 'explore' | 'verify'
  readonly minTokens: number
  readonly quorum: boolean
}

const NAMES: readonly (keyof SemanticOptions)[] = [
  'embedder',
  'embedderTimeout',
  'index',
  'policy',
  'threshold',
  'maxErrorRate',
  'errorBasis',
  'confidence',
  'guards',
  'judge',
  'router',
  'audit',
  'minTokens',
  'quorum',
]

/** @throws OptionError for an unknown or wrong option */
export function resolveSemantic(options: SemanticOptions = {}): ResolvedSemantic {
  if (!isPlain(options)) throw wrongValue('semantic', options, 'an object such as { maxErrorRate: 0.01 }')
  checkNames(options, NAMES, 'semantic')
  const { embedder = createHashEmbedder(), router = DEFAULT_ROUTER } = options
  checkEmbedder('semantic.embedder', embedder)
  const policy = policyOf(options)
  checkUnused(options, policy)
  if (router !== false && typeof router !== 'function') throw wrongValue('semantic.router', router, 'a function of a prompt, or false')
  return {
    embedder,
    embedderTimeoutMs: embedderTimeoutOf(options),
    index: indexOf(options.index),
    policy,
    threshold: thresholdOf(options, policy, embedder),
    maxErrorRate: numberOf('semantic.maxErrorRate', options.maxErrorRate, 0.02, 0.001, 0.5),
    errorBasis: oneOf('semantic.errorBasis', options.errorBasis, ['hits', 'requests'], 'hits'),
    z: oneOf('semantic.confidence', options.confidence, ['strict', 'balanced'], 'strict') === 'strict' ? 2 : 1,
    guards: selectGuards(options.guards),
    judges: judgesOf(options.judge),
    router: router === false ? undefined : router,
    audit: oneOf('semantic.audit', options.audit, ['explore', 'verify'], 'explore'),
    minTokens: countOf('semantic.minTokens', options.minTokens, MIN_TOKENS, 1, 20),
    quorum: booleanOf('semantic.quorum', options.quorum, true),
  }
}

function embedderTimeoutOf({ embedder, embedderTimeout }: SemanticOptions): number {
  if (embedder === undefined && embedderTimeout !== undefined)
    throw invalid(
      'semantic.embedderTimeout',
      'is for an embedder of your choice and would do nothing to the built-in one, which answers at once',
    )
  return durationOf('semantic.embedderTimeout', embedderTimeout, 2000, 1)
}

const FOR_ADAPTIVE = ['errorBasis', 'confidence'] as const
/** vCache asks by lot instead of auditing what it would serve. */
const UNUSED_BY_VCACHE = [...FOR_ADAPTIVE, 'audit'] as const
const USERS = {
  maxErrorRate: "policies 'adaptive' and 'vcache'",
  errorBasis: "policy 'adaptive'",
  confidence: "policy 'adaptive'",
  audit: "policies 'adaptive' and 'static', and those of your own",
} as const

type PolicyName = 'adaptive' | 'vcache' | 'static'

function policyOf({ policy, threshold }: SemanticOptions): ResolvedSemantic['policy'] {
  if (typeof policy === 'function') return policy
  return oneOf<PolicyName>('semantic.policy', policy, ['adaptive', 'vcache', 'static'], threshold === undefined ? 'adaptive' : 'static')
}

/** What another policy than the chosen one goes by would do nothing. */
function checkUnused(options: SemanticOptions, policy: ResolvedSemantic['policy']): void {
  const chosen = typeof policy === 'function' ? 'of your own' : `'${policy}'`
  const unused = policy === 'adaptive' ? [] : policy === 'vcache' ? UNUSED_BY_VCACHE : (['maxErrorRate', ...FOR_ADAPTIVE] as const)
  const name = unused.find((each) => options[each] !== undefined)
  if (name === undefined) return
  throw invalid(`semantic.${name}`, `is for the ${USERS[name]} and would do nothing to a policy ${chosen}`)
}

function thresholdOf({ threshold }: SemanticOptions, policy: ResolvedSemantic['policy'], { calibration, id }: Embedder): number {
  if (threshold !== undefined && policy !== 'static')
    throw invalid('semantic.threshold', "is for the policy 'static' and would do nothing to another")
  const known = numberOf('semantic.threshold', threshold, calibration?.threshold ?? 0, 0, 1)
  if (policy === 'static' && known === 0) throw invalid('semantic.threshold', `must be given: none is known for the embedder ${id}`)
  return known
}

function judgesOf(option: SemanticOptions['judge']): readonly Judge[] {
  const judges = option === undefined ? [] : Array.isArray(option) ? (option as readonly Judge[]) : [option as Judge]
  if (!judges.every((judge) => typeof judge?.judge === 'function' && typeof judge.name === 'string')) {
    throw invalid('semantic.judge', 'must be a judge or a list of judges, as functionJudge() and llmJudge() make them')
  }
  const names = [...BUILT_IN_JUDGES]
  if (names.length + judges.length > MAX_JUDGES) throw invalid('semantic.judge', `has more than ${MAX_JUDGES - names.length} judges`)
  for (const { name } of judges) {
    if (names.includes(name))
      throw invalid(
        'semantic.judge',
        `has two judges named '${name}', or it is that of a built-in one (${BUILT_IN_JUDGES.join(', ')}), which is asked anyway`,
      )
    names.push(name)
  }
  return [...judges]
}

function indexOf(index: VectorIndex | undefined): VectorIndex | undefined {
  const isIndex =
    index === undefined || (['add', 'search', 'remove', 'clear'] as const).every((name) => typeof index?.[name] === 'function')
  if (!isIndex) throw invalid('semantic.index', 'must be a vector index, as createMemoryVectorIndex() makes one')
  return index
}
