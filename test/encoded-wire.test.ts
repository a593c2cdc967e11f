/** Compressed and encrypted entries on real sockets, as clients of each framework meet them. */

import { createServer, type IncomingHttpHeaders, type RequestListener, request, type Server } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { createAdaptorServer } from '@hono/node-server'
import { createLlmCache, type LlmCache, type LlmCacheOptions } from '@llm-cache/core'
import { chat, listen, type Served, sseFrames } from '@llm-cache/core/testing'
import { llmCache as expressCache } from '@llm-cache/express'
import { llmCache as honoCache } from '@llm-cache/hono'
import { llmCache as koaCache } from '@llm-cache/koa'
import compression from 'compression'
import express from 'express'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { streamSSE } from 'hono/streaming'
import Koa from 'koa'
import { afterEach, describe, expect, it } from 'vitest'

interface Wire {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
}

interface App {
  /** How often a handler ran. */
  runs: number
  readonly server: Server
}

/** What the routes answer: `/json/<bytes>` and `/stream/<words>`. */
const jsonOf = (bytes: number): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_750_000_000,
  model: 'gpt-4.1-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: 'tides and moons, '.repeat(bytes / 17) }, finish_reason: 'stop' }],
})
const numberIn = (url: string): number => Number(url.slice(url.lastIndexOf('/') + 1))

/** Apps with the cache mounted for all routes; `outside` puts the framework's own compression in front of it. */
const FRAMEWORKS: Readonly<Record<string, (cache: LlmCache, outside?: boolean) => App>> = {
  express(cache, outside) {
    const app = express()
    if (outside) app.use(compression({ threshold: 0 }))
    app.use(expressCache(cache))
    const made: App = { runs: 0, server: createServer(app as RequestListener) }
    app.post('/json/:bytes', (incoming, response) => {
      made.runs++
      response.vary('Accept').json(jsonOf(numberIn(incoming.url)))
    })
    app.post('/stream/:words', (incoming, response) => {
      made.runs++
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const frame of sseFrames(1, numberIn(incoming.url))) response.write(frame)
      response.end()
    })
    return made
  },
  koa(cache) {
    const app = new Koa()
    app.use(koaCache(cache))
    const made: App = { runs: 0, server: createServer() }
    app.use((ctx) => {
      made.runs++
      if (ctx.path.startsWith('/json')) {
        ctx.vary('Accept')
        ctx.body = jsonOf(numberIn(ctx.path))
        return
      }
      ctx.respond = false
      ctx.res.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const frame of sseFrames(1, numberIn(ctx.path))) ctx.res.write(frame)
      ctx.res.end()
    })
    made.server.on('request', app.callback())
    return made
  },
  hono(cache, outside) {
    const app = new Hono()
    if (outside) app.use(compress())
    app.use(honoCache(cache))
    const made: App = { runs: 0, server: createAdaptorServer(app) as Server }
    app.post('/json/:bytes', (c) => {
      made.runs++
      return c.json(jsonOf(numberIn(c.req.path)), 200, { vary: 'Accept' })
    })
    app.post('/stream/:words', (c) => {
      made.runs++
      return streamSSE(c, async (stream) => {
        for (const frame of sseFrames(1, numberIn(c.req.path))) await stream.writeSSE({ data: frame.slice('data: '.length).trimEnd() })
      })
    })
    return made
  },
}

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function start(framework: string, options: LlmCacheOptions, outside?: boolean): Promise<App & { served: Served; cache: LlmCache }> {
  // The answers vary by Accept, which is in the key for that.
  const cache = createLlmCache({ headers: ['accept'], ...options })
  const app = FRAMEWORKS[framework]?.(cache, outside) as App
  const served = await listen(app.server)
  open.push(async () => {
    await served.close()
    await cache.close()
  })
  return Object.assign(app, { served, cache })
}

