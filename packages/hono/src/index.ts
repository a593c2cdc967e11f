/** `@llm-cache/hono`: the cache as middleware and handler wrapper for Hono 4.6+. */

import {
  type CachedDecorator,
  type CachedOptions,
  type CacheHandle,
  type CacheRoute,
  createDecorator,
  type LlmCache,
  type LlmCacheOptions,
  openCached,
  openMount,
  type RouteOptions,
} from '@llm-cache/core'
import { createWebServe } from '@llm-cache/core/web'
import type { Context, MiddlewareHandler, Next } from 'hono'
import { createFieldsReader, incomingOf, isKept, isOnRoute, mountedTarget, patternOf } from './context.js'

export * from '@llm-cache/core'
export { llmCacheReject } from './reject.js'

declare module 'hono' {
  interface ContextVariableMap {
    /** Set by the middleware before the handler runs. */
    llmCache: CacheHandle
  }
}

/** A route handler that answers with a Response, as a function or a method. */
// biome-ignore lint/suspicious/noExplicitAny: `this` is the caller's class, and the context is of the caller's app
export type Handler = (this: any, c: Context<any, any, any>, next: Next) => Answer | Promise<Answer>
// biome-ignore lint/suspicious/noConfusingVoidType: what handlers without a `return` have
type Answer = Response | undefined | void

/**
 * The middleware. On the whole app only requests that look like model calls are cached; on a route, every one. A route of
 * `app.all` looks to Hono as `app.use` does and counts as the latter: there, take `cached()` or the option `when`.
 *
 * @param optionsOrCache options of a cache of its own, or a cache to share
 * @param routeOptions rules that differ here from the cache's
 * @throws OptionError for an unknown or wrong option
 * @example
 * app.use(llmCache())
 * app.post('/chat', llmCache({ ttl: '1h' }), handler)
 */
export function llmCache(optionsOrCache?: LlmCacheOptions | LlmCache, routeOptions?: RouteOptions): MiddlewareHandler {
  const run = createRun(openMount(optionsOrCache, routeOptions))
  return (c, next) =>
    run(c, isOnRoute(c), async (failed) => {
      await next()
      // What a handler threw has become an error page by now.
      if (c.error) failed()
    })
}

/**
 * Caches one handler, or a controller's method as its decorator (TC39 and legacy).
 *
 * @throws OptionError for an unknown or wrong option
 * @example
 * app.post('/chat', cached({ ttl: '1h' }, async (c) => c.json(await ask(await c.req.json()))))
 * class Chat { @cached({ ttl: '1h' }) async ask(c) {} }
 */
export function cached(options: CachedOptions): CachedDecorator<Handler>
export function cached<H extends Handler>(options: CachedOptions, handler: H): H
export function cached(options: CachedOptions, handler?: Handler): Handler | CachedDecorator<Handler> {
  const run = createRun(openCached(options))
  const wrap = (inner: Handler): Handler =>
    function cachedHandler(c, next) {
      return run(c, true, () => inner.call(this, c, next))
    }
  return handler === undefined ? createDecorator(wrap) : createDecorator(wrap)(handler)
}

type Run = (c: Context, explicit: boolean, handler: (failed: () => void) => Answer | Promise<Answer>) => Promise<Response | undefined>

function createRun(cacheRoute: CacheRoute): Run {
  const serve = createWebServe(cacheRoute)
  const fields = createFieldsReader()
  return async (c, explicit, handler) => {
    const { req } = c
    let ran = false
    const response = await serve(
      {
        request: req.raw,
        explicit,
        url: mountedTarget(c),
        incoming: incomingOf(c),
        route: () => patternOf(c, explicit),
        outer: c.get('llmCache'),
        dispatch: cacheRoute.dispatch,
        alreadyRead: isKept(req.bodyCache) ? () => req.arrayBuffer() : undefined,
        fields: () => fields(c),
        expose: (handle) => c.set('llmCache', handle),
        replace: (request) => {
          req.raw = request
        },
        failing: (own) => {
          for (const [name, value] of own) c.header(name, value)
        },
      },
      async (failed) => {
        ran = true
        return (await handler(failed)) ?? (c.finalized ? c.res : undefined)
      },
    )
    if (response && (ran ? c.finalized && response !== c.res : true)) {
      // Set twice, for Hono would merge the fields set so far into this one, which has them already.
      c.res = undefined
      c.res = response
    }
    return response
  }
}
