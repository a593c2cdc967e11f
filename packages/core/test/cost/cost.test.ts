import { readFileSync } from 'node:fs'
import { calcPrice } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generate } from '../../../../scripts/generate-prices.mjs'
import { costOf, createCostFunction, PRICES_DATE } from '../../src/cost/cost.js'
import { PRICES } from '../../src/cost/prices.generated.js'

const generated = new URL('../../src/cost/prices.generated.ts', import.meta.url)
// Night in UTC: the time at which the snapshot's prices by the time of day hold.
const timestamp = new Date(`${PRICES_DATE}T00:00:00Z`)

// [model, provider or undefined where the name alone tells]
const MODELS: readonly (readonly [model: string, provider: string | undefined])[] = [
  ['gpt-4o', undefined],
  ['gpt-4o-2024-08-06', 'openai'],
  ['gpt-4o-2024-05-13', 'openai'],
  ['gpt-4o-mini', undefined],
  ['gpt-4.1-nano', undefined],
  ['gpt-5-mini-2025-08-07', undefined],
  ['gpt-5.4', undefined],
  ['o3', undefined],
  ['o4-mini', 'openai'],
  ['text-embedding-3-small', 'openai'],
  ['claude-sonnet-4-20250514', undefined],
  ['claude-sonnet-4-5', 'anthropic'],
  ['claude-3-5-haiku-latest', undefined],
  ['claude-opus-4-1-20250805', undefined],
  ['gemini-2.5-pro', undefined],
  ['gemini-2.5-flash-lite', 'google'],
  ['mistral-large-latest', undefined],
  ['deepseek-chat', undefined],
  ['llama-3.3-70b-versatile', 'groq'],
  ['grok-4', undefined],
  ['command-r-plus', undefined],
  ['gpt-4o', 'azure'],
  ['anthropic.claude-3-5-sonnet-20241022-v2:0', 'aws'],
  ['claude-sonnet-4-5', 'azure'],
  ['kimi-k2-0905-preview', undefined],
]

describe('costOf agrees with genai-prices', () => {
  it.each(MODELS)('%s (%s)', (model, provider) => {
    const embeds = model.includes('embedding')
    for (const [input, cached, output] of [
      [1000, 0, 500],
      [271_999, 1000, 12],
      [300_001, 0, 7],
      [200_000, 200_000, 0],
      [0, 0, 1],
    ] as const) {
      const usage = { input_tokens: input, cache_read_tokens: cached, output_tokens: embeds ? 0 : output }
      const expected = calcPrice(usage, model, { timestamp, ...(provider ? { providerId: provider } : {}) })?.total_price
      const actual = costOf({ inputTokens: input, cachedInputTokens: cached, outputTokens: usage.output_tokens }, model, provider)
      expect(expected).toBeTypeOf('number')
      expect(actual).toBeCloseTo(expected as number, 12)
    }
  })

  it('for every exact name in the snapshot, at every provider', () => {
    let compared = 0
    for (const { id, rules } of PRICES.providers) {
      for (const [patterns] of rules) {
        for (const model of patterns.split(' ').filter((pattern) => !/[*]|^\/.*\/$/.test(pattern))) {
          const theirs = calcPrice({ input_tokens: 1000, output_tokens: 0 }, model, { timestamp, providerId: id })?.total_price
          const ours = costOf({ inputTokens: 1000 }, model, id)
          // Unknown to us where they say 0 for something not billed by the token, or add a price for each request.
          if (ours !== undefined) expect(ours, `${id} ${model}`).toBeCloseTo(theirs as number, 12)
          if (ours !== undefined) compared += 1
        }
      }
    }
    expect(compared).toBeGreaterThan(500)
  })
})

