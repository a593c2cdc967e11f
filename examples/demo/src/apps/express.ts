import { createServer } from 'node:http'
import { createLlmCache, llmCache } from '@llm-cache/express'
import express, { type RequestHandler } from 'express'
import type { Ask } from '../models.js'
import { type AppOptions, type RunningApp, start } from './app.js'

/** Express, with the cache in front of all routes. */
export function startExpress({ models, port }: AppOptions): Promise<RunningApp> {
  const cache = createLlmCache()
  const app = express()
  app.use(llmCache(cache))
  app.use(express.json())
  app.post('/v1/chat/completions', answerWith(models.openai))
  app.post('/v1/messages', answerWith(models.anthropic))
  return start('Express', cache, createServer(app), port)
}

function answerWith(ask: Ask): RequestHandler {
  return async (request, response) => {
    const answer = await ask(request.body)
    if ('json' in answer) {
      response.status(answer.status).json(answer.json)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    for await (const frame of answer.frames) response.write(frame)
    response.end()
  }
}
