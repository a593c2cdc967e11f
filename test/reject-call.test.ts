import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { createRejectHandler as createNodeRejectHandler } from '@llm-cache/core/node'
import { chat, completion } from '@llm-cache/core/testing'
import { createRejectHandler } from '@llm-cache/core/web'
import * as onExpress from '@llm-cache/express'
import * as onHono from '@llm-cache/hono'
import * as onKoa from '@llm-cache/koa'
import express from 'express'
import express4 from 'express-v4'
import { Hono } from 'hono'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import Koa2 from 'koa-v2'
import { afterEach, describe, expect, it } from 'vitest'

const { createLlmCache } = onExpress
type Cache = onExpress.LlmCache
/** What the apps below tell callers apart by. */
const mayReject = (authorization: string | undefined): boolean => {
  if (authorization === 'throw') throw new Error('the identity provider is down')
  return authorization === 'Bearer admin'
}

const APPS: readonly (readonly [string, (cache: Cache) => Server])[] = [
  ...([express, express4] as const).flatMap((module, at) =>
    [false, true].map(
      (parses) =>
        [
          `express ${at === 0 ? 5 : 4}${parses ? ' with a body parser' : ''}`,
          (cache: Cache) => {
            const app = module()
            if (parses) app.use(module.json())
            app.all(
              '/reject',
              onExpress.llmCacheReject(cache, { authorize: (request) => mayReject(request.headers.authorization) }) as never,
            )
            app.post('/chat', onExpress.llmCache(cache) as never, (_request: unknown, response: { json(body: unknown): void }) =>
              response.json(completion(1)),
            )
            return createServer(app)
          },
        ] as const,
    ),
  ),
  ...([Koa, Koa2] as const).flatMap((Module, at) =>
    [false, true].map(
      (parses) =>
        [
          `koa ${at === 0 ? 3 : 2}${parses ? ' with a body parser' : ''}`,
          (cache: Cache) => {
            const app = new (Module as typeof Koa)()
            if (parses) app.use(bodyParser())
            const reject = onKoa.llmCacheReject(cache, { authorize: (ctx) => mayReject(ctx.get('authorization')) })
            app.use((ctx, next) => (ctx.path === '/reject' ? reject(ctx as never, next) : next()))
            app.use(onKoa.llmCache(cache, { when: () => true }))
            app.use((ctx) => {
              ctx.body = completion(1)
            })
            return createServer(app.callback())
          },
        ] as const,
    ),
  ),
  ...[false, true].map(
    (parses) =>
      [
        `hono${parses ? ' with a body that was read before' : ''}`,
        (cache: Cache) => {
          const app = new Hono()
          if (parses)
            app.use(async (c, next) => {
              await c.req.text()
              await next()
            })
          app.all('/reject', onHono.llmCacheReject(cache, { authorize: (c) => mayReject(c.req.header('authorization')) }))
          app.post('/chat', onHono.llmCache(cache), (c) => c.json(completion(1)))
          return createAdaptorServer(app) as Server
        },
      ] as const,
  ),
  [
    'node:http',
    (cache) => {
      const reject = createNodeRejectHandler(cache, { authorize: (request: IncomingMessage) => mayReject(request.headers.authorization) })
      const app = express()
      app.post('/chat', onExpress.llmCache(cache), (_request, response) => void response.json(completion(1)))
      return createServer((request, response) => void (request.url === '/reject' ? reject(request, response) : app(request, response)))
    },
  ],
]

let server: Server | undefined
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
  server = undefined
})

async function start(make: (cache: Cache) => Server, cache: Cache): Promise<string> {
  server = make(cache)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const call = (url: string, body: unknown, headers: Record<string, string> = {}, method = 'POST'): Promise<Response> =>
  fetch(`${url}/reject`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method !== 'GET' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(5000),
  })

const ask = (url: string): Promise<Response> =>
  fetch(`${url}/chat`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(chat()) })

