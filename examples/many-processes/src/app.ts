/** The app, the same in every worker: a chat route behind the cache, its statistics, and the erasure of a tenant. */

import { createHash, timingSafeEqual } from 'node:crypto'
import { InvalidationError } from '@llm-cache/core'
import { type LlmCache, llmCache } from '@llm-cache/express'
import express, { type Express, type Request, type Response } from 'express'
import type OpenAI from 'openai'

export interface AppOptions {
  readonly cache: LlmCache
  readonly openai: OpenAI
  /** Without it nobody may erase. */
  readonly adminToken: string | undefined
  /** Number of this worker, for `/stats`. */
  readonly worker: number
  readonly log: (line: string) => void
}

export function createApp({ cache, openai, adminToken, worker, log }: AppOptions): Express {
  const app = express()

  app.use('/chat', (_request, response, next) => {
    const began = performance.now()
    response.once('close', () => {
      const outcome = response.writableFinished ? `${response.statusCode} ${response.getHeader('x-llm-cache')}` : 'cut off'
      log(`/chat ${outcome}, ${Math.round(performance.now() - began)} ms`)
    })
    next()
  })

  // OpenAI's own wire format, JSON or stream, as the caller asks.
  app.post(
    '/chat',
    llmCache(cache),
    express.json(),
    async ({ body }: Request<object, unknown, OpenAI.ChatCompletionCreateParams>, response) => {
      log('/chat asks the model')
      if (body.stream) await sendStream(response, await openai.chat.completions.create(body))
      else response.json(await openai.chat.completions.create(body))
    },
  )

  app.get('/stats', async (_request, response) => {
    response.json({ worker, pid: process.pid, ...(await cache.stats()) })
  })

  app.delete('/tenants/:tenant', async ({ headers, params }: Request<{ tenant: string }>, response) => {
    if (!adminToken || !isEqual(headers.authorization ?? '', `Bearer ${adminToken}`)) {
      response.status(401).set('www-authenticate', 'Bearer').json({ error: 'Erasing takes the ADMIN_TOKEN' })
      return
    }
    try {
      response.json(await cache.invalidate({ partition: params.tenant }))
    } catch (error) {
      if (!(error instanceof InvalidationError)) throw error
      // Not erased everywhere: say where, and have the caller ask again.
      response.status(500).json({ error: error.message, ...error.report })
    }
  })

  return app
}

async function sendStream(response: Response, stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  for await (const chunk of stream) response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  response.end('data: [DONE]\n\n')
}

/** Takes equally long wherever the texts differ. */
function isEqual(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
