/** Reading a request's body ahead of its handler, and giving it back. */

import { markOf, putMark } from '../dispatch/mark.js'
import type { RequestBody, UnreadableReason } from '../exchange.js'
import { incomingOf, messageBehind, readIncoming } from './incoming.js'

export interface BodyReader {
  /** At most `limit` bytes of the body. Encoded and multipart bodies are never read. */
  read(limit: number): RequestBody | Promise<RequestBody>
  /**
   * The request for the handler, its body readable from the first byte in every way.
   * @param signal in place of the client's own
   */
  restore(signal?: AbortSignal): Request
}

/** @param alreadyRead the body where middleware read it before us, and the framework kept it */
export function createBodyReader(request: Request, alreadyRead?: () => Promise<ArrayBuffer>): BodyReader {
  let rest: Uint8Array | ReadableStream<Uint8Array> | undefined // what stands for a body that was read
  let result: RequestBody | Promise<RequestBody> | undefined

  function open(limit: number): RequestBody | Promise<RequestBody> {
    const { headers, method } = request
    if (method === 'GET' || method === 'HEAD' || headers.get('content-length') === '0') return NONE
    const contentType = headers.get('content-type')
    if (contentType !== null && /^\s*multipart\//i.test(contentType)) return unreadable('body-multipart')
    const encoding = headers.get('content-encoding')?.trim().toLowerCase()
    if (encoding && encoding !== 'identity') return unreadable('body-encoded')
    const length = headers.get('content-length')
    if (length !== null && Number(length) > limit) return unreadable('body-too-large')
    if (alreadyRead) return readKept(alreadyRead, limit)
    const incoming = incomingOf(request)
    if (!incoming) return readWeb(length, limit)
    const body = readIncoming(incoming, limit)
    return body instanceof Promise ? body.then(keepOverflow) : keepOverflow(body)
  }

  /** node-server can only stream what it finds read from already. */
  function keepOverflow(body: RequestBody): RequestBody {
    if (body.kind === 'unreadable' && body.reason === 'body-too-large') rest = request.body ?? undefined
    return body
  }

  async function readKept(read: () => Promise<ArrayBuffer>, limit: number): Promise<RequestBody> {
    try {
      const bytes = new Uint8Array(await read())
      rest = bytes
      return bytes.byteLength > limit ? unreadable('body-too-large') : bodyOf(bytes)
    } catch {
      return unreadable('body-consumed')
    }
  }

  async function readWeb(length: string | null, limit: number): Promise<RequestBody> {
    if (request.bodyUsed) return unreadable('body-consumed')
    if (request.body === null) return NONE
    if (request.body.locked) return unreadable('body-consumed')
    try {
      const bytes = length === null ? await readUpTo(request.body, limit) : new Uint8Array(await request.arrayBuffer())
      if (bytes instanceof ReadableStream) {
        rest = bytes
        return unreadable('body-too-large')
      }
      rest = bytes
      return bodyOf(bytes)
    } catch {
      return unreadable('body-aborted')
    }
  }

  return {
    read(limit) {
      result ??= open(limit)
      return result
    },
    restore(signal) {
      if (rest !== undefined) {
        const copy = new Request(request, {
          body: rest,
          ...(rest instanceof ReadableStream && { duplex: 'half' }),
          ...(signal && { signal }),
        })
        return marked(copy, request)
      }
      if (!signal) return request
      if (messageBehind(request)) return standIn(request, signal)
      return request.bodyUsed ? request : marked(new Request(request, { signal }), request)
    },
  }
}

/** The copy of a request of the cache's own is one too, for a cache mounted further in. */
function marked(copy: Request, original: Request): Request {
  putMark(copy, markOf(original))
  return copy
}

/** A node-server request with another signal: its accessors work on whatever inherits from it. */
function standIn(request: Request, signal: AbortSignal): Request {
  const own: PropertyDescriptorMap = { signal: { value: signal, configurable: true } }
  // It passes the signal of its controller on to what is built from it.
  void request.signal
  for (const symbol of Object.getOwnPropertySymbols(request)) {
    const value = (request as unknown as Record<symbol, unknown>)[symbol]
    if (value instanceof AbortController) own[symbol] = { value: controllerOf(signal), writable: true, configurable: true }
  }
  return Object.create(request, own)
}

function controllerOf(signal: AbortSignal): AbortController {
  return Object.defineProperty(new AbortController(), 'signal', { value: signal })
}

/** The whole of `stream`; or, if it is longer than `limit`, a stream of the whole. */
async function readUpTo(stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return concat(chunks, size)
    chunks.push(value)
    size += value.byteLength
    if (size > limit) return resumed(chunks, reader)
  }
}

function resumed(chunks: Uint8Array[], reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const first = chunks.shift()
      if (first) {
        controller.enqueue(first)
        return
      }
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

function bodyOf(bytes: Uint8Array): RequestBody {
  return bytes.byteLength === 0 ? NONE : { kind: 'bytes', bytes }
}

function unreadable(reason: UnreadableReason): RequestBody {
  return { kind: 'unreadable', reason }
}

const NONE: RequestBody = { kind: 'none' }
