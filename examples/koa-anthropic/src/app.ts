/** A Koa app that speaks Anthropic's own wire format to its callers, and summarises texts. */

import { Readable } from 'node:stream'
import Anthropic from '@anthropic-ai/sdk'
import Router from '@koa/router'
import { cached, createLlmCache, type LlmCache } from '@llm-cache/koa'
import Koa, { type Context } from 'koa'
import bodyParser from 'koa-bodyparser'

export interface AppOptions {
  /** @default Anthropic's, or ANTHROPIC_BASE_URL */
  readonly baseURL?: string | undefined
  /** @default ANTHROPIC_API_KEY */
  readonly apiKey?: string | undefined
}

export interface ExampleApp {
  readonly app: Koa
  readonly cache: LlmCache
}

export function createApp({ baseURL, apiKey }: AppOptions = {}): ExampleApp {
  const anthropic = new Anthropic({ baseURL, apiKey })
  const cache = createLlmCache({ ttl: '1h' })
  const router = new Router()

  // `cached()` wraps one handler, whatever its bodies look like. Any Anthropic client can use this app as its base URL.
  router.post(
    '/v1/messages',
    cached({ cache }, async (ctx: Context) => {
      const body = ctx.request.body as Anthropic.MessageCreateParams
      if (!body.stream) {
        ctx.body = await anthropic.messages.create(body)
        return
      }
      const stream = await anthropic.messages.create(body)
      ctx.type = 'text/event-stream'
      ctx.body = Readable.from(frames(stream))
    }),
  )

  router.post(
    '/summary',
    cached({ cache, ttl: '1d', tags: ['summary'] }, async (ctx: Context) => {
      const { text } = ctx.request.body as { text: string }
      const message = await anthropic.messages.create({
        model: 'claude-haiku-4-5',
        max_tokens: 500,
        messages: [{ role: 'user', content: `Summarise in two sentences:\n\n${text}` }],
      })
      const block = message.content[0]
      ctx.body = { summary: block?.type === 'text' ? block.text : '', usage: message.usage }
    }),
  )

  const app = new Koa()
  app.use(bodyParser())
  app.use(router.routes())
  return { app, cache }
}

async function* frames(stream: AsyncIterable<Anthropic.RawMessageStreamEvent>): AsyncGenerator<string> {
  for await (const event of stream) yield `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
