/** What the three frameworks have in common: every name that an app needs comes from its adapter. */

import {
  type CachedOptions,
  type CacheEvent,
  type CacheHandle,
  type CacheStats,
  createLlmCache,
  type Duration,
  isOptionError,
  type LlmCache,
  type LlmCacheOptions,
  OptionError,
  type OutcomeLabel,
  type RouteOptions,
} from '@llm-cache/express'

export const cache: LlmCache = createLlmCache({ ttl: '1h' })
export const labelOf = (handle: CacheHandle): OutcomeLabel => handle.outcome
export const onEvent = (listener: (event: CacheEvent) => void): (() => void) => cache.on(listener)
export const hits = (stats: CacheStats): number => stats.hits
export const failed = (error: unknown): string | undefined =>
  isOptionError(error) && error instanceof OptionError ? error.option : undefined

/** Absent and `undefined` are the same, for what is read from a configuration. */
export function configured(ttl: Duration | undefined, size: number | undefined, flag: boolean | undefined): readonly object[] {
  const route: RouteOptions = {
    ttl,
    partition: undefined,
    credentials: { headers: undefined, ignore: undefined, cookies: undefined, secret: undefined },
    headers: undefined,
    normalize: undefined,
    tags: undefined,
    when: undefined,
    controls: { allow: undefined, minTtl: ttl, maxTtl: undefined },
    collapse: { timeout: ttl },
    replay: undefined,
    toolCalls: flag,
    complete: undefined,
    maxBodyBytes: size,
  }
  const options: LlmCacheOptions = {
    ...route,
    controls: undefined,
    credentials: undefined,
    collapse: flag,
    name: undefined,
    strategy: undefined,
    store: undefined,
    maxEntries: size,
    maxBytes: size,
    maxEntryBytes: size,
    storeTimeout: ttl,
    upstream: [{ host: 'llm.internal', path: undefined }],
    prices: { 'my-model': { input: 1, cachedInput: size, output: size, tiers: undefined } },
    clock: undefined,
  }
  const own: CachedOptions = { ...options, cache: undefined }
  const shared: CachedOptions = { ...route, cache }
  return [route, options, own, shared]
}
