/** Sending a reply on a `ServerResponse`. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ChunkSource, ChunkStep, Reply } from '../exchange.js'
import { flatHeaders, joinVary } from './headers.js'

/** Statuses without a body, hence without a length (RFC 9110 sections 6.4.1 and 8.6). */
const BODILESS: ReadonlySet<number> = new Set([204, 304])

/** Writes `reply`, with back-pressure where its body comes over time. Fields set by outer middleware stay. */
export function sendReply(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const { body, status } = reply
  // Nobody reads what is left of the request; without this a keep-alive connection would stall on it.
  if (!request.readableEnded) request.resume()
  const headers = flatHeaders(joinVary(response, reply.headers))
  if (body.kind === 'chunks') {
    response.writeHead(status, headers)
    pump(response, body.chunks)
    return
  }
  if (!BODILESS.has(status)) headers.push('Content-Length', `${body.bytes.byteLength}`)
  response.writeHead(status, headers)
  if (request.method === 'HEAD' || body.bytes.byteLength === 0) response.end()
  else response.end(body.bytes)
}

function pump(response: ServerResponse, source: ChunkSource): void {
  const flush = (response as { flush?: () => void }).flush
  response.once('close', () => source.cancel())
  let waited = false

  function take(step: ChunkStep): boolean {
    if (response.destroyed) {
      source.cancel()
      return false
    }
    switch (step.kind) {
      case 'done':
        response.end()
        return false
      case 'aborted':
        // A cut connection is the only honest sign of a cut answer.
        response.destroy()
        return false
      case 'chunk': {
        const more = response.write(step.bytes)
        // compression holds bytes back until told.
        flush?.call(response)
        if (!more) response.once('drain', run)
        return more
      }
    }
  }

  function run(): void {
    for (;;) {
      const step = source.next()
      if (step instanceof Promise) {
        if (!waited) response.flushHeaders()
        waited = true
        void step.then((arrived) => {
          if (take(arrived)) run()
        })
        return
      }
      if (!take(step)) return
    }
  }

  run()
}
