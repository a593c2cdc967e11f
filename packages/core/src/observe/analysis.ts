/** How well the layers of the cache do, and what would make them do better. */

import type { MissReason } from '../events.js'
import { wilson } from '../lib/wilson.js'
import type { MissCounts } from './miss-sample.js'
import { type Recommendation, recommend } from './recommend.js'
import type { CacheStats, Embedding, Judging, Savings } from './stats.js'

/** Counts of this process since the cache was created. */
export interface Analysis {
  /** Requests that were found by their exact key. */
  readonly exact: ExactAnalysis
  /** Requests that were found by what they mean. */
  readonly semantic: SemanticAnalysis
  /** What to change, the most pressing first. The same counts give the same recommendations. */
  readonly recommendations: readonly Recommendation[]
}

export interface ExactAnalysis {
  readonly hits: number
  /** Answered by another request's origin call. */
  readonly collapsed: number
  readonly misses: number
  /** Share of looked-up requests that cost no origin call, 0 to 1; 0 before the first. */
  readonly hitRate: number
  readonly missReasons: Readonly<Partial<Record<MissReason, number>>>
  readonly saved: Savings
  /** Misses that were compared with requests before them; the estimates rest on these. Many at once, and large ones, are passed over. */
  readonly sampled: number
  /** Misses that would be hits under `normalize: 'loose'`: an earlier request differs by case, layout, sampling parameters or defaults only. */
  readonly loosened: Estimate
  /** Misses that would be hits if callers shared: another caller's earlier request is the same. Only where partitions are private. */
  readonly shared: Estimate
  /** Misses of what the same caller asked before, within its lifetime: its answer was not stored, or is gone already. */
  readonly repeated: Estimate
}

export type SemanticAnalysis =
  /** No route asks for answers to prompts that mean the same. */
  | { readonly configured: false }
  | {
      readonly configured: true
      /** Answers to other prompts. */
      readonly hits: number
      /** Requests without an answer of their own that were compared. */
      readonly lookups: number
      /** Share of them that were hits, 0 to 1; 0 before the first. */
      readonly hitRate: number
      /** Lookups by what came of them: 'hit', or why nothing was sent. */
      readonly outcomes: Readonly<Record<string, number>>
      readonly saved: Savings
      /** What judges were billed for: to be taken from `saved`. */
      readonly judging: Judging
      /** What the embedder was billed for: to be taken from `saved`. */
      readonly embedding: Embedding
      /** US dollars of `saved`, less those of `judging` and `embedding`; below 0 where it costs more than it saves. */
      readonly netUsd: number
      /** Audits, with the wrong ones among them: their share estimates the wrong answers among the hits. */
      readonly audits: number
      readonly audited: Estimate
      /** Answers that no judge could compare: they teach nothing. */
      readonly undecided: number
      /** Why nothing is served, by how many kinds of traffic. */
      readonly paused: Readonly<Record<string, number>>
    }

/**
 * A share of the misses, from a sample. An earlier request counts whether or not its answer was stored. What was passed over cannot be
 * found again, so in traffic of more than 600 misses a minute the true share is rather higher.
 */
export interface Estimate {
  readonly count: number
  /** `count` of the sample, 0 to 1; undefined without a sample. */
  readonly share: number | undefined
  /** Ends of the 95 % interval (Wilson). */
  readonly low: number
  readonly high: number
}

export function analyze(stats: Omit<CacheStats, 'shared' | 'preload'>, misses: MissCounts): Analysis {
  const estimate = (count: number): Estimate => {
    const share = misses.sampled === 0 ? undefined : count / misses.sampled
    return { count, share, ...wilson(count, misses.sampled) }
  }
  const exact: ExactAnalysis = {
    hits: stats.hits,
    collapsed: stats.collapsed,
    misses: stats.misses,
    hitRate: stats.hitRate,
    missReasons: stats.missReasons,
    saved: stats.saved,
    sampled: misses.sampled,
    loosened: estimate(misses.loosened),
    shared: estimate(misses.sharable),
    repeated: estimate(misses.repeated),
  }
  const simultaneous = estimate(misses.simultaneous)
  const semantic = semanticOf(stats)
  return { exact, semantic, recommendations: recommend({ stats, exact, semantic, simultaneous }) }
}

function semanticOf({
  semantic,
  semanticHits: hits,
  semanticLookups: outcomes,
  semanticSaved: saved,
  judging,
  embedding,
}: Omit<CacheStats, 'shared' | 'preload'>): SemanticAnalysis {
  if (!semantic) return { configured: false }
  const lookups = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  const audits = semantic.learners.reduce((sum, learner) => sum + learner.audits, 0)
  const wrong = semantic.learners.reduce((sum, learner) => sum + learner.auditedWrong, 0)
  const paused: Record<string, number> = {}
  for (const learner of semantic.learners) if (learner.paused) paused[learner.paused] = (paused[learner.paused] ?? 0) + 1
  return {
    configured: true,
    hits,
    lookups,
    hitRate: lookups === 0 ? 0 : hits / lookups,
    outcomes,
    saved,
    judging,
    embedding,
    netUsd: saved.usd - judging.usd - embedding.usd,
    audits,
    audited: { count: wrong, share: audits === 0 ? undefined : wrong / audits, ...wilson(wrong, audits) },
    undecided: semantic.judges.undecided,
    paused,
  }
}
