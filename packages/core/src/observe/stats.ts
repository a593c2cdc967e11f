/** Counters over the event stream. They know events only, never the engine. */

import type { PreloadStats } from '../control/preload/stats.js'
import { createCostFunction, type PriceTable } from '../cost/cost.js'
import type { CacheEvent, MissReason, SkipReason, Usage } from '../events.js'
import type { BypassReason } from '../exchange.js'
import type { BudgetState } from '../policy/budget.js'
import type { StoreFailure } from '../ports.js'
import type { SemanticStats } from '../semantic/layer.js'
import type { TierStats } from '../stores/guarded.js'
import type { SharedStats } from './shared-stats.js'

/** Everything since the cache was created. Counts are requests unless said otherwise. */
export interface CacheStats {
  /** Answered from the store; stale answers are counted here too. */
  readonly hits: number
  /** Of these: answers whose freshness had ended. */
  readonly staleHits: number
  /** Of the hits: answers to another prompt that means the same. */
  readonly semanticHits: number
  /** Requests that were compared with others, by what came of it: 'hit', or why nothing was sent. */
  readonly semanticLookups: Readonly<Record<string, number>>
  /** What the semantic layer holds and has learnt; undefined where no route asks for it. */
  readonly semantic: SemanticStats | undefined
  /** Answers fetched in the background that replaced an older one. */
  readonly refreshed: number
  /** Background fetches that failed and left the older answer as it was. */
  readonly refreshesFailed: number
  /** What waits to be refreshed ahead, and the budget for it; undefined where no route has `refreshAhead`. */
  readonly refreshAhead: RefreshAheadStats | undefined
  /** Answered by another request's origin call. */
  readonly collapsed: number
  /** Looked up and not there: sent to the origin, or refused with 504 under `only-if-cached`. */
  readonly misses: number
  /** Misses by reason. */
  readonly missReasons: Readonly<Partial<Record<MissReason, number>>>
  /** Not looked up, by reason. */
  readonly bypasses: Readonly<Partial<Record<BypassReason, number>>>
  /** Share of looked-up requests that cost no origin call, 0 to 1; 0 before the first. */
  readonly hitRate: number
  readonly stored: number
  /** Answers not stored, by reason. */
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>
  /** Answers that were found wrong, by the label that was given; those beyond the first 50 labels count as 'other'. */
  readonly rejected: Readonly<Record<string, number>>
  readonly evictions: number
  readonly expirations: number
  readonly damaged: number
  /** Writes given up before the store saw them. */
  readonly dropped: number
  /** Failed calls of the store, by reason. */
  readonly storeFailures: Readonly<Partial<Record<StoreFailure, number>>>
  /** Entries held, where the store can tell. */
  readonly entries: number | undefined
  /** Bytes held, where the store can tell. */
  readonly bytes: number | undefined
  /** Each tier by itself, the nearest first: hits, misses, failures, latency in ms, and what waits to be written. */
  readonly tiers: readonly TierStats[]
  /** Sums of all processes that share a store; undefined where none does or it could not be asked. */
  readonly shared: SharedStats | undefined
  /** Tokens that were served but not billed, as far as providers reported usage. */
  readonly saved: Savings
  /** Of `saved`: by answers to other prompts that mean the same. */
  readonly semanticSaved: Savings
  /** What judges that ask a model were billed for comparing answers. `saved` does not know it. */
  readonly judging: Judging
  /** What an embedder was billed for; nothing where it is local. `saved` does not know it. */
  readonly embedding: Embedding
  /** What was preloaded; undefined where the cache does not preload. Its `usd` are spent, `saved` does not know them. */
  readonly preload: PreloadStats | undefined
}

export interface RefreshAheadStats {
  /** Answers that will be refreshed if they are still popular when it is time. */
  readonly waiting: number
  readonly budget: BudgetState
}

export interface Savings {
  readonly inputTokens: number
  readonly outputTokens: number
  /** US dollars by the price list; answers of models without a known price count nothing. */
  readonly usd: number
  /** Time that origins did not have to spend, in ms. */
  readonly originMs: number
}

export interface Judging {
  /** Replies of models. */
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** US dollars by the price list; models without a known price count nothing. */
  readonly usd: number
}

export interface Embedding {
  /** Replies of models. */
  readonly calls: number
  readonly inputTokens: number
  /** US dollars by the price list; models without a known price count nothing. */
  readonly usd: number
}

