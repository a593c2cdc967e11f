/** Sending requests to an app in whatever form it is at hand. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { llmCache as honoCache } from '@llm-cache/hono'
import express, { type Request as ExpressRequest } from 'express'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { type CreateDispatchOptions, createDispatch } from '../../src/dispatch/dispatch.js'
import { markOf } from '../../src/dispatch/mark.js'
import type { AppTarget } from '../../src/dispatch/target.js'
import { OptionError } from '../../src/errors.js'
import type { DetachedRequest } from '../../src/exchange.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { createProbe, QUESTION } from './probe.js'

const BODY = new TextEncoder().encode(JSON.stringify(QUESTION))
const REQUEST: DetachedRequest = {
  method: 'POST',
  url: '/chat?a=%20b',
  headers: [
    ['Content-Type', 'application/json'],
    ['Host', 'app.test:8080'],
    ['X-Twice', 'one'],
    ['X-Twice', 'two'],
    ['Transfer-Encoding', 'chunked'],
  ],
  body: BODY,
}
const LONG = 'x'.repeat(3_000_000)

interface Seen {
  readonly url: string | undefined
  readonly host: string | null | undefined
  readonly twice: unknown
  readonly length: unknown
  readonly address?: string | undefined
  readonly mark: object | undefined
  readonly body: string
}

/** Reads the request, answers with 3 MB. */
async function listen(seen: Seen[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url, headers, socket } = request
  const { host, 'content-length': length } = headers
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString()
  seen.push({ url, host, twice: headers['x-twice'], length, address: socket.remoteAddress, mark: markOf(socket), body })
  response.statusCode = 207
  response.end(LONG)
}

const NODE_APPS: readonly [string, (seen: Seen[]) => AppTarget][] = [
  ['an http.Server that does not listen', (seen) => createServer((request, response) => void listen(seen, request, response))],
  ['an https.Server that does not listen', (seen) => createHttpsServer((request, response) => void listen(seen, request, response))],
  ['a listener', (seen) => (request: IncomingMessage, response: ServerResponse) => void listen(seen, request, response)],
  ['an Express app', (seen) => express().use((request, response) => void listen(seen, request, response))],
  [
    'a Koa app',
    (seen) =>
      new Koa().use(async (ctx) => {
        ctx.respond = false
        await listen(seen, ctx.req, ctx.res)
      }),
  ],
]

describe.each(NODE_APPS)('%s', (_name, create) => {
  it('is sent a request with its mark, from nowhere', async () => {
    const seen: Seen[] = []
    const mark = {}
    expect(await createDispatch(create(seen))(REQUEST, { mark })).toBe(207)
    const expected = { url: '/chat?a=%20b', host: 'app.test:8080', twice: 'one, two', length: `${BODY.byteLength}` }
    expect(seen).toEqual([{ ...expected, address: '0.0.0.0', mark, body: JSON.stringify(QUESTION) }])
    expect(seen[0]?.mark).toBe(mark)
  })

  it('sees the address that was named', async () => {
    const seen: Seen[] = []
    expect(await createDispatch(create(seen), { remoteAddress: '127.0.0.1' })(REQUEST)).toBe(207)
    expect(seen[0]).toMatchObject({ address: '127.0.0.1', mark: undefined })
  })
})

describe('an app with a fetch', () => {
  it('is sent a Request with its mark, whose answer is read to the end', async () => {
    const seen: Seen[] = []
    const mark = {}
    let pulled = 0
    const app = {
      async fetch(request: Request): Promise<Response> {
        const { url, headers } = request
        const [host, twice, length] = ['host', 'x-twice', 'content-length'].map((name) => headers.get(name))
        seen.push({ url, host, twice, length, mark: markOf(request), body: await request.text() })
        const stream = new ReadableStream({
          pull(controller) {
            if (++pulled === 100) controller.close()
            else controller.enqueue(new Uint8Array(1000))
          },
        })
        return new Response(stream, { status: 207 })
      },
    }
    expect(await createDispatch(app)(REQUEST, { mark })).toBe(207)
    const expected = { url: 'http://app.test:8080/chat?a=%20b', host: 'app.test:8080', twice: 'one, two', length: `${BODY.byteLength}` }
    expect(seen).toEqual([{ ...expected, mark, body: JSON.stringify(QUESTION) }])
    expect(pulled).toBe(100)
  })

  it.each<[string, () => Response | Promise<Response>]>([
    ['throws', () => Promise.reject(new Error('no'))],
    ['throws at once', () => JSON.parse('{')],
    ['breaks off', () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('cut')) }))],
  ])('one that %s: undefined', async (_how, fetch) => {
    expect(await createDispatch({ fetch })(REQUEST)).toBeUndefined()
  })

  it('is not sent what is no URL', async () => {
    expect(await createDispatch({ fetch: () => new Response() })({ ...REQUEST, headers: [['host', 'a b']] })).toBeUndefined()
  })
})

