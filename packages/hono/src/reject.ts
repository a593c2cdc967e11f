/** Rejecting answers over HTTP, in a Hono app. */

import { createRejectCall, type LlmCache, type RejectCallOptions } from '@llm-cache/core'
import { createBodyReader, replyResponse } from '@llm-cache/core/web'
import type { Context, MiddlewareHandler } from 'hono'
import { isKept } from './context.js'

/**
 * A handler for `POST {"id": "...", "reason": "..."}`, by which those who are authorised reject answers of any partition.
 *
 * @throws OptionError without `authorize`
 * @example
 * app.all('/llm-cache/reject', llmCacheReject(cache, { authorize: (c) => c.req.header('authorization') === secret }))
 */
export function llmCacheReject(cache: LlmCache, options: RejectCallOptions<Context>): MiddlewareHandler {
  const answer = createRejectCall(cache, options)
  return async (c) => {
    const { req } = c
    const reader = createBodyReader(req.raw, isKept(req.bodyCache) ? () => req.arrayBuffer() : undefined)
    const reply = await answer({ method: req.method, header: (name) => req.header(name), body: reader.read }, c)
    return replyResponse(reply, new Headers())
  }
}
