/** One exchange on Node's request and response: what the Express adapter, and Koa for its raw responses, stand on. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CacheRoute } from '../cache.js'
import type { CacheHandle } from '../engine/handle.js'
import type { Outcome } from '../exchange.js'
import { snapshot } from './headers.js'
import { type NodeRequestOptions, nodeRequest } from './request.js'
import { sendReply } from './send.js'
import { tapResponse } from './tap.js'

export interface ServeOptions extends NodeRequestOptions {
  /** Gets the handle before anything else happens. */
  readonly expose: (handle: CacheHandle) => void
}

/**
 * Answers `request` from `route`, or runs `handler` and records its answer. What the handler throws or returns is the
 * caller's; the result is undefined where the handler did not run.
 */
export function serve<T>(
  route: CacheRoute,
  request: IncomingMessage,
  response: ServerResponse,
  options: ServeOptions,
  handler: () => T,
): T | undefined | Promise<T | undefined> {
  const outcome = route.open(nodeRequest(request, response, options))
  const act = (result: Outcome): T | undefined => {
    options.expose(result.handle)
    // Outer middleware (a time-out) may have answered while the body or the store was waited for.
    if (response.headersSent && result.kind !== 'bypass') return undefined
    switch (result.kind) {
      case 'replay':
        sendReply(request, response, result.reply)
        return undefined
      case 'bypass':
        if (!response.headersSent) for (const [name, value] of result.headers) response.setHeader(name, value)
        return handler()
      case 'record':
        tapResponse(request, response, result.recorder, snapshot(response))
        return result.recorder.run(handler)
    }
  }
  return outcome instanceof Promise ? outcome.then(act) : act(outcome)
}
