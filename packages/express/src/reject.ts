/** Rejecting answers over HTTP, in an Express app. */

import type { LlmCache, RejectCallOptions } from '@llm-cache/core'
import { createRejectHandler } from '@llm-cache/core/node'
import type { Request, RequestHandler } from 'express'

/**
 * A handler for `POST {"id": "...", "reason": "..."}`, by which those who are authorised reject answers of any partition.
 *
 * @throws OptionError without `authorize`
 * @example
 * app.all('/llm-cache/reject', llmCacheReject(cache, { authorize: (req) => req.get('authorization') === secret }))
 */
export function llmCacheReject(cache: LlmCache, options: RejectCallOptions<Request>): RequestHandler {
  const handler = createRejectHandler(cache, options)
  return (request, response, next) => {
    handler(request, response).catch(next)
  }
}
