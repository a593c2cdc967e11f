/** Reading a request's body ahead of its handler, and putting it back. */

import type { IncomingMessage } from 'node:http'
import type { RequestBody } from '../exchange.js'

const NONE: RequestBody = { kind: 'none' }

/**
 * The body's bytes, at most `limit` of them, read from `request` and unshifted into it before its end event: whoever
 * reads it next, a parser or a handler, finds it untouched. Node allows this until 'end' was emitted.
 *
 * Encoded and multipart bodies are never read. A body over the limit is read up to the limit only.
 */
export function readAhead(request: IncomingMessage, limit: number): RequestBody | Promise<RequestBody> {
  const { headers } = request
  const length = headers['content-length']
  if (length === '0' || (length === undefined && headers['transfer-encoding'] === undefined && request.httpVersionMajor < 2)) return NONE
  if (isMultipart(headers['content-type'])) return { kind: 'unreadable', reason: 'body-multipart' }
  if (isEncoded(headers['content-encoding'])) return { kind: 'unreadable', reason: 'body-encoded' }
  if (length !== undefined && Number(length) > limit) return { kind: 'unreadable', reason: 'body-too-large' }
  // HTTP/2 frames bodies itself, and Node does not tell their end before the stream's.
  if (length === undefined && request.httpVersionMajor >= 2) return { kind: 'unreadable', reason: 'body-length-unknown' }
  // The server's own listener decides when the client may send.
  if (isWithheld(request)) return { kind: 'unreadable', reason: 'body-withheld' }
  // Text in an encoding of somebody's choice cannot be put back as it was.
  if (request.readableEncoding !== null) return { kind: 'unreadable', reason: 'body-consumed' }
  if (request.readableDidRead || request.destroyed) return { kind: 'unreadable', reason: 'body-consumed' }

  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0

    function finish(result: (whole: Buffer) => RequestBody): void {
      request.off('readable', onReadable).off('close', onBroken).off('error', onBroken)
      const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)
      if (size > 0 && !request.destroyed) request.unshift(whole)
      resolve(result(whole))
    }
    function onReadable(): void {
      // Reading an empty body would end the stream before anybody else listens.
      if (isEmpty(request) && size === 0) {
        finish(() => NONE)
        return
      }
      let chunk: Buffer | string | null = request.read()
      while (chunk !== null) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk, request.readableEncoding ?? 'utf8') : chunk
        chunks.push(bytes)
        size += bytes.length
        if (size > limit) {
          finish(() => ({ kind: 'unreadable', reason: 'body-too-large' }))
          return
        }
        chunk = request.read()
      }
      // `complete` is set before the stream's end is pushed, and 'end' comes a tick after the last read: now is the time.
      if (request.complete || (length !== undefined && size === Number(length))) finish((whole) => ({ kind: 'bytes', bytes: whole }))
    }
    function onBroken(): void {
      finish(() => ({ kind: 'unreadable', reason: 'body-aborted' }))
    }
    function listen(): void {
      if (request.destroyed) onBroken()
      else if (isEmpty(request)) finish(() => NONE)
      else request.on('readable', onReadable).on('close', onBroken).on('error', onBroken)
    }
    // A tick later the parser has seen all of the packet: of a body that turns out to be empty the end must not be asked for.
    if (length === undefined) process.nextTick(listen)
    else listen()
  })
}

/** Received whole, with nothing in it that waits to be read. */
function isEmpty({ complete, readableLength }: IncomingMessage): boolean {
  return complete && readableLength === 0
}

/** Bodies read ahead, for a cache mounted further in on the same request: the stream no longer shows that they are whole. */
const readBodies = new WeakMap<IncomingMessage, RequestBody | Promise<RequestBody>>()

/** A body that a parser has read already, or that is still to be read. */
export function bodyOf(request: IncomingMessage, parsed: unknown, limit: number): RequestBody | Promise<RequestBody> {
  const ahead = readBodies.get(request)
  if (ahead && (parsed === undefined || !request.readableEnded)) {
    return ahead instanceof Promise ? ahead.then((body) => within(body, limit)) : within(ahead, limit)
  }
  // Parsers leave an empty object behind for bodies that they did not read.
  if (parsed === undefined || !request.readableDidRead) {
    const body = readAhead(request, limit)
    readBodies.set(request, body)
    return body
  }
  const { headers } = request
  const length = headers['content-length']
  if (isMultipart(headers['content-type'])) return { kind: 'unreadable', reason: 'body-multipart' }
  if (Number(length ?? 0) > limit) return { kind: 'unreadable', reason: 'body-too-large' }
  // Someone else read it, and it is not to be had: only two bytes can be an empty object.
  if (isEmptyObject(parsed) && !(length === '2' && headers['content-type']?.includes('json')))
    return { kind: 'unreadable', reason: 'body-consumed' }
  return { kind: 'parsed', value: parsed }
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

function within(body: RequestBody, limit: number): RequestBody {
  return body.kind === 'bytes' && body.bytes.byteLength > limit ? { kind: 'unreadable', reason: 'body-too-large' } : body
}

/** `Expect: 100-continue` on a server that listens for it; others have answered it already. */
function isWithheld({ headers, socket }: IncomingMessage): boolean {
  if (headers.expect === undefined) return false
  const { server } = socket as { server?: { listenerCount(event: string): number } }
  return (server?.listenerCount('checkContinue') ?? 0) > 0
}

function isMultipart(contentType: string | undefined): boolean {
  return contentType !== undefined && /^\s*multipart\//i.test(contentType)
}

function isEncoded(encoding: string | undefined): boolean {
  return encoding !== undefined && encoding.trim() !== '' && encoding.trim().toLowerCase() !== 'identity'
}
