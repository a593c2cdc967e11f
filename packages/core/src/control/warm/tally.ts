/** What a run did so far. */

import type { RefreshFailure, WarmStop } from '../../events.js'
import type { WarmCost } from './purse.js'
import type { WarmFaultReason } from './request.js'

/**
 * Why a request warmed nothing: what is wrong with it; the status with which the app answered; why the cache did not store the answer
 * (a `SkipReason` or `BypassReason`; `not-reached`: it never came to this cache); `aborted`: the run ended under it.
 */
export type WarmFailure = WarmFaultReason | RefreshFailure | `status-${number}` | 'aborted'

/** What a run did. `warmed + alreadyCached + elsewhere + skippedByBudget` and the `failed` ones are `requests`. */
export interface WarmReport {
  /** Requests sent or found wrong; and those that a budget left over, where it is known how many there were. */
  readonly requests: number
  /** New answers stored. */
  readonly warmed: number
  /** There was a fresh one already; no model was asked. */
  readonly alreadyCached: number
  /** Another request, here or in another process, was asking for the same at that moment. */
  readonly elsewhere: number
  /** By reason, the most frequent first. */
  readonly failed: readonly WarmFailures[]
  /** Not sent, since a budget (or an unknown cost) ended the run. */
  readonly skippedByBudget: number
  readonly stoppedBy: WarmStop
  /** Input and output tokens of all answers, as far as they tell. */
  readonly tokens: number
  /** US dollars of all answers, as far as usage and price are known. */
  readonly usd: number
  readonly ms: number
}

export interface WarmFailures {
  readonly reason: WarmFailure
  readonly count: number
  /** The first ten: lines of the file, or places in the list, from 1. */
  readonly samples: readonly number[]
}

/** How far a run is. */
export interface WarmProgress {
  /** Requests that ended. */
  readonly done: number
  /** Where it is known how many there are. */
  readonly total: number | undefined
  readonly warmed: number
  readonly alreadyCached: number
  readonly elsewhere: number
  readonly failed: number
  readonly tokens: number
  readonly usd: number
  /** Time left if it goes on as it did so far, budgets aside. */
  readonly etaMs: number | undefined
}

export interface Tally {
  ended(as: 'warmed' | 'alreadyCached' | 'elsewhere' | 'skippedByBudget'): void
  failed(reason: WarmFailure, at: number): void
  spent(cost: WarmCost): void
  progress(ms: number): WarmProgress
  report(stoppedBy: WarmStop, ms: number): WarmReport
}

export function createTally(total: number | undefined): Tally {
  const counts = { warmed: 0, alreadyCached: 0, elsewhere: 0, skippedByBudget: 0 }
  const failures = new Map<WarmFailure, { count: number; samples: number[] }>()
  let failed = 0
  let tokens = 0
  let usd = 0

  return {
    ended(as) {
      counts[as]++
    },
    failed(reason, at) {
      failed++
      const known = failures.get(reason) ?? { count: 0, samples: [] }
      failures.set(reason, known)
      known.count++
      if (known.samples.length < MAX_SAMPLES) known.samples.push(at)
    },
    spent(cost) {
      tokens += cost.tokens ?? 0
      usd += cost.usd ?? 0
    },
    progress(ms) {
      const { warmed, alreadyCached, elsewhere } = counts
      const done = warmed + alreadyCached + elsewhere + failed
      const left = total === undefined ? undefined : Math.max(0, total - done)
      const etaMs = left === undefined || done === 0 ? undefined : Math.round((ms / done) * left)
      return { done, total, warmed, alreadyCached, elsewhere, failed, tokens, usd, etaMs }
    },
    report(stoppedBy, ms) {
      const taken = counts.warmed + counts.alreadyCached + counts.elsewhere + counts.skippedByBudget + failed
      const left = BUDGETS.has(stoppedBy) ? Math.max(0, (total ?? 0) - taken) : 0
      return {
        requests: taken + left,
        ...counts,
        skippedByBudget: counts.skippedByBudget + left,
        failed: [...failures]
          .sort(([, a], [, b]) => b.count - a.count)
          .map(([reason, { count, samples }]) => ({ reason, count, samples: [...samples].sort((a, b) => a - b) })),
        stoppedBy,
        tokens,
        usd,
        ms: Math.round(ms),
      }
    },
  }
}

const MAX_SAMPLES = 10
const BUDGETS: ReadonlySet<WarmStop> = new Set<WarmStop>(['budget-tokens', 'budget-usd', 'cost-unknown'])
