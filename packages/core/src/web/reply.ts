/** A reply as a `Response`. */

import type { ChunkSource, ChunkStep, Reply } from '../exchange.js'
import { flushed } from './flush.js'
import { merged, plainFields } from './headers.js'

/** Statuses that may have no body (Fetch Standard, "null body status"). */
const BODILESS: ReadonlySet<number> = new Set([101, 204, 205, 304])

/**
 * The response that sends `reply`. No Content-Length is set on it: the server does that for a body in one piece, and
 * middleware further out (compression) decides by its absence, as with any handler's answer.
 *
 * @param outer fields that outer middleware has set already; the reply's own win
 */
export function replyResponse(reply: Reply, outer: Headers): Response {
  const { status, body } = reply
  const headers = fieldsOf(reply, outer)
  if (body.kind === 'chunks') return new Response(streamOf(body.chunks), { status, headers })
  return new Response(BODILESS.has(status) ? null : body.bytes, { status, headers })
}

/** A plain object where nobody set anything before us: node-server writes it as it is, 2 us faster than `Headers`. */
function fieldsOf({ headers }: Reply, outer: Headers): Headers | Record<string, string> {
  for (const _field of outer) return merged(headers, outer)
  return plainFields(headers)
}

function streamOf(source: ChunkSource): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const step = source.next()
        return step instanceof Promise ? step.then((arrived) => pass(arrived, controller)) : pass(step, controller)
      },
      cancel() {
        source.cancel()
      },
    },
    // What waits in a stream's queue is lost when the stream fails.
    { highWaterMark: 0 },
  )
}

function pass(step: ChunkStep, controller: ReadableStreamDefaultController<Uint8Array>): void | Promise<void> {
  switch (step.kind) {
    case 'chunk':
      controller.enqueue(step.bytes)
      return
    case 'done':
      controller.close()
      return
    case 'aborted':
      // The server cuts the connection on it: the only honest sign of a cut answer.
      return flushed().then(() => controller.error(new Error('the origin broke off its answer')))
  }
}
