/** Recording what a Koa handler set as `ctx.body`, before outer middleware (compression, etags) makes something else of it. */

import { type Readable, Stream, Transform } from 'node:stream'
import type { Recorder } from '@llm-cache/core'
import { type HeaderSnapshot, handlerHeaders, type Tap } from '@llm-cache/core/node'
import type { Context } from 'koa'

const encoder = new TextEncoder()

/**
 * Strings, buffers, JSON and Node streams are recorded from the body. Everything else (no body, which Koa turns into the
 * status text; `Response`, `Blob` and web streams; raw responses) is left to the tap on `ctx.res`.
 */
export function captureBody(ctx: Context, recorder: Recorder, tap: Tap, outer: HeaderSnapshot): void {
  const body: unknown = ctx.body
  if (ctx.respond === false || ctx.headerSent || body === null || body === undefined || ctx.method === 'HEAD') return
  if (body instanceof Stream) {
    takeHead(ctx, recorder, tap, outer)
    ctx.body = tapStream(body as Readable, recorder, tap)
    return
  }
  const bytes = bytesOf(body)
  if (!bytes) return
  takeHead(ctx, recorder, tap, outer)
  recorder.write(bytes)
  recorder.end()
}

function takeHead(ctx: Context, recorder: Recorder, tap: Tap, outer: HeaderSnapshot): void {
  tap.detach()
  for (const [name, value] of recorder.head(ctx.status, handlerHeaders(ctx.res, undefined, outer))) ctx.set(name, value)
}

/** In memory of their own: the handler may use its buffer again. */
function bytesOf(body: unknown): Uint8Array | undefined {
  if (typeof body === 'string') return encoder.encode(body)
  if (Buffer.isBuffer(body)) return Uint8Array.from(body)
  if (typeof body !== 'object' || isWebBody(body)) return undefined
  const text: string | undefined = JSON.stringify(body)
  return text === undefined ? undefined : encoder.encode(text)
}

function isWebBody(body: object | null): boolean {
  return body instanceof ReadableStream || body instanceof Blob || body instanceof Response
}

/**
 * The stream that Koa sends in place of `source`, recording what passes. Koa destroys bodies when the client leaves; while
 * others receive this answer that is put off.
 */
function tapStream(source: Readable, recorder: Recorder, { hold }: Tap): Readable {
  const hadErrorListener = source.listenerCount('error') > 0
  const tapped = new Transform({
    transform(chunk: Uint8Array | string, encoding, callback) {
      recorder.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Uint8Array.from(chunk))
      callback(null, chunk)
    },
    flush(callback) {
      callback()
      recorder.end()
    },
  })
  source.once('error', (error) => {
    recorder.abort('origin-error')
    // Koa 2 listens on the handler's stream itself and would report the error twice.
    tapped.destroy(hadErrorListener ? undefined : error)
  })
  source.once('close', () => {
    if (!source.readableEnded) recorder.abort('origin-error')
  })
  tapped.once('close', () => source.destroy())
  putOffDestroy(source, hold)
  putOffDestroy(tapped, hold)
  return source.pipe(tapped)
}

function putOffDestroy(stream: Readable, hold: Tap['hold']): void {
  const destroy = stream.destroy
  stream.destroy = function patchedDestroy(error?: Error) {
    const now = (): Readable => Reflect.apply(destroy, stream, [error])
    return error === undefined && hold.defer(now) ? stream : now()
  }
}
