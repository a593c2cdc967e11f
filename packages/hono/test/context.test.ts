/** What the adapter makes of Hono's own context: routes, bodies, signals, errors, fields. Both ends of the supported range. */

import type { Server } from 'node:http'
import { type CacheEvent, createLlmCache, type LlmCache } from '@llm-cache/core'
import { chat, completion, EVENT_STREAM, listen, type Served, sseFrames } from '@llm-cache/core/testing'
import { cached, llmCache } from '@llm-cache/hono'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { requestId } from 'hono/request-id'
import { secureHeaders } from 'hono/secure-headers'
import { Hono as Hono46 } from 'hono-v4-6'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAdaptorServer, RESPONSE_ALREADY_SENT } from './node-server.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function serve(app: Hono<never> | Hono): Promise<Served> {
  const served = await listen(createAdaptorServer({ fetch: app.fetch as Hono['fetch'] }) as Server)
  closers.push(() => served.close())
  return served
}

async function start(app: Hono<never> | Hono): Promise<string> {
  return (await serve(app)).url
}

function newCache(): { cache: LlmCache; events: CacheEvent[] } {
  const cache = createLlmCache()
  const events: CacheEvent[] = []
  cache.on((event) => events.push(event))
  closers.push(() => cache.close())
  return { cache, events }
}

const post = (body: unknown = chat(), headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})

const label = (response: Response): string | null => response.headers.get('x-llm-cache')

const VERSIONS: readonly (readonly [string, typeof Hono])[] = [
  ['4', Hono],
  ['4.6', Hono46 as unknown as typeof Hono],
]

describe.each(VERSIONS)('hono %s: what counts as a route of its own', (_version, Version) => {
  const generic = { item: 'book' }
  let runs = 0
  const handler = (c: Context): Response => c.json({ ok: true, run: ++runs })
  const cases: readonly (readonly [name: string, explicit: boolean, pattern: string, build: (app: Hono, cache: LlmCache) => void])[] = [
    ['app.use(mw)', false, '/chat/:id', (app, cache) => app.use(llmCache(cache)).post('/chat/:id', handler)],
    ["app.use('/chat/*', mw)", false, '/chat/:id', (app, cache) => app.use('/chat/*', llmCache(cache)).post('/chat/:id', handler)],
    ["app.use('/chat/:id', mw)", false, '/chat/:id', (app, cache) => app.use('/chat/:id', llmCache(cache)).post('/chat/:id', handler)],
    [
      "app.use('/chat/:id', mw, other)",
      false,
      '/chat/:id',
      (app, cache) => {
        app.use('/chat/:id', llmCache(cache), async (_c, next) => next()).post('/chat/:id', handler)
      },
    ],
    ["app.post('*', mw)", false, '/chat/:id', (app, cache) => app.post('*', llmCache(cache)).post('/chat/:id', handler)],
    ['app.use(mw), app.use(answers)', false, '/*', (app, cache) => app.use(llmCache(cache)).use(async (c) => handler(c))],
    ['app.post(path, mw, handler)', true, '/chat/:id', (app, cache) => app.post('/chat/:id', llmCache(cache), handler)],
    [
      'app.post(path, mw), then its handler',
      true,
      '/chat/:id',
      (app, cache) => app.post('/chat/:id', llmCache(cache)).post('/chat/:id', handler),
    ],
    ['app.on(method, path, mw, handler)', true, '/chat/:id', (app, cache) => app.on('POST', ['/chat/:id'], llmCache(cache), handler)],
    ['app.all(path, mw, handler)', false, '/chat/:id', (app, cache) => app.all('/chat/:id', llmCache(cache), handler)],
    [
      'app.use(path, mw), then app.all(path, handler)',
      false,
      '/chat/:id',
      (app, cache) => {
        app.use('/chat/:id', llmCache(cache))
        app.all('/chat/:id', handler)
      },
    ],
    [
      "sub.use('/', mw), then sub.all('/', handler)",
      false,
      '/chat/:id',
      (app, cache) => {
        const sub = new Version().use('/', llmCache(cache))
        app.route('/chat/:id', sub.all('/', handler))
      },
    ],
    ['cached(handler) of app.all', true, '/chat/:id', (app, cache) => app.all('/chat/:id', cached({ cache }, handler))],
    [
      "app.all(path, mw with 'when', handler)",
      true,
      '/chat/:id',
      (app, cache) => app.all('/chat/:id', llmCache(cache, { when: () => true }), handler),
    ],
    ["app.post('/chat/*', mw, proxy)", true, '/chat/*', (app, cache) => app.post('/chat/*', llmCache(cache), handler)],
    [
      'middleware registered behind',
      true,
      '/chat/:id',
      (app, cache) => {
        app.post('/chat/:id', llmCache(cache), handler).use(async (_c, next) => next())
      },
    ],
    ['cached(handler) as the only handler', true, '/chat/:id', (app, cache) => app.post('/chat/:id', cached({ cache }, handler))],
    ['in a sub-app', true, '/chat/:id', (app, cache) => app.route('/chat', new Version().post('/:id', llmCache(cache), handler))],
    ['use in a sub-app', false, '/chat/:id', (app, cache) => app.route('/chat', new Version().use(llmCache(cache)).post('/:id', handler))],
    [
      'in a sub-app with error handling of its own',
      true,
      '/chat/:id',
      (app, cache) => {
        const sub = new Version().post('/:id', llmCache(cache), handler)
        sub.onError((_error, c) => c.text('oh', 500))
        app.route('/chat', sub)
      },
    ],
  ]
  it.each(cases)('%s: %s', async (_name, explicit, pattern, build) => {
    const { cache, events } = newCache()
    const app = new Version()
    build(app, cache)
    runs = 0
    const first = await app.request('/chat/7', post(generic))
    const second = await app.request('/chat/7', post(generic))
    const ran = explicit ? [1, 1] : [1, 2]
    expect([await first.json(), await second.json()]).toEqual(ran.map((run) => ({ ok: true, run })))
    expect([label(first), label(second)]).toEqual(explicit ? ['MISS', 'HIT'] : [null, null])
    const model = await app.request('/chat/7', post(chat()))
    expect(label(model)).toBe('MISS')
    await model.text()
    const routes = events.flatMap((event) => ('route' in event && event.type !== 'exchange-bypass' ? [event.route] : []))
    expect(new Set(routes)).toEqual(new Set([pattern]))
  })
})

