// The servers under test, one a framework and mount. `ceiling` parses the body with the framework's usual parser and sends a
// prebuilt buffer; the others answer the same from the cache, mounted before the parser, after it, or on the route.

import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { chatAnswer, chatChunks } from './samples.mjs'

const ANSWER = chatAnswer(2048)
const CHUNKS = chatChunks(500)
const JSON_FIELDS = { 'Content-Type': 'application/json', 'Content-Length': String(ANSWER.length) }
const SSE_FIELDS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }
const PATH = '/v1/chat/completions'

/** @returns {Promise<import('node:http').Server>} listening on a free port of 127.0.0.1 */
export async function listen(framework, mount, packages) {
  const adapter = mount === 'ceiling' ? undefined : await import(pathToFileURL(`${packages}/${framework}/dist/index.js`).href)
  return APPS[framework](mount, adapter?.llmCache)
}

const APPS = {
  async express(mount, llmCache) {
    const { default: express } = await import('express')
    const app = express()
    if (mount === 'before') app.use(llmCache())
    app.use(express.json())
    if (mount === 'after') app.use(llmCache())
    const route = mount === 'route' ? [llmCache()] : []
    app.post(PATH, ...route, (req, res) => {
      if (!req.body.stream) return void res.writeHead(200, JSON_FIELDS).end(ANSWER)
      res.writeHead(200, SSE_FIELDS)
      for (const chunk of CHUNKS) res.write(chunk)
      res.end()
    })
    return ready((done) => app.listen(0, '127.0.0.1', done))
  },

  async koa(mount, llmCache) {
    const { default: Koa } = await import('koa')
    const { default: bodyParser } = await import('koa-bodyparser')
    const { default: Router } = await import('@koa/router')
    const app = new Koa()
    if (mount === 'before') app.use(llmCache())
    app.use(bodyParser())
    if (mount === 'after') app.use(llmCache())
    const router = new Router()
    const route = mount === 'route' ? [llmCache()] : []
    router.post(PATH, ...route, (ctx) => {
      ctx.set(ctx.request.body.stream ? SSE_FIELDS : { 'Content-Type': 'application/json' })
      ctx.body = ctx.request.body.stream ? Readable.from(CHUNKS) : ANSWER
    })
    app.use(router.routes())
    return ready((done) => app.listen(0, '127.0.0.1', done))
  },

  async hono(mount, llmCache) {
    const { Hono } = await import('hono')
    const { streamSSE } = await import('hono/streaming')
    const { serve } = await import('@hono/node-server')
    const app = new Hono()
    if (mount === 'before') app.use(llmCache())
    if (mount === 'after') {
      app.use(async (c, next) => {
        await c.req.json()
        await next()
      })
      app.use(llmCache())
    }
    const route = mount === 'route' ? [llmCache()] : []
    app.post(PATH, ...route, async (c) => {
      const body = await c.req.json()
      if (!body.stream) return c.body(ANSWER, 200, JSON_FIELDS)
      return streamSSE(c, async (stream) => {
        for (const chunk of CHUNKS) await stream.writeSSE({ data: chunk.slice('data: '.length, -2) })
      })
    })
    return ready((done) => serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, done))
  },
}

function ready(start) {
  return new Promise((resolve) => {
    const server = start(() => resolve(server))
  })
}
