/** The frameworks under test: each serves the same routes in its own customary way, with the cache on the whole app or without it. */

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createAdaptorServer } from '@hono/node-server'
import type { LlmCache } from '@llm-cache/core'
import { listen, readAll, type Served } from '@llm-cache/core/testing'
import { llmCache as expressCache } from '@llm-cache/express'
import { llmCache as honoCache } from '@llm-cache/hono'
import { llmCache as koaCache } from '@llm-cache/koa'
import express from 'express'
import { type Context, Hono } from 'hono'
import Koa from 'koa'

/** A request as a handler sees it. */
export interface Call {
  readonly body: unknown
  readonly url: string
  /** Aborted when the framework tells that the client left. */
  readonly signal: AbortSignal
}

/** What a handler answers with; each framework sends it as its users would. */
export type Answer =
  | { readonly kind: 'json'; readonly body: unknown; readonly status?: number; readonly headers?: Headers }
  /** Chunks over time. A throw in them is a throw of the handler in the middle of its answer. */
  | { readonly kind: 'chunks'; readonly chunks: AsyncIterable<string | Uint8Array>; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'response'; readonly response: Response }
  /** Writes to Node's response itself; frameworks without one get `response`. */
  | { readonly kind: 'pipe'; readonly pipe: (response: ServerResponse) => unknown; readonly response: () => Response }

export type Handler = (call: Call) => Answer | Promise<Answer>

/** Handlers of POST by path. */
export type Routes = Readonly<Record<string, Handler>>

export interface Framework {
  readonly name: string
  serve(cache: LlmCache | undefined, routes: Routes): Promise<Served>
}

export const frameworks: Readonly<Record<'express' | 'koa' | 'hono', Framework>> = {
  express: {
    name: 'express 5',
    serve(cache, routes) {
      const app = express()
      if (cache) app.use(expressCache(cache))
      app.use(express.json())
      for (const [path, handler] of Object.entries(routes)) {
        app.post(path, async (request, response) => {
          const answer = await handler({ body: request.body, url: request.originalUrl, signal: closed(response) })
          if (answer.kind === 'json') {
            response
              .status(answer.status ?? 200)
              .setHeaders(answer.headers ?? new Headers())
              .json(answer.body)
          } else if (answer.kind === 'chunks') {
            response.writeHead(200, answer.headers)
            for await (const chunk of answer.chunks) if (!response.write(chunk)) await once(response, 'drain')
            response.end()
          } else if (answer.kind === 'pipe') {
            await answer.pipe(response)
          } else {
            response.writeHead(answer.response.status, Object.fromEntries(answer.response.headers))
            await pipeline(Readable.fromWeb(answer.response.body as Parameters<typeof Readable.fromWeb>[0]), response)
          }
        })
      }
      app.use(((_error, _request, response, _next) => {
        if (response.headersSent) response.destroy()
        else response.status(502).json({ error: { message: 'bad gateway' } })
      }) as express.ErrorRequestHandler)
      return listen(createServer(app))
    },
  },

  koa: {
    name: 'koa 3',
    serve(cache, routes) {
      const app = new Koa()
      app.silent = true
      if (cache) app.use(koaCache(cache))
      app.use(async (ctx) => {
        const handler = routes[ctx.path]
        if (!handler) return
        const answer = await handler({ body: JSON.parse(String(await readAll(ctx.req))), url: ctx.originalUrl, signal: closed(ctx.res) })
        if (answer.kind === 'json') {
          ctx.status = answer.status ?? 200
          for (const [name, value] of answer.headers ?? []) ctx.set(name, value)
          ctx.body = answer.body
        } else if (answer.kind === 'chunks') {
          ctx.body = Readable.from(answer.chunks)
          ctx.set(answer.headers)
        } else if (answer.kind === 'pipe') {
          ctx.respond = false
          await answer.pipe(ctx.res)
        } else {
          ctx.body = answer.response
        }
      })
      return listen(createServer(app.callback()))
    },
  },

  hono: {
    name: 'hono 4',
    serve(cache, routes) {
      const app = new Hono()
      if (cache) app.use(honoCache(cache))
      for (const [path, handler] of Object.entries(routes)) {
        app.post(path, async (c: Context) => {
          const answer = await handler({ body: await c.req.json(), url: c.req.path, signal: c.req.raw.signal })
          if (answer.kind === 'json') {
            for (const [name, value] of answer.headers ?? []) c.header(name, value)
            return c.json(answer.body as object, (answer.status ?? 200) as 200)
          }
          if (answer.kind === 'chunks') return c.body(webStream(answer.chunks), 200, answer.headers)
          return answer.kind === 'pipe' ? answer.response() : answer.response
        })
      }
      app.onError((_error, c) => c.json({ error: { message: 'bad gateway' } }, 502))
      return listen(createAdaptorServer({ fetch: app.fetch }) as ReturnType<typeof createServer>)
    },
  },
}

function closed(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => controller.abort())
  return controller.signal
}

function webStream(chunks: AsyncIterable<string | Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(typeof value === 'string' ? new TextEncoder().encode(value) : value)
    },
    cancel: async () => void (await iterator.return?.()),
  })
}
