/** What apps on Hono write. */

import {
  type CachedOptions,
  type CacheEvent,
  type CacheHandle,
  type CacheStats,
  cached,
  createLlmCache,
  type Duration,
  type Handler,
  isOptionError,
  llmCache,
  OptionError,
  type OutcomeLabel,
} from '@llm-cache/hono'
import { type Context, Hono, type MiddlewareHandler } from 'hono'

interface Env {
  Variables: { user: string }
}

const ttl = process.env.TTL as '5m' | undefined
const cache = createLlmCache({ ttl })
const options: CachedOptions = { cache, ttl }

const untyped = new Hono()
untyped.use(llmCache({ ttl }))
untyped.post('/chat', (c) => {
  const handle: CacheHandle = c.get('llmCache')
  return c.json({ outcome: handle.tag('docs').outcome })
})

const app = new Hono<Env>()
app.use(llmCache(cache, { ttl }))
app.post('/chat/:id', llmCache({ ttl }), (c) => {
  const outcome: OutcomeLabel = c.get('llmCache').outcome
  // @ts-expect-error the handle is typed: there is no such method
  c.get('llmCache').tags('docs')
  return c.json({ outcome, id: c.req.param('id'), user: c.var.user, same: c.var.llmCache.outcome })
})
app.post(
  '/typed',
  cached(options, (c: Context<Env>) => c.text(c.get('user') + c.get('llmCache').outcome)),
)
app.post(
  '/plain',
  cached({ ttl }, async (c) => c.json(await c.req.json())),
)

const middleware: MiddlewareHandler = cached({ ttl }, llmCache({ ttl }))
const named = (c: Context): Response => c.text('hello')
const own: Handler = named
untyped.use(middleware)
untyped.post('/named', cached({ ttl }, named))
// @ts-expect-error there is no such option
cached({ tll: '1h' }, own)

export class Chat {
  private readonly greeting = 'Hello'

  @cached({ cache, ttl })
  async ask(c: Context<Env, '/chat/:id'>): Promise<Response> {
    return c.text(this.greeting + c.req.param('id') + c.get('user'))
  }
}

export const onEvent = (listener: (event: CacheEvent) => void) => cache.on(listener)
export const failed = (error: unknown) => error instanceof OptionError || isOptionError(error)
export const hits = (all: CacheStats, _since: Duration): number => all.hits
export const stats = () => cache.stats()
export const saved = async () => (await cache.stats()).saved
export const route = cache.route({ ttl })
export const decorate = cached({ cache, ttl })
export const handle = (c: Context) => c.get('llmCache')
export const outcome = (c: Context) => c.get('llmCache').outcome
