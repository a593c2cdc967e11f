/** The tap on `ServerResponse`: an origin's answer goes to its client as ever, and into a recorder besides. */

import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'
import type { Recorder } from '../exchange.js'
import { flatHeaders, flatPairs, type HeaderSnapshot, handlerHeaders, type WriteHeadHeaders } from './headers.js'
import { type Hold, holdClient } from './hold.js'
import { createSubstitution } from './substitute.js'

export interface Tap {
  readonly hold: Hold
  /** The answer is recorded elsewhere from now on (from the body that Koa will send); the client is still watched. */
  detach(): void
}

type Callback = (error?: Error | null) => void

/**
 * Patches `response` so that `recorder` sees its head and every byte. The head is taken in `writeHead`, which Node calls for
 * implicit heads too: by then middleware further in has added what it adds at the last moment (a session's cookie).
 *
 * @param outer the fields that middleware further out had set before the handler ran
 */
export function tapResponse(request: IncomingMessage, response: ServerResponse, recorder: Recorder, outer: HeaderSnapshot): Tap {
  const { writeHead, write, end, flushHeaders, destroy } = response
  const isNodes = !Object.hasOwn(response, 'writeHead')
  let headTaken = false
  let ended = false
  let detached = false
  const substitution = createSubstitution(request, response, recorder, outer, { writeHead, end })
  // Patched methods of inner layers call the ones below them; only the outermost call counts.
  let nested = 0

  function breakOff(): void {
    if (ended || detached) return
    ended = true
    recorder.abort('origin-error')
  }

  /** The old answer goes out in place of one with this status, if there is one and the handler's has failed. */
  function substituted(status: number | undefined, isEmpty = false): boolean {
    if (!substitution.holding || detached) return false
    if (!substitution.send(status, isEmpty, hold.active)) return false
    ended = true
    return true
  }

  /** The handler's answer is good so far: its head goes out as it was given. */
  function letGo(): void {
    const head = substitution.letGo()
    if (head) Reflect.apply(response.writeHead, response, [head.status, ...head.rest])
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
    if (headTaken || detached) return
    headTaken = true
    const own = recorder.head(status, handlerHeaders(response, given, outer))
    if (!response.headersSent) for (const [name, value] of own) response.setHeader(name, value)
  }

  /** Where nothing called `writeHead`: no socket to write to, or middleware that went past it. */
  function makeSureOfHead(): void {
    if (!headTaken) takeHead(response.statusCode)
  }

  function passed<T>(call: () => T): T {
    nested++
    try {
      return call()
    } finally {
      nested--
    }
  }

  /** A call that throws: before the head an error page may still follow, after it the answer is broken. */
  function unlessThrown<T>(call: () => T, counted = false): T {
    try {
      return passed(call)
    } catch (error) {
      if (counted) ended = false
      if (headTaken) breakOff()
      throw error
    }
  }

  response.writeHead = function patchedWriteHead(status: number, ...rest: unknown[]): ServerResponse {
    const given = (typeof rest[0] === 'string' ? rest[1] : (rest[1] ?? rest[0])) as WriteHeadHeaders | undefined
    if (substitution.passing) return Reflect.apply(writeHead, response, [status, ...rest])
    if (substitution.sent) return response
    const hadFields = response.getHeaderNames().length > 0
    if (substitution.holding && nested === 0 && !detached && status >= 200 && isSendable(status, given)) {
      substitution.hold({ status, rest })
      return response
    }
    // 1xx is not the answer; and what Node is about to refuse will not be one.
    if (status >= 200 && isSendable(status, given)) takeHead(status, given)
    if (hold.active) return response
    return passed(() => Reflect.apply(writeHead, response, [status, ...(isNodes && !hadFields ? flattened(rest) : rest)]))
  } as typeof response.writeHead

  response.flushHeaders = function patchedFlushHeaders(): void {
    if (substitution.sent || (substitution.holding && !detached)) return
    if (!hold.active) passed(() => flushHeaders.call(response))
    makeSureOfHead()
  }

  response.write = function patchedWrite(chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): boolean {
    if (substitution.sent || (nested === 0 && substituted(substitution.status))) {
      acknowledge(encoding, callback)
      return true
    }
    if (nested === 0 && substitution.holding && !detached && !isSomething(chunk)) {
      acknowledge(encoding, callback)
      return true
    }
    if (nested === 0) letGo()
    const bytes = nested === 0 && !ended && !detached ? bytesOf(chunk, encoding) : undefined
    if (hold.active) {
      makeSureOfHead()
      if (bytes) recorder.write(bytes)
      acknowledge(encoding, callback)
      return true
    }
    const more = unlessThrown(() => Reflect.apply(write, response, [chunk, encoding, callback]))
    makeSureOfHead()
    if (bytes) recorder.write(bytes)
    return more
  } as typeof response.write

  response.end = function patchedEnd(chunk?: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): ServerResponse {
    if (substitution.passing) return Reflect.apply(end, response, [chunk, encoding, callback])
    if (substitution.sent || (nested === 0 && substituted(substitution.status, !isSomething(chunk)))) {
      acknowledge(typeof chunk === 'function' ? chunk : encoding, callback)
      return response
    }
    if (nested === 0) letGo()
    const counts = nested === 0 && !ended && !detached
    const bytes = counts && typeof chunk !== 'function' ? bytesOf(chunk, encoding) : undefined
    if (counts) ended = true
    if (hold.active) acknowledge(encoding, callback)
    unlessThrown(() => Reflect.apply(end, response, hold.active ? [] : [chunk, encoding, callback]), counts)
    makeSureOfHead()
    if (bytes) recorder.write(bytes)
    if (counts) recorder.end()
    return response
  } as typeof response.end

  response.destroy = function patchedDestroy(error?: Error): ServerResponse {
    // By the handler, before its first byte: the client never hears of it.
    if (substitution.sent || (!ended && !request.socket?.destroyed && substituted(undefined))) return response
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

/** The bytes of a chunk in memory of their own: the handler may use its buffer again. Nothing for what Node will refuse. */
function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  if (typeof chunk === 'string') {
    const name = typeof encoding === 'string' ? encoding : 'utf8'
    return Buffer.isEncoding(name) ? Buffer.from(chunk, name) : undefined
  }
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined
}

function isSomething(chunk: unknown): boolean {
  return typeof chunk === 'string' ? chunk !== '' : chunk instanceof Uint8Array && chunk.byteLength > 0
}

/** A client that left takes everything: the handler must not wait for it. */
function acknowledge(encoding: unknown, callback: unknown): void {
  const done = typeof encoding === 'function' ? encoding : callback
  if (typeof done === 'function') process.nextTick(done as Callback)
}

/** Whether Node takes this head; it throws on any other, and an error page follows. */
function isSendable(status: number, given: WriteHeadHeaders | undefined): boolean {
  if (!Number.isInteger(status) || status > 999) return false
  if (!given) return true
  try {
    const pairs = Array.isArray(given) ? flatPairs(given) : Object.entries(given as OutgoingHttpHeaders)
    for (const [name, value] of pairs) {
      validateHeaderName(name)
      for (const item of [value].flat()) validateHeaderValue(name, item as string)
    }
    return true
  } catch {
    return false
  }
}

/** `writeHead` with pairs in a list fails once fields were set one by one; the flat form does not. */
function flattened(rest: unknown[]): unknown[] {
  return rest.map((item) => (Array.isArray(item) ? flatHeaders(flatPairs(item)) : item))
}
