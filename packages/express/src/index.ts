/** `@llm-cache/express`: the cache as middleware and handler wrapper for Express 4.21+ and 5. */

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
import { serve } from '@llm-cache/core/node'
import type { NextFunction, Request, RequestHandler, Response } from 'express'

export * from '@llm-cache/core'
export { llmCacheReject } from './reject.js'

declare global {
  namespace Express {
    interface Locals {
      /** Set by the middleware before the handler runs. */
      llmCache: CacheHandle
    }
  }
}

/** A route handler: `(req, res)` or `(req, res, next)`, as a function or a method, with whatever parameters, bodies and locals. */
// biome-ignore-start lint/suspicious/noExplicitAny: `this` is the caller's class, and handlers narrow what Express leaves open
export type Handler = (this: any, request: Request<any, any, any, any, any>, response: Response<any, any>, next: NextFunction) => unknown
/** What a handler without annotations gets: Express' own defaults, so that `res.locals.llmCache` is typed. */
type PlainHandler = (this: any, request: Request, response: Response, next: NextFunction) => unknown
// biome-ignore-end lint/suspicious/noExplicitAny: the same

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
export function llmCache(optionsOrCache?: LlmCacheOptions | LlmCache, routeOptions?: RouteOptions): RequestHandler {
  const route = openMount(optionsOrCache, routeOptions)
  const middleware: RequestHandler = (request, response, next) => {
    const served = run(route, request, response, isOnRoute(request, middleware), () => next())
    if (served instanceof Promise) served.catch(next)
  }
  return middleware
}

/**
 * Caches one handler, or a controller's method as its decorator (TC39 and legacy).
 *
 * @throws OptionError for an unknown or wrong option
 * @example
 * app.post('/chat', cached({ ttl: '1h' }, async (req, res) => res.json(await ask(req.body))))
 * class Chat { @cached({ ttl: '1h' }) async ask(req, res) {} }
 */
export function cached(options: CachedOptions): CachedDecorator<Handler>
export function cached<H extends PlainHandler>(options: CachedOptions, handler: H): H
export function cached<H extends Handler>(options: CachedOptions, handler: H): H
export function cached(options: CachedOptions, handler?: Handler): Handler | CachedDecorator<Handler> {
  const route = openCached(options)
  const wrap = (inner: Handler): Handler =>
    function cachedHandler(request, response, next) {
      let late = false
      const served = run(route, request, response, true, (failed) => {
        const passOn: NextFunction = (error?: unknown) => {
          if (error !== undefined && error !== null && error !== 'route' && error !== 'router') failed()
          next(error)
        }
        try {
          return inner.call(this, request, response, passOn)
        } catch (error) {
          // Express 4 catches what is thrown at once, and nothing after that.
          if (!late) throw error
          return passOn(error)
        }
      })
      late = true
      return served
    }
  return handler === undefined ? createDecorator(wrap) : createDecorator(wrap)(handler)
}

/** True on a route, false for `use`: `request.route` alone is also there after a route that passed on. */
function isOnRoute(request: Request, middleware: RequestHandler): boolean {
  const stack: readonly { readonly handle?: unknown }[] | undefined = request.route?.stack
  return stack?.some(({ handle }) => handle === middleware) ?? false
}

function run(
  route: CacheRoute,
  request: Request,
  response: Response,
  explicit: boolean,
  handler: (failed: () => void) => unknown,
): unknown {
  return serve(
    route,
    request,
    response,
    {
      url: request.originalUrl,
      explicit,
      // Without the mount path: that holds the values of its parameters.
      route: () => (typeof request.route?.path === 'string' ? request.route.path : undefined),
      parsed: request.body,
      outer: response.locals.llmCache,
      dispatch: route.dispatch,
      expose: (handle) => {
        response.locals.llmCache = handle
      },
    },
    handler,
  )
}
