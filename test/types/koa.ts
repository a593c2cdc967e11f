/** What apps on Koa write. */

import Router from '@koa/router'
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
  type LlmCacheState,
  llmCache,
  OptionError,
  type OutcomeLabel,
} from '@llm-cache/koa'
import Koa, { type Context, type Middleware, type ParameterizedContext } from 'koa'

interface State {
  user: string
}

const ttl = process.env.TTL as '5m' | undefined
const cache = createLlmCache({ ttl })
const options: CachedOptions = { cache, ttl }

const untyped = new Koa()
untyped.use(llmCache({ ttl }))
untyped.use((ctx) => {
  const handle: CacheHandle = ctx.state.llmCache
  handle.tag('docs')
})

const app = new Koa<State & LlmCacheState>()
app.use(llmCache(cache, { ttl }))
app.use((ctx) => {
  const outcome: OutcomeLabel = ctx.state.llmCache.outcome
  ctx.body = { outcome, user: ctx.state.user }
  // @ts-expect-error the handle is typed: there is no such method
  ctx.state.llmCache.tags('docs')
})
app.use(
  cached(options, (ctx: ParameterizedContext<State & LlmCacheState>) => {
    ctx.body = ctx.state.llmCache.tag(ctx.state.user).outcome
  }),
)

const strict = new Koa<State>()
strict.use((ctx) => {
  // @ts-expect-error not mixed in
  ctx.state.llmCache
})

const router = new Router<State & LlmCacheState>()
router.post('/chat/:id', llmCache({ ttl }), (ctx) => {
  ctx.body = ctx.state.llmCache.tag(ctx.state.user, ctx.params.id ?? '').outcome
})
router.post(
  '/plain',
  cached({ ttl }, async (ctx, next) => {
    await next()
    ctx.body = 'hello'
  }),
)
app.use(router.routes())

const middleware: Middleware = cached({ ttl }, async (ctx: Context) => {
  ctx.body = 'hello'
})
const named: Handler = (ctx) => {
  ctx.body = 'hello'
}
untyped.use(middleware).use(cached({ ttl }, named))
// @ts-expect-error there is no such option
cached({ tll: '1h' }, named)

export class Chat {
  private readonly greeting = 'Hello'

  @cached({ cache, ttl })
  async ask(ctx: ParameterizedContext<State & LlmCacheState>): Promise<void> {
    ctx.body = this.greeting + ctx.state.user
  }
}

export const onEvent = (listener: (event: CacheEvent) => void) => cache.on(listener)
export const failed = (error: unknown) => error instanceof OptionError || isOptionError(error)
export const hits = (all: CacheStats, _since: Duration): number => all.hits
export const stats = () => cache.stats()
export const saved = async () => (await cache.stats()).saved
export const route = cache.route({ ttl })
export const decorate = cached({ cache, ttl })
export const handle = (ctx: ParameterizedContext<LlmCacheState>) => ctx.state.llmCache
export const outcome = (ctx: ParameterizedContext<LlmCacheState>) => ctx.state.llmCache.outcome
