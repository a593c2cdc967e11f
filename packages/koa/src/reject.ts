/** Rejecting answers over HTTP, in a Koa app. */

import { createRejectCall, type LlmCache, type RejectCallOptions } from '@llm-cache/core'
import { nodeRequest } from '@llm-cache/core/node'
import type { Context, Middleware } from 'koa'
import { replyBody } from './reply.js'

/**
 * A middleware for `POST {"id": "...", "reason": "..."}`, by which those who are authorised reject answers of any partition.
 *
 * @throws OptionError without `authorize`
 * @example
 * router.all('/llm-cache/reject', llmCacheReject(cache, { authorize: (ctx) => ctx.get('authorization') === secret }))
 */
export function llmCacheReject(cache: LlmCache, options: RejectCallOptions<Context>): Middleware {
  const answer = createRejectCall(cache, options)
  return async (ctx) => {
    const { body: parsed } = ctx.request as { readonly body?: unknown }
    const asked = { url: ctx.originalUrl, explicit: true, route: () => undefined, parsed, outer: undefined, dispatch: undefined }
    replyBody(ctx, await answer(nodeRequest(ctx.req, ctx.res, asked), ctx))
  }
}
