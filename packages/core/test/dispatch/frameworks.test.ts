/** Requests of the cache's own through the apps of each framework, on real servers. */

import { createServer, type IncomingMessage, request as openRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { llmCache as expressCache } from '@llm-cache/express'
import { llmCache as honoCache } from '@llm-cache/hono'
import { llmCache as koaCache } from '@llm-cache/koa'
import express, { type Express } from 'express'
import express4 from 'express-v4'
import { Hono } from 'hono'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import Koa2 from 'koa-v2'
import { afterEach, describe, expect, it } from 'vitest'
import type { LlmCache } from '../../src/cache.js'
import { createProbe, QUESTION } from './probe.js'

/** What the app saw of a request. */
interface Seen {
  readonly address: string | undefined
  readonly port: number | undefined
  readonly local: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly raw: readonly string[]
  readonly url: string | undefined
  readonly method: string | undefined
  body: unknown
}

interface Scene {
  readonly seen: Seen[]
  /** Before the app's parser, where it has one. */
  readonly first: boolean
}

const CHUNKS = Array.from({ length: 64 }, (_, index) => `data: ${'x'.repeat(16_384)} ${index}\n\n`)

function look(message: IncomingMessage): Seen {
  const { remoteAddress: address, remotePort: port, localPort: local } = message.socket
  const { headers, rawHeaders: raw, url, method } = message
  return { address, port, local, headers: { ...headers }, raw: [...raw], url, method, body: undefined }
}

function expressApp(create: () => Express, json: () => ReturnType<typeof express.json>) {
  return (cache: LlmCache, { seen, first }: Scene): Server => {
    const app = create()
    app.use((request, _response, next) => {
      seen.push(look(request))
      next()
    })
    if (!first) app.use(json())
    app.use(expressCache(cache))
    if (first) app.use(json())
    app.post('/chat', async (request, response) => {
      ;(seen.at(-1) as Seen).body = request.body
      response.setHeader('content-type', 'text/event-stream')
      for (const chunk of CHUNKS) if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve))
      response.end()
    })
    return createServer(app)
  }
}

function koaApp(create: () => Koa) {
  return (cache: LlmCache, { seen, first }: Scene): Server => {
    const app = create()
    app.use((ctx, next) => {
      seen.push(look(ctx.req))
      return next()
    })
    if (!first) app.use(bodyParser())
    app.use(koaCache(cache))
    if (first) app.use(bodyParser())
    app.use((ctx) => {
      ;(seen.at(-1) as Seen).body = (ctx.request as { body?: unknown }).body
      ctx.set('content-type', 'text/event-stream')
      ctx.body = CHUNKS.join('')
    })
    return createServer(app.callback())
  }
}

function honoApp(cache: LlmCache, { seen, first }: Scene): Server {
  const app = new Hono<{ Bindings: { incoming: IncomingMessage } }>()
  app.use(async (c, next) => {
    seen.push(look(c.env.incoming))
    if (!first) await c.req.json()
    await next()
  })
  app.use(honoCache(cache))
  app.post('/chat', async (c) => {
    ;(seen.at(-1) as Seen).body = await c.req.json()
    return c.body(CHUNKS.join(''), 200, { 'content-type': 'text/event-stream' })
  })
  return createAdaptorServer({ fetch: app.fetch }) as Server
}

const APPS: readonly [string, (cache: LlmCache, scene: Scene) => Server][] = [
  ['Express 5', expressApp(express, express.json)],
  ['Express 4', expressApp(express4, express4.json)],
  ['Koa 3', koaApp(() => new Koa())],
  ['Koa 2', koaApp(() => new Koa2())],
  ['Hono', honoApp],
]

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await closed(server)
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Without ending any connection by force. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

function ask(port: number, body: string, headers: Record<string, string | string[]> = {}): Promise<{ status?: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = openRequest(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/chat?a=%20b',
        agent: false,
        headers: { 'content-type': 'application/json', ...headers },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode, text })).on('error', reject)
      },
    )
    request.on('error', reject).end(body)
  })
}

describe.each(APPS)('%s', (_name, create) => {
  it.each([
    ['the cache first', true],
    ['a body parser first', false],
  ])('the same request arrives once more, from the same client, with its mark (%s)', async (_order, first) => {
    const seen: Seen[] = []
    const probe = createProbe()
    const port = await listen(create(probe.cache, { seen, first }))
    const headers = {
      authorization: 'Bearer secret',
      'x-forwarded-for': '203.0.113.9',
      'X-Twice': ['one', 'two'],
      cookie: 'a=1',
      connection: 'close, x-hop',
      'x-hop': 'of this connection',
    }
    const answer = await ask(port, JSON.stringify(QUESTION), headers)
    expect(answer).toEqual({ status: 200, text: CHUNKS.join('') })
    expect(await probe.sent[0]).toBe(200)

    expect(probe.requests.map(({ mark }) => mark)).toEqual([undefined, probe.mark])
    const [original, repeated] = seen as [Seen, Seen]
    expect(repeated.address).toBe('127.0.0.1')
    expect({ ...repeated, headers: 0, raw: 0 }).toEqual({ ...original, headers: 0, raw: 0 })
    expect(repeated.body).toEqual(QUESTION)
    const { connection: _, 'content-length': length, 'x-hop': _hop, 'transfer-encoding': _coding, ...expected } = original.headers
    const { connection, 'content-length': ownLength, ...fields } = repeated.headers
    expect(fields).toEqual(expected)
    expect(connection).toBe('close')
    expect(ownLength).toBe(length ?? `${Buffer.byteLength(JSON.stringify(QUESTION))}`)
    expect(repeated.raw.filter((value) => value === 'X-Twice')).toHaveLength(2)
    // One that has a mark is not sent any further.
    expect(probe.sent).toHaveLength(2)
    expect(probe.sent[1]).toBeUndefined()
  })

  it('what is sent without a mark is a request as any other', async () => {
    const seen: Seen[] = []
    const probe = createProbe({}, (request, own) => {
      if (own.requests.length === 1) own.sent.push(request.again?.())
    })
    const port = await listen(create(probe.cache, { seen, first: true }))
    await ask(port, JSON.stringify(QUESTION))
    expect(await probe.sent[0]).toBe(200)
    expect(probe.requests.map(({ mark }) => mark)).toEqual([undefined, undefined])
    expect(seen).toHaveLength(2)
  })

  it('a client cannot send a mark', async () => {
    const probe = createProbe({}, () => undefined)
    const port = await listen(create(probe.cache, { seen: [], first: true }))
    await ask(port, JSON.stringify(QUESTION), { 'llm-cache.mark': '{}', 'x-llm-cache-mark': '{}', mark: '{}' })
    expect(probe.requests.map(({ mark }) => mark)).toEqual([undefined])
  })

  it('a client that leaves does not break off what was sent', async () => {
    const seen: Seen[] = []
    let leave = (): void => undefined
    const probe = createProbe({}, (request, own) => {
      if (own.requests.length !== 1) return
      own.sent.push(request.again?.(own.mark))
      leave()
    })
    const port = await listen(create(probe.cache, { seen, first: true }))
    const request = openRequest({ host: '127.0.0.1', port, method: 'POST', path: '/chat', headers: { 'content-type': 'application/json' } })
    request.on('error', () => undefined)
    leave = () => void request.destroy()
    request.end(JSON.stringify(QUESTION))
    await probe.seen(2)
    expect(await probe.sent[0]).toBe(200)
  })
})
