import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createLlmCache } from '@llm-cache/core'
import { chat, completion, createManualClock, listen, type Served } from '@llm-cache/core/testing'
import { llmCache } from '@llm-cache/express'
import compression from 'compression'
import express from 'express'
import session from 'express-session'
import { afterEach, expect, it } from 'vitest'

let served: Served | undefined
afterEach(async () => {
  await served?.close()
  served = undefined
})
const big = 'x'.repeat(3000)
async function ask(): Promise<{ status: number; label: string | null; headers: Headers; text: string }> {
  const received = await fetch(`${served?.url}/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip' },
    body: JSON.stringify(chat()),
    signal: AbortSignal.timeout(3000),
  })
  return { status: received.status, label: received.headers.get('x-llm-cache'), headers: received.headers, text: await received.text() }
}
type Handler = (request: express.Request, response: express.Response) => unknown
/** An app whose answer is stale and whose handler fails from now on. */
async function setup(
  inner: express.RequestHandler[],
  fail: Handler,
  good: Handler = (_request, response) => response.json(completion(1)),
): Promise<{ first: Awaited<ReturnType<typeof ask>> }> {
  const clock = createManualClock()
  const cache = createLlmCache({
    clock,
    ttl: '10s',
    staleIfError: '1h',
    maxEntryBytes: 50_000_000,
    maxBytes: 100_000_000,
    compression: false,
    partition: 'shared',
  })
  let failing = false
  const app = express()
  app.use(llmCache(cache))
  for (const each of inner) app.use(each)
  app.post('/chat', (request, response) => (failing ? fail(request, response) : good(request, response)) as undefined)
  served = await listen(createServer(app))
  const first = await ask()
  expect(first.label).toBe('MISS')
  await new Promise((resolve) => setTimeout(resolve, 50))
  clock.advance(15_000)
  failing = true
  return { first }
}
it('compression further in, an error page that it compresses', async () => {
  const { first } = await setup([compression()], (_request, response) => response.status(503).json({ error: big }))
  expect(await ask()).toMatchObject({ status: 200, label: 'STALE', text: first.text })
})
it('compression further in, destroyed', async () => {
  const { first } = await setup([compression()], (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    setTimeout(() => response.destroy(new Error('x')), 10)
  })
  expect(await ask()).toMatchObject({ status: 200, label: 'STALE', text: first.text })
})
it('express-session further in', async () => {
  const { first } = await setup([session({ secret: 'a', resave: false, saveUninitialized: false })], (_request, response) =>
    response.status(503).json({ error: 'no' }),
  )
  expect(await ask()).toMatchObject({ status: 200, label: 'STALE', text: first.text })
})
it('pipeline that fails before its first byte; express error handling of its own', async () => {
  const large = { ...completion(1), filler: 'y'.repeat(2_000_000) }
  const { first } = await setup(
    [],
    async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      await pipeline(
        new Readable({
          read() {
            setTimeout(() => this.destroy(new Error('upstream')), 20)
          },
        }),
        response,
      )
    },
    (_request, response) => response.json(large),
  )
  const got = await ask()
  expect([got.status, got.label, got.text.length]).toEqual([200, 'STALE', first.text.length])
})
it('keep-alive after pipeline', async () => {
  const { first } = await setup([], async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    await pipeline(
      new Readable({
        read() {
          setTimeout(() => this.destroy(new Error('upstream')), 20)
        },
      }),
      response,
    )
  })
  const got = await ask()
  expect([got.status, got.label, got.text]).toEqual([200, 'STALE', first.text])
})
it('express-session further in, a 400 that is let through', async () => {
  await setup([session({ secret: 'a', resave: false, saveUninitialized: false })], (_request, response) =>
    response.status(400).json({ error: 'no' }),
  )
  expect(await ask()).toMatchObject({ status: 400 })
})
it('compression further in, a 400 that is let through', async () => {
  await setup([compression()], (_request, response) => response.status(400).json({ error: big }))
  expect(await ask()).toMatchObject({ status: 400 })
})
it('setHeader after a held head, as error pages do with the same status', async () => {
  await setup([], (_request, response) => {
    response.writeHead(400, { 'content-type': 'text/event-stream', 'content-length': '5' })
    if (!response.headersSent) response.status(400).json({ error: 'longer than five' })
  })
  const got = await ask()
  expect([got.status, got.headers.get('content-type'), got.text]).toEqual([
    400,
    'application/json; charset=utf-8',
    '{"error":"longer than five"}',
  ])
})
it('a 204 is no failure', async () => {
  await setup([], (_request, response) => response.writeHead(204).end())
  expect((await ask()).status).toBe(204)
})
it('writeHead gives the response, as ever', async () => {
  await setup([], (_request, response) => {
    const same = response.writeHead(201, { 'content-type': 'text/plain' }) === response
    response.end(String(same))
  })
  expect((await ask()).text).toBe('true')
})
it('staleIfSlow: an event stream whose head goes out before the model is asked', async () => {
  const clock = createManualClock()
  const cache = createLlmCache({ clock, ttl: '10s', staleIfError: '1h', staleIfSlow: '2s', partition: 'shared', log: false })
  const app = express()
  const stuck: express.Response[] = []
  let began: () => void = () => undefined
  const failing = new Promise<void>((resolve) => {
    began = resolve
  })
  let first = true
  app.post('/chat', express.json(), llmCache(cache), (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    if (!first) {
      stuck.push(response)
      began()
      return
    }
    first = false
    response.write('data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n')
    response.write(
      'data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    )
    response.end('data: [DONE]\n\n')
  })
  served = await listen(createServer(app))
  const fresh = await ask()
  expect(fresh.label).toBe('MISS')
  clock.advance(15_000)
  const asked = ask()
  await failing
  stuck[0]?.destroy()
  expect(await asked).toMatchObject({ status: 200, label: 'STALE', text: fresh.text })
})