export interface StatsCounter {
  listen(event: CacheEvent): void
  read(
    size: { readonly entries: number; readonly bytes: number } | undefined,
    tiers: readonly TierStats[],
  ): Omit<CacheStats, 'shared' | 'preload' | 'refreshAhead' | 'semantic'>
}

export function createStats(prices?: PriceTable): StatsCounter {
  const costOf = createCostFunction(prices)
  const count = {
    hits: 0,
    staleHits: 0,
    semanticHits: 0,
    refreshed: 0,
    refreshesFailed: 0,
    collapsed: 0,
    misses: 0,
    stored: 0,
    evictions: 0,
    expirations: 0,
    damaged: 0,
    dropped: 0,
  }
  const bypasses: Partial<Record<BypassReason, number>> = {}
  const missReasons: Partial<Record<MissReason, number>> = {}
  const skipped: Partial<Record<SkipReason, number>> = {}
  const rejected: Record<string, number> = {}
  const semanticLookups: Record<string, number> = {}
  const storeFailures: Partial<Record<StoreFailure, number>> = {}
  const saved = { inputTokens: 0, outputTokens: 0, usd: 0, originMs: 0 }
  const semanticSaved = { ...saved }
  const judging = { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 }
  const embedding = { ...judging }

  function add(
    to: { inputTokens: number; outputTokens: number; usd: number },
    usage: Usage | undefined,
    event: { provider: string; model: string | undefined },
    times: number,
  ): void {
    if (!usage) return
    to.inputTokens += (usage.inputTokens ?? 0) * times
    to.outputTokens += (usage.outputTokens ?? 0) * times
    to.usd += (costOf(usage, event.model, event.provider) ?? 0) * times
  }

  return {
    listen(event) {
      switch (event.type) {
        case 'exchange-bypass':
          increase(bypasses, event.reason)
          break
        case 'lookup-hit':
          count.hits++
          if (event.stale) count.staleHits++
          saved.originMs += event.originMs
          add(saved, event.usage, event, 1)
          if (!event.semantic) break
          count.semanticHits++
          semanticSaved.originMs += event.originMs
          add(semanticSaved, event.usage, event, 1)
          break
        case 'semantic-lookup':
          increaseBounded(semanticLookups, event.outcome)
          break
        case 'judge-billed':
          judging.calls++
          add(judging, event.usage, event, 1)
          break
        case 'embedder-billed':
          embedding.calls++
          add(embedding, event.usage, event, 1)
          break
        case 'lookup-miss':
          count.misses++
          increase(missReasons, event.reason)
          break
        case 'refresh-ended':
          if (event.cause === 'verify') break
          if (event.outcome === 'stored') count.refreshed++
          if (event.outcome === 'failed') count.refreshesFailed++
          break
        case 'flight-joined':
          count.collapsed++
          break
        case 'flight-ended':
          add(saved, event.usage, event, event.followers)
          break
        case 'entry-stored':
          count.stored++
          break
        case 'entry-skipped':
          increase(skipped, event.reason)
          break
        case 'entry-rejected':
          increaseBounded(rejected, event.reason)
          break
        case 'entry-evicted':
          if (event.reason === 'space') count.evictions++
          else count.expirations++
          break
        case 'entry-damaged':
          count.damaged++
          break
        case 'write-dropped':
          count.dropped++
          break
        case 'store-failed':
          increase(storeFailures, event.reason)
          break
      }
    },
    read(size, tiers) {
      const served = count.hits + count.collapsed
      const lookups = served + count.misses
      const { calls, inputTokens, usd } = embedding
      return {
        ...count,
        missReasons: { ...missReasons },
        bypasses: { ...bypasses },
        skipped: { ...skipped },
        rejected: { ...rejected },
        semanticLookups: { ...semanticLookups },
        storeFailures: { ...storeFailures },
        hitRate: lookups === 0 ? 0 : served / lookups,
        entries: size?.entries,
        bytes: size?.bytes,
        tiers,
        saved: { ...saved },
        semanticSaved: { ...semanticSaved },
        judging: { ...judging },
        embedding: { calls, inputTokens, usd },
      }
    },
  }
}

function increase<K extends string>(counts: Partial<Record<K, number>>, key: K): void {
  counts[key] = (counts[key] ?? 0) + 1
}

/** Labels are the app's own: what is kept of them is bounded. */
function increaseBounded(counts: Record<string, number>, label: string): void {
  increase(counts, Object.hasOwn(counts, label) || Object.keys(counts).length < MAX_LABELS ? label : 'other')
}

const MAX_LABELS = 50