describe('giving up', () => {
  const kinds: readonly [string, (onClose: () => void) => AppTarget][] = [
    [
      'a listener',
      (onClose) => (request: ExpressRequest, response: ServerResponse) => {
        request.resume()
        response.on('close', onClose)
        response.write('so far')
      },
    ],
    [
      'a fetch that never answers',
      (onClose) => ({
        fetch: (request) => {
          request.signal.addEventListener('abort', onClose)
          return new Promise(() => undefined)
        },
      }),
    ],
    ['a body that never ends', (onClose) => ({ fetch: () => new Response(new ReadableStream({ cancel: onClose })) })],
  ]

  it.each(kinds)('%s is broken off after the time of silence', async (_name, create) => {
    const clock = createManualClock()
    const closed = deferred()
    const sent = createDispatch(create(closed.resolve), { clock, timeout: '1s' })(REQUEST)
    await turns(10)
    clock.advance(1000)
    expect(await sent).toBeUndefined()
    await closed.promise
    expect(clock.pending()).toBe(0)
  })

  it.each(kinds)('%s is broken off by a signal', async (_name, create) => {
    const closed = deferred()
    const controller = new AbortController()
    const sent = createDispatch(create(closed.resolve))(REQUEST, { signal: controller.signal })
    await turns(10)
    controller.abort()
    expect(await sent).toBeUndefined()
    await closed.promise
  })

  it('what is aborted already is not sent', async () => {
    const seen: Seen[] = []
    const dispatch = createDispatch((request: IncomingMessage, response: ServerResponse) => void listen(seen, request, response))
    expect(await dispatch(REQUEST, { signal: AbortSignal.abort() })).toBeUndefined()
    expect(seen).toEqual([])
  })

  it('a request for a client whose address nobody knows any more is not sent', async () => {
    const seen: Seen[] = []
    const dispatch = createDispatch((request: IncomingMessage, response: ServerResponse) => void listen(seen, request, response))
    expect(await dispatch(REQUEST, { repeats: { socket: { destroyed: true } } })).toBeUndefined()
    expect(seen).toEqual([])
  })
})

describe('what is no app', () => {
  it.each<[unknown, RegExp]>([
    [undefined, /undefined; it must be the app itself: an http\.Server, an Express app, a Koa app, or an object with fetch/],
    [{}, /an object/],
    ['http://localhost', /"http:\/\/localhost"/],
    [() => express(), /a function/],
  ])('%o is an OptionError', (app, message) => {
    const error = errorOf(() => createDispatch(app as AppTarget))
    expect(error).toBeInstanceOf(OptionError)
    expect((error as OptionError).option).toBe('app')
    expect((error as OptionError).message).toMatch(message)
  })

  it.each<[object, string, RegExp]>([
    [{ remoteAdress: '1.2.3.4' }, 'remoteAdress', /remoteAddress/],
    [{ remoteAddress: 'localhost' }, 'remoteAddress', /IP address/],
    [{ timeout: 0 }, 'timeout', /'5m'/],
    [{ timeout: 'soon' }, 'timeout', /soon/],
  ])('%o names the option', (options, option, message) => {
    const error = errorOf(() => createDispatch({ fetch: () => new Response() }, options as CreateDispatchOptions))
    expect(error).toMatchObject({ option, message: expect.stringMatching(message) })
  })
})

describe('the option `app`, where no server received the request', () => {
  function honoApp(options: { app?: () => AppTarget } = {}) {
    const app = new Hono()
    const hosts: (string | undefined)[] = []
    const bodies: unknown[] = []
    const probe = createProbe({ ...(options.app ? options : { app: () => app }) })
    app.use(async (c, next) => {
      hosts.push(c.req.url)
      await next()
    })
    app.use(honoCache(probe.cache))
    app.post('/chat', async (c) => {
      bodies.push(await c.req.json())
      return c.json({ id: bodies.length })
    })
    const ask = (): Promise<Response> | Response =>
      app.fetch(
        new Request('https://app.test/chat?a=1', {
          method: 'POST',
          body: BODY,
          headers: { 'content-type': 'application/json', 'x-user': 'a' },
        }),
      )
    return { probe, hosts, bodies, ask }
  }

  it('sends it to the app once more, with its mark', async () => {
    const { probe, hosts, bodies, ask } = honoApp()
    expect(await (await ask()).json()).toEqual({ id: 1 })
    expect(await probe.sent[0]).toBe(200)
    expect(probe.requests.map(({ mark }) => mark)).toEqual([undefined, probe.mark])
    expect(probe.requests.map((request) => request.header('x-user'))).toEqual(['a', 'a'])
    expect(hosts).toEqual(['https://app.test/chat?a=1', 'https://app.test/chat?a=1'])
    expect(bodies).toEqual([QUESTION, QUESTION])
    expect(probe.sent).toEqual([expect.any(Promise), undefined])
  })

  it('a cache mounted further in knows the mark too', async () => {
    const outer = createProbe({ app: () => app })
    const inner = createProbe({}, () => undefined)
    const app = new Hono()
    app.use(honoCache(outer.cache))
    app.post('/chat', honoCache(inner.cache), (c) => c.json({}))
    await app.fetch(new Request('http://app.test/chat', { method: 'POST', body: BODY, headers: { 'content-type': 'application/json' } }))
    expect(await outer.sent[0]).toBe(200)
    expect(inner.requests.map(({ mark }) => mark)).toEqual([undefined, outer.mark])
  })

  it.each<[string, () => AppTarget]>([
    [
      'throws',
      () => {
        throw new TypeError('not yet')
      },
    ],
    ['returns no app', () => undefined as never],
  ])('one that %s is an event, and nothing is sent', async (_what, app) => {
    const { probe, ask } = honoApp({ app })
    expect((await ask()).status).toBe(200)
    expect(probe.sent).toEqual([undefined])
    expect(probe.events.filter(({ type }) => type === 'internal-error')).toMatchObject([{ where: 'app' }])
  })

  it('a cache that is closed sends nothing', async () => {
    const { probe } = honoApp()
    await probe.cache.close()
    expect(probe.cache.dispatch?.()).toBeUndefined()
  })
})

function errorOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
