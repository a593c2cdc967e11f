import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { createLlmCache, llmCache } from '@llm-cache/hono'
import { type Handler, Hono } from 'hono'
import { stream } from 'hono/streaming'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Ask } from '../models.js'
import { type AppOptions, type RunningApp, start } from './app.js'

/** Hono, with the cache in front of a group of routes. */
export function startHono({ models, port }: AppOptions): Promise<RunningApp> {
  const cache = createLlmCache()
  const app = new Hono()
  app.use('/v1/*', llmCache(cache))
  app.post('/v1/chat/completions', answerWith(models.openai))
  app.post('/v1/messages', answerWith(models.anthropic))
  return start('Hono', cache, createAdaptorServer({ fetch: app.fetch }) as Server, port)
}

function answerWith(ask: Ask): Handler {
  return async (c) => {
    const answer = await ask(await c.req.json())
    if ('json' in answer) return c.json(answer.json, answer.status as ContentfulStatusCode)
    c.header('content-type', 'text/event-stream')
    return stream(c, async (out) => {
      for await (const frame of answer.frames) await out.write(frame)
    })
  }
}
