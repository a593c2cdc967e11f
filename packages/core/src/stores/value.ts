/** What having an entry saves each time it is asked for. */

import { createCostFunction, type PriceTable } from '../cost/cost.js'
import type { Entry } from '../entry/entry.js'

/** The worth of one hit on an entry, in USD; always above 0. */
export type Valuation = (entry: Entry) => number

/**
 * What the answer was billed, where usage and price tell. Else (unknown price, no usage, free of charge) its time: milliseconds
 * of the origin at the rate that answers of known price have had here so far, so that both kinds can be compared. Until there
 * are some, and with the weight of 100 s of them, the rate is `USD_PER_MS`.
 */
export function createValuation(prices?: PriceTable): Valuation {
  const costOf = createCostFunction(prices)
  let pricedMs = PRIOR_MS
  let pricedUsd = PRIOR_MS * USD_PER_MS
  return ({ meta }) => {
    const usd = meta.usage && costOf(meta.usage, meta.model, meta.provider)
    const ms = clamp(meta.originMs, 1, MOST_MS)
    if (usd === undefined || !(usd > 0)) return clamp((ms * pricedUsd) / pricedMs, LEAST_USD, MOST_USD)
    const worth = clamp(usd, LEAST_USD, MOST_USD)
    pricedMs += ms
    pricedUsd += worth
    if (pricedMs > FORGETTING_MS) {
      pricedMs /= 2
      pricedUsd /= 2
    }
    return worth
  }
}

// Damaged and contradictory figures must not make an entry immortal.
function clamp(value: number, least: number, most: number): number {
  return value > least ? Math.min(value, most) : least
}

/** A second is a tenth of a cent: what a model costs that writes 100 tokens a second at 10 USD per million of them. */
export const USD_PER_MS: number = 1e-6

const PRIOR_MS = 100_000
// About ten thousand answers: then older ones count half.
const FORGETTING_MS = 50_000_000
const LEAST_USD = 1e-9
const MOST_USD = 100
const MOST_MS = 3_600_000
