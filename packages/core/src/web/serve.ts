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
import { coversError, judgeResponse } from './substitute.js'
import { tapResponse } from './tap.js'
import { type Rethrowable, rethrowable } from './thrown.js'

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
  /** Gets the cache's fields before what the handler threw is thrown again, for the answer that becomes of it. */
  readonly failing?: ((fields: HeaderPairs) => void) | undefined
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
  const thrown = new Map<string, Rethrowable>()

  function thrownFor(reply: Reply): Rethrowable | undefined {
    if (thrown.size === 0) return undefined
    const id = headerValue(reply.headers, 'x-llm-cache-id')
    return id === undefined ? undefined : thrown.get(id)
  }

  /** Ends the recording of a handler that threw; answers with the cache's fields for what becomes of the error. */
  function failed(recorder: Recorder, client: Client, error: unknown): HeaderPairs {
    client.over()
    recorder.failed()
    const again = rethrowable(error)
    if (!again) {
      recorder.abort('origin-error')
      return []
    }
    thrown.set(recorder.id, again)
    // Followers have taken it by then: nothing but microtasks lies between.
    setTimeout(() => {
      thrown.delete(recorder.id)
      again.forget()
    }, 0)
    const own = recorder.head(500, [])
    recorder.end()
    return own
  }

  return async function serve(options, handler) {
    const { request } = options
    const body = createBodyReader(request, options.alreadyRead)
    const opened = route.open(webRequest(request, body, options))
    const outcome = opened instanceof Promise ? await opened : opened
    options.expose(outcome.handle)
    switch (outcome.kind) {
      case 'replay': {
        const again = thrownFor(outcome.reply)
        if (!again) return replyResponse(outcome.reply, options.fields())
        options.failing?.(outcome.reply.headers)
        throw await again.next()
      }
      case 'bypass':
        return bypass(options, body, outcome.headers, handler)
      case 'record': {
        const { recorder, handle } = outcome
        const client = watchClient(recorder, request.signal)
        const { fallback } = recorder
        const fields = options.fields()
        const sentInstead = (reply: Reply): Response => {
          client.over()
          return replyResponse(reply, fields)
        }
        options.replace(withoutConditions(body.restore(client.signal)))
        let response: Response | undefined
        try {
          response = await recorder.run(async () => handler(() => recorder.failed()))
        } catch (error) {
          const reply = fallback && coversError(error, fallback) ? fallback.take(undefined) : undefined
          if (reply) return sentInstead(reply)
          options.failing?.(failed(recorder, client, error))
          throw error
        }
        if (response && fallback) {
          const judged = await judgeResponse(response, recorder, fallback, client)
          if (judged.reply) return sentInstead(judged.reply)
          response = judged.response
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
