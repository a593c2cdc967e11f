/** An Express app that speaks OpenAI's own wire format to its callers, and answers questions about its documentation. */

import { createLlmCache, type LlmCache, llmCache } from '@llm-cache/express'
import express, { type Express, type Request, type Response } from 'express'
import OpenAI from 'openai'

export interface AppOptions {
  /** @default OpenAI's, or OPENAI_BASE_URL */
  readonly baseURL?: string | undefined
  /** @default OPENAI_API_KEY */
  readonly apiKey?: string | undefined
}

export interface ExampleApp {
  readonly app: Express
  readonly cache: LlmCache
}

export function createApp({ baseURL, apiKey }: AppOptions = {}): ExampleApp {
  const openai = new OpenAI({ baseURL, apiKey })
  const cache = createLlmCache({ ttl: '1h' })
  const app = express()
  app.use(express.json())
  // Every route below that asks a model is cached; others are left alone.
  app.use(llmCache(cache))

  // Any OpenAI client can use this app as its base URL. JSON or stream, as the caller asks.
  app.post('/v1/chat/completions', async (request: Request<object, unknown, OpenAI.ChatCompletionCreateParams>, response) => {
    const { body } = request
    if (body.stream) await sendStream(response, await openai.chat.completions.create(body))
    else response.json(await openai.chat.completions.create(body))
  })

  app.post('/docs/:product/ask', async (request: Request<{ product: string }, unknown, { question: string }>, response) => {
    const { product } = request.params
    // The answer is as old as the documentation: it goes when that tag is invalidated, and after ten minutes anyway.
    response.locals.llmCache.tag(`docs:${product}`).ttl('10m')
    const completion = await openai.chat.completions.create({
      model: 'gpt-5-mini',
      messages: [
        { role: 'system', content: `Answer from the documentation of ${product}.` },
        { role: 'user', content: request.body.question },
      ],
    })
    response.json({ product, answer: completion.choices[0]?.message.content, usage: completion.usage })
  })

  // Not about a model, so never cached: the second identical order is a second order.
  let orders = 0
  app.post('/orders', (_request, response) => {
    orders += 1
    response.status(201).json({ order: orders })
  })

  return { app, cache }
}

async function sendStream(response: Response, stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  for await (const chunk of stream) response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  response.end('data: [DONE]\n\n')
}
