import { createServer, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import { PassThrough, Readable } from 'node:stream'
import Router from '@koa/router'
import { createLlmCache } from '@llm-cache/core'
import { chat, completion, listen, type Served } from '@llm-cache/core/testing'
import { cached, llmCache } from '@llm-cache/koa'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import Koa2 from 'koa-v2'
import { afterEach, describe, expect, it } from 'vitest'
import type { KoaModule } from './driver.js'

const FRAMEWORKS: readonly (readonly [string, KoaModule])[] = [
  ['koa 2', Koa2],
  ['koa 3', Koa],
]

let served: Served | undefined
afterEach(async () => {
  await served?.close()
  served = undefined
})

function ask(path = '/chat', body: unknown = chat()): Promise<Response> {
  return fetch(`${served?.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(3000),
  })
}

async function labelOf(response: Promise<Response>): Promise<string | null> {
  const answered = await response
  await answered.text()
  return answered.headers.get('x-llm-cache')
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
  /** Middleware in the order given; errors of the app's own making stay out of the test's output. */
  async function serve(...middleware: Koa.Middleware[]): Promise<void> {
    const app = new module()
    app.on('error', () => undefined)
    for (const each of middleware) app.use(each)
    served = await listen(createServer(app.callback()))
  }

  it('a guard on a route, which passes on, does not make the routes behind the mount explicit', async () => {
    let orders = 0
    const guards = new Router().all('/{*rest}', (_ctx, next) => next()).post('/orders', (_ctx, next) => next())
    const routes = new Router()
      .post('/orders', (ctx) => {
        ctx.body = { id: ++orders }
      })
      .post('/chat', (ctx) => {
        ctx.body = completion(1)
      })
    await serve(bodyParser(), guards.routes() as unknown as Koa.Middleware, llmCache(), routes.routes() as unknown as Koa.Middleware)
    for (const id of [1, 2]) {
      const got = await ask('/orders', { item: 'book' })
      expect([await got.json(), got.headers.get('x-llm-cache')]).toEqual([{ id }, null])
    }
    expect([await labelOf(ask()), await labelOf(ask())]).toEqual(['MISS', 'HIT'])
  })

  it.each([
    ['Set-Cookie', 'session=alice', 'set-cookie'],
    ['Cache-Control', 'private', 'response-private'],
    ['Vary', 'Accept-Language', 'vary'],
  ])('%s: %s, set inside of the cache after the handler, is gated', async (name, value, reason) => {
    const cache = createLlmCache()
    const skips: string[] = []
    cache.on((event) => event.type === 'entry-skipped' && skips.push(event.reason))
    await serve(
      llmCache(cache),
      async (ctx, next) => {
        if (ctx.path === '/hook') beforeHead(ctx.res, () => ctx.res.setHeader(name, value))
        await next()
        if (ctx.path === '/after') ctx.set(name, value)
      },
      (ctx) => {
        if (ctx.path === '/after') {
          ctx.body = completion(1)
          return
        }
        ctx.respond = false
        ctx.res.writeHead(200, { 'Content-Type': 'application/json' })
        ctx.res.end(JSON.stringify(completion(1)))
      },
    )
    for (const path of ['/after', '/after', '/hook', '/hook']) expect(await labelOf(ask(path))).toBe('MISS')
    expect(skips).toEqual([reason, reason, reason, reason])
  })

  it.each([
    ['Cache-Control', 'no-store', ['MISS', 'MISS']],
    ['Vary', 'Accept-Language', ['MISS', 'MISS']],
    ['Vary', 'Origin', ['MISS', 'HIT']],
    ['X-Request-Id', '1', ['MISS', 'HIT']],
  ])('%s: %s of outer middleware: %j', async (name, value, labels) => {
    const outer: Koa.Middleware = (ctx, next) => {
      ctx.set(name, value)
      return next()
    }
    await serve(outer, llmCache(), (ctx) => {
      ctx.body = completion(1)
    })
    expect([await labelOf(ask()), await labelOf(ask())]).toEqual(labels)
  })

  it.each(['llmCache()', 'cached()'])('%s: a handler that throws behind an error handler that answers 200 is not stored', async (how) => {
    let runs = 0
    const pages: Koa.Middleware = async (ctx, next) => {
      try {
        await next()
      } catch {
        ctx.body = { ...completion(1), sorry: runs }
      }
    }
    const fail = (): never => {
      runs++
      throw new Error('no model')
    }
    await (how === 'cached()' ? serve(pages, cached({}, fail)) : serve(pages, llmCache(), fail))
    for (const run of [1, 2]) {
      const got = await ask()
      expect([got.status, ((await got.json()) as { sorry: number }).sorry]).toEqual([200, run])
    }
  })

  it('an error handler that writes its page to ctx.res: not stored either', async () => {
    let runs = 0
    const pages: Koa.Middleware = async (ctx, next) => {
      try {
        await next()
      } catch {
        ctx.respond = false
        ctx.res.statusCode = 200
        ctx.res.setHeader('Content-Type', 'application/json')
        ctx.res.end(JSON.stringify({ ...completion(1), sorry: runs }))
      }
    }
    await serve(pages, llmCache(), () => {
      runs++
      throw new Error('no model')
    })
    for (const run of [1, 2]) expect(((await (await ask()).json()) as { sorry: number }).sorry).toBe(run)
  })

  it('a leader whose body breaks off: leader and follower are cut, and nothing waits', async () => {
    const bodies: PassThrough[] = []
    const app = new module()
    // Koa 2 leaves that to the app; the followers are the cache's own affair.
    app.on('error', (_error: Error, ctx?: Koa.Context) => ctx?.state.llmCache.outcome === 'MISS' && ctx.res.destroy())
    app.use(llmCache())
    app.use((ctx) => {
      const body = new PassThrough()
      bodies.push(body)
      ctx.type = 'text/event-stream'
      ctx.body = body
      body.write('data: a\n\n')
    })
    served = await listen(createServer(app.callback()))
    for (const error of [new Error('the model broke off'), undefined]) {
      bodies.length = 0
      const [leader, follower] = [await ask(), await ask()]
      expect([leader, follower].map(({ headers }) => headers.get('x-llm-cache'))).toEqual(['MISS', 'COLLAPSED'])
      bodies[0]?.destroy(error)
      await expect(leader.text()).rejects.toThrow('terminated')
      await expect(follower.text()).rejects.toThrow('terminated')
      expect(bodies).toHaveLength(1)
    }
  })

  it('a stream as body keeps its Content-Length, and the want of a Content-Type, on miss and hit', async () => {
    const bytes = Buffer.from(JSON.stringify(completion(1)))
    await serve(llmCache({ complete: () => true }), (ctx) => {
      ctx.body = Readable.from([bytes.subarray(0, 9), bytes.subarray(9)])
      if (ctx.path === '/length') {
        ctx.type = 'json'
        ctx.length = bytes.length
      } else ctx.remove('Content-Type')
    })
    const length = await ask('/length')
    expect([length.headers.get('content-length'), length.headers.get('transfer-encoding')]).toEqual([String(bytes.length), null])
    expect(await length.json()).toEqual(completion(1))
    expect(await labelOf(ask('/length'))).toBe('HIT')
    const untyped = await ask('/untyped')
    expect(untyped.headers.get('content-type')).toBeNull()
    expect(untyped.headers.get('content-length')).toBeNull()
    expect(await untyped.text()).toBe(String(bytes))
  })

  it('an outer time-out that answers while the body is on its way leaves no flight behind', async () => {
    let runs = 0
    let release = (): void => undefined
    const partition = new Promise<string>((resolve) => {
      release = () => resolve('team')
    })
    let first = true
    const timeout: Koa.Middleware = async (ctx, next) => {
      if (!first) return next()
      first = false
      const late = next()
      ctx.status = 503
      ctx.respond = false
      ctx.res.end('too late')
      release()
      await late
    }
    await serve(timeout, llmCache({ partition: () => partition }), (ctx) => {
      runs++
      ctx.body = completion(1)
    })
    expect((await ask()).status).toBe(503)
    expect([await labelOf(ask()), runs]).toEqual(['MISS', 1])
  })

  it('HTTP/2: bodies with a length are cached, each for itself; without one they are bypassed', async () => {
    const app = new module()
    const cache = createLlmCache()
    const bypasses: string[] = []
    cache.on((event) => event.type === 'exchange-bypass' && bypasses.push(event.reason))
    app.use(llmCache(cache))
    app.use(bodyParser())
    app.use((ctx) => {
      const { messages } = (ctx.request as { body?: unknown }).body as { messages: { content: string }[] }
      ctx.body = { ...completion(1), asked: messages[0]?.content }
    })
    const server = createHttp2Server(app.callback() as never)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const client = connect(`http://127.0.0.1:${port}`)
    const post = (prompt: string, withLength: boolean): Promise<{ headers: Record<string, unknown>; asked: string }> =>
      new Promise((resolve, reject) => {
        const body = Buffer.from(JSON.stringify(chat(prompt)))
        const length = withLength ? { 'content-length': body.length } : {}
        const stream = client.request({ ':method': 'POST', ':path': '/chat', 'content-type': 'application/json', ...length })
        let headers: Record<string, unknown> = {}
        let text = ''
        stream.on('response', (fields) => {
          headers = fields
        })
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        stream.on('end', () => resolve({ headers, asked: (JSON.parse(text) as { asked: string }).asked })).on('error', reject)
        stream.end(body)
      })
    try {
      const got = []
      for (const prompt of ['tides', 'moons', 'tides', 'moons']) {
        const { headers, asked } = await post(prompt, true)
        got.push(`${headers['x-llm-cache']} ${asked}`)
      }
      expect(got).toEqual(['MISS tides', 'MISS moons', 'HIT tides', 'HIT moons'])
      for (const prompt of ['tides', 'suns']) expect((await post(prompt, false)).asked).toBe(prompt)
      expect(bypasses).toEqual(['body-length-unknown', 'body-length-unknown'])
      expect((await post('suns', true)).headers['x-llm-cache']).toBe('MISS')
    } finally {
      client.close()
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
