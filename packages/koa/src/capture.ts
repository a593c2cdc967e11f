/** Recording what a Koa handler set as `ctx.body`, before outer middleware (compression, etags) makes something else of it. */

import type { Recorder } from '@llm-cache/core'
import { type HeaderSnapshot, handlerHeaders, isNodeStream, recordStream, type Tap } from '@llm-cache/core/node'
import type { Context } from 'koa'

const encoder = new TextEncoder()

/**
 * Strings, buffers, JSON and Node streams are recorded from the body. Everything else (no body, which Koa turns into the
 * status text; `Response`, `Blob` and web streams; raw responses) is left to the tap on `ctx.res`.
 */
export function captureBody(ctx: Context, recorder: Recorder, tap: Tap, outer: HeaderSnapshot): void {
  const body: unknown = ctx.body
  if (ctx.respond === false || ctx.headerSent || body === null || body === undefined || ctx.method === 'HEAD') return
  if (isNodeStream(body)) {
    takeHead(ctx, recorder, tap, outer)
    // Setting a body guesses a type and drops the length.
    const type = ctx.response.get('Content-Type')
    const length = ctx.response.get('Content-Length')
    ctx.body = recordStream(body, recorder, tap.hold)
    if (!type) ctx.remove('Content-Type')
    if (length) ctx.set('Content-Length', length)
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
