/** The tap on `Response`: an origin's answer goes to its client as ever, and into a recorder besides. */

import type { CacheHandle } from '../engine/handle.js'
import type { HeaderPairs, Recorder } from '../exchange.js'
import type { Client } from './client.js'
import { flushed } from './flush.js'
import { handlerFields, plainFields, replaced, withFields } from './headers.js'

const encoder = new TextEncoder()

/** Field by which node-server's handlers say that they wrote to Node's response themselves. */
const ALREADY_SENT = 'x-hono-already-sent'

/** One recorded exchange. */
export interface Recording {
  readonly recorder: Recorder
  readonly handle: CacheHandle
  readonly client: Client
}

/**
 * Takes the head of `response` and returns the same answer with the cache's fields and a body of which the recorder sees
 * every byte. A body that is there in one piece stays so; a stream is read by hand, one chunk when one is asked for, which
 * costs half of a `TransformStream` or `clone()`.
 *
 * @param outer fields that outer middleware had set before the handler ran
 */
export function tapResponse(response: Response, { recorder, handle, client }: Recording, outer: Headers): Response {
  const kept = keptParts(response)
  const fields: HeaderPairs = kept ? kept.fields : [...response.headers]
  const status = kept ? kept.status : response.status
  if (fields.some(([name]) => name.toLowerCase() === ALREADY_SENT)) handle.skip('sent by the handler itself')
  const own = recorder.head(status, handlerFields(fields, outer))
  const body = kept ? kept.body : response.body
  const tapped = tapBody(body, recorder, client, kept === undefined)
  if (kept && !fields.some(isCookie)) return new Response(tapped, { status, headers: plainFields(replaced(fields, own)) })
  if (tapped === body) return withFields(response, own)
  // As what it was made, so that the server sends it in the same way.
  const Made = response.constructor as typeof Response
  return withFields(new Made(tapped, response), own)
}

function tapBody(body: KeptBody, recorder: Recorder, client: Client, mayBeWhole: boolean): KeptBody {
  if (body instanceof ReadableStream && !body.locked) return tapStream(body, recorder, client, mayBeWhole)
  client.over()
  const bytes = body === null || body instanceof ReadableStream ? undefined : bytesOf(body)
  if (bytes) recorder.write(bytes)
  // Somebody reads a locked stream already, so its bytes cannot be seen.
  if (body instanceof ReadableStream) recorder.abort('origin-error')
  else recorder.end()
  return body
}

type Step =
  | { readonly kind: 'chunk'; readonly value: unknown }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown }

/**
 * `source` as it is, chunk for chunk, with back-pressure; its errors are passed on.
 *
 * @param mayBeWhole the body may well be there in one piece, so one chunk and what follows it are read without being asked
 * for: an answer that is whole is recorded even where nobody reads it
 */
export function tapStream(source: ReadableStream<unknown>, recorder: Recorder, client: Client, mayBeWhole = false): ReadableStream {
  const reader = source.getReader()
  let over = false
  let detached = false

  function finish(report: () => void): void {
    if (over) return
    over = true
    client.over()
    report()
  }

  async function read(): Promise<Step> {
    try {
      // In the handler's context: a source may call the model only when it is read.
      const { done, value } = await recorder.run(() => reader.read())
      if (done) {
        finish(() => recorder.end())
        return { kind: 'done' }
      }
      const bytes = bytesOf(value)
      if (bytes) recorder.write(bytes)
      else finish(() => recorder.abort('origin-error'))
      return { kind: 'chunk', value }
    } catch (error) {
      finish(() => recorder.abort('origin-error'))
      return { kind: 'failed', error }
    }
  }

  const first = mayBeWhole ? read() : undefined
  const ahead = first ? [first, first.then((step) => (step.kind === 'chunk' ? read() : step))] : []

  async function pull(controller: ReadableStreamDefaultController): Promise<void> {
    const step = await (ahead.shift() ?? read())
    if (step.kind === 'failed') await flushed()
    if (detached) return
    if (step.kind === 'chunk') controller.enqueue(step.value)
    else if (step.kind === 'done') controller.close()
    else controller.error(step.error)
  }

  async function drain(): Promise<void> {
    detached = true
    while (!over) await read()
  }

  client.reads({
    drain: () => void drain(),
    cancel(reason) {
      over = true
      detached = true
      reader.cancel(reason).catch(() => undefined)
    },
  })

  return new ReadableStream(
    {
      pull,
      cancel(reason) {
        detached = true
        client.leave(reason)
      },
    },
    NO_QUEUE,
  )
}

/** What waits in a stream's queue is lost when the stream fails. */
const NO_QUEUE: QueuingStrategy = { highWaterMark: 0 }

/** What a Response may be given as its fields. */
type HeadersLike = Headers | Record<string, string> | [string, string][]

type KeptBody = string | Uint8Array | ReadableStream | null

/** What a Response was made from. */
interface Parts {
  readonly status: number
  readonly body: KeptBody
  readonly fields: HeaderPairs
}

/**
 * What `@hono/node-server`'s Response was made from, which it keeps as it was (`[status, body, headers]` under a symbol)
 * until somebody asks for more than status and headers. Made anew from the same parts, an answer goes out in the server's
 * shortest way and with its names as they were written: 5 us instead of 60. Undefined for any other Response.
 */
function keptParts(response: Response): Parts | undefined {
  for (const symbol of Object.getOwnPropertySymbols(response)) {
    if (symbol.description !== 'cache') continue
    const kept: unknown = (response as unknown as Record<symbol, unknown>)[symbol]
    if (!Array.isArray(kept) || kept.length !== 3) continue
    const [status, body, headers] = kept as [unknown, unknown, HeadersLike | undefined]
    if (typeof status !== 'number' || !isKeptBody(body)) continue
    return { status, body, fields: fieldsOf(headers, body) }
  }
  return undefined
}

function isKeptBody(body: unknown): body is KeptBody {
  return body === null || typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
}

/** With node-server's own default, which it adds except to a plain object. */
function fieldsOf(headers: HeadersLike | undefined, body: KeptBody): HeaderPairs {
  const isPlain = headers !== undefined && !(headers instanceof Headers) && !Array.isArray(headers)
  const fields: HeaderPairs = isPlain ? Object.entries(headers as Record<string, string>) : [...new Headers(headers)]
  if (isPlain || body === null || fields.some(([name]) => name === 'content-type')) return fields
  return [...fields, [headers ? 'content-type' : 'Content-Type', 'text/plain; charset=UTF-8']]
}

function isCookie([name]: readonly [string, string]): boolean {
  return name.length === 10 && name.toLowerCase() === 'set-cookie'
}

/** The bytes of a chunk in memory of their own: the handler may use its buffer again. */
function bytesOf(chunk: unknown): Uint8Array | undefined {
  if (typeof chunk === 'string') return encoder.encode(chunk)
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk.slice(0))
  if (!ArrayBuffer.isView(chunk)) return undefined
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice()
}
