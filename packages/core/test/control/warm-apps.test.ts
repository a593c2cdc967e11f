/** Warming through real apps, with the engine and a simulated model. */

import { createServer, type Server } from 'node:http'
import { createModelServer, type ModelServer } from '@llm-cache/core/testing'
import { llmCache as express } from '@llm-cache/express'
import { llmCache as hono } from '@llm-cache/hono'
import { llmCache as koa } from '@llm-cache/koa'
import expressApp from 'express'
import { Hono } from 'hono'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLlmCache, type LlmCache } from '../../src/cache.js'
import type { WarmOptions } from '../../src/control/warm/options.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'

let provider: ModelServer
beforeAll(async () => {
  provider = await createModelServer({ vary: true })
})
afterAll(() => provider.close())
beforeEach(() => provider.reset())

const host = 'api.example.com'
const chat = (content: string, more: object = {}): { url: string; body: object } => ({
  url: '/v1/chat/completions',
  body: { model: 'gpt-4o', messages: [{ role: 'user', content }], ...more },
})

async function ask(body: unknown): Promise<Response> {
  return fetch(`${provider.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer upstream' },
    body: JSON.stringify(body),
  })
}

type App = NonNullable<WarmOptions['app']>
const APPS: readonly (readonly [name: string, make: (cache: LlmCache) => App])[] = [
  [
    'Express',
    (cache) => {
      const app = expressApp()
      app.use((request, response, next) => {
        if (request.get('x-blocked')) response.status(403).end()
        else next()
      })
      app.use((request, response, next) => {
        if (request.get('x-private')) response.set('Cache-Control', 'no-store')
        next()
      })
      app.use(expressApp.json())
      app.post('/v1/chat/completions', express(cache), async (request, response) => {
        const answer = await ask(request.body)
        response.status(answer.status).type(answer.headers.get('content-type') ?? '')
        for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) response.write(chunk)
        response.end()
      })
      app.post('/uncached', (_request, response) => void response.json({ ok: true }))
      return app
    },
  ],
  [
    'Koa',
    (cache) => {
      const app = new Koa()
      app.silent = true
      app.use(async (context, next) => {
        if (context.get('x-blocked')) context.status = 403
        else await next()
      })
      app.use(async (context, next) => {
        if (context.get('x-private')) context.set('Cache-Control', 'no-store')
        await next()
      })
      app.use(bodyParser())
      app.use(async (context, next) => {
        if (context.path !== '/uncached') return next()
        context.body = { ok: true }
      })
      app.use(koa(cache))
      app.use(async (context) => {
        const answer = await ask(context.request.body)
        context.status = answer.status
        context.type = answer.headers.get('content-type') ?? ''
        context.body = answer.body
      })
      return app
    },
  ],
  [
    'Hono',
    (cache) => {
      const app = new Hono()
      app.use(async (context, next) => (context.req.header('x-blocked') ? context.body(null, 403) : next()))
      app.post('/v1/chat/completions', hono(cache), async (context) => {
        const answer = await ask(await context.req.json())
        if (context.req.header('x-private')) context.header('Cache-Control', 'no-store')
        context.header('content-type', answer.headers.get('content-type') ?? '')
        return context.newResponse(answer.body, answer.status as 200)
      })
      app.post('/uncached', (context) => context.json({ ok: true }))
      return app
    },
  ],
]

describe.each(APPS)('warming through %s', (_, make) => {
  async function scene(options: LlmCacheOptions = {}): Promise<{ cache: LlmCache; app: App }> {
    const cache = createLlmCache({ partition: 'shared', log: false, ...options })
    return { cache, app: make(cache) }
  }

  it('stores JSON and streams, which are then hits for callers', async () => {
    const { cache, app } = await scene()
    const requests = [chat('One'), chat('Two', { stream: true, stream_options: { include_usage: true } })]
    const report = await cache.warm(requests, { app, host })
    expect(report).toMatchObject({ requests: 2, warmed: 2, failed: [], stoppedBy: 'end' })
    expect(report.tokens).toBeGreaterThan(0)
    expect(report.usd).toBeGreaterThan(0)
    expect(provider.callCount()).toBe(2)

    const again = await cache.warm(requests, { app, host })
    expect(again).toMatchObject({ requests: 2, alreadyCached: 2, usd: 0 })
    expect(provider.callCount()).toBe(2)
    // Under another name it is another answer.
    expect(await cache.warm(requests.slice(0, 1), { app, host: 'other.example' })).toMatchObject({ warmed: 1 })
    await cache.close()
  })

  it('says what became of requests that could not be stored', async () => {
    const { cache, app } = await scene()
    provider.failNext('rate-limit')
    const report = await cache.warm(
      [
        chat('One'),
        { ...chat('Two'), headers: { 'x-blocked': '1' } },
        { url: '/uncached', body: { prompt: 'x' } },
        chat('Three', { n: 'x' }),
      ],
      { app, host, concurrency: 1 },
    )
    expect(report.requests).toBe(4)
    expect(report.failed.map(({ reason, samples }) => [samples, reason])).toContainEqual([[1], 'status-429'])
    expect(report.failed.map(({ reason, samples }) => [samples, reason])).toContainEqual([[2], 'status-403'])
    expect(report.failed.map(({ reason, samples }) => [samples, reason])).toContainEqual([[3], 'not-reached'])
    await cache.close()
  })

  const tools = [{ type: 'function', function: { name: 'pay', parameters: { type: 'object', properties: { sum: { type: 'number' } } } } }]
  const usage = { stream: true, stream_options: { include_usage: true } }
  it.each<[string, reason: string, more: { prompt?: string; body?: object; headers?: Record<string, string> }]>([
    ['is truncated', 'upstream-failed', { prompt: '[[fault:length]]' }],
    ['is truncated, as a stream', 'upstream-failed', { prompt: '[[fault:length]]', body: usage }],
    ['is a refusal', 'upstream-failed', { prompt: '[[fault:refusal]]' }],
    ['calls a tool', 'tool-calls', { body: { tools, tool_choice: 'required' } }],
    ['is not to be stored, the app says', 'response-no-store', { headers: { 'x-private': '1' } }],
  ])('counts an answer that %s', async (_case, reason, { prompt = '', body, headers = {} }) => {
    const { cache, app } = await scene()
    const requests = Array.from({ length: 12 }, (_item, at) => ({ ...chat(`Question ${at} ${prompt}`, body), headers }))
    const [one] = requests.splice(0, 1)
    const { usd } = await cache.warm(one ? [one] : [], { app, host })
    expect(usd).toBeCloseTo(paid(), 10)
    const report = await cache.warm(requests, { app, host, maxUsd: 4.5 * usd })
    expect(report).toMatchObject({ requests: 11, warmed: 0, stoppedBy: 'budget-usd' })
    expect(report.failed).toMatchObject([{ reason }])
    expect(report.skippedByBudget + (report.failed[0]?.count ?? 0)).toBe(11)
    expect(provider.callCount()).toBe(1 + (report.failed[0]?.count ?? 0))
    expect(report.usd).toBeCloseTo(paid() - usd, 10)
    expect(report.usd).toBeLessThan(4.5 * usd + Math.max(...provider.calls.map(priceOf)))
    expect(report.usd).toBeGreaterThan(2 * usd)
    await cache.close()
  })

  it.each<[string, prompt: string, options: LlmCacheOptions, body?: object]>([
    ['is too large to be kept', '', { maxEntryBytes: 100 }],
    ['breaks off', '[[fault:cut]]', {}, usage],
    ['has no end', '[[fault:no-terminal]]', {}, { stream: true }],
    ['is truncated and says nothing of its usage', '[[fault:length]]', {}, { stream: true }],
  ])('keeps no budget where an answer %s: it ends', async (_case, prompt, options, body) => {
    const { cache, app } = await scene(options)
    const requests = Array.from({ length: 5 }, (_item, at) => chat(`Question ${at} ${prompt}`, body))
    expect(await cache.warm(requests, { app, host, maxUsd: 1 })).toMatchObject({
      requests: 5,
      skippedByBudget: 4,
      stoppedBy: 'cost-unknown',
    })
    expect(provider.callCount()).toBe(1)
    await cache.close()
  })

  it('sends the app that the cache knows of what was popular, once it has gone', async () => {
    let app: App | undefined
    const cache = createLlmCache({ partition: 'shared', patterns: { keepRequests: true }, app: () => app as App, log: false })
    app = make(cache)
    const server = await listen(app)
    const { port } = server.address() as { port: number }
    const post = (content: string): Promise<Response> =>
      fetch(`http://localhost:${port}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer mine' },
        body: JSON.stringify(chat(content).body),
      })
    for (const content of ['Often', 'Often', 'Often', 'Rare']) await (await post(content)).text()
    expect(provider.callCount()).toBe(2)
    await cache.invalidate({ all: true })
    expect(await cache.warm('popular', { top: 1 })).toMatchObject({ requests: 1, warmed: 1 })
    expect((await post('Often')).headers.get('x-llm-cache')).toBe('HIT')
    expect((await post('Rare')).headers.get('x-llm-cache')).toBe('MISS')
    // What the cache asked itself is no traffic.
    expect(cache.usagePatterns()).toMatchObject([{ requests: 4 }, { requests: 2 }])
    server.closeAllConnections()
    server.close()
    await cache.close()
  })

  it('breaks off when the cache is closed', async () => {
    const { cache, app } = await scene()
    provider.hold()
    const running = cache.warm([chat('Slow'), chat('Slower'), chat('Never')], { app, host })
    await provider.waitForCalls(2)
    await cache.close()
    expect(await running).toMatchObject({ stoppedBy: 'closed', warmed: 0 })
    provider.release()
    expect(provider.callCount()).toBe(2)
  })
})

/** In USD, by the price of gpt-4o: 2.50 and 10 for a million tokens. */
function priceOf({ usage }: ModelServer['calls'][number]): number {
  return (usage.inputTokens * 2.5 + usage.outputTokens * 10) / 1e6
}

function paid(): number {
  return provider.calls.reduce((sum, call) => sum + priceOf(call), 0)
}

async function listen(app: App): Promise<Server> {
  const listener =
    'callback' in app
      ? (app.callback() as never)
      : 'fetch' in app
        ? (await import('@hono/node-server')).getRequestListener(app.fetch as never)
        : app
  const server = createServer(listener as never)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
