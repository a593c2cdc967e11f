/** A Hono app behind the AI SDK's `useChat`, for several tenants. */

import { createOpenAI } from '@ai-sdk/openai'
import { createLlmCache, type LlmCache, llmCache } from '@llm-cache/hono'
import { convertToModelMessages, createUIMessageStreamResponse, streamText, toUIMessageStream, type UIMessage } from 'ai'
import { Hono } from 'hono'

export interface AppOptions {
  /** @default OpenAI's, or OPENAI_BASE_URL */
  readonly baseURL?: string | undefined
  /** @default OPENAI_API_KEY */
  readonly apiKey?: string | undefined
}

export interface ExampleApp {
  readonly app: Hono
  readonly cache: LlmCache
}

const MODEL = 'gpt-5-mini'
/** Who the session tokens belong to; a real app asks its database or reads a signed token. */
const TENANTS: Readonly<Record<string, string>> = { 'Bearer anna': 'acme', 'Bearer ben': 'acme', 'Bearer cleo': 'globex' }

export function createApp({ baseURL, apiKey }: AppOptions = {}): ExampleApp {
  const openai = createOpenAI({ ...(baseURL !== undefined && { baseURL }), ...(apiKey !== undefined && { apiKey }) })
  const cache = createLlmCache({
    ttl: '1h',
    // Colleagues share answers, other tenants never see them. No tenant: no caching.
    partition: (request) => TENANTS[request.header('authorization') ?? ''],
  })
  const app = new Hono()
  app.use('/api/*', async (c, next) => {
    if (TENANTS[c.req.header('authorization') ?? ''] === undefined) return c.json({ error: 'Who are you?' }, 401)
    return next()
  })
  app.use('/api/*', llmCache(cache))

  app.post('/api/chat', async (c) => {
    const { messages } = await c.req.json<{ messages: UIMessage[] }>()
    const { stream } = streamText({ model: openai(MODEL), messages: await convertToModelMessages(messages) })
    return createUIMessageStreamResponse({
      stream: toUIMessageStream({
        stream,
        // With the tokens in the answer, `cache.stats()` knows what a hit saves.
        messageMetadata: ({ part }) => (part.type === 'finish' ? { model: MODEL, totalUsage: part.totalUsage } : undefined),
      }),
    })
  })

  return { app, cache }
}
