/** One exchange on `Request` and `Response`: what the Hono adapter stands on, and any fetch handler can. */

import type { CacheRoute } from '../cache.js'
import type { CacheHandle } from '../engine/handle.js'
import type { HeaderPairs, Recorder, Reply } from '../exchange.js'
import { headerValue } from '../http/headers.js'
import { type BodyReader, createBodyReader } from './body.js'
import { type Client, watchClient } from './client.js'
import { withFields } from './headers.js'
import { replyResponse } from './reply.js'
import { type WebRequestOptions, webRequest } from './request.js'
import { tapResponse } from './tap.js'

export interface WebServeOptions extends WebRequestOptions {
  readonly request: Request
  /** The body where middleware read it before us, and the framework kept it. */
  readonly alreadyRead?: (() => Promise<ArrayBuffer>) | undefined
  /** Fields that outer middleware has set before the handler runs. */
  readonly fields: () => Headers
  /** Gets the handle before anything else happens. */
  readonly expose: (handle: CacheHandle) => void
  /** Gets the request that the handler must be given in place of `request`. */
  readonly replace: (request: Request) => void
}

/**
 * Answers from the cache, or runs `handler` and records its answer. What the handler throws is thrown again; the result is
 * undefined where it answered nothing. `failed` is for errors that have become an answer already.
 */
export type WebServe = (
  options: WebServeOptions,
  handler: (failed: () => void) => Response | undefined | Promise<Response | undefined>,
) => Promise<Response | undefined>

export function createWebServe(route: CacheRoute): WebServe {
  // Followers of a handler that threw throw the same, so that the app's own error handling makes their answers too.
  const thrown = new Map<string, unknown>()

  function rethrown(reply: Reply): void {
    if (thrown.size === 0) return
    const id = headerValue(reply.headers, 'x-llm-cache-id')
    if (id !== undefined && thrown.has(id)) throw thrown.get(id)
  }

  function failed(recorder: Recorder, client: Client, error: unknown): void {
    client.over()
    recorder.failed()
    // The Response in Hono's HTTPException can be sent once only.
    if ((error as { res?: unknown } | undefined)?.res instanceof Response) {
      recorder.abort('origin-error')
      return
    }
    thrown.set(recorder.id, error)
    // Followers have taken it by then: nothing but microtasks lies between.
    setTimeout(() => thrown.delete(recorder.id), 0)
    recorder.head(500, [])
    recorder.end()
  }

  return async function serve(options, handler) {
    const { request } = options
    const body = createBodyReader(request, options.alreadyRead)
    const opened = route.open(webRequest(request, body, options))
    const outcome = opened instanceof Promise ? await opened : opened
    options.expose(outcome.handle)
    switch (outcome.kind) {
      case 'replay':
        rethrown(outcome.reply)
        return replyResponse(outcome.reply, options.fields())
      case 'bypass':
        return bypass(options, body, outcome.headers, handler)
      case 'record': {
        const { recorder, handle } = outcome
        const client = watchClient(recorder, request.signal)
        const fields = options.fields()
        options.replace(withoutConditions(body.restore(client.signal)))
        let response: Response | undefined
        try {
          response = await recorder.run(async () => handler(() => recorder.failed()))
        } catch (error) {
          failed(recorder, client, error)
          throw error
        }
        if (response) return tapResponse(response, { recorder, handle, client }, fields)
        client.over()
        recorder.abort('origin-error')
        return undefined
      }
    }
  }
}

async function bypass(
  options: WebServeOptions,
  body: BodyReader,
  own: HeaderPairs,
  handler: Parameters<WebServe>[1],
): Promise<Response | undefined> {
  const restored = body.restore()
  if (restored !== options.request) options.replace(restored)
  const response = await handler(() => undefined)
  return response && withFields(response, own)
}

/**
 * Takes conditions of a GET from its handler, before it makes an answer to be stored: to a 304 there is nothing to store, and a
 * client that asks with a validator each time would cost a model call each time.
 */
function withoutConditions(request: Request): Request {
  for (const name of ['if-none-match', 'if-modified-since']) if (request.headers.has(name)) request.headers.delete(name)
  return request
}