describe('two mounted apps with equal paths', () => {
  it('share no entries', async () => {
    const { cache } = newCache()
    const app = new Hono()
    for (const name of ['a', 'b']) {
      app.mount(`/${name}`, new Hono().post('/chat', llmCache(cache), (c) => c.json({ app: name })).fetch)
    }
    const url = await start(app)
    for (const name of ['a', 'b', 'a', 'b']) expect(await (await fetch(`${url}/${name}/chat`, post())).json()).toEqual({ app: name })
    expect((await cache.stats()).hits).toBe(2)
  })
})

describe('the request behind the cache', () => {
  const READERS: Readonly<Record<string, (c: Context) => Promise<unknown>>> = {
    'c.req.json()': (c) => c.req.json(),
    'c.req.text()': async (c) => JSON.parse(await c.req.text()),
    'c.req.arrayBuffer()': async (c) => JSON.parse(new TextDecoder().decode(await c.req.arrayBuffer())),
    'c.req.blob()': async (c) => JSON.parse(await (await c.req.blob()).text()),
    'c.req.raw.json()': (c) => c.req.raw.json(),
    'c.req.raw.clone().json(), then c.req.json()': async (c) => [await c.req.raw.clone().json(), await c.req.json()][1],
    'new Request(c.req.raw)': (c) => new Request(c.req.raw).json(),
    'new Request(url, c.req.raw)': (c) => new Request('http://other.example/', c.req.raw).json(),
    'c.req.raw.body': async (c) => {
      let text = ''
      for await (const part of c.req.raw.body as unknown as AsyncIterable<Uint8Array>) text += new TextDecoder().decode(part)
      return JSON.parse(text)
    },
  }
  const BEFORE: Readonly<Record<string, (app: Hono) => unknown>> = {
    nothing: () => undefined,
    'body-limit': (app) => app.use(bodyLimit({ maxSize: 1_000_000 })),
    'a reader of c.req.json()': (app) =>
      app.use(async (c, next) => {
        await c.req.json()
        await next()
      }),
  }
  const SENT: Readonly<Record<string, (text: string) => RequestInit>> = {
    'with a length': (text) => ({ body: text }),
    'in chunks': (text) =>
      ({
        duplex: 'half',
        body: new ReadableStream({
          start(controller) {
            for (const part of [text.slice(0, 9), text.slice(9)]) controller.enqueue(new TextEncoder().encode(part))
            controller.close()
          },
        }),
      }) as RequestInit,
  }

  for (const [version, Version] of VERSIONS) {
    for (const [before, prepare] of Object.entries(BEFORE)) {
      for (const [sent, make] of Object.entries(SENT)) {
        for (const [reader, read] of Object.entries(READERS)) {
          // Raw readers cannot follow another reader in Hono itself; behind the cache they can, but that is not promised.
          if (before.startsWith('a reader') && reader.includes('raw')) continue
          it(`hono ${version}: ${reader}, sent ${sent}, behind ${before}`, async () => {
            const { cache } = newCache()
            const app = new Version()
            prepare(app)
            app.post('/chat', llmCache(cache), async (c) => c.json({ got: await read(c as never), type: c.req.header('content-type') }))
            // Bypassed: over the limit.
            app.post('/small', llmCache(cache, { maxBodyBytes: 20 }), async (c) =>
              c.json({ got: await read(c as never), type: c.req.header('content-type') }),
            )
            const url = await start(app as never)
            const ask = (path: string) =>
              fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, ...make(JSON.stringify(chat())) })
            for (const [path, expected] of [
              ['/chat', 'MISS'],
              ['/chat', 'HIT'],
              ['/small', 'BYPASS'],
            ] as const) {
              const response = await ask(path)
              expect(await response.json()).toEqual({ got: chat(), type: 'application/json' })
              expect(label(response)).toBe(expected)
            }
          })
        }
      }
    }
  }

  it('works on platform requests, without a server', async () => {
    const { cache } = newCache()
    const app = new Hono()
    app.post('/chat', llmCache(cache), async (c) => c.json({ raw: await c.req.raw.clone().json(), again: await c.req.json() }))
    for (const expected of ['MISS', 'HIT']) {
      const response = await app.request('/chat', post())
      expect(label(response)).toBe(expected)
      expect(await response.json()).toEqual({ raw: chat(), again: chat() })
    }
  })
})

