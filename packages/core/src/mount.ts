/** What all adapters do the same way: from the arguments of `llmCache()` and `cached()` to a route of a cache. */

import { type CacheRoute, createLlmCache, type LlmCache } from './cache.js'
import type { LlmCacheOptions, RouteOptions } from './engine/options.js'
import { OptionError } from './errors.js'
import { describeValue } from './lib/nearest.js'

/** Options of `cached()`: those of a cache of its own, or a `cache` and the rules of this one handler. */
export type CachedOptions = (LlmCacheOptions & { readonly cache?: undefined }) | (RouteOptions & { readonly cache: LlmCache })

/** @throws OptionError for an unknown or wrong option */
export function openMount(optionsOrCache: LlmCacheOptions | LlmCache = {}, routeOptions?: RouteOptions): CacheRoute {
  if (routeOptions === null) throw new OptionError('ERR_OPTION_INVALID', 'routeOptions', 'routeOptions must be an object, not null')
  const cache = isLlmCache(optionsOrCache) ? optionsOrCache : createLlmCache(optionsOrCache)
  return routeOptions === undefined ? cache : cache.route(routeOptions)
}

/** @throws OptionError for an unknown or wrong option */
export function openCached(options: CachedOptions): CacheRoute {
  if (typeof options !== 'object' || options === null) {
    const what = describeValue(options)
    throw new OptionError(
      'ERR_OPTION_INVALID',
      'options',
      `cached() takes its options first, as cached({ ttl: '1h' }, handler), not ${what}`,
    )
  }
  if (options.cache === undefined) {
    const { cache: _, ...own } = options
    return createLlmCache(own)
  }
  const { cache, ...rest } = options
  if (isLlmCache(cache)) return cache.route(rest)
  throw new OptionError('ERR_OPTION_INVALID', 'cache', `cache must be what createLlmCache() gives, not ${describeValue(cache)}`)
}

/** Wraps a handler; or, as a decorator of either kind, a method. Returned by `cached(options)`. */
export interface CachedDecorator<H extends AnyFunction> {
  /** TC39 decorator (2023-11): `@cached({ ttl: '1h' }) async chat(request, response) {}`. */
  <M extends H>(method: M, context: { readonly kind: 'method' }): M
  /** TypeScript's `experimentalDecorators`. */
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): void
  /** Plain wrapper. */
  <M extends H>(handler: M): M
}

type AnyFunction = (this: never, ...args: never[]) => unknown

/**
 * One function that is wrapper, TC39 decorator and legacy decorator, told apart by its arguments.
 * @throws TypeError when it is put on anything but a method or a handler
 */
export function createDecorator<H extends AnyFunction>(wrap: (handler: H) => H): CachedDecorator<H> {
  return ((value: unknown, _keyOrContext?: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (descriptor && typeof descriptor.value === 'function') {
      descriptor.value = wrap(descriptor.value as H)
      return undefined
    }
    if (typeof value === 'function' && descriptor === undefined) return wrap(value as H)
    throw new TypeError('cached() goes on a handler function or a method')
  }) as CachedDecorator<H>
}

function isLlmCache(value: unknown): value is LlmCache {
  if (typeof value !== 'object' || value === null) return false
  const { open, route } = value as Partial<LlmCache>
  return typeof open === 'function' && typeof route === 'function'
}
