/** The app that requests are sent to, in whatever form it is at hand. */

import { inMemory } from '#platform'
import { OptionError } from '../errors.js'
import { describeValue } from '../lib/nearest.js'
import type { NodeListener, NodeServer } from '../platform/app-port.js'

/** Whatever answers a `Request`: a Hono app, what Bun, Deno and Workers export. */
export interface FetchApp {
  fetch(request: Request): Response | Promise<Response>
}

/** A Koa app. */
export interface CallbackApp {
  callback(): NodeListener
}

/** An `http.Server` or `https.Server`, listening or not. */
export interface ServerApp {
  readonly listening: boolean
  emit(event: string, ...values: unknown[]): boolean
}

/** The app itself: a Node server, an Express app (or any `(request, response)` listener), a Koa app, or an object with `fetch`. */
export type AppTarget = ServerApp | NodeListener | CallbackApp | FetchApp

export type Target = { readonly kind: 'server'; readonly server: NodeServer } | { readonly kind: 'fetch'; readonly app: FetchApp }

/** @throws OptionError for what is no app, or one that this runtime cannot send to */
export function resolveTarget(app: AppTarget, option = 'app'): Target {
  const { fetch, callback } = (app ?? {}) as { fetch?: unknown; callback?: unknown }
  if (typeof fetch === 'function') return { kind: 'fetch', app: app as FetchApp }
  if (inMemory.isServer(app)) return { kind: 'server', server: app }
  const listener = typeof callback === 'function' ? (app as CallbackApp).callback() : app
  // A function of nothing gives the app, it is none.
  if (typeof listener !== 'function' || listener.length === 0) throw wrong(option, app)
  const server = inMemory.serverFor(listener)
  if (!server) throw new OptionError('ERR_OPTION_INVALID', option, `${option} must be an object with fetch(request) on this runtime`)
  return { kind: 'server', server }
}

function wrong(option: string, app: unknown): OptionError {
  return new OptionError(
    'ERR_OPTION_INVALID',
    option,
    `${option} is ${describeValue(app)}; it must be the app itself: an http.Server, an Express app, a Koa app, or an object with fetch(request), as Hono apps are`,
  )
}
