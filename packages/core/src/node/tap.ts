/** The tap on `ServerResponse`: an origin's answer goes to its client as ever, and into a recorder besides. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Recorder } from '../exchange.js'
import { flatHeaders, flatPairs, type HeaderSnapshot, handlerHeaders, type WriteHeadHeaders } from './headers.js'
import { type Hold, holdClient } from './hold.js'

export interface Tap {
  readonly hold: Hold
  /** The answer is recorded elsewhere from now on (from the body that Koa will send); the client is still watched. */
  detach(): void
}

type Callback = (error?: Error | null) => void

/**
 * Patches `response` so that `recorder` sees its head and every byte. The head is taken at the first of writeHead,
 * write, end and flushHeaders, since outer middleware (compression) may call them in any order.
 *
 * @param outer the fields that middleware further out had set before the handler ran
 */
export function tapResponse(request: IncomingMessage, response: ServerResponse, recorder: Recorder, outer: HeaderSnapshot): Tap {
  const { writeHead, write, end, flushHeaders, destroy } = response
  let headTaken = false
  let ended = false
  let detached = false
  // Patched methods of inner layers call the ones below them; only the outermost call counts.
  let nested = 0

  function breakOff(): void {
    if (ended || detached) return
    ended = true
    recorder.abort('origin-error')
  }

  const hold = holdClient(
    request,
    response,
    () => ended,
    (onRelease) => recorder.clientGone(onRelease),
    breakOff,
  )
  response.once('close', () => {
    if (!ended && !detached) recorder.abort('origin-error')
  })

  function takeHead(status: number, given?: WriteHeadHeaders): void {
    if (headTaken || detached || response.headersSent) return
    headTaken = true
    const own = recorder.head(status, handlerHeaders(response, given, outer))
    for (const [name, value] of own) response.setHeader(name, value)
  }

  function passed<T>(call: () => T): T {
    nested++
    try {
      return call()
    } finally {
      nested--
    }
  }

  response.writeHead = function patchedWriteHead(status: number, ...rest: unknown[]): ServerResponse {
    // 1xx is not the answer.
    if (status >= 200) takeHead(status, (typeof rest[0] === 'string' ? rest[1] : (rest[1] ?? rest[0])) as WriteHeadHeaders | undefined)
    if (hold.active) return response
    return passed(() => Reflect.apply(writeHead, response, [status, ...flattened(rest)]))
  } as typeof response.writeHead

  response.flushHeaders = function patchedFlushHeaders(): void {
    takeHead(response.statusCode)
    if (!hold.active) passed(() => flushHeaders.call(response))
  }

  response.write = function patchedWrite(chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): boolean {
    takeHead(response.statusCode)
    const bytes = nested === 0 && !ended && !detached ? bytesOf(chunk, encoding) : undefined
    if (hold.active) {
      if (bytes) recorder.write(bytes)
      acknowledge(encoding, callback)
      return true
    }
    const more = passed(() => Reflect.apply(write, response, [chunk, encoding, callback]))
    if (bytes) recorder.write(bytes)
    return more
  } as typeof response.write

  response.end = function patchedEnd(chunk?: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): ServerResponse {
    takeHead(response.statusCode)
    const counts = nested === 0 && !ended && !detached
    const bytes = counts && typeof chunk !== 'function' ? bytesOf(chunk, encoding) : undefined
    if (counts) ended = true
    if (hold.active) acknowledge(encoding, callback)
    passed(() => Reflect.apply(end, response, hold.active ? [] : [chunk, encoding, callback]))
    if (bytes) recorder.write(bytes)
    if (counts) recorder.end()
    return response
  } as typeof response.end

  response.destroy = function patchedDestroy(error?: Error): ServerResponse {
    // By the handler: the answer is broken. By a client that left: 'close' follows and is looked at there.
    if (!ended && !detached && (hold.active || !request.socket?.destroyed)) breakOff()
    return Reflect.apply(destroy, response, [error])
  } as typeof response.destroy

  return {
    hold,
    detach() {
      detached = true
    },
  }
}

/** The bytes of a chunk in memory of their own: the handler may use its buffer again. */
function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  if (typeof chunk === 'string') return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined
}

/** A client that left takes everything: the handler must not wait for it. */
function acknowledge(encoding: unknown, callback: unknown): void {
  const done = typeof encoding === 'function' ? encoding : callback
  if (typeof done === 'function') process.nextTick(done as Callback)
}

/** `writeHead` with pairs in a list fails once fields were set one by one; the flat form does not. */
function flattened(rest: unknown[]): unknown[] {
  return rest.map((item) => (Array.isArray(item) ? flatHeaders(flatPairs(item)) : item))
}
