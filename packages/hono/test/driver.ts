/** Hono on `@hono/node-server`, old and new, as the adapter contract drives it. */

import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import {
  type AdapterDriver,
  type Answer,
  type AppSpec,
  completion,
  EVENT_STREAM,
  listen,
  paced,
  type RouteSpec,
  type Served,
  type Shape,
  type ShapeTools,
} from '@llm-cache/core/testing'
import { cached, llmCache } from '@llm-cache/hono'
import type { Context, Hono, MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import type { cors } from 'hono/cors'
import type { HTTPException } from 'hono/http-exception'
import type { stream, streamSSE, streamText } from 'hono/streaming'
import { aiWebShapes } from '../../../test/support/ai-shapes.js'

export type Native = (c: Context) => Response | Promise<Response>

/** What a version of Hono is made of, as far as it is used here. */
export interface HonoModules {
  readonly Hono: typeof Hono
  readonly HTTPException: typeof HTTPException
  readonly cors: typeof cors
  readonly stream: typeof stream
  readonly streamSSE: typeof streamSSE
  readonly streamText: typeof streamText
}

interface HonoShape {
  readonly name: string
  readonly streamed: boolean
  readonly asksModel: boolean
  run(c: Context, tools: ShapeTools): Response | Promise<Response>
}

const encoder = new TextEncoder()
const alone = { streamed: false, asksModel: false }
const streamed = { streamed: true, asksModel: false }
const asking = { streamed: true, asksModel: true }

function askModel({ modelUrl, prompt }: ShapeTools, signal: AbortSignal): Promise<Response> {
  return fetch(`${modelUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', stream: true, messages: [{ role: 'user', content: prompt }] }),
    signal,
  })
}

/** The data of a frame, as `writeSSE` wants it. */
const dataOf = (frame: string): string => frame.slice('data: '.length).trimEnd()

function honoShapes({ stream, streamSSE, streamText }: HonoModules): readonly HonoShape[] {
  return [
    { ...alone, name: 'c.json', run: (c) => c.json(completion(1), 201, { 'X-Model': 'a' }) },
    {
      ...alone,
      name: 'c.header and c.status before c.json',
      run: (c) => {
        c.header('X-Model', 'a')
        c.header('Link', '<a>; rel=preload', { append: true })
        c.header('Link', '<b>; rel=preload', { append: true })
        c.status(201)
        return c.json(completion(1))
      },
    },
    // With a status: without one, Hono 4.6 behind any middleware that looked at `c.res` writes `content-type` in small letters.
    { ...alone, name: 'c.text', run: (c) => c.text('The moon pulls, \u00e4\u{1f600}.', 200) },
    {
      ...alone,
      name: 'c.body of bytes',
      run: (c) => c.body(new Uint8Array([1, 2, 0, 255]).buffer, 200, { 'Content-Type': 'image/x-test' }),
    },
    { ...alone, name: 'new Response of a text', run: () => new Response('The moon pulls.', { headers: { 'X-Model': 'a' } }) },
    { ...alone, name: 'Response.json', run: () => Response.json(completion(1), { headers: { 'X-Model': 'a' } }) },
    {
      ...streamed,
      name: 'streamSSE',
      run: (c, { frames, gate }) =>
        streamSSE(c, async (sse) => {
          for await (const frame of paced(gate, frames)) await sse.writeSSE({ data: dataOf(frame) })
        }),
    },
    {
      ...streamed,
      name: 'streamText with the type of an event stream',
      run: (c, { frames, gate }) => {
        const response = streamText(c, async (text) => {
          for await (const frame of paced(gate, frames)) await text.write(frame)
        })
        response.headers.set('Content-Type', 'text/event-stream')
        return response
      },
    },
    {
      ...asking,
      name: 'stream().pipe of an upstream body',
      run: async (c, tools) => {
        tools.gate.release()
        const upstream = await askModel(tools, c.req.raw.signal)
        c.header('Content-Type', 'text/event-stream')
        return stream(c, async (out) => {
          if (upstream.body) await out.pipe(upstream.body)
        })
      },
    },
    { ...asking, name: 'raw fetch proxy', run: (c, tools) => askModel(tools, c.req.raw.signal) },
    {
      ...asking,
      name: 'new Response of an upstream body',
      run: async (c, tools) => {
        const { body, headers } = await askModel(tools, c.req.raw.signal)
        return new Response(body, { headers: { 'Content-Type': headers.get('content-type') ?? '' } })
      },
    },
    {
      ...streamed,
      name: 'new Response of a ReadableStream that uses its buffer again',
      run: (_c, { frames, gate }) => {
        const buffer = new Uint8Array(4096)
        const next = ahead(paced(gate, frames))
        const body = new ReadableStream({
          async pull(controller) {
            const { done, value } = await next()
            if (done) controller.close()
            else {
              // The client has the last chunk by the time that the next one is asked for.
              await new Promise((resolve) => setImmediate(resolve))
              controller.enqueue(buffer.subarray(0, encoder.encodeInto(value, buffer).written))
            }
          },
        })
        return new Response(body, { headers: EVENT_STREAM })
      },
    },
    {
      ...streamed,
      name: 'c.body of a ReadableStream',
      run: (c, { frames, gate }) => c.body(bodyOf(paced(gate, frames)), 200, { 'Content-Type': 'text/event-stream' }),
    },
  ]
}

export function honoDriver(name: string, modules: HonoModules): AdapterDriver<Native> {
  const shapes: Shape<Native>[] = [
    ...honoShapes(modules),
    ...aiWebShapes.map(({ run, ...shape }): HonoShape => ({ ...shape, run: (_c, tools) => run(tools) })),
  ].map(({ run, ...shape }) => ({
    ...shape,
    make: (tools) => (c) => {
      tools.called()
      return run(c, tools)
    },
  }))
  return { name, shapes, serve: (spec) => serve(modules, spec) }
}

function serve(modules: HonoModules, spec: AppSpec<Native>): Promise<Served> {
  const { cache, mount, rules, bodyParser, mountedAt } = spec
  const app = new modules.Hono()
  app.use(async (_c, next) => {
    spec.arrived()
    await next()
  })
  if (spec.cors) app.use(modules.cors({ origin: (origin) => origin, credentials: true }))
  if (spec.compression === 'outside') app.use(compress({ threshold: 0, contentTypeFilter: () => true }))

  const home = mountedAt.length === 0 ? app : new modules.Hono()
  const parser = jsonParser(modules)
  if (bodyParser === 'before') home.use(parser)
  if (cache && mount === 'global') home.use(llmCache(cache, rules))
  if (cache && mount === 'nested') home.use(llmCache(cache))
  if (spec.compression === 'inside') home.use(compress({ threshold: 0, contentTypeFilter: () => true }))
  if (bodyParser === 'after' && (mount === 'global' || mount === 'nested')) home.use(parser)

  for (const route of spec.routes) {
    const chain: MiddlewareHandler[] = []
    if (cache && (mount === 'route' || mount === 'nested')) chain.push(llmCache(cache, rules))
    if (bodyParser === 'after' && mount === 'route') chain.push(parser)
    const handler = handlerOf(route, bodyParser === 'none')
    home.on(route.method, [route.path], ...chain, cache && mount === 'cached' ? cached({ ...rules, cache }, handler) : handler)
  }
  for (const path of mountedAt) app.route(path, home)
  app.onError((error, c) => c.json({ error: error.message }, (error as { status?: 500 }).status ?? 500))
  return listen(createAdaptorServer({ fetch: app.fetch }) as Server)
}

/** As a validator does: reads JSON bodies with the framework's own method. */
function jsonParser({ HTTPException }: HonoModules): MiddlewareHandler {
  return async (c, next) => {
    const isJson = /^application\/json/.test(c.req.header('content-type') ?? '')
    if (isJson && c.req.method !== 'GET' && c.req.header('content-encoding') === undefined) {
      try {
        c.set('body' as never, (await c.req.json()) as never)
      } catch {
        throw new HTTPException(400, { message: 'not JSON' })
      }
    }
    await next()
  }
}

function handlerOf({ handler }: RouteSpec<Native>, raw: boolean): Native {
  if (handler.kind === 'native') return handler.native
  return (c) => {
    const run = (body: unknown): Response | Promise<Response> => {
      const answer = handler.run({
        method: c.req.method,
        url: new URL(c.req.url).pathname,
        header: (name) => c.req.header(name),
        body,
        handle: c.get('llmCache'),
        onGone: (callback) => c.req.raw.signal.addEventListener('abort', callback),
      })
      return answer instanceof Promise ? answer.then((value) => send(c, value)) : send(c, answer)
    }
    return raw ? c.req.arrayBuffer().then((bytes) => run(new Uint8Array(bytes))) : run(c.get('body' as never))
  }
}

function send(c: Context, { status = 200, headers = {}, json, body = '', chunks }: Answer): Response {
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') c.header(name, value)
    else for (const item of value) c.header(name, item, { append: true })
  }
  c.status(status as 200)
  if (json !== undefined) return c.json(json)
  return c.body(chunks ? bodyOf(chunks) : (body as string))
}

/** `next` of a source that is asked for its first chunk at once, as a loop in the handler would. */
function ahead<T>(source: AsyncIterator<T>): () => Promise<IteratorResult<T>> {
  let first: Promise<IteratorResult<T>> | undefined = source.next()
  // Its failure is seen when it is read.
  first.catch(() => undefined)
  return () => {
    const next = first ?? source.next()
    first = undefined
    return next
  }
}

/** With back-pressure, and with errors, which Hono's own helpers swallow. */
function bodyOf(chunks: AsyncIterable<string | Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  const next = ahead(iterator)
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const { done, value } = await next()
      if (done) controller.close()
      else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
    },
    async cancel() {
      await iterator.return?.()
    },
  }
  // What waits in a stream's queue is lost when the stream fails.
  return new ReadableStream<Uint8Array>(source, { highWaterMark: 0 })
}