/** The answer as it is on the wire. */
function ask(served: Served, path: string, headers: Record<string, string> = {}): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${served.url}${path}`,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }))
      },
    )
    sent.once('error', reject)
    sent.end(JSON.stringify(chat()))
  })
}

/** Larger bodies are compressed in another thread, after the answer has gone out. */
async function stored(cache: LlmCache, count: number): Promise<void> {
  await expect.poll(async () => (await cache.stats()).entries, { interval: 5 }).toBe(count)
}

const DECODE = { gzip: gunzipSync, br: brotliDecompressSync } as const
const members = (vary: string | undefined): string[] =>
  (vary ?? '')
    .toLowerCase()
    .split(/\s*,\s*/)
    .sort()

describe.each(Object.keys(FRAMEWORKS))('%s', (framework) => {
  describe.each([
    ['gzip', 'gzip'],
    ['brotli', 'br'],
  ] as const)('%s', (algorithm, coding) => {
    it.each(['/json/2000', '/json/90000', '/stream/60', '/stream/2000'])('%s goes out as it is stored, or decoded', async (path) => {
      const app = await start(framework, { compression: algorithm })
      const miss = await ask(app.served, path)
      expect(miss.headers['x-llm-cache']).toBe('MISS')
      expect(miss.headers['content-encoding']).toBeUndefined()
      await stored(app.cache, 1)
      const taken = await ask(app.served, path, { 'accept-encoding': `${coding}, deflate;q=0.1` })
      const refused = await ask(app.served, path, { 'accept-encoding': `${coding};q=0` })
      const silent = await ask(app.served, path)
      for (const hit of [taken, refused, silent]) {
        expect([hit.status, hit.headers['x-llm-cache']]).toEqual([200, 'HIT'])
        expect(hit.headers['content-length']).toBe(`${hit.bytes.length}`)
        expect(hit.headers['content-type']).toBe(miss.headers['content-type'])
        expect(members(hit.headers.vary)).toEqual([...members(miss.headers.vary), 'accept-encoding'].filter(Boolean).sort())
      }
      expect(taken.headers['content-encoding']).toBe(coding)
      expect(taken.bytes.length).toBeLessThan(miss.bytes.length / 3)
      expect(DECODE[coding](taken.bytes).equals(miss.bytes)).toBe(true)
      for (const hit of [refused, silent]) {
        expect(hit.headers['content-encoding']).toBeUndefined()
        expect(hit.bytes.equals(miss.bytes)).toBe(true)
      }
      expect(app.runs).toBe(1)
      expect((await app.cache.stats()).bytes).toBeLessThan(miss.bytes.length)
    })
  })

  it('lz4 and zstd stay inside for clients that know neither', async () => {
    for (const algorithm of ['lz4', 'zstd'] as const) {
      const app = await start(framework, { compression: algorithm })
      for (const [index, path] of ['/json/3000', '/stream/60'].entries()) {
        const miss = await ask(app.served, path)
        await stored(app.cache, index + 1)
        for (const accepted of ['gzip, br', 'lz4']) {
          const hit = await ask(app.served, path, { 'accept-encoding': accepted })
          expect([hit.headers['x-llm-cache'], hit.headers['content-encoding']]).toEqual(['HIT', undefined])
          expect(hit.bytes.equals(miss.bytes)).toBe(true)
          expect(members(hit.headers.vary).includes('accept-encoding')).toBe(algorithm === 'zstd')
        }
      }
    }
  })

  it('fetch decodes what it is sent', async () => {
    const app = await start(framework, { compression: 'gzip' })
    const path = `${app.served.url}/json/5000`
    const answers = []
    for (let count = 0; count < 3; count++) {
      const response = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(chat()) })
      answers.push(await response.json())
      if (count > 0) expect(response.headers.get('content-encoding')).toBe('gzip')
    }
    expect(answers).toEqual([jsonOf(5000), jsonOf(5000), jsonOf(5000)])
    expect(app.runs).toBe(1)
  })

  it('answers 304 to who has it', async () => {
    const app = await start(framework, { compression: 'gzip' })
    const { headers } = await ask(app.served, '/json/3000')
    const hit = await ask(app.served, '/json/3000', { 'if-none-match': headers.etag as string, 'accept-encoding': 'gzip' })
    expect([hit.status, hit.bytes.length, hit.headers['content-encoding']]).toEqual([304, 0, undefined])
    expect(members(hit.headers.vary)).toEqual(['accept', 'accept-encoding'])
  })

  it('small answers have no coding', async () => {
    const app = await start(framework, { compression: 'gzip' })
    const miss = await ask(app.served, '/json/100')
    const hit = await ask(app.served, '/json/100', { 'accept-encoding': 'gzip' })
    expect([hit.headers['x-llm-cache'], hit.headers['content-encoding']]).toEqual(['HIT', undefined])
    expect(members(hit.headers.vary)).toEqual(members(miss.headers.vary))
  })

  it.skipIf(framework === 'koa')('other compression outside encodes nothing twice', async () => {
    const app = await start(framework, { compression: 'gzip' }, true)
    for (const path of ['/json/3000', '/json/90000', '/stream/60']) {
      const miss = await ask(app.served, path)
      await new Promise((resolve) => setTimeout(resolve, 50))
      const hit = await ask(app.served, path, { 'accept-encoding': 'gzip' })
      expect(hit.headers['x-llm-cache']).toBe('HIT')
      expect(hit.headers['content-encoding']).toBe('gzip')
      expect(gunzipSync(hit.bytes).equals(miss.bytes)).toBe(true)
    }
  })

  it('sealed entries are read by those who have the key, and by nobody else', async () => {
    const [old, next] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('hex')]
    const store = new Map<string, unknown>()
    const withKeys = (...keys: string[]): LlmCacheOptions => ({ store: [store as never], compression: 'gzip', encryption: { keys } })
    const first = await start(framework, withKeys(old))
    const miss = await ask(first.served, '/json/3000')
    const entries = (): string[] => [...store.keys()].filter((key) => key.includes('lc1.'))
    await expect.poll(() => entries().length, { interval: 5 }).toBe(1)
    // What the cache notes down about it besides is sealed as well.
    for (const text of store.values()) {
      const value = Buffer.from(String(text).replace(/^[^:]*:/, ''), 'base64').toString('latin1')
      expect(value).not.toMatch(/tides|chatcmpl|application\/json|lc1\./)
    }

    const rotated = await start(framework, withKeys(next, old))
    const hit = await ask(rotated.served, '/json/3000', { 'accept-encoding': 'gzip' })
    expect([hit.headers['x-llm-cache'], hit.headers['content-encoding'], rotated.runs]).toEqual(['HIT', 'gzip', 0])
    expect(gunzipSync(hit.bytes).equals(miss.bytes)).toBe(true)

    const other = await start(framework, withKeys(next))
    expect((await ask(other.served, '/json/3000')).headers['x-llm-cache']).toBe('MISS')
    expect(other.runs).toBe(1)
  })
})
