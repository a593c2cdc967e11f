import { describe, expect, it } from 'vitest'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import { completion, encode, harness, open, type RequestParts, record, request } from '../engine/support.js'
import { turns } from './warm-support.js'

const chat = (content: string, more: object = {}): object => ({ model: 'gpt-4o', messages: [{ role: 'user', content }], ...more })
/** Asks, and answers where there is no answer yet. */
async function ask(cache: ReturnType<typeof harness>['cache'], parts: RequestParts): Promise<void> {
  const outcome = await cache.open(request(parts))
  if (outcome.kind !== 'record') return
  outcome.recorder.head(200, [['Content-Type', 'application/json']])
  outcome.recorder.write(encode(completion()))
  outcome.recorder.end()
}

const keeping: LlmCacheOptions = { patterns: { keepRequests: true }, partition: 'shared' }

describe('usage patterns', () => {
  it('count what is asked, by kind, with what became of it', async () => {
    const { cache, clock } = harness()
    await record(cache, { body: chat('Why is the sky blue?') })
    for (let count = 0; count < 3; count++) await open(cache, { body: chat('Why is the sky blue?') }, 'replay')
    clock.advance(60_000)
    await record(cache, { body: chat('  why is THE sky\nblue?') })
    await record(cache, { body: chat('Something else') })
    const [sky, other, ...rest] = cache.usagePatterns()
    expect(rest).toEqual([])
    expect(sky).toEqual({
      id: expect.stringMatching(/^[\w-]{22}$/),
      partition: expect.stringMatching(/^[\w-]{22}$/),
      route: '/pattern/:id',
      provider: 'openai-chat',
      model: 'gpt-4o',
      recent: expect.closeTo(5, 1),
      requests: 5,
      hits: 3,
      stale: 0,
      collapsed: 0,
      misses: 2,
      hitRatio: 0.6,
      lastSeenAt: clock.now(),
      originMs: expect.any(Number),
      usd: expect.closeTo((12 * 2.5 + 7 * 10) / 1e6, 9),
      replayable: false,
    })
    expect(other).toMatchObject({ requests: 1, misses: 1, originMs: undefined, usd: undefined })
    expect(cache.usagePatterns({ top: 1 })).toEqual([sky])
    await cache.close()
  })

  it('hold no text of any request, nor its key', async () => {
    const { cache, events } = harness()
    await record(cache, { body: chat('A secret of mine'), headers: { authorization: 'Bearer token-123' } })
    const told = JSON.stringify([cache.usagePatterns(), events])
    expect(told).not.toMatch(/secret|token-123|lc1\./)
    await cache.close()
  })

  it('tell partitions, routes, models and providers apart', async () => {
    const { cache } = harness()
    const body = chat('Hello')
    await record(cache, { body, headers: { authorization: 'a' } })
    await record(cache, { body, headers: { authorization: 'b' } })
    await record(cache, { body, url: '/other' })
    await record(cache, { body: { ...body, model: 'gpt-5' } })
    await record(cache, { body: { ...body, stream: true } })
    await turns()
    const patterns = cache.usagePatterns()
    expect(patterns).toHaveLength(5)
    expect(new Set(patterns.map(({ id }) => id)).size).toBe(5)
    expect(new Set(patterns.map(({ partition }) => partition)).size).toBe(3)
    await cache.close()
  })

  it('count after the reply is under way, and are whole when they are asked for', async () => {
    const { cache } = harness()
    let reads = 0
    const body = { kind: 'bytes', bytes: encode(JSON.stringify(chat('Late'))) } as const
    const counting = {
      ...request(),
      body() {
        reads++
        return body
      },
    }
    await cache.open(counting)
    const before = reads
    await turns(1)
    expect(reads).toBe(before + 1)
    expect(cache.usagePatterns()).toHaveLength(1)
    await cache.close()
  })

  it('also of bodies that are read late, or not any more', async () => {
    const { cache } = harness()
    await cache.open({ ...request(), body: () => Promise.resolve({ kind: 'parsed', value: chat('Later') }) })
    let reads = 0
    await cache.open({
      ...request(),
      body: () => (reads++ === 0 ? Promise.resolve({ kind: 'parsed', value: chat('Gone') }) : Promise.reject(new Error('gone'))),
    })
    await turns()
    expect(cache.usagePatterns()).toHaveLength(1)
    await cache.close()
  })

  it('are bounded, whatever is asked, and keep what is frequent', async () => {
    const { cache } = harness({ patterns: { groups: 10 }, maxEntries: 10 })
    for (let count = 0; count < 300; count++) {
      await ask(cache, { body: chat(`Once ${count}`) })
      if (count % 5 === 0) await ask(cache, { body: chat('Often') })
      if (count % 20 === 0) await turns(1)
    }
    const patterns = cache.usagePatterns()
    expect(patterns.length).toBeLessThanOrEqual(20)
    expect(patterns[0]?.requests).toBe(60)
    await cache.close()
  })

  it('are not there when switched off', async () => {
    const { cache } = harness({ patterns: false })
    expect(() => cache.usagePatterns()).toThrow(/patterns is false/)
    await expect(cache.warm('popular', { host: 'a.test', app: { fetch: () => new Response() } })).rejects.toThrow(/patterns is false/)
    await cache.close()
  })

  it('of an erased partition are gone; of an emptied cache they stay', async () => {
    const { cache } = harness({ partition: (asked) => asked.header('x-tenant'), patterns: { keepRequests: true } })
    await record(cache, { headers: { 'x-tenant': 'a' } })
    await record(cache, { headers: { 'x-tenant': 'b' } })
    await turns(1)
    await cache.invalidate({ all: true })
    expect(cache.usagePatterns()).toHaveLength(2)
    await cache.invalidate({ partition: 'a' })
    expect(cache.usagePatterns()).toHaveLength(1)
    await cache.close()
  })

  it.each<[unknown, RegExp]>([
    [{ group: 1 }, /unknown option patterns.group; did you mean "groups"/],
    [{ groups: 0 }, /patterns.groups is 0/],
    [{ groups: 1e6 }, /patterns.groups is 1000000; it must be at most/],
    [{ halfLife: 1 }, /patterns.halfLife/],
    [{ keepRequests: 'yes' }, /patterns.keepRequests/],
    [{ maxBytes: 5 }, /patterns.maxBytes would do nothing without/],
    ['all', /patterns is "all"/],
    [null, /patterns/],
  ])('%j is a wrong option', (patterns, message) => {
    expect(() => harness({ patterns: patterns as never })).toThrow(message)
  })
})

