/** What tokens cost. All prices in USD per million tokens. */

/** The price of one model. */
export interface Price {
  /** USD per million input tokens. */
  readonly input: number
  /** USD per million input tokens that the provider read from its own prompt cache. @default `input` */
  readonly cachedInput?: number | undefined
  /** USD per million output tokens. Left out for models that bill none, such as embeddings. */
  readonly output?: number | undefined
  /** Prices of long requests: the tier with the highest `above` below the number of input tokens holds for the whole request. */
  readonly tiers?: readonly PriceTier[] | undefined
}

export interface PriceTier {
  /** Holds if there are more input tokens than this. */
  readonly above: number
  readonly input: number
  readonly cachedInput?: number | undefined
  readonly output?: number | undefined
}

/**
 * Prices of your own, by model name; a name may end in '*'. An exact name wins over a prefix, a longer prefix over a shorter
 * one, and all of them over the built-in list prices.
 *
 * @example
 * const prices: PriceTable = { 'my-fine-tune': { input: 0.3, output: 1.2 }, 'llama3*': { input: 0, output: 0 } }
 */
export type PriceTable = Readonly<Record<string, Price>>
