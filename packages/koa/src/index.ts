/** `@llm-cache/koa`: the cache as middleware and handler wrapper for Koa 2.16+ and 3. */

import {
  type CachedDecorator,
  type CachedOptions,
  type CacheHandle,
  type CacheRequest,
  type CacheRoute,
  createDecorator,
  createRejectCall,
  discard,
  type LlmCache,
  type LlmCacheOptions,
  type Outcome,
  openCached,
  openMount,
  type RejectCallOptions,
  type RouteOptions,
} from '@llm-cache/core'
import { hideConditions, nodeRequest, replyInstead, snapshot, tapResponse } from '@llm-cache/core/node'
import type { Context, Middleware, Next } from 'koa'
import { captureBody } from './capture.js'
import { replyBody } from './reply.js'

export * from '@llm-cache/core'

/**
 * What the middleware adds to `ctx.state`. Apps without a state type of their own have it already; others mix it in.
 *
 * @example
 * const app = new Koa<State & LlmCacheState>()
 */
export interface LlmCacheState {
  /** Set by the middleware before the handler runs. */
  llmCache: CacheHandle
}

declare module 'koa' {
  interface DefaultState extends LlmCacheState {}
}

/** A handler: `(ctx)` or `(ctx, next)`, as a function or a method. */
// biome-ignore lint/suspicious/noExplicitAny: `this` is the caller's class, and contexts are extended by every router
export type Handler = (this: any, ctx: any, next: Next) => unknown

/**
 * The middleware. On the whole app only requests that look like model calls are cached; on a route, every one.
 *
 * @param optionsOrCache options of a cache of its own, or a cache to share
 * @param routeOptions rules that differ here from the cache's
 * @throws OptionError for an unknown or wrong option
 * @example
 * app.use(llmCache())
 * router.post('/chat', llmCache({ ttl: '1h' }), handler)
 */
export function llmCache(optionsOrCache?: LlmCacheOptions | LlmCache, routeOptions?: RouteOptions): Middleware {
  const route = openMount(optionsOrCache, routeOptions)
  const middleware: Middleware = (ctx, next) => run(route, ctx, isOnRoute(ctx, middleware), next)
  return middleware
}

/**
 * Caches one handler, or a controller's method as its decorator (TC39 and legacy).
 *
 * @throws OptionError for an unknown or wrong option
 * @example
 * router.post('/chat', cached({ ttl: '1h' }, async (ctx) => { ctx.body = await ask(ctx.request.body) }))
 * class Chat { @cached({ ttl: '1h' }) async ask(ctx) {} }
 */
export function cached(options: CachedOptions): CachedDecorator<Handler>
export function cached<H extends Handler>(options: CachedOptions, handler: H): H
export function cached(options: CachedOptions, handler?: Handler): Handler | CachedDecorator<Handler> {
  const route = openCached(options)
  const wrap = (inner: Handler): Handler =>
    function cachedHandler(ctx: Context, next) {
      return run(route, ctx, true, async () => inner.call(this, ctx, next))
    }
  return handler === undefined ? createDecorator(wrap) : createDecorator(wrap)(handler)
}

/**
 * A middleware for `POST {"id": "...", "reason": "..."}`, by which those who are authorised reject answers of any partition.
 *
 * @throws OptionError without `authorize`
 * @example
 * router.all('/llm-cache/reject', llmCacheReject(cache, { authorize: (ctx) => ctx.get('authorization') === secret }))
 */
export function llmCacheReject(cache: LlmCache, options: RejectCallOptions<Context>): Middleware {
  const answer = createRejectCall(cache, options)
  return async (ctx) => replyBody(ctx, await answer(requestOf(ctx, true), ctx))
}

function requestOf(ctx: Context, explicit: boolean, route?: CacheRoute): CacheRequest {
  return nodeRequest(ctx.req, ctx.res, {
    url: ctx.originalUrl,
    explicit,
    route: () => (typeof ctx._matchedRoute === 'string' ? ctx._matchedRoute : undefined),
    parsed: (ctx.request as { body?: unknown }).body,
    outer: ctx.state.llmCache as CacheHandle | undefined,
    dispatch: route?.dispatch,
  })
}

async function run(route: CacheRoute, ctx: Context, explicit: boolean, handler: () => Promise<unknown>): Promise<void> {
  const outcome = await route.open(requestOf(ctx, explicit, route))
  ctx.state.llmCache = outcome.handle
  // Outer middleware may have answered by itself while the body or the store was waited for.
  if (ctx.headerSent && outcome.kind !== 'bypass') return discard(outcome)
  await act(ctx, outcome, handler)
}

async function act(ctx: Context, outcome: Outcome, handler: () => Promise<unknown>): Promise<void> {
  switch (outcome.kind) {
    case 'replay':
      replyBody(ctx, outcome.reply)
      return
    case 'bypass':
      for (const [name, value] of outcome.headers) ctx.set(name, value)
      await handler()
      return
    case 'record': {
      const { recorder } = outcome
      hideConditions(ctx.req)
      const outer = snapshot(ctx.res)
      // Handlers that write to `ctx.res` themselves, and errors, are recorded there; a body, as soon as it is known.
      const tap = tapResponse(ctx.req, ctx.res, recorder, outer)
      try {
        await recorder.run(handler)
      } catch (error) {
        recorder.failed()
        throw error
      }
      const instead = ctx.respond === false || ctx.headerSent ? undefined : await replyInstead(ctx.res, { tap, outer }, recorder, ctx)
      if (instead) replyBody(ctx, instead)
      else captureBody(ctx, recorder, tap, outer)
    }
  }
}

/** True on a route of a router, false for `app.use` and `router.use`: routers keep the layers that they matched. */
function isOnRoute({ matched }: Context, middleware: Middleware): boolean {
  return Array.isArray(matched) && matched.some(({ methods, stack }: Layer) => (methods ?? []).length > 0 && stack?.includes(middleware))
}

type Layer = Partial<Record<'methods' | 'stack', readonly unknown[]>>
