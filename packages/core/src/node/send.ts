/** Sending a reply on a `ServerResponse`. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ChunkSource, ChunkStep, HeaderPairs, Reply } from '../exchange.js'
import { flatHeaders, joinVary, writeHeadPairs } from './headers.js'

/** Statuses without a body, hence without a length (RFC 9110 sections 6.4.1 and 8.6). */
const BODILESS: ReadonlySet<number> = new Set([204, 304])

/** Writes `reply`, with back-pressure where its body comes over time. Fields set by outer middleware stay. */
export function sendReply(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const { body, status } = reply
  if (!isOffTheWire(request)) request.resume()
  const headers = joinVary(response, reply.headers)
  if (body.kind === 'chunks') {
    writeHeadPairs(response, status, headers)
    pump(response, body.chunks)
    return
  }
  const length: HeaderPairs = BODILESS.has(status) ? [] : [['Content-Length', `${body.bytes.byteLength}`]]
  writeHeadPairs(response, status, [...headers, ...length])
  if (request.method === 'HEAD' || body.bytes.byteLength === 0) response.end()
  else if (body.bytes.byteLength <= MAX_TEXT_BYTES && !Object.hasOwn(response, 'end')) response.end(asText(body.bytes), 'latin1')
  else response.end(body.bytes)
}

/** Writes a reply whose body is there, past everything that replaced the response's methods since `below` were its own. */
export function sendBelow(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  below: Pick<ServerResponse, 'writeHead' | 'end'>,
): void {
  const { body, status } = reply
  if (body.kind !== 'bytes') throw new TypeError('only a reply whose body is there can be sent in place of another')
  if (!isOffTheWire(request)) request.resume()
  const bodiless = BODILESS.has(status)
  const length: HeaderPairs = bodiless ? [] : [['Content-Length', `${body.bytes.byteLength}`]]
  const fields = flatHeaders([...joinVary(response, reply.headers), ...length])
  for (let at = 0; at < fields.length; at += 2) response.setHeader(fields[at] as string, fields[at + 1] as string | string[])
  Reflect.apply(below.writeHead, response, [status])
  Reflect.apply(below.end, response, bodiless || request.method === 'HEAD' ? [] : [body.bytes])
}

/**
 * A keep-alive connection would stall on a request that nobody reads. One that arrived whole is off the wire already, and
 * ending its stream matters only to those who listen for it. What it saves: bench/findings.md.
 */
function isOffTheWire(request: IncomingMessage): boolean {
  if (request.readableEnded) return true
  return request.complete && request.listenerCount('end') === 0 && request.listenerCount('close') === 0
}

/**
 * Node joins a text with the head and writes both at once, where bytes take a gathering write. Not past middleware that
 * replaced `end`, which may look at what it is given.
 */
function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Keeps the copy small; where it stops paying has not been measured. */
const MAX_TEXT_BYTES = 16 * 1024

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
