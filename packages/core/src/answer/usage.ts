/** Tokens, as each provider counts them, in the one form of `Usage`. */

import type { Usage } from '../events.js'
import { isObject, type JsonObject } from './json.js'

/** A count of tokens; undefined for anything but a whole number from 0 to 2^53 - 1. */
export function tokens(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

/** Sum of the counts that are there; undefined when `first` is not. */
export function sum(first: unknown, ...more: readonly unknown[]): number | undefined {
  const start = tokens(first)
  return start === undefined ? undefined : tokens(more.reduce<number>((total, value) => total + (tokens(value) ?? 0), start))
}

/** A `Usage` of the counts that are there; undefined when none is. */
export function usageOf(input: unknown, output: unknown, cached: unknown): Usage | undefined {
  const counts = { inputTokens: tokens(input), outputTokens: tokens(output), cachedInputTokens: tokens(cached) }
  const known = Object.entries(counts).filter(([, count]) => count !== undefined)
  return known.length > 0 ? Object.fromEntries(known) : undefined
}

/** OpenAI's chat, completions and embeddings `usage`. Cached tokens are part of `prompt_tokens`. */
export function openaiUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined
  return usageOf(usage.prompt_tokens, usage.completion_tokens, member(usage, 'prompt_tokens_details').cached_tokens)
}

/** `value[name]` when it is an object, an empty one otherwise. */
export function member(value: JsonObject, name: string): JsonObject {
  const found = value[name]
  return isObject(found) ? found : {}
}
