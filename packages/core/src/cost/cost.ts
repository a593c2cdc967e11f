/** What an answer cost, in USD, from its usage and the model's price. */

import type { Usage } from '../events.js'
import type { Price, PriceTable } from './price.js'
import { listPrice } from './snapshot.js'

export type { Price, PriceTable, PriceTier } from './price.js'
export { PRICES_DATE } from './snapshot.js'

/** Computes costs with remembered prices; see `costOf`. */
export type CostFunction = (usage: Usage, model: string | undefined, provider?: string) => number | undefined

/**
 * What `usage` of `model` costs in USD, at the built-in list prices (as of `PRICES_DATE`) or those of `overrides`.
 *
 * Undefined whenever that is not known: no such model, models that are not billed by the token, models running locally
 * (`provider: 'ollama'`), usage that reports nothing or contradicts itself. It is 0 only if every token used has a price
 * of 0. Tokens that the usage does not report are not guessed, and the lowest price is taken where it depends on the time of
 * day: the figure is rather too low. Prices for batches, long-term commitments and prompt cache writes are not considered.
 *
 * @param provider a provider's id ('openai', 'azure', 'groq', 'bedrock'); the shape of a request ('openai-chat') is accepted
 *   and, as many providers speak it, ignored
 * @example
 * costOf({ inputTokens: 1000, outputTokens: 500 }, 'gpt-4o') // 0.0075
 */
export function costOf(usage: Usage, model: string | undefined, provider?: string, overrides?: PriceTable): number | undefined {
  const price = model === undefined ? undefined : priceOf(model, provider, overrides)
  return price && costAt(usage, price)
}

/** `costOf` with `overrides` bound and the prices of the last few hundred models remembered, for use at every hit. */
export function createCostFunction(overrides?: PriceTable): CostFunction {
  const known = new Map<string, Price | undefined>()
  return (usage, model, provider) => {
    if (model === undefined) return undefined
    const name = `${provider ?? ''}\n${model}`
    if (!known.has(name)) {
      // Model names come from callers: what is remembered is bounded in number and, by priceOf, in use.
      if (known.size >= REMEMBERED_MODELS) known.clear()
      if (model.length > MAX_MODEL_LENGTH) return undefined
      known.set(name, priceOf(model, provider, overrides))
    }
    const price = known.get(name)
    return price && costAt(usage, price)
  }
}

function priceOf(model: string, provider: string | undefined, overrides: PriceTable | undefined): Price | undefined {
  if (model.length > MAX_MODEL_LENGTH) return undefined
  const name = model.trim().toLowerCase()
  const own = overrides && overriding(overrides, name)
  if (own) return own
  return provider?.toLowerCase().startsWith('ollama') ? undefined : listPrice(name, provider)
}

function overriding(overrides: PriceTable, name: string): Price | undefined {
  let best: string | undefined
  for (const key of Object.keys(overrides)) {
    const pattern = key.toLowerCase()
    if (pattern === name) return overrides[key]
    const applies = pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1))
    if (applies && (best === undefined || key.length > best.length)) best = key
  }
  return best === undefined ? undefined : overrides[best]
}

function costAt(usage: Usage, price: Price): number | undefined {
  const { inputTokens, outputTokens, cachedInputTokens } = usage
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  const input = inputTokens ?? 0
  const output = outputTokens ?? 0
  const cached = cachedInputTokens ?? 0
  if (!isCount(input) || !isCount(output) || !isCount(cached) || cached > input) return undefined
  const rates = ratesFor(price, input)
  if (output > 0 && rates.output === undefined) return undefined
  const usd = (input - cached) * rates.input + cached * (rates.cachedInput ?? rates.input) + output * (rates.output ?? 0)
  return usd / PER_TOKENS
}

function ratesFor(price: Price, inputTokens: number): Omit<Price, 'tiers'> {
  let rates: Omit<Price, 'tiers'> = price
  let above = -1
  for (const tier of price.tiers ?? []) {
    if (inputTokens > tier.above && tier.above > above) {
      rates = tier
      above = tier.above
    }
  }
  return rates
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0
}

const PER_TOKENS = 1_000_000
const REMEMBERED_MODELS = 500
const MAX_MODEL_LENGTH = 200
