import { describe, expect, it } from 'vitest'
import { CHAT, completion, drain, field, frames, harness, open, type RequestParts, record, request, SSE_HEAD } from './support.js'

describe('miss and hit', () => {
  it('stores a complete answer and replays it with status, headers and bytes', async () => {
    const { cache } = harness()
    const own = await record(
      cache,
      {},
      completion('blue'),
      [
        ['Content-Type', 'application/json'],
        ['X-Trace', 'a'],
        ['x-trace', 'b'],
      ],
      201,
    )
    expect(field(own, 'x-llm-cache')).toBe('MISS')
    expect(field(own, 'Cache-Status')).toBe('llm-cache; fwd=uri-miss')
    const { reply, handle } = await open(cache, {}, 'replay')
    expect(handle.outcome).toBe('HIT')
    expect(reply.status).toBe(201)
    expect(reply.headers.slice(0, 3)).toEqual([
      ['Content-Type', 'application/json'],
      ['X-Trace', 'a'],
      ['x-trace', 'b'],
    ])
    expect(field(reply.headers, 'x-llm-cache')).toBe('HIT')
    expect(field(reply.headers, 'x-llm-cache-id')).toBe(field(own, 'x-llm-cache-id'))
    expect(await drain(reply)).toEqual({ text: completion('blue'), end: 'done' })
  })

  it('answers a hit in memory synchronously', async () => {
    const { cache } = harness()
    await record(cache)
    expect(cache.open(request())).not.toBeInstanceOf(Promise)
  })

  it('tells age and the freshness left', async () => {
    const { cache, clock } = harness({ ttl: '10m' })
    await record(cache)
    clock.advance(61_500)
    const { reply } = await open(cache, {}, 'replay')
    expect(field(reply.headers, 'Age')).toBe('61')
    expect(field(reply.headers, 'Cache-Status')).toBe('llm-cache; hit; ttl=538')
  })

  it('expires at its ttl to the millisecond', async () => {
    const { cache, clock, last } = harness({ ttl: '10m' })
    await record(cache)
    clock.advance(599_999)
    await open(cache, {}, 'replay')
    clock.advance(1)
    await open(cache, {}, 'record')
    expect(last('lookup-miss').reason).toMatch(/absent|expired/)
  })

  it('keeps users apart by default and together when shared', async () => {
    const { cache } = harness()
    const shared = cache.route({ partition: 'shared' })
    await record(cache, { headers: { authorization: 'Bearer alice' } })
    await open(cache, { headers: { authorization: 'Bearer bob' } }, 'record')
    await open(cache, { headers: { cookie: 'sid=1' } }, 'record')
    await record(shared, { headers: { authorization: 'Bearer alice' } })
    await open(shared, { headers: { authorization: 'Bearer bob' } }, 'replay')
  })

  it.each([
    ['returns nothing', () => undefined, 'no-partition'],
    ['returns an empty text', () => '', 'no-partition'],
    [
      'throws',
      () => {
        throw new Error('x')
      },
      'partition-failed',
    ],
    ['rejects', () => Promise.reject(new Error('x')), 'partition-failed'],
  ])('bypasses when the partition function %s', async (_, partition, reason) => {
    const { cache } = harness({ partition })
    const outcome = await open(cache, {}, 'bypass')
    expect(outcome.reason).toBe(reason)
    expect(field(outcome.headers, 'x-llm-cache')).toBe('BYPASS')
  })

  it('never answers under one normalisation what was stored under another', async () => {
    const { cache } = harness()
    const shout = { body: { ...CHAT, messages: [{ role: 'user', content: 'WHY?' }] } }
    await record(cache.route({ normalize: 'loose' }), shout)
    await open(cache.route({ normalize: 'exact' }), shout, 'record')
    await open(cache.route({ normalize: 'loose' }), { body: { ...CHAT, messages: [{ role: 'user', content: 'why?' }] } }, 'replay')
  })

  it('tells host names apart, not ports: replicas share', async () => {
    const { cache } = harness()
    const at = (host: string): ReturnType<typeof request> => ({ ...request(), host })
    await record(cache)
    await open(cache, at('app.test:8080'), 'replay')
    await open(cache, at('[::1]:8080'), 'record')
    await open(cache, at('other.test'), 'record')
  })

  it('keys by path and query, method and declared headers', async () => {
    const { cache } = harness({ headers: ['X-Locale'] })
    await record(cache, { url: '/a?x=1' })
    const others: RequestParts[] = [
      { url: '/a?x=2' },
      { url: '/b?x=1' },
      { url: '/a?x=1', method: 'QUERY' },
      { url: '/a?x=1', headers: { 'x-locale': 'de' } },
      { url: '/a?x=1', headers: { 'anthropic-version': '2026-10-21' } },
    ]
    for (const parts of others) {
      await open(cache, parts, 'record')
    }
    await open(cache, { url: '/a?x=1', headers: { 'x-other': 'y' } }, 'replay')
  })
})

