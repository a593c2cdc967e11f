/** What a request costs and what its answer's being there already is worth. */

import { LRUCache } from 'lru-cache'
import type { CostFunction } from '../../cost/cost.js'
import type { Entry } from '../../entry/entry.js'
import type { CacheEvent, Usage } from '../../events.js'
import type { RequestShape } from '../../fingerprint/fingerprint.js'

/** What asking the origin takes. Undefined: not known. */
export interface Estimate {
  readonly ms: number
  readonly tokens: number | undefined
  readonly usd: number | undefined
}

export interface Estimates {
  /** Learns from answers that were stored: `entry-stored`. */
  listen(event: CacheEvent): void
  /** What `entry` took; where it does not say, what is typical. */
  of(entry: Entry, shape: RequestShape): Estimate
  /** What answers to requests of this shape took lately; undefined where none was seen. */
  typical(shape: RequestShape): Estimate | undefined
}

const MAX_MODELS = 200
/** Share of the newest answer in the running means. */
const NEWEST = 0.1

export function createEstimates(costOf: CostFunction): Estimates {
  const models = new LRUCache<string, Estimate>({ max: MAX_MODELS })
  const label = ({ provider, model }: { readonly provider: string; readonly model: string | undefined }): string =>
    `${provider} ${model ?? ''}`.slice(0, MAX_LABEL)
  return {
    listen(event) {
      if (event.type !== 'entry-stored') return
      const { originMs, usage, model, provider } = event
      const seen = { ms: originMs, tokens: tokensOf(usage), usd: usage && costOf(usage, model, provider) }
      const known = models.get(label(event))
      models.set(
        label(event),
        known ? { ms: mean(known.ms, seen.ms), tokens: mean(known.tokens, seen.tokens), usd: mean(known.usd, seen.usd) } : seen,
      )
    },
    of({ meta: { originMs, usage, model, provider } }, shape) {
      const typical = models.get(label(shape))
      const usd = usage && costOf(usage, model, provider)
      return { ms: originMs, tokens: tokensOf(usage) ?? typical?.tokens, usd: usd ?? typical?.usd }
    },
    typical: (shape) => models.get(label(shape)),
  }
}

const MAX_LABEL = 250

function mean(known: number, seen: number): number
function mean(known: number | undefined, seen: number | undefined): number | undefined
function mean(known: number | undefined, seen: number | undefined): number | undefined {
  if (known === undefined || seen === undefined) return seen ?? known
  return known + (seen - known) * NEWEST
}

function tokensOf(usage: Usage | undefined): number | undefined {
  if (usage?.inputTokens === undefined && usage?.outputTokens === undefined) return undefined
  return (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0)
}

/** What a used preload brings in USD: its answer is there at once. Its price is paid either way, only earlier. */
export function gainOf(savedMs: number, usdPerSecond: number): number {
  return (savedMs / 1000) * usdPerSecond
}

/** What a wasted one costs in USD. Without a known price, as much as a used one would have brought. */
export function lossOf({ ms, usd }: Estimate, usdPerSecond: number): number {
  return usd ?? gainOf(ms, usdPerSecond)
}

/** What preloading is expected to bring in USD, less what it is expected to waste: with a chance of `probability` it is used. */
export function expectedGain(probability: number, estimate: Estimate, usdPerSecond: number): number {
  return probability * gainOf(estimate.ms, usdPerSecond) - (1 - probability) * lossOf(estimate, usdPerSecond)
}
