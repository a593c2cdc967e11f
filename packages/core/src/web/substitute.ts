/** The old answer in place of a `Response` that failed (RFC 5861 section 4), for which the first byte of a stream is waited for. */

import type { Fallback, Recorder, Reply } from '../exchange.js'
import type { Client } from './client.js'

/** Undefined: the handler's own answer goes out, `response` in its place where one was given. */
export interface Judged {
  readonly reply: Reply | undefined
  readonly response: Response
}

export async function judgeResponse(response: Response, recorder: Recorder, fallback: Fallback, client: Client): Promise<Judged> {
  const { status, body } = response
  if (fallback.covers(status)) {
    const reply = fallback.take(status)
    if (reply) body?.cancel().catch(() => undefined)
    return { reply, response }
  }
  if (!body || body.locked || status !== 200) return { reply: undefined, response }
  const reader: ReadableStreamDefaultReader<unknown> = body.getReader()
  // A client that leaves now ends it, as one that leaves later does.
  client.reads({ drain: () => undefined, cancel: (reason) => void reader.cancel(reason).catch(() => undefined) })
  let first: { readonly done: boolean; readonly value?: unknown }
  try {
    first = await firstByte(recorder, reader)
  } catch (error) {
    return { reply: fallback.take(undefined), response: new Response(failing(error), response) }
  }
  if (first.done) return { reply: fallback.take(status), response: new Response(null, response) }
  const Made = response.constructor as typeof Response
  return { reply: undefined, response: new Made(goingOn(first.value, reader), response) }
}

/** Whether what a handler threw is a failure of the model's: not what it says of the request itself (401, 404). */
export function coversError(error: unknown, fallback: Fallback): boolean {
  const status = typeof error === 'object' && error !== null ? (error as { status?: unknown }).status : undefined
  return fallback.covers(typeof status === 'number' ? status : 500)
}

async function firstByte(
  recorder: Recorder,
  reader: ReadableStreamDefaultReader<unknown>,
): Promise<{ readonly done: boolean; readonly value?: unknown }> {
  for (;;) {
    const step = await recorder.run(() => reader.read())
    const length = (step.value as { byteLength?: number; length?: number } | undefined)?.byteLength
    if (step.done || length !== 0) return step
  }
}

function failing(error: unknown): ReadableStream {
  return new ReadableStream({ pull: (controller) => controller.error(error) }, NO_QUEUE)
}

function goingOn(first: unknown, reader: ReadableStreamDefaultReader<unknown>): ReadableStream {
  let begun = false
  return new ReadableStream(
    {
      async pull(controller) {
        if (!begun) {
          begun = true
          controller.enqueue(first)
          return
        }
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    NO_QUEUE,
  )
}

/** What waits in a stream's queue is lost when the stream fails. */
const NO_QUEUE: QueuingStrategy = { highWaterMark: 0 }