describe('which requests', () => {
  it('leaves alone what is not a model call, and marks nothing', async () => {
    const { cache } = harness()
    for (const parts of [
      { method: 'GET' },
      { method: 'DELETE' },
      { body: { item: 3 } },
      { headers: { 'content-type': 'text/plain' } },
      { body: [1] },
    ]) {
      const outcome = await open(cache, parts, 'bypass')
      expect(outcome.headers).toEqual([])
    }
  })

  it('stores a generic body only where a model was seen to be called', async () => {
    const { cache, last } = harness()
    const own = await record(cache, { url: '/comments', body: { message: 'hi' } }, '{"ok":true}')
    expect(own).toEqual([])
    expect(last('entry-skipped').reason).toBe('no-model-call')
    await open(cache, { url: '/comments', body: { message: 'hi' } }, 'record')
  })

  it("stores a generic body whose answer has a provider's shape", async () => {
    const { cache } = harness()
    await record(cache, { url: '/ask', body: { prompt: 'hi' } }, completion())
    await open(cache, { url: '/ask', body: { prompt: 'hi' } }, 'replay')
  })

  it('never lets unproven generic requests wait for each other', async () => {
    const { cache } = harness()
    const first = await open(cache, { body: { message: 'hi' } }, 'record')
    const second = await open(cache, { body: { message: 'hi' } }, 'record')
    expect(first.recorder.id).not.toBe(second.recorder.id)
  })

  it('caches any body of an explicit route, GET as well', async () => {
    const { cache } = harness()
    for (const parts of [
      { explicit: true, body: { item: 3 } },
      { explicit: true, method: 'GET', raw: { kind: 'none' as const } },
    ]) {
      await record(cache, parts, '{"answer":1}')
      await open(cache, parts, 'replay')
    }
  })

  it('leaves upgrades of a connection alone', async () => {
    const { cache } = harness()
    const parts = { explicit: true, method: 'GET', raw: { kind: 'none' as const }, headers: { upgrade: 'websocket' } }
    expect(await open(cache, parts, 'bypass')).toMatchObject({ reason: 'upgrade', headers: [] })
  })

  it('asks `when`, also when it is asynchronous', async () => {
    const { cache } = harness({ when: async (asked) => asked.url !== '/no' })
    await record(cache, { url: '/yes', body: { a: 1 } }, '{"answer":1}')
    await open(cache, { url: '/yes', body: { a: 1 } }, 'replay')
    expect((await open(cache, { url: '/no' }, 'bypass')).reason).toBe('when')
  })

  it.each(['throws', 'rejects'])('bypasses when `when` %s', async (how) => {
    const { cache, last } = harness({
      when: () => {
        const error = new TypeError('secret prompt')
        if (how === 'throws') throw error
        return Promise.reject(error)
      },
    })
    expect((await open(cache, {}, 'bypass')).reason).toBe('internal-error')
    expect(JSON.stringify(last('internal-error'))).toContain('TypeError')
    expect(JSON.stringify(last('internal-error'))).not.toContain('secret')
  })

  it.each([
    ['{"a":1,"a":2}', 'duplicate-keys'],
    ['{"model":', 'invalid-json'],
    ['{"n":9007199254740993}', 'number-precision'],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'too-deep'],
  ])('bypasses an explicit body that has no safe key: %.20s', async (text, reason) => {
    const { cache } = harness()
    const outcome = await open(cache, { explicit: true, raw: { kind: 'bytes', bytes: new TextEncoder().encode(text) } }, 'bypass')
    expect(outcome.reason).toBe(reason)
  })

  it('is out of the way once closed', async () => {
    const { cache } = harness()
    await record(cache)
    await cache.close()
    await cache.close()
    expect((await open(cache, {}, 'bypass')).reason).toBe('closed')
  })
})