describe('signals', () => {
  async function leaving(
    follow: boolean,
    use: (c: Context) => AbortSignal,
  ): Promise<{
    told: Promise<void>
    release: () => void
    leader: AbortController
    done: Promise<Response>[]
    disconnected: Served['disconnected']
  }> {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let running = (): void => undefined
    const started = new Promise<void>((resolve) => {
      running = resolve
    })
    let tell = (): void => undefined
    const told = new Promise<void>((resolve) => {
      tell = resolve
    })
    const { cache } = newCache()
    const app = new Hono()
    app.post('/chat', llmCache(cache), async (c) => {
      use(c).addEventListener('abort', tell)
      running()
      await released
      return c.json({ answer: 'late' })
    })
    let arrived = 0
    let onArrival = (): void => undefined
    const outer = new Hono().use(async (_c, next) => {
      arrived++
      onArrival()
      await next()
    })
    outer.route('/', app)
    const { url, disconnected } = await serve(outer)
    const leader = new AbortController()
    const done = [fetch(`${url}/chat`, { ...post(), signal: leader.signal })]
    await started
    if (follow) {
      const second = new Promise<void>((resolve) => {
        onArrival = () => arrived === 2 && resolve()
      })
      done.push(fetch(`${url}/chat`, post()))
      await second
      // A whole exchange later the follower's body has been read and it waits.
      await fetch(`${url}/nowhere`, post())
    }
    return { told, release, leader, done, disconnected }
  }
  const SIGNALS: Readonly<Record<string, (c: Context) => AbortSignal>> = {
    'c.req.raw.signal': (c) => c.req.raw.signal,
    'c.req.raw.clone().signal': (c) => c.req.raw.clone().signal,
    'new Request(c.req.raw).signal': (c) => new Request(c.req.raw).signal,
  }
  for (const [name, use] of Object.entries(SIGNALS)) {
    it(`${name}: aborted when the only client leaves before the answer`, async () => {
      const { told, leader, done, release } = await leaving(false, use)
      leader.abort()
      await expect(done[0]).rejects.toThrow()
      await told
      release()
    })

    it(`${name}: not aborted while a follower waits`, async () => {
      const { told, leader, done, release, disconnected } = await leaving(true, use)
      let wasTold = false
      void told.then(() => {
        wasTold = true
      })
      leader.abort()
      await expect(done[0]).rejects.toThrow()
      await disconnected(1)
      expect(wasTold).toBe(false)
      release()
      expect(await (await (done[1] as Promise<Response>)).json()).toEqual({ answer: 'late' })
    })
  }
})