describe('costOf', () => {
  const usage = { inputTokens: 1000, outputTokens: 500 }

  it('is in USD', () => {
    expect(costOf(usage, 'gpt-4o')).toBeCloseTo((1000 * 2.5 + 500 * 10) / 1e6, 12)
    expect(costOf({ ...usage, cachedInputTokens: 400 }, 'gpt-4o')).toBeCloseTo((600 * 2.5 + 400 * 1.25 + 500 * 10) / 1e6, 12)
  })

  it.each([
    ['an unknown model', undefined, 'my-own-model', undefined],
    ['no model', undefined, undefined, undefined],
    ['a model that runs locally', undefined, 'mistral', 'ollama'],
    ['a local model named like a hosted one', undefined, 'gpt-4o', 'ollama-chat'],
    ['a name of the prototype', undefined, '__proto__', undefined],
    ['a name of the prototype as provider', undefined, 'no-such-model', 'constructor'],
    ['a model of another provider than the one named', undefined, 'claude-sonnet-4-5', 'groq'],
    ['a model that is billed otherwise', undefined, 'whisper-1', 'openai'],
    ['a model without a price', undefined, 'omni-moderation-latest', 'openai'],
    ['an endless name', undefined, `gpt-4o${' '.repeat(1000)}`, undefined],
    ['usage that reports nothing', {}, 'gpt-4o', undefined],
    ['more cached tokens than tokens', { inputTokens: 1, cachedInputTokens: 2 }, 'gpt-4o', undefined],
    ['negative tokens', { inputTokens: -1 }, 'gpt-4o', undefined],
    ['tokens that are not a number', { inputTokens: Number.NaN }, 'gpt-4o', undefined],
    ['output of a model that has none', { outputTokens: 1 }, 'text-embedding-3-small', 'openai'],
  ])('is undefined for %s', (_what, other, model, provider) => {
    expect(costOf(other ?? usage, model, provider)).toBeUndefined()
  })

  it('takes the shape of a request for no provider', () => {
    expect(costOf(usage, 'claude-sonnet-4-5', 'openai-chat')).toBe(costOf(usage, 'claude-sonnet-4-5', 'anthropic'))
    expect(costOf(usage, 'deepseek-chat', 'openai-chat')).toBe(costOf(usage, 'deepseek-chat', 'deepseek'))
  })

  it('knows names with a vendor, other names of providers, and any case', () => {
    expect(costOf(usage, 'anthropic/claude-sonnet-4-5')).toBe(costOf(usage, 'claude-sonnet-4-5', 'anthropic'))
    expect(costOf(usage, 'grok-4', 'xai')).toBe(costOf(usage, 'grok-4', 'x-ai'))
    expect(costOf(usage, 'GPT-4o')).toBe(costOf(usage, 'gpt-4o'))
  })

  it('guesses no price for a name that providers price differently', () => {
    const listed = PRICES.providers.filter(({ rules }) =>
      rules.some(([patterns]) => patterns.split(' ').includes('meta-llama/llama-4-scout-17b-16e-instruct')),
    )
    const prices = new Set(listed.map(({ id }) => costOf(usage, 'meta-llama/llama-4-scout-17b-16e-instruct', id)))
    expect(prices.size).toBeGreaterThan(1)
    expect(costOf(usage, 'meta-llama/llama-4-scout-17b-16e-instruct')).toBeUndefined()
  })

  it('prefers prices of your own: exact, then the longest prefix', () => {
    const prices = { 'gpt*': { input: 1 }, 'gpt-4o*': { input: 2 }, 'GPT-4o': { input: 3, output: 0 }, 'llama3*': { input: 0, output: 0 } }
    const input = { inputTokens: 1_000_000 }
    expect(costOf(input, 'gpt-4o', 'openai', prices)).toBe(3)
    expect(costOf(input, 'gpt-4o-mini', 'openai', prices)).toBe(2)
    expect(costOf(input, 'gpt-3', undefined, prices)).toBe(1)
    expect(costOf(input, 'claude-sonnet-4-5', undefined, prices)).toBe(6)
    expect(costOf(usage, 'llama3.2:3b', 'ollama', prices)).toBe(0)
    expect(costOf(usage, 'gpt-4o-mini', 'openai', prices)).toBeUndefined()
  })

  it('prices the whole request at the highest tier that it exceeds', () => {
    const prices = { long: { input: 1, tiers: [{ above: 200, input: 3 }, { above: 100, input: 2 }] } } // biome-ignore format: one line
    expect([100, 101, 200, 201].map((inputTokens) => costOf({ inputTokens }, 'long', undefined, prices))).toEqual(
      [100, 202, 400, 603].map((micro) => micro / 1e6),
    )
  })

  it('never is NaN, negative or thrown, whatever the names', () => {
    const count = fc.oneof(fc.nat(), fc.double(), fc.constant(undefined))
    const name = fc.oneof(fc.string(), fc.constantFrom(...MODELS.map(([model]) => model)))
    fc.assert(
      fc.property(
        count,
        count,
        count,
        name,
        fc.option(name, { nil: undefined }),
        (inputTokens, outputTokens, cachedInputTokens, model, provider) => {
          const reported = Object.fromEntries(
            Object.entries({ inputTokens, outputTokens, cachedInputTokens }).filter(([, value]) => value !== undefined),
          )
          const cost = costOf(reported, model, provider)
          expect(cost === undefined || cost >= 0).toBe(true)
        },
      ),
    )
  })
})

describe('createCostFunction', () => {
  it('answers as costOf does, again and again, for more models than it remembers', () => {
    const cost = createCostFunction({ mine: { input: 5 } })
    const usage = { inputTokens: 7 }
    for (let round = 0; round < 2; round += 1) {
      for (let n = 0; n < 600; n += 1) expect(cost(usage, `unknown-${n}`)).toBeUndefined()
      for (const [model, provider] of MODELS) expect(cost(usage, model, provider)).toBe(costOf(usage, model, provider))
      expect(cost(usage, 'mine')).toBe(35e-6)
      expect(cost(usage, undefined)).toBeUndefined()
    }
  })
})

describe('the price snapshot', () => {
  it('is what the generator makes of the installed data', () => {
    expect(readFileSync(generated, 'utf8')).toBe(generate(PRICES_DATE))
  })

  it('stays small', () => {
    expect(readFileSync(generated).byteLength).toBeLessThan(60_000)
  })
})
