/** Handler shapes on Koa's context, as users write them. */

import { EventEmitter } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import type { ReadableStream as NodeWebStream } from 'node:stream/web'
import { chat, completion, EVENT_STREAM, paced, type ShapeTools } from '@llm-cache/core/testing'
import type { Context } from 'koa'
import { aiWebShapes } from '../../../test/support/ai-shapes.js'

export interface KoaShape {
  readonly name: string
  readonly streamed: boolean
  readonly asksModel: boolean
  run(ctx: Context, tools: ShapeTools): unknown
}

const alone = { streamed: false, asksModel: false }
const streamed = { streamed: true, asksModel: false }
const asking = { streamed: true, asksModel: true }

export const koaShapes: readonly KoaShape[] = [
  {
    ...alone,
    name: 'ctx.body of an object',
    run(ctx) {
      ctx.status = 201
      ctx.body = completion(1)
    },
  },
  {
    ...alone,
    name: 'ctx.body of a text',
    run(ctx) {
      ctx.set('X-Model', ['a', 'b'])
      ctx.body = 'The moon pulls, \u00e4\u{1f600}.'
    },
  },
  {
    ...alone,
    name: 'ctx.body of HTML, with a type',
    run(ctx) {
      ctx.type = 'text/markdown'
      ctx.body = '<b>The moon pulls.</b>'
    },
  },
  {
    ...alone,
    name: 'ctx.body of a buffer that is used again',
    run(ctx) {
      const buffer = Buffer.from([1, 2, 0, 255])
      ctx.body = buffer
      // A miss is on its way by then.
      ctx.res.once('finish', () => buffer.fill(7))
    },
  },
  {
    ...alone,
    name: 'ctx.body of a stream whose length is known',
    run(ctx) {
      const bytes = Buffer.from(JSON.stringify(completion(1)))
      ctx.body = Readable.from([bytes.subarray(0, 10), bytes.subarray(10)])
      ctx.type = 'json'
      ctx.length = bytes.length
    },
  },
  {
    ...streamed,
    name: 'ctx.body of a stream whose type is set after it',
    run(ctx, { frames, gate }) {
      ctx.body = Readable.from(started(paced(gate, frames)))
      ctx.set('X-Frames', String(frames.length))
      ctx.type = 'text/event-stream'
    },
  },
  {
    ...streamed,
    name: 'ctx.body of an async generator',
    run(ctx, { frames, gate }) {
      ctx.set(EVENT_STREAM as Record<string, string>)
      ctx.body = Readable.from(started(paced(gate, frames)))
    },
  },
  {
    ...streamed,
    name: 'PassThrough written after the middleware returned',
    run(ctx, { frames, gate }) {
      const body = new PassThrough()
      ctx.set(EVENT_STREAM as Record<string, string>)
      ctx.body = body
      void (async () => {
        for await (const frame of paced(gate, frames)) body.write(frame)
        body.end()
      })()
    },
  },
  {
    ...streamed,
    name: "PassThrough fed by an emitter's .on('text')",
    run(ctx, { frames, gate }) {
      const stream = new EventEmitter()
      const body = new PassThrough()
      ctx.set(EVENT_STREAM as Record<string, string>)
      ctx.body = body
      stream.on('text', (text: string) => body.write(text)).on('end', () => body.end())
      void (async () => {
        for await (const frame of paced(gate, frames)) stream.emit('text', frame)
        stream.emit('end')
      })()
    },
  },
  {
    ...streamed,
    name: 'ctx.respond = false, written after the middleware returned',
    run(ctx, { frames, gate }) {
      ctx.respond = false
      ctx.res.writeHead(200, EVENT_STREAM)
      void (async () => {
        for await (const frame of paced(gate, frames)) ctx.res.write(frame)
        ctx.res.end()
      })()
    },
  },
  {
    ...streamed,
    name: 'ctx.res before the middleware returned, without ctx.respond = false',
    async run(ctx, { frames, gate }) {
      ctx.res.writeHead(200, EVENT_STREAM)
      for await (const frame of paced(gate, frames)) ctx.res.write(frame)
      ctx.res.end()
    },
  },
  {
    ...asking,
    name: 'Readable.fromWeb of an upstream body',
    async run(ctx, tools) {
      const upstream = await askModel(tools)
      ctx.type = 'text/event-stream'
      ctx.body = Readable.fromWeb(upstream.body as NodeWebStream)
    },
  },
]

/** Bodies that Koa 3 knows and Koa 2 does not. */
export const webShapes: readonly KoaShape[] = [
  {
    ...streamed,
    name: 'ctx.body of a web stream',
    run(ctx, { frames, gate }) {
      const source = started(paced(gate, frames))
      const encoder = new TextEncoder()
      ctx.set(EVENT_STREAM as Record<string, string>)
      ctx.body = new ReadableStream({
        async pull(controller) {
          const { done, value } = await source.next()
          if (done) controller.close()
          else controller.enqueue(encoder.encode(value))
        },
        async cancel() {
          await source.return(undefined)
        },
      })
    },
  },
  {
    ...alone,
    name: 'ctx.body of a Response',
    run(ctx) {
      ctx.body = Response.json(completion(1), { status: 201, headers: { 'X-Model': 'a' } })
    },
  },
  {
    ...alone,
    name: 'ctx.body of a Blob',
    run(ctx) {
      ctx.body = new Blob([JSON.stringify(completion(1))], { type: 'application/json' })
    },
  },
  {
    ...asking,
    name: "ctx.body of an upstream's Response",
    async run(ctx, tools) {
      ctx.body = await askModel(tools)
    },
  },
  ...aiWebShapes.map(
    ({ run, ...shape }): KoaShape => ({
      ...shape,
      async run(ctx, tools) {
        ctx.body = await run(tools)
      },
    }),
  ),
]

function askModel({ modelUrl, prompt }: ShapeTools): Promise<Response> {
  return fetch(`${modelUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(chat(prompt, { stream: true, stop: ['.'] })),
  })
}

/** `source`, asked for its first chunk at once as a loop in the handler would, and not when the framework first reads. */
export function started<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  const first = iterator.next()
  // Its failure is seen when it is read.
  first.catch(() => undefined)
  return (async function* () {
    try {
      for (let { done, value } = await first; !done; { done, value } = await iterator.next()) yield value
    } finally {
      await iterator.return?.()
    }
  })()
}