describe('errors', () => {
  function failing(mount: 'route' | 'cached', error: () => unknown): { app: Hono; runs: () => number; release: () => void } {
    let runs = 0
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const handler = async (): Promise<Response> => {
      runs++
      await released
      throw error()
    }
    const { cache } = newCache()
    const app = new Hono()
    if (mount === 'route') app.post('/chat', llmCache(cache), handler)
    else app.post('/chat', cached({ cache }, handler))
    app.onError((thrown, c) => {
      if (thrown instanceof HTTPException) return thrown.getResponse()
      return c.json({ custom: thrown.message }, 429)
    })
    return { app, runs: () => runs, release }
  }

  const BODY = 'pay first'
  const EXCEPTIONS: Readonly<Record<string, { make: () => HTTPException | Promise<HTTPException>; expected: string }>> = {
    'without a response': { make: () => new HTTPException(402, { message: BODY }), expected: `402 null ${BODY}` },
    'with a response': {
      make: () => new HTTPException(402, { res: new Response(BODY, { status: 402, headers: { 'x-why': 'money' } }) }),
      expected: `402 money ${BODY}`,
    },
    'with a response without a body': {
      make: () => new HTTPException(402, { res: new Response(null, { headers: { 'x-why': 'money' } }) }),
      expected: '402 money ',
    },
    'with a response of fetch': {
      make: async () => new HTTPException(402, { res: await fetch(`data:text/plain,${encodeURIComponent(BODY)}`) }),
      expected: `402 null ${BODY}`,
    },
  }

  for (const mount of ['route', 'cached'] as const) {
    it(`${mount}: fifty simultaneous askers of a handler that throws get the app's own error page from one run`, async () => {
      const { app, runs, release } = failing(mount, () => new Error('the model is down'))
      const url = await start(app)
      const asked = Array.from({ length: 50 }, () => fetch(`${url}/chat`, post()))
      while (runs() === 0) await new Promise((resolve) => setImmediate(resolve))
      for (let at = 0; at < 20; at++) await fetch(`${url}/nowhere`, post())
      release()
      for (const response of await Promise.all(asked)) {
        expect(response.status).toBe(429)
        expect(await response.json()).toEqual({ custom: 'the model is down' })
      }
      expect(runs()).toBe(1)
      await (await fetch(`${url}/chat`, post())).text()
      expect(runs()).toBe(2)
    })

    it.each(Object.keys(EXCEPTIONS))(`${mount}: fifty simultaneous askers share one run that throws an HTTPException %s`, async (name) => {
      const { make, expected } = EXCEPTIONS[name] as (typeof EXCEPTIONS)[string]
      const error = await make()
      const { app, runs, release } = failing(mount, () => error)
      const url = await start(app)
      const asked = Array.from({ length: 50 }, () => fetch(`${url}/chat`, post()))
      while (runs() === 0) await new Promise((resolve) => setImmediate(resolve))
      for (let at = 0; at < 20; at++) await fetch(`${url}/nowhere`, post())
      release()
      for (const response of await Promise.all(asked)) {
        expect(`${response.status} ${response.headers.get('x-why')} ${await response.text()}`).toBe(expected)
      }
      expect(runs()).toBe(1)
    })
  }

  it("cached: an HTTPException whose response was read already reaches its own asker as ever, and everybody else's run is their own", async () => {
    const res = new Response('gone')
    await res.text()
    const { app, runs, release } = failing('cached', () => new HTTPException(402, { res }))
    release()
    app.onError((_error, c) => c.text('custom', 402))
    for (const expected of [1, 2]) {
      expect(await (await app.request('/chat', post())).text()).toBe('custom')
      expect(runs()).toBe(expected)
    }
  })

  it.each([
    ['an Error', () => new Error('no'), 500],
    ['an HTTPException', () => new HTTPException(418, { message: 'no' }), 418],
    ['an HTTPException with a response', () => new HTTPException(418, { res: new Response('no') }), 418],
  ])("cached: Hono's own answer to %s has the cache's fields", async (_name, error, status) => {
    const logged = vi.spyOn(console, 'error').mockReturnValue()
    closers.push(() => logged.mockRestore())
    const { cache } = newCache()
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const app = new Hono().post(
      '/chat',
      cached({ cache }, async () => {
        await released
        throw error()
      }),
    )
    const asked = [app.request('/chat', post()), app.request('/chat', post())]
    setImmediate(release)
    const answers = await Promise.all(asked)
    expect(answers.map((answer) => `${answer.status} ${label(answer)}`)).toEqual([`${status} MISS`, `${status} COLLAPSED`])
    expect(answers[0]?.headers.get('x-llm-cache-id')).toBe(answers[1]?.headers.get('x-llm-cache-id'))
  })

  it('what is thrown without being an Error: as without the cache', async () => {
    const { app, release } = failing('route', () => 'a text')
    release()
    const url = await start(app)
    expect((await fetch(`${url}/chat`, post())).status).toBe(500)
  })

  it.each([
    ['route', 'throws'],
    ['route', 'rejects'],
    ['cached', 'throws'],
    ['cached', 'rejects'],
  ])('%s: the error page of a handler that %s, with status 200, is not stored', async (mount, how) => {
    let runs = 0
    const { cache, events } = newCache()
    const app = new Hono()
    const fail = (): Promise<Response> => {
      runs++
      if (how === 'throws') throw new Error('no')
      return new Promise((_resolve, reject) => setImmediate(reject, new Error('no')))
    }
    if (mount === 'route') app.post('/chat', llmCache(cache), fail)
    else app.post('/chat', cached({ cache }, fail))
    app.onError((_error, c) => c.json({ sorry: runs }))
    for (const sorry of [1, 2]) expect(await (await app.request('/chat', post())).json()).toEqual({ sorry })
    expect(events.some(({ type }) => type === 'entry-stored')).toBe(false)
  })
})

