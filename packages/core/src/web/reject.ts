/** Rejecting answers over HTTP, on `Request` and `Response`. */

import { createRejectCall, type RejectCallOptions, type Rejecting } from '../control/reject-call.js'
import { createBodyReader } from './body.js'
import { replyResponse } from './reply.js'

/**
 * A fetch handler for `POST {"id": "...", "reason": "..."}`: what `createRejectCall` answers.
 *
 * @throws OptionError without `authorize`
 * @example
 * export default { fetch: createRejectHandler(cache, { authorize: (request) => isAdmin(request.headers.get('authorization')) }) }
 */
export function createRejectHandler(cache: Rejecting, options: RejectCallOptions<Request>): (request: Request) => Promise<Response> {
  const answer = createRejectCall(cache, options)
  return async (request) => {
    const { method, headers } = request
    const reader = createBodyReader(request)
    const call = { method, header: (name: string) => headers.get(name) ?? undefined, body: reader.read }
    return replyResponse(await answer(call, request), new Headers())
  }
}
