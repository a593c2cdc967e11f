/** What refreshing an answer ahead is worth. Pure. */

import type { CostFunction } from '../cost/cost.js'
import type { Entry } from '../entry/entry.js'
import type { Costs } from '../policy/budget.js'
import { USD_PER_MS } from '../stores/value.js'

export interface AheadValue {
  /** USD that the refresh is expected to save, less what it costs; it is worth starting where this is above 0. */
  readonly gain: number
  /** What the refresh is expected to be billed: what the last answer was. */
  readonly estimate: Costs
}

/**
 * `expected hits in the next lifetime x what a miss costs - what the refresh costs`.
 *
 * The hits are those of the window, gone on with. A miss costs what the last answer was billed, and the time that somebody waits for it
 * at `USD_PER_MS`; a refresh costs the bill alone, as nobody waits. Where there is no price, or it is 0, the time counts as the bill.
 *
 * @param hits within `windowMs`
 */
export function aheadValue(entry: Entry, hits: number, windowMs: number, costOf: CostFunction): AheadValue {
  const { usage, model, provider, originMs } = entry.meta
  const waiting = Math.max(originMs, 1) * USD_PER_MS
  const usd = usage && costOf(usage, model, provider)
  const bill = usd !== undefined && usd > 0 ? usd : waiting
  const expected = (hits / windowMs) * lifetimeOf(entry)
  return { gain: expected * (bill + waiting) - bill, estimate: { tokens: tokensOf(entry), usd } }
}

/** How long the answer is fresh at a time, in ms. */
export function lifetimeOf({ staleAt, storedAt, meta }: Entry): number {
  return meta.ttlMs ?? staleAt - storedAt
}

function tokensOf({ meta: { usage } }: Entry): number | undefined {
  if (usage?.inputTokens === undefined && usage?.outputTokens === undefined) return undefined
  return (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0)
}