describe('fields', () => {
  const ANSWERS: Readonly<Record<string, (c: Context) => Response>> = {
    'c.json': (c) => c.json(completion(1)),
    'c.json with a field of c.header': (c) => {
      c.header('X-Model', 'a')
      return c.json(completion(1))
    },
    'new Response': () => new Response(JSON.stringify(completion(1)), { headers: { 'Content-Type': 'application/json', 'X-Model': 'a' } }),
    'a stream': () => new Response(new Response(sseFrames(1).join('')).body, { headers: EVENT_STREAM }),
  }
  const OUTER: Readonly<Record<string, (app: Hono) => unknown>> = {
    nothing: () => undefined,
    cors: (app) => app.use(cors({ origin: 'https://a.example', credentials: true })),
    'c.header': (app) =>
      app.use(async (c, next) => {
        c.header('X-Outer', 'yes')
        c.header('Set-Cookie', 'session=1', { append: true })
        await next()
      }),
    'secure-headers': (app) => app.use(secureHeaders()),
    'request-id': (app) => app.use(requestId()),
    'cors, secure-headers, request-id': (app) => app.use(cors({ origin: 'https://a.example' }), secureHeaders(), requestId()),
    compress: (app) => app.use(compress({ threshold: 0 })),
  }
  const OURS = ['cache-status', 'x-llm-cache', 'x-llm-cache-id', 'etag', 'date', 'x-request-id', 'age']
  const fieldsOf = (response: Response, without: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      [...response.headers]
        .filter(([name]) => !without.includes(name))
        // Hono 4.6 shares a `Headers` between responses, so that cors adds its Vary twice.
        .map(([name, value]) => [name, name === 'vary' ? [...new Set(value.split(', '))].join() : value]),
    )

  for (const [version, Version] of VERSIONS) {
    for (const [outer, prepare] of Object.entries(OUTER)) {
      for (const [answer, handler] of Object.entries(ANSWERS)) {
        it(`hono ${version}: ${answer} behind ${outer}: a miss is what the app alone sends, a hit has what is outside of it anew`, async () => {
          const { cache } = newCache()
          const build = (mounted: boolean): Promise<string> => {
            const app = new Version()
            prepare(app as never)
            if (mounted) app.use(llmCache(cache))
            app.post('/chat', handler as never)
            return start(app as never)
          }
          const alone = await fetch(`${await build(false)}/chat`, post())
          const url = await build(true)
          const miss = await fetch(`${url}/chat`, post())
          const hit = await fetch(`${url}/chat`, post())
          expect([label(miss), label(hit)]).toEqual(['MISS', 'HIT'])
          const [text, missText, hitText] = [await alone.text(), await miss.text(), await hit.text()]
          expect([missText, hitText]).toEqual([text, text])
          expect(fieldsOf(miss, OURS)).toEqual(fieldsOf(alone, OURS))
          const framing = ['content-length', 'transfer-encoding']
          // Hono drops fields of `c.header` from a handler's own `new Response`; a reply has them.
          const dropped = outer === 'c.header' ? ['x-outer', 'set-cookie'] : []
          expect(fieldsOf(hit, [...OURS, ...framing, ...dropped])).toEqual(fieldsOf(miss, [...OURS, ...framing, ...dropped]))
          if (outer !== 'compress') expect(hit.headers.get('content-length')).toBe(String(Buffer.byteLength(text)))
          if (outer === 'c.header') expect(hit.headers.getSetCookie()).toEqual(['session=1'])
          if (outer === 'request-id') expect(hit.headers.get('x-request-id')).not.toBe(miss.headers.get('x-request-id'))
        })
      }
    }
  }

  it('a GET with a validator gets an answer that can be stored', async () => {
    const { cache } = newCache()
    const app = new Hono()
    app.get('/chat', llmCache(cache), (c) => (c.req.header('if-none-match') ? c.body(null, 304) : c.json(completion(1))))
    const url = await start(app)
    // `fetch` adds no-cache to conditional requests that say nothing themselves.
    const ask = (etag: string) => fetch(`${url}/chat`, { headers: { 'if-none-match': etag, 'cache-control': 'max-age=600' } })
    const first = await ask('"mine"')
    expect([first.status, label(first)]).toEqual([200, 'MISS'])
    const second = await ask(first.headers.get('etag') ?? '')
    expect([second.status, label(second)]).toEqual([304, 'HIT'])
  })

  it('an answer that the handler writes to Node itself is neither stored nor shared', async () => {
    const { cache, events } = newCache()
    let runs = 0
    const app = new Hono<{ Bindings: { outgoing: import('node:http').ServerResponse } }>()
    app.post('/chat', llmCache(cache), async (c) => {
      runs++
      await new Promise((resolve) => setTimeout(resolve, 20))
      c.env.outgoing.writeHead(200, { 'Content-Type': 'application/json' })
      c.env.outgoing.end(JSON.stringify({ run: runs }))
      return RESPONSE_ALREADY_SENT
    })
    const url = await start(app as never)
    const answers = await Promise.all([fetch(`${url}/chat`, post()), fetch(`${url}/chat`, post())])
    for (const answer of answers) expect(Object.keys((await answer.json()) as object)).toEqual(['run'])
    expect(runs).toBe(2)
    expect(events.some(({ type }) => type === 'entry-stored')).toBe(false)
  })
})

