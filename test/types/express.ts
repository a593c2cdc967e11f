/** What apps on Express write. */

import { type CacheHandle, cached, createLlmCache, type Duration, type Handler, llmCache, type OutcomeLabel } from '@llm-cache/express'
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express'

interface Ask {
  readonly prompt: string
}
interface MyLocals extends Record<string, unknown> {
  user: string
}

const ttl = process.env.TTL as '5m' | undefined
const cache = createLlmCache({ ttl })
const app = express()

app.use(llmCache({ ttl }))
app.post('/chat', llmCache(cache, { ttl }), (_req, res) => {
  const outcome: OutcomeLabel = res.locals.llmCache.outcome
  res.json({ outcome })
})

app.post(
  '/plain',
  cached({ cache, ttl }, async (req, res, next) => {
    const handle: CacheHandle = res.locals.llmCache
    handle.tag('docs').ttl('10m')
    // @ts-expect-error `res.locals.llmCache` is typed: there is no such method
    res.locals.llmCache.tags('docs')
    if (req.query.id === undefined) return next()
    res.json(req.body)
  }),
)
app.post(
  '/a/:id',
  cached({ ttl }, (req: Request<{ id: string }>, res) => {
    const id: string = req.params.id
    // @ts-expect-error the route has no such parameter
    req.params.name
    res.json({ id })
  }),
)
app.post(
  '/b/:id',
  cached({ ttl }, (req: Request<{ id: string }, { answer: string }, Ask>, res: Response<{ answer: string }>) => {
    res.json({ answer: req.body.prompt })
    // @ts-expect-error the answer is a text
    res.json({ answer: 1 })
  }),
)
app.post(
  '/c',
  cached({ ttl }, async (_req: Request, res: Response<unknown, MyLocals>): Promise<void> => {
    const user: string = res.locals.user
    res.locals.llmCache.tag(user)
    res.json({ user })
  }),
)

const withParameters: RequestHandler<{ id: string }, string, Ask, { q: string }, MyLocals> = (req, res) => {
  res.locals.llmCache.tag(res.locals.user, req.params.id, req.query.q)
  res.send(req.body.prompt)
}
const kept: typeof withParameters = cached({ ttl }, withParameters)
const plain: RequestHandler = cached({ ttl }, (_req, res) => res.send('hello'))
const named: Handler = (_req, res) => res.send('hello')
app.post('/d', plain, cached({ ttl }, named), cached({ ttl })(named))

// @ts-expect-error a handler's first parameter is the request
cached({ ttl }, (req: number) => req)
// @ts-expect-error there is no such option
cached({ tll: '1h' }, named)
// @ts-expect-error rules of the cache itself are no rules of a route
cached({ cache, maxEntries: 1 }, named)

export class Chat {
  private readonly greeting = 'Hello'

  @cached({ cache, ttl })
  async ask(req: Request<{ id: string }, unknown, Ask>, res: Response<unknown, MyLocals>): Promise<void> {
    res.json({ answer: this.greeting + req.params.id + req.body.prompt + res.locals.user })
  }

  @cached({ ttl })
  pass(_req: Request, _res: Response, next: NextFunction): void {
    next()
  }
}

// Inferred, so that the compiler has to find names for them in the declarations of this file.
export const stats = () => cache.stats()
export const saved = async () => (await cache.stats()).saved
export const route = cache.route({ ttl })
export const decorate = cached({ cache, ttl })
export const handle = (res: Response) => res.locals.llmCache
export const outcome = (res: Response) => res.locals.llmCache.outcome
export const lifetime = (text: Duration) => ({ ttl: text })
export { kept }
