/** An FAQ of which several processes answer the same questions, however they are put: entries and vectors are in Redis 8. */

import { createLlmCache, type Duration, type LlmCache, llmCache, llmJudge, type SemanticOptions } from '@llm-cache/express'
import { createRedisStore, createRedisVectorIndex } from '@llm-cache/redis'
import express, { type Express, type Request } from 'express'
import OpenAI from 'openai'

export interface AppOptions {
  /** `redis://...` */
  readonly database: string
  /** @default OpenAI's, or OPENAI_BASE_URL */
  readonly baseURL?: string | undefined
  /** @default OPENAI_API_KEY */
  readonly apiKey?: string | undefined
  /** @default 'adaptive', which learns for some hundred questions before it serves */
  readonly policy?: SemanticOptions['policy']
  /** Longest time that a request waits for the database. @default 100 ms */
  readonly storeTimeout?: Duration | undefined
}

export interface ExampleApp {
  readonly app: Express
  readonly cache: LlmCache
  close(): Promise<void>
}

const MODEL = 'gpt-4o-mini'

export function createApp({ database, baseURL, apiKey, policy, storeTimeout }: AppOptions): ExampleApp {
  const openai = new OpenAI({ baseURL, apiKey })
  const index = createRedisVectorIndex(database)
  const cache = createLlmCache({
    store: createRedisStore(database),
    storeTimeout,
    strategy: 'hybrid',
    semantic: { index, judge: llmJudge({ client: openai, model: MODEL }), ...(policy ? { policy } : { maxErrorRate: 0.01 }) },
  })
  const app = express()
  app.use(express.json())
  app.post('/faq', llmCache(cache), async (request: Request<object, unknown, { question: string }>, response) => {
    const messages = [{ role: 'user' as const, content: request.body.question }]
    response.json(await openai.chat.completions.create({ model: MODEL, messages }))
  })
  return {
    app,
    cache,
    async close() {
      await cache.close()
      await index.close()
    },
  }
}