describe('cached()', () => {
  class Chat {
    readonly #greeting = 'hello'
    runs = 0
    async ask(c: Context): Promise<Response> {
      this.runs++
      return c.json({ greeting: this.#greeting, run: this.runs })
    }
  }
  type Ask = Chat['ask']

  it('decorates methods, TC39 and legacy, and keeps `this`', async () => {
    for (const kind of ['tc39', 'legacy'] as const) {
      const { cache } = newCache()
      const prototype = Object.create(Chat.prototype) as Chat
      const decorate = cached({ cache, ttl: '10s' })
      const original = Chat.prototype.ask
      if (kind === 'tc39') prototype.ask = decorate(original as never, { kind: 'method' }) as Ask
      else {
        const descriptor: PropertyDescriptor = { value: original, writable: true, configurable: true }
        decorate(prototype, 'ask', descriptor)
        Object.defineProperty(prototype, 'ask', descriptor)
      }
      const chatController = new Chat()
      chatController.ask = prototype.ask
      const app = new Hono().post('/chat', (c) => chatController.ask(c))
      for (const expected of ['MISS', 'HIT']) {
        const response = await app.request('/chat', post())
        expect(label(response)).toBe(expected)
        expect(await response.json()).toEqual({ greeting: 'hello', run: 1 })
      }
    }
  })

  it('nested in the middleware: the inner one decides', async () => {
    const { cache, events } = newCache()
    const app = new Hono().use(llmCache(cache)).post(
      '/chat',
      cached({ cache, ttl: '10s' }, (c) => c.json(completion(1))),
    )
    expect(label(await app.request('/chat', post()))).toBe('MISS')
    const hit = await app.request('/chat', post())
    expect(label(hit)).toBe('HIT')
    expect(events.filter(({ type }) => type === 'entry-stored')).toHaveLength(1)
  })
})
