/** What Hono's context tells of a request: its routes, its body, and the fields that outer middleware has set. */

import { targetOf } from '@llm-cache/core/web'
import type { Context } from 'hono'

/**
 * On a route of its own, which answers after it. Hono keeps `app.all(path, ...)` and `app.use(path, ...)` as one and the same, so
 * that neither counts.
 */
export function isOnRoute({ req }: Context): boolean {
  const routes = req.matchedRoutes
  const own = routes[req.routeIndex]
  if (!own || own.method === 'ALL') return false
  return routes.slice(req.routeIndex + 1).some(({ method, path }) => method === own.method && path === own.path)
}

/** The pattern of the route that answers: the last one, middleware apart. */
export function patternOf({ req }: Context, explicit: boolean): string | undefined {
  const routes = req.matchedRoutes
  return (explicit ? routes[req.routeIndex] : (routes.findLast(({ method }) => method !== 'ALL') ?? routes.at(-1)))?.path
}

/** What Node received, where `app.mount()` stripped the beginning; two mounted apps may have equal paths. */
export function mountedTarget(c: Context): string | undefined {
  const received = incomingOf(c)?.url
  return typeof received === 'string' && received.endsWith(targetOf(c.req.raw.url)) ? received : undefined
}

/** Node's message, which node-server passes on as a binding. */
export function incomingOf({ env }: Context): { readonly url?: unknown } | undefined {
  return (env as { incoming?: { readonly url?: unknown } } | undefined)?.incoming
}

/** Did middleware before us read the body in a way that keeps its bytes? */
export function isKept(bodyCache: object): boolean {
  const [first] = Object.keys(bodyCache)
  return first !== undefined && first !== 'formData' && first !== 'parsedBody'
}

/** Reads the fields that outer middleware has set, by `c.header()` or on `c.res`, and changes nothing. */
export function createFieldsReader(): (c: Context) => Headers {
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
