/** `@llm-cache/hono`: the cache as middleware and handler wrapper for Hono 4.6+. */

import {
  type CachedDecorator,
  type CachedOptions,
  type CacheHandle,
  type CacheRoute,
  createDecorator,
  createLlmCache,
  type LlmCache,
  type LlmCacheOptions,
  openCached,
  openMount,
  type RouteOptions,
} from '@llm-cache/core'
import { createWebServe, targetOf } from '@llm-cache/core/web'
import type { Context, MiddlewareHandler, Next } from 'hono'

declare module 'hono' {
  interface ContextVariableMap {
    /** Set by the middleware before the handler runs. */
    llmCache: CacheHandle
  }
}

export { createLlmCache, type LlmCache, type LlmCacheOptions, type RouteOptions }

/** A route handler that answers with a Response, as a function or a method. */
// biome-ignore lint/suspicious/noExplicitAny: `this` is the caller's class, and the context is of the caller's app
export type Handler = (this: any, c: Context<any, any, any>, next: Next) => Answer | Promise<Answer>
// biome-ignore lint/suspicious/noConfusingVoidType: what handlers without a `return` have
type Answer = Response | undefined | void

/**
 * The middleware. On the whole app only requests that look like model calls are cached; on a route, every one.
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
    run(c, isOnRoute(c), async () => {
      await next()
      // An error page of the app with a good status; others are told by theirs.
      if (c.error && c.finalized && c.res.ok) c.get('llmCache').skip('the handler threw')
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
  return handler === undefined ? createDecorator(wrap) : wrap(handler)
}

type Run = (c: Context, explicit: boolean, handler: () => Answer | Promise<Answer>) => Promise<Response | undefined>

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
        route: () => patternOf(c, explicit),
        outer: c.get('llmCache'),
        alreadyRead: isKept(req.bodyCache) ? () => req.arrayBuffer() : undefined,
        fields: () => fields(c),
        expose: (handle) => c.set('llmCache', handle),
        replace: (request) => {
          req.raw = request
        },
      },
      async () => {
        ran = true
        return (await handler()) ?? (c.finalized ? c.res : undefined)
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

/** On a route of its own method; or by `all`, of which `use` differs only in that other routes answer after it. */
function isOnRoute({ req }: Context): boolean {
  const routes = req.matchedRoutes
  const own = routes[req.routeIndex]
  if (!own) return false
  const later = routes.slice(req.routeIndex + 1)
  const answers = later.some(({ method, path }) => method === own.method && path === own.path)
  return answers && (own.method !== 'ALL' || (!own.path.endsWith('*') && later.every(({ method }) => method === 'ALL')))
}

/** The pattern of the route that answers: the last one, middleware apart. */
function patternOf({ req }: Context, explicit: boolean): string | undefined {
  const routes = req.matchedRoutes
  return (explicit ? routes[req.routeIndex] : (routes.findLast(({ method }) => method !== 'ALL') ?? routes.at(-1)))?.path
}

/** What Node received, where `app.mount()` stripped the beginning; two mounted apps may have equal paths. */
function mountedTarget({ env, req }: Context): string | undefined {
  const received: unknown = (env as { incoming?: { url?: unknown } } | undefined)?.incoming?.url
  return typeof received === 'string' && received.endsWith(targetOf(req.raw.url)) ? received : undefined
}

/** Did middleware before us read the body in a way that keeps its bytes? */
function isKept(bodyCache: object): boolean {
  const [first] = Object.keys(bodyCache)
  return first !== undefined && first !== 'formData' && first !== 'parsedBody'
}

/** Reads the fields that outer middleware has set, by `c.header()` or on `c.res`, and changes nothing. */
function createFieldsReader(): (c: Context) => Headers {
  let isComplete: boolean | undefined
  return (c) => {
    // A copy: the response may share its own with what `c.header()` sets from now on.
    const headers = new Headers(c.newResponse(null, {}).headers)
    isComplete ??= reflectsResponse(c)
    if (isComplete || c.finalized) return headers
    const early = [...c.res.headers]
    for (const [name, value] of early) if (name !== 'content-type') headers.append(name, value)
    if (early.some(([name]) => name !== 'content-type')) return headers
    // There was none, and reading has made one, which would change what the handler's answer looks like.
    c.res = undefined
    c.finalized = false
    return headers
  }
}

/** Newer versions make each response with the fields set on `c.res` so far, so that there is no need to touch that. */
function reflectsResponse(c: Context): boolean {
  const sample = new (c.constructor as typeof Context)(c.req.raw)
  sample.res.headers.set('x-sample', '1')
  return sample.newResponse(null, {}).headers.has('x-sample')
}
