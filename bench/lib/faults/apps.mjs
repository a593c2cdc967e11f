// The apps under test: the same handler on each framework, once behind the cache (`CACHED`) and once without (`PLAIN`). The
// handler asks a model over HTTP, waits for its whole answer or relays its rhythm, and answers what follows from the prompt.

import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { answerOf, framesOf, promptIn } from './answers.mjs'

export const CACHED = '/v1/chat/completions'
export const PLAIN = '/plain/v1/chat/completions'
/** The same route by another name. */
export const PLAIN_AGAIN = `${PLAIN}?again`

/** @returns {Promise<import('node:http').Server>} listening on a free port of 127.0.0.1 */
export async function serveApp(framework, modelUrl, cache) {
  const { llmCache } = await import(new URL(`../../../packages/${framework}/dist/index.js`, import.meta.url).href)
  const server = await APPS[framework](llmCache(cache), createAsk(modelUrl))
  // Longer than any run: a connection closed while a request is on its way to it is no fault of the cache.
  server.keepAliveTimeout = 120_000
  return server
}

const APPS = {
  async express(middleware, ask) {
    const { default: express } = await import('express')
    const app = express()
    app.use(express.json())
    const handler = async (req, res) => {
      const answer = await ask(req.body)
      if (answer.json) return void res.json(answer.json)
      res.type('text/event-stream')
      for await (const frame of answer.frames) res.write(frame)
      res.end()
    }
    app.post(CACHED, middleware, handler)
    app.post(PLAIN, handler)
    return ready((done) => app.listen(0, '127.0.0.1', done))
  },

  async koa(middleware, ask) {
    const { default: Koa } = await import('koa')
    const { default: bodyParser } = await import('koa-bodyparser')
    const { default: Router } = await import('@koa/router')
    const router = new Router()
    const handler = async (ctx) => {
      const answer = await ask(ctx.request.body)
      if (answer.frames) ctx.type = 'text/event-stream'
      ctx.body = answer.json ?? Readable.from(answer.frames)
    }
    router.post(CACHED, middleware, handler)
    router.post(PLAIN, handler)
    const app = new Koa()
    app.use(bodyParser())
    app.use(router.routes())
    return ready((done) => app.listen(0, '127.0.0.1', done))
  },

  async hono(middleware, ask) {
    const { Hono } = await import('hono')
    const { stream } = await import('hono/streaming')
    const { serve } = await import('@hono/node-server')
    const app = new Hono()
    const handler = async (c) => {
      const answer = await ask(await c.req.json())
      if (answer.json) return c.json(answer.json)
      c.header('content-type', 'text/event-stream')
      return stream(c, async (out) => {
        for await (const frame of answer.frames) await out.write(frame)
      })
    }
    app.post(CACHED, middleware, handler)
    app.post(PLAIN, handler)
    return ready((done) => serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, done))
  },
}

/** What a model takes, in ms: until it answers, and for a stream over all of its frames. */
const MODEL_MS = 20

/**
 * Asks the model what the app was asked; the answer is made of the prompt, at the time and in the rhythm of the model's. Without a
 * model, the time it takes is waited for in the app: a call over a socket costs several times what the cache is to be seen costing.
 */
function createAsk(modelUrl) {
  if (modelUrl === undefined) return inProcess
  return async (body) => {
    const response = await fetch(`${modelUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      // One sentence is enough: the bench should not measure how fast the simulated model writes.
      body: JSON.stringify({ ...body, stop: ['.'] }),
    })
    if (!response.ok) throw new Error(`The model answered ${response.status}.`)
    const prompt = promptIn(body)
    if (body.stream) return { frames: inRhythm(framesOf(prompt), response.body) }
    await response.json()
    return { json: answerOf(prompt) }
  }
}

async function inProcess(body) {
  const prompt = promptIn(body)
  await delay(MODEL_MS)
  return body.stream ? { frames: paced(framesOf(prompt)) } : { json: answerOf(prompt) }
}

async function* paced(frames) {
  const half = Math.ceil(frames.length / 2)
  yield* frames.slice(0, half)
  await delay(MODEL_MS)
  yield* frames.slice(half)
}

async function* inRhythm(frames, body) {
  let sent = 0
  for await (const _ of body) if (sent < frames.length - 1) yield frames[sent++]
  yield* frames.slice(sent)
}

function ready(start) {
  return new Promise((resolve) => {
    const server = start(() => resolve(server))
  })
}