describe.each(APPS)('rejecting by a call, on %s', (_name, make) => {
  const admin = { authorization: 'Bearer admin' }

  it('takes the answer away', async () => {
    const cache = createLlmCache()
    const url = await start(make, cache)
    const id = (await ask(url)).headers.get('x-llm-cache-id')
    expect((await ask(url)).headers.get('x-llm-cache')).toBe('HIT')
    const rejected = await call(url, { id, reason: 'schema' }, admin)
    expect([rejected.status, await rejected.text(), rejected.headers.get('cache-control')]).toEqual([204, '', 'no-store'])
    expect((await cache.stats()).rejected).toEqual({ schema: 1 })
    expect((await ask(url)).headers.get('x-llm-cache')).toBe('MISS')
    const again = await call(url, { id }, admin)
    expect([again.status, await again.json()]).toEqual([404, { error: 'unknown-id' }])
  })

  it('from nobody who is not authorised, whatever they send', async () => {
    const cache = createLlmCache()
    const url = await start(make, cache)
    const id = (await ask(url)).headers.get('x-llm-cache-id')
    expect((await call(url, { id })).status).toBe(401)
    for (const authorization of ['Bearer other', 'throw']) expect((await call(url, { id }, { authorization })).status).toBe(403)
    expect((await call(url, { id }, { cookie: 'session=1' })).status).toBe(403)
    expect((await ask(url)).headers.get('x-llm-cache')).toBe('HIT')
  })

  it('in a wrong form is refused', async () => {
    const url = await start(make, createLlmCache())
    const statuses: Record<string, number> = {}
    for (const [what, body, headers] of [
      ['no id', {}, {}],
      ['an id that is no text', { id: 5 }, {}],
      ['a reason that is no text', { id: 'a', reason: {} }, {}],
      ['something else besides', { id: 'a', all: true }, {}],
      ['a list', ['a'], {}],
      ['a form', 'id=a', { 'content-type': 'application/x-www-form-urlencoded' }],
      ['a text', '{"id":"a"}', { 'content-type': 'text/plain' }],
    ] as const) {
      statuses[what] = (await call(url, body, { ...admin, ...headers })).status
    }
    expect(statuses).toEqual(Object.fromEntries(Object.keys(statuses).map((what) => [what, 400])))
    const get = await call(url, '', admin, 'GET')
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

describe('the fetch handler', () => {
  const post = (body: string, headers: Record<string, string> = {}): Request =>
    new Request('http://app.test/reject', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })

  it.each([undefined, {}, { authorize: true }, { authorise: () => true }])('fails without saying who is authorised (%o)', (options) => {
    expect(() => createRejectHandler(createLlmCache(), options as never)).toThrow(/authorize|options/)
  })

  it.each([
    ['only true counts', () => 1 as never, 401],
    ['a promise of true does', async () => true, 404],
    ['a rejection does not', () => Promise.reject(new Error('down')), 401],
  ])('%s', async (_what, authorize, status) => {
    const handler = createRejectHandler(createLlmCache(), { authorize })
    expect((await handler(post('{"id":"aaaaaaaaaaaaaaaaaaaaaa"}'))).status).toBe(status)
  })

  it('reads no more than 4 KiB, and nothing before it is authorised', async () => {
    const handler = createRejectHandler(createLlmCache(), { authorize: (request) => request.headers.has('authorization') })
    expect((await handler(post(`{"id":"${'a'.repeat(5000)}"}`, { authorization: 'x' }))).status).toBe(413)
    expect((await handler(post('{', { authorization: 'x' }))).status).toBe(400)
    const unread = post('{"id":"a"}')
    expect([(await handler(unread)).status, unread.bodyUsed]).toEqual([401, false])
  })

  it('says so where a store could not be cleaned', async () => {
    const handler = createRejectHandler({ reject: () => Promise.reject(new Error('down')) }, { authorize: () => true })
    const answer = await handler(post('{"id":"a"}'))
    expect([answer.status, await answer.json()]).toEqual([503, { error: 'not-everywhere' }])
  })
})
