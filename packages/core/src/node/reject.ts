/** Rejecting answers over HTTP, on Node's own request and response. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRejectCall, type RejectCallOptions, type Rejecting } from '../control/reject-call.js'
import { nodeRequest } from './request.js'
import { sendReply } from './send.js'

/**
 * A request listener for `POST {"id": "...", "reason": "..."}`: what `createRejectCall` answers. A body that a parser has read already
 * is taken from `request.body`.
 *
 * @throws OptionError without `authorize`
 * @example
 * http.createServer(createRejectHandler(cache, { authorize: (request) => isAdmin(request.headers.authorization) }))
 */
export function createRejectHandler<R extends IncomingMessage>(
  cache: Rejecting,
  options: RejectCallOptions<R>,
): (request: R, response: ServerResponse) => Promise<void> {
  const answer = createRejectCall(cache, options)
  return async (request, response) => {
    const { body: parsed } = request as { readonly body?: unknown }
    const asked = { url: request.url ?? '/', explicit: true, route: () => undefined, parsed, outer: undefined, dispatch: undefined }
    sendReply(request, response, await answer(nodeRequest(request, response, asked), request))
  }
}
