/** What is looked for, what is found, and what may be learnt from it. */

import type { Entry } from '../entry/entry.js'
import type { SemanticKey, SemanticSkip } from '../fingerprint/namespace.js'
import type { Candidate, Decision } from './rule/policy.js'
import type { Neighbour } from './rule/standing.js'
import type { IneligibleReason } from './text/eligibility.js'
import type { TextProfile } from './text/profile.js'
import type { FreshReason } from './text/router.js'

/** A request that has no entry of its own. */
export interface SemanticQuery {
  /** Its cache key. */
  readonly key: string
  readonly semantic: Extract<SemanticKey, { kind: 'prompt' }>
  /** Digest of who asks; undefined where the partition is that user's own. */
  readonly owner: string | undefined
  /** Digest of who asks, also there; undefined where that cannot be told. */
  readonly caller?: string | undefined
  /** A cosine that a match has at least, as the caller wants it. */
  readonly least: number | undefined
  readonly isFresh: (entry: Entry) => boolean
  /** False: nobody is going to ask the origin. */
  readonly mayAudit: boolean
  /** The origin can be asked in the background, after an answer was sent. */
  readonly mayVerify: boolean
  /** The stores behind did not answer the lookup: only what this process has at hand counts. @default false */
  readonly atHand?: boolean | undefined
  /** Only to see what would be done: nothing is counted, learnt, told, sent or removed. @default false */
  readonly dry?: boolean | undefined
}

/** Why no entry was sent. Values are stable and safe as labels. */
export type NoMatchReason =
  | SemanticSkip
  | IneligibleReason
  | `asks-${FreshReason}`
  /** Nothing like it is known. */
  | 'nothing-near'
  /** The nearest answers something else, as a guard found. */
  | `guard-${string}`
  /** The policy is not sure enough, or is learning. */
  | 'unsure'
  /** It would have been sent: the origin is asked to see whether that is right. */
  | 'audit'
  /** The nearest is another user's, and no second user has confirmed it. */
  | 'quorum'
  /** Its entry is gone, or not fresh enough for this caller. */
  | 'entry-gone'
  /** The store did not say whether its entry is there. */
  | 'store-failed'
  /** The app's own router threw. */
  | 'router-failed'
  /** The app's own decision policy threw, or answered with no decision. */
  | 'policy-failed'
  | 'embedder-failed'
  | 'index-failed'

export interface SemanticMatch {
  readonly entry: Entry
  /** Name of the tier that had it. */
  readonly source: string
  /** Cosine. */
  readonly similarity: number
  /** Probability that it answers; undefined where the policy has none. */
  readonly probability: number | undefined
  /** Share of wrong answers among hits that is reckoned with; undefined where nothing is known. */
  readonly error: number | undefined
}

/** What may be learnt from the origin's answer to this request. */
export interface Lesson {
  readonly query: SemanticQuery
  readonly profile: TextProfile
  readonly vector: Float32Array
  /** The one that was considered, then the others, nearest first. */
  readonly neighbours: readonly Neighbour[]
  readonly candidate: Candidate | undefined
  readonly decision: Decision | undefined
}

/** The nearest entry, and what was made of it. */
export interface Considered {
  readonly entryId: string
  /** Cosine. */
  readonly similarity: number
  /** Names of the guards that refuse it. */
  readonly vetoes: readonly string[]
  /** Undefined where a guard refused it and the policy was not asked. */
  readonly candidate: Candidate | undefined
  /** Undefined also where the app's own policy cannot be asked without consequences. */
  readonly decision: Decision | undefined
}

export interface Finding {
  readonly match: SemanticMatch | undefined
  readonly reason: NoMatchReason | undefined
  readonly considered: Considered | undefined
  /** With a match: the origin is to be asked in the background, to see whether the match was right. */
  readonly lesson: Lesson | undefined
}
