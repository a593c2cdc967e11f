/** A travel guide that everybody asks the same questions: each city's are asked beforehand. */

import { createLlmCache, type LlmCache, llmCache, type StoreOption } from '@llm-cache/express'
import express, { type Express, type Request } from 'express'
import OpenAI from 'openai'

export interface AppOptions {
  /** @default OpenAI's, or OPENAI_BASE_URL */
  readonly baseURL?: string | undefined
  /** @default OPENAI_API_KEY */
  readonly apiKey?: string | undefined
  /** @default an LRU in this process */
  readonly store?: StoreOption | undefined
}

export interface ExampleApp {
  readonly app: Express
  readonly cache: LlmCache
}

/** By which callers reach the app: a part of each key, so warming has to name it as callers do. */
export const HOST = 'localhost'

const MODEL = 'gpt-4o'

export function createApp({ baseURL, apiKey, store }: AppOptions = {}): ExampleApp {
  const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 })
  // The answers are everybody's. The cache sends its own requests to the app that it is part of.
  const cache = createLlmCache({ partition: 'shared', ttl: '7d', app: () => app, store })
  const app = express()
  app.use(express.json())

  app.post('/guide', llmCache(cache), async (request: Request<object, unknown, { city: string; question: string }>, response) => {
    const { city, question } = request.body
    const completion = await openai.chat.completions.create({
      model: MODEL,
      messages: [
        { role: 'system', content: `You are a guide to ${city}. Answer in a paragraph.` },
        { role: 'user', content: question },
      ],
    })
    response.json(completion)
  })
  return { app, cache }
}
