import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import Router from '@koa/router'
import { createLlmCache, llmCache } from '@llm-cache/koa'
import Koa, { type Context } from 'koa'
import bodyParser from 'koa-bodyparser'
import type { Ask } from '../models.js'
import { type AppOptions, type RunningApp, start } from './app.js'

/** Koa, with the cache on each route. */
export function startKoa({ models, port }: AppOptions): Promise<RunningApp> {
  const cache = createLlmCache()
  const router = new Router()
  router.post('/v1/chat/completions', llmCache(cache, { ttl: '30m' }), answerWith(models.openai))
  router.post('/v1/messages', llmCache(cache, { ttl: '1h' }), answerWith(models.anthropic))
  const app = new Koa()
  app.use(bodyParser())
  app.use(router.routes())
  return start('Koa', cache, createServer(app.callback()), port)
}

function answerWith(ask: Ask): (ctx: Context) => Promise<void> {
  return async (ctx) => {
    const answer = await ask(ctx.request.body)
    if ('json' in answer) {
      ctx.status = answer.status
      ctx.body = answer.json
      return
    }
    ctx.type = 'text/event-stream'
    ctx.body = Readable.from(answer.frames)
  }
}
