import { createServer, type ServerResponse } from 'node:http'
import { createLlmCache, type LlmCacheOptions } from '@llm-cache/core'
import { chat, completion, listen, type Served } from '@llm-cache/core/testing'
import { cached, llmCache } from '@llm-cache/express'
import compression from 'compression'
import compression17 from 'compression-v1-7'
import express from 'express'
import session from 'express-session'
import express4 from 'express-v4'
import { afterEach, describe, expect, it } from 'vitest'
import type { Express } from './driver.js'

const FRAMEWORKS: readonly (readonly [string, Express])[] = [
  ['express 4', express4],
  ['express 5', express],
]

let served: Served | undefined
afterEach(async () => {
  await served?.close()
  served = undefined
})

interface Got {
  readonly status: number
  readonly label: string | null
  readonly body: unknown
  readonly headers: Headers
}

async function ask(path: string, body: unknown = chat(), headers: Record<string, string> = {}): Promise<Got> {
  const response = await fetch(`${served?.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(3000),
  })
  const text = await response.text()
  const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : text
  return { status: response.status, label: response.headers.get('x-llm-cache'), body: parsed, headers: response.headers }
}

/** As `on-headers` does: `add` runs when the head is about to be written, however that comes about. */
function beforeHead(response: ServerResponse, add: () => void): void {
  const { writeHead } = response
  let done = false
  response.writeHead = function patched(this: ServerResponse, ...given: unknown[]) {
    if (!done) {
      done = true
      add()
    }
    return Reflect.apply(writeHead, this, given)
  } as typeof writeHead
}

describe.each(FRAMEWORKS)('%s and other middleware', (_name, module) => {
  it('a guard on a route, which passes on, does not make the routes behind the mount explicit', async () => {
    const app = module()
    let orders = 0
    app.use(module.json())
    app.all(module === express ? '/{*rest}' : '/*', (_request, _response, next) => next())
    app.post('/orders', (_request, _response, next) => next())
    app.use(llmCache())
    app.post('/orders', (_request, response) => void response.json({ id: ++orders }))
    app.post('/chat', (_request, response) => void response.json(completion(1)))
    served = await listen(createServer(app))
    for (const id of [1, 2]) {
      const got = await ask('/orders', { item: 'book' })
      expect([got.body, got.label]).toEqual([{ id }, null])
    }
    expect([(await ask('/chat')).label, (await ask('/chat')).label]).toEqual(['MISS', 'HIT'])
  })

  it.each([
    ['compression 1.7', compression17, false],
    ['compression 1.8', compression, false],
    ['a session', undefined, true],
    ['compression 1.7 and a session', compression17, true],
  ])('%s outside: a hit has the status and the fields of its miss', async (_outside, compress, sessions) => {
    const app = module()
    if (compress) app.use(compress({ threshold: 0 }) as express.RequestHandler)
    if (sessions) app.use(session({ secret: 's', resave: false, saveUninitialized: true }) as unknown as express.RequestHandler)
    app.use(llmCache({ credentials: { cookies: 'none' } }))
    app.use(module.json())
    app.post(
      '/chat',
      (_request, response) => void response.status(201).set('X-Model', 'a').append('Link', '<a>').append('Link', '<b>').json(completion(1)),
    )
    served = await listen(createServer(app))
    const [miss, hit] = [await ask('/chat'), await ask('/chat')]
    expect([miss.label, hit.label]).toEqual(['MISS', 'HIT'])
    for (const got of [miss, hit]) {
      expect(got.status).toBe(201)
      expect(got.body).toEqual(completion(1))
      expect(got.headers.get('content-encoding')).toBe(compress ? 'gzip' : null)
      expect(got.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect([got.headers.get('x-model'), got.headers.get('link')]).toEqual(['a', '<a>, <b>'])
      // Each response has a session of its own.
      expect(got.headers.getSetCookie()).toHaveLength(sessions ? 1 : 0)
    }
    if (sessions) expect(hit.headers.getSetCookie()).not.toEqual(miss.headers.getSetCookie())
  })

  it.each([
    ['Set-Cookie', 'session=alice', 'set-cookie'],
    ['Cache-Control', 'private', 'response-private'],
    ['Vary', 'Accept-Language', 'vary'],
  ])('%s: %s, set inside of the cache at the last moment, is gated', async (name, value, reason) => {
    const cache = createLlmCache()
    const skips: string[] = []
    cache.on((event) => event.type === 'entry-skipped' && skips.push(event.reason))
    const app = module()
    app.use(llmCache(cache))
    app.use(module.json())
    app.use((_request, response, next) => {
      beforeHead(response, () => response.setHeader(name, value))
      next()
    })
    const stream = (response: express.Response): void => {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify(completion(1)))
    }
    app.post('/json', (_request, response) => void response.json(completion(1)))
    app.post('/raw', (_request, response) => stream(response))
    served = await listen(createServer(app))
    for (const path of ['/json', '/json', '/raw', '/raw']) {
      const got = await ask(path)
      expect([got.label, got.headers.get(name)?.includes(value)]).toEqual(['MISS', true])
    }
    expect(skips).toEqual([reason, reason, reason, reason])
  })

  it.each([
    ['Cache-Control', 'no-store', ['MISS', 'MISS']],
    ['Vary', 'Accept-Language', ['MISS', 'MISS']],
    ['Vary', 'Origin', ['MISS', 'HIT']],
    ['X-Request-Id', '1', ['MISS', 'HIT']],
  ])('%s: %s of outer middleware: %j', async (name, value, labels) => {
    const app = module()
    app.use((_request, response, next) => {
      response.setHeader(name, value)
      next()
    })
    app.use(llmCache())
    app.use(module.json())
    app.post('/chat', (_request, response) => void response.json(completion(1)))
    served = await listen(createServer(app))
    expect([(await ask('/chat')).label, (await ask('/chat')).label]).toEqual(labels)
  })

  it.each(['throws', 'rejects', 'next(error)'])(
    'cached(): a handler that fails (%s) behind an error handler that answers 200 is not stored',
    async (how) => {
      const app = module()
      let runs = 0
      app.use(module.json())
      const handler: express.RequestHandler = (_request, _response, next) => {
        runs++
        const error = new Error('no model')
        if (how === 'throws') throw error
        if (how === 'next(error)') return next(error)
        // Express 4 leaves rejections to the app.
        return module === express ? (Promise.reject(error) as unknown as undefined) : void Promise.reject(error).catch(next)
      }
      app.post('/chat', cached({}, handler) as express.RequestHandler)
      app.use(((_error, _request, response, _next) => response.json({ ...completion(1), sorry: runs })) as express.ErrorRequestHandler)
      served = await listen(createServer(app))
      for (const run of [1, 2]) {
        const got = await ask('/chat')
        expect([got.status, (got.body as { sorry: number }).sorry]).toEqual([200, run])
      }
    },
  )

  it('an outer time-out that answers while the store is asked leaves no flight behind', async () => {
    let found = (): void => undefined
    let asked = (): void => undefined
    const lookedUp = new Promise<void>((resolve) => {
      asked = resolve
    })
    const answer = new Promise<undefined>((resolve) => {
      found = () => resolve(undefined)
    })
    const store: NonNullable<LlmCacheOptions['store']> = {
      name: 'slow',
      limits: { maxEntryBytes: Number.POSITIVE_INFINITY },
      get: () => {
        asked()
        return answer
      },
      set: async () => true,
      delete: async () => false,
      clear: async () => undefined,
      size: () => undefined,
      close: () => undefined,
    }
    let runs = 0
    let late: (() => void) | undefined
    const app = module()
    app.use((_request, response, next) => {
      late ??= () => void response.status(503).json({ error: 'too late' })
      next()
    })
    app.use(llmCache({ store, storeTimeout: '1h' }))
    app.use(module.json())
    app.post('/chat', (_request, response) => {
      runs++
      response.json(completion(1))
    })
    served = await listen(createServer(app))
    const first = ask('/chat')
    await lookedUp
    late?.()
    expect((await first).status).toBe(503)
    found()
    const second = await ask('/chat')
    expect([second.status, second.label, runs]).toEqual([200, 'MISS', 1])
  })
})
