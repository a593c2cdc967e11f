/** What preloading did and what it brought. */

import type { PreloadSource } from '../../events.js'
import type { BudgetState } from '../../policy/budget.js'

/** `stats().preload`. Counts are preloads since the cache was created; a prediction that is only watched is none. */
export interface PreloadStats {
  /** Requests that the cache sent ahead. */
  readonly sent: number
  /** Those that ended with an answer in the cache. */
  readonly stored: number
  /** Those whose answer was asked for by the caller it was meant for, in time. */
  readonly used: number
  /** Those whose answer was not asked for in time, or not stored. */
  readonly wasted: number
  /** Share of the used among those of which it is known, 0 to 1; 0 before the first. */
  readonly precision: number
  /** What all of them cost in USD, where price and usage are known. */
  readonly usd: number
  /** What the used ones among them cost: their callers' own requests would have. */
  readonly usedUsd: number
  /** Waiting time that callers were spared, in ms. */
  readonly savedMs: number
  /** Whether predictions of each kind are acted upon, and how the last hundred of them fared, watched ones included. */
  readonly sources: Readonly<Record<PreloadSource, PreloadSourceStats>>
  /** Partitions of which habits are known, and those for which nothing is preloaded since too little came true. */
  readonly partitions: { readonly known: number; readonly off: number }
  /** Bytes counted for the requests that are held to be sent again. */
  readonly heldBytes: number
  readonly budget: BudgetState
}

export interface PreloadSourceStats {
  readonly on: boolean
  /** Share that came true. */
  readonly precision: number
  /** What that share is at the least, with 95 % confidence. */
  readonly lower: number
  /** Predictions that this is judged by. */
  readonly count: number
}