describe('popular requests', () => {
  const sent: Request[] = []
  const app = {
    fetch: (asked: Request): Response => {
      sent.push(asked)
      return new Response('no')
    },
  }
  async function popular(cache: ReturnType<typeof harness>['cache'], top?: number): Promise<Request[]> {
    sent.length = 0
    await cache.warm('popular', { app, top, maxFailures: 1000 })
    return [...sent]
  }

  it('are sent again as they came, the most frequent first, without what may be a credential', async () => {
    const { cache } = harness(keeping)
    const headers = {
      host: 'api.example.com',
      accept: 'text/event-stream',
      authorization: 'Bearer secret',
      cookie: 'sid=1',
      'x-user-id': '7',
      'x-forwarded-for': '10.0.0.1',
      'anthropic-version': '2023-06-01',
    }
    await record(cache, { body: chat('Rare'), headers })
    for (let count = 0; count < 3; count++) await ask(cache, { body: chat('Often'), headers, url: '/v1/chat/completions?x=1' })
    const [often, rare] = await popular(cache)
    expect(sent).toHaveLength(2)
    expect([often?.method, often?.url]).toEqual(['POST', 'http://app.test/v1/chat/completions?x=1'])
    expect(await often?.json()).toEqual(chat('Often'))
    expect(await rare?.json()).toEqual(chat('Rare'))
    expect(Object.keys(Object.fromEntries(often?.headers ?? [])).sort()).toEqual([
      'accept',
      'anthropic-version',
      'content-length',
      'content-type',
      'host',
    ])
    expect(await popular(cache, 1)).toHaveLength(1)
    await cache.close()
  })

  it('need the consent of the app', async () => {
    const { cache } = harness()
    await record(cache)
    await expect(popular(cache)).rejects.toThrow(/patterns.keepRequests is not set/)
    await cache.close()
  })

  const CASES: readonly [string, LlmCacheOptions, RequestParts, number][] = [
    ['of everybody', { partition: 'shared' }, {}, 1],
    ['of nobody in particular', {}, {}, 1],
    ['of a caller', {}, { headers: { authorization: 'Bearer a' } }, 0],
    ['of a caller with a cookie', {}, { headers: { cookie: 'sid=1' } }, 0],
    ['of a tenant', { partition: (asked) => asked.header('x-tenant') }, { headers: { 'x-tenant': 'shared' } }, 0],
    ['with a credential in the key', { partition: 'shared', headers: ['x-tenant'] }, { headers: { 'x-tenant': 'a' } }, 0],
    ['with a credential in the query', { partition: 'shared' }, { url: '/v1beta/models/g:generateContent?key=AIza' }, 0],
    ['with a token in the query', { partition: 'shared' }, { url: '/chat?access_token=abc' }, 0],
    ['from a parsed body', { partition: 'shared' }, { raw: { kind: 'parsed', value: chat('Parsed') } }, 1],
    [
      'from a parsed form',
      { partition: 'shared' },
      { explicit: true, headers: { 'content-type': 'application/x-www-form-urlencoded' }, raw: { kind: 'parsed', value: chat('F') } },
      0,
    ],
  ]
  it.each(CASES)('%s', async (_, options, parts, count) => {
    const { cache } = harness({ patterns: { keepRequests: true }, ...options })
    for (let count = 0; count < 2; count++) await ask(cache, { body: chat('Hi'), ...parts })
    expect(await popular(cache)).toHaveLength(count)
    expect(cache.usagePatterns().map(({ replayable }) => replayable)).toEqual([count === 1])
    await cache.close()
  })

  it('take no more memory than they may, and the frequent ones stay', async () => {
    const { cache } = harness({ partition: 'shared', patterns: { keepRequests: true, maxBytes: 64_000 } })
    const long = 'x'.repeat(1500)
    for (let count = 0; count < 100; count++) {
      await ask(cache, { body: chat(`${count} ${long}`) })
      await ask(cache, { body: chat(`Often ${long}`) })
      await turns(1)
    }
    const requests = await popular(cache, 1000)
    expect(requests.length).toBeGreaterThan(10)
    expect(requests.length * 1500).toBeLessThan(64_000)
    expect(await requests[0]?.text()).toContain('Often')
    await ask(cache, { body: chat('y'.repeat(60_000)) })
    await turns(1)
    expect(cache.usagePatterns({ top: 1000 }).filter(({ replayable }) => !replayable).length).toBeGreaterThan(0)
    expect((await popular(cache, 1000)).every(({ headers }) => Number(headers.get('content-length')) < 5000)).toBe(true)
    await cache.close()
  })

  it('are not changed by an app that writes into its buffers', async () => {
    const { cache } = harness(keeping)
    const bytes = encode(JSON.stringify(chat('Untouched')))
    await open(cache, { raw: { kind: 'bytes', bytes } }, 'record')
    await turns(1)
    bytes.fill(0x20)
    expect(await (await popular(cache))[0]?.json()).toEqual(chat('Untouched'))
    await cache.close()
  })

  it('are told of stale and shared answers too', async () => {
    const { cache, clock } = harness({ ...keeping, ttl: '1m', staleWhileRevalidate: '1h' })
    await record(cache)
    clock.advance(120_000)
    await cache.open({ ...request(), again: () => new Promise(() => undefined) })
    expect(cache.usagePatterns()).toMatchObject([{ requests: 2, stale: 1, misses: 1, hitRatio: 0.5 }])
    const { cache: other } = harness(keeping)
    const { recorder } = await open(other, {}, 'record')
    const follower = other.open(request())
    recorder.head(200, [['Content-Type', 'application/json']])
    recorder.write(encode(completion()))
    recorder.end()
    await follower
    expect(other.usagePatterns()).toMatchObject([{ requests: 2, collapsed: 1, misses: 1 }])
    await cache.close()
    await other.close()
  })
})
