/** Finds a model's price in the snapshot of public list prices. */

import { isPattern, matches } from './pattern.js'
import type { Price, PriceTier } from './price.js'
import { PRICES } from './prices.generated.js'

/** Public list prices as of a date, as `scripts/generate-prices.mjs` writes them. */
export interface PriceSnapshot {
  /** Where the prices come from, with its version. */
  readonly source: string
  /** The day they held, YYYY-MM-DD. */
  readonly date: string
  readonly providers: readonly ProviderPrices[]
}

export interface ProviderPrices {
  readonly id: string
  /** Patterns of the names that belong to this provider where none is named. */
  readonly owns: readonly string[]
  /** Providers whose models this one resells at their price. */
  readonly fallbacks: readonly string[]
  /** The first that matches holds. */
  readonly rules: readonly PriceRule[]
}

/** Patterns separated by spaces, then USD per million tokens. Without prices: known, but not billed by the token, or free. */
export type PriceRule =
  | readonly [patterns: string]
  | readonly [patterns: string, input: number, cachedInput: number | null, output: number | null]
  | readonly [patterns: string, input: number, cachedInput: number | null, output: number | null, tiers: readonly TierRow[]]

export type TierRow = readonly [above: number, input: number, cachedInput: number | null, output: number | null]

/** The day of the built-in prices, YYYY-MM-DD. */
export const PRICES_DATE: string = PRICES.date

/** Other names of the providers, as SDKs and gateways write them. */
const ALIASES: Readonly<Record<string, string>> = {
  'amazon-bedrock': 'aws',
  bedrock: 'aws',
  'aws-bedrock': 'aws',
  'azure-openai': 'azure',
  'google-vertex': 'google',
  vertex: 'google',
  vertexai: 'google',
  mistralai: 'mistral',
  xai: 'x-ai',
  'deepseek-ai': 'deepseek',
  togetherai: 'together',
  'together-ai': 'together',
  'fireworks-ai': 'fireworks',
  moonshot: 'moonshotai',
}

/**
 * The list price of `model` (lower-case), or undefined. A `provider` that the snapshot knows decides alone; a request
 * shape ('openai-chat') does not, since many providers speak it: then the model's name tells, or nothing does.
 */
export function listPrice(model: string, provider: string | undefined): Price | undefined {
  const named = provider === undefined ? undefined : providerOf(provider)
  const owner = named ?? PRICES.providers.find(({ owns }) => owns.some((pattern) => matches(pattern, model)))
  const rule = owner && findRule(owner, model)
  if (rule || named) return rule && toPrice(rule)
  return agreedPrice(model) ?? vendorPrice(model)
}

function findRule(provider: ProviderPrices, model: string): PriceRule | undefined {
  return ruleFor(provider, model) ?? ruleFor(provider, dashDate(model))
}

function ruleFor({ rules, fallbacks }: ProviderPrices, model: string): PriceRule | undefined {
  const own = rules.find(([patterns]) => patterns.split(' ').some((pattern) => matches(pattern, model)))
  if (own) return own
  for (const id of fallbacks) {
    const resold = providerOf(id)
    const found = resold && ruleFor(resold, model)
    if (found) return found
  }
  return undefined
}

// 'llama-3.3-70b-versatile' belongs to nobody by its looks; if all that list this very name ask the same, it is known.
function agreedPrice(model: string): Price | undefined {
  const lists = ([patterns]: PriceRule): boolean => patterns.includes(model) && patterns.split(' ').includes(model) && !isPattern(model)
  const [first, ...others] = PRICES.providers.flatMap(({ rules }) => rules.filter(lists))
  const same = others.every((rule) => JSON.stringify(rule.slice(1)) === JSON.stringify(first?.slice(1)))
  return first && same ? toPrice(first) : undefined
}

// Gateways write 'anthropic/claude-sonnet-4-5'.
function vendorPrice(model: string): Price | undefined {
  const slash = model.indexOf('/')
  const vendor = slash > 0 ? providerOf(model.slice(0, slash)) : undefined
  const rule = vendor && findRule(vendor, model.slice(slash + 1))
  return rule && toPrice(rule)
}

function providerOf(name: string): ProviderPrices | undefined {
  const id = name.toLowerCase()
  const known = Object.hasOwn(ALIASES, id) ? ALIASES[id] : id
  return PRICES.providers.find((provider) => provider.id === known)
}

// Some gateways write the date of a snapshot without dashes.
function dashDate(model: string): string {
  return model.replace(/-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g, '-$1-$2-$3')
}

function toPrice(rule: PriceRule): Price | undefined {
  const [, input, cachedInput, output, rows] = rule
  if (input === undefined) return undefined
  const tiers = rows?.map(([above, ...prices]): PriceTier => ({ above, ...rates(...prices) }))
  return { ...rates(input, cachedInput, output), ...(tiers ? { tiers } : {}) }
}

function rates(input: number, cachedInput: number | null | undefined, output: number | null | undefined): Omit<PriceTier, 'above'> {
  return { input, ...(typeof cachedInput === 'number' ? { cachedInput } : {}), ...(typeof output === 'number' ? { output } : {}) }
}
