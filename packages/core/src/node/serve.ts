/** One exchange on Node's request and response: what the Express adapter, and Koa for its raw responses, stand on. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CacheRoute } from '../cache.js'
import type { CacheHandle } from '../engine/handle.js'
import { discard, type Outcome, type Recorder } from '../exchange.js'
import { snapshot } from './headers.js'
import { hideConditions, type NodeRequestOptions, nodeRequest } from './request.js'
import { sendReply } from './send.js'
import { tapResponse } from './tap.js'

export interface ServeOptions extends NodeRequestOptions {
  /** Gets the handle before anything else happens. */
  readonly expose: (handle: CacheHandle) => void
}

/**
 * Answers `request` from `route`, or runs `handler` and records its answer. What the handler throws or returns is the
 * caller's; the result is undefined where the handler did not run. `failed` is for errors that it hands on in another way.
 */
export function serve<T>(
  route: CacheRoute,
  request: IncomingMessage,
  response: ServerResponse,
  options: ServeOptions,
  handler: (failed: () => void) => T,
): T | undefined | Promise<T | undefined> {
  const outcome = route.open(nodeRequest(request, response, options))
  const act = (result: Outcome): T | undefined => {
    options.expose(result.handle)
    // Outer middleware (a time-out) may have answered while the body or the store was waited for.
    if (response.headersSent && result.kind !== 'bypass') {
      discard(result)
      return undefined
    }
    switch (result.kind) {
      case 'replay':
        sendReply(request, response, result.reply)
        return undefined
      case 'bypass':
        if (!response.headersSent) for (const [name, value] of result.headers) response.setHeader(name, value)
        return handler(() => undefined)
      case 'record':
        hideConditions(request)
        tapResponse(request, response, result.recorder, snapshot(response))
        return runWatched(result.recorder, handler)
    }
  }
  return outcome instanceof Promise ? outcome.then(act) : act(outcome)
}

/** Runs the handler; a throw or rejection is noted and goes on to the framework. */
function runWatched<T>(recorder: Recorder, handler: (failed: () => void) => T): T {
  const failed = (): void => recorder.failed()
  try {
    const result = recorder.run(() => handler(failed))
    if (result instanceof Promise) result.catch(failed)
    return result
  } catch (error) {
    failed()
    throw error
  }
}