describe('request control', () => {
  const control = (value: string) => ({ headers: { 'x-llm-cache-control': value } })

  it('refreshes on no-cache and stores the new answer', async () => {
    const { cache } = harness()
    await record(cache, {}, completion('old'))
    const own = await record(cache, { headers: { 'cache-control': 'no-cache' } }, completion('new'))
    expect(field(own, 'Cache-Status')).toBe('llm-cache; fwd=request')
    expect((await drain((await open(cache, {}, 'replay')).reply)).text).toBe(completion('new'))
  })

  it('neither looks up nor stores on no-store', async () => {
    const { cache } = harness()
    await record(cache)
    expect((await open(cache, control('no-store'), 'bypass')).reason).toBe('request-no-store')
  })

  it('answers only-if-cached with 504 when there is nothing, and calls no origin', async () => {
    const { cache } = harness()
    const { reply } = await open(cache, control('only-if-cached'), 'replay')
    expect(reply.status).toBe(504)
    await record(cache)
    expect((await open(cache, control('only-if-cached'), 'replay')).reply.status).toBe(200)
  })

  it('honours max-age and min-fresh', async () => {
    const { cache, clock } = harness({ ttl: '10m', collapse: false })
    await record(cache)
    clock.advance(100_000)
    await open(cache, control('max-age=101'), 'replay')
    await open(cache, control('max-age=99'), 'record')
    await open(cache, control('min-fresh=499'), 'replay')
    await open(cache, control('min-fresh=501'), 'record')
  })

  it('lets a caller shorten the ttl, not lengthen it', async () => {
    const { cache, clock } = harness({ ttl: '10m' })
    await record(cache, { url: '/short', ...control('ttl=1m') })
    await record(cache, { url: '/long', ...control('ttl=2h') })
    clock.advance(61_000)
    await open(cache, { url: '/short' }, 'record')
    await open(cache, { url: '/long' }, 'replay')
    clock.advance(600_000)
    await open(cache, { url: '/long' }, 'record')
  })

  it('ignores what the operator does not allow', async () => {
    const { cache } = harness({ controls: { allow: ['max-age'] } })
    await record(cache)
    await open(cache, { headers: { 'cache-control': 'no-cache' } }, 'replay')
    await open(cache, control('no-store'), 'replay')
    await open(cache, control('max-age=0'), 'record')
  })

  it('answers 304 to a matching validator of a JSON answer', async () => {
    const { cache, last } = harness()
    const own = await record(cache)
    const etag = field(own, 'ETag') as string
    const { reply } = await open(cache, { headers: { 'if-none-match': `"x", ${etag}` } }, 'replay')
    expect(reply.status).toBe(304)
    expect(field(reply.headers, 'ETag')).toBe(etag)
    expect(last('lookup-hit').notModified).toBe(true)
    expect((await open(cache, { headers: { 'if-none-match': '"other"' } }, 'replay')).reply.status).toBe(200)
  })

  it('keeps an ETag of the origin instead of its own', async () => {
    const { cache } = harness()
    const own = await record(cache, {}, completion(), [
      ['Content-Type', 'application/json'],
      ['ETag', '"origin"'],
    ])
    expect(field(own, 'ETag')).toBeUndefined()
    expect((await open(cache, { headers: { 'if-none-match': '"origin"' } }, 'replay')).reply.status).toBe(304)
  })

  it('refreshes when the AI SDK asks to regenerate', async () => {
    const { cache } = harness()
    const body = { id: 'chat', messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'hi' }] }], trigger: 'submit-message' }
    await record(cache, { body }, frames(['a']).join(''), SSE_HEAD)
    await open(cache, { body }, 'replay')
    await open(cache, { body: { ...body, trigger: 'regenerate-message' } }, 'record')
  })
})

describe('statistics', () => {
  it('adds up, with tokens and money saved', async () => {
    const { cache } = harness()
    await record(cache, { body: CHAT })
    await open(cache, { body: CHAT }, 'replay')
    await open(cache, { body: CHAT }, 'replay')
    await open(cache, { method: 'GET' }, 'bypass')
    await record(cache, { url: '/cut' }, completion('x', 'length'))
    const stats = await cache.stats()
    expect(stats).toMatchObject({
      hits: 2,
      misses: 2,
      collapsed: 0,
      stored: 1,
      hitRate: 0.5,
      entries: 1,
      bypasses: { method: 1 },
      skipped: { 'finish-length': 1 },
    })
    expect(stats.saved).toMatchObject({ inputTokens: 24, outputTokens: 14 })
    expect(stats.saved.usd).toBeGreaterThan(0)
    expect(stats.bytes).toBeGreaterThan(completion().length)
  })

  it('carries no prompt, answer, key or concrete path in any event', async () => {
    const { cache, events } = harness()
    const parts = {
      url: '/chat/secret-path?prompt=secret-query',
      body: { ...CHAT, messages: [{ role: 'user', content: 'secret-prompt' }] },
      headers: { authorization: 'secret-token' },
    }
    await record(cache, parts, completion('secret-answer'))
    await open(cache, parts, 'replay')
    const text = JSON.stringify(events)
    expect(events.length).toBeGreaterThan(2)
    expect(text).not.toMatch(/secret|lc1\./)
    expect(text).toContain('/pattern/:id')
  })

  it('survives a listener that throws, and tells the others', async () => {
    const { cache, last } = harness()
    const off = cache.on(() => {
      throw new RangeError('listener')
    })
    await record(cache)
    expect(last('internal-error')).toMatchObject({ where: 'event-listener', errorName: 'RangeError' })
    off()
    await open(cache, {}, 'replay')
  })
})
