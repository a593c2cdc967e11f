import { describe, expect, it } from 'vitest'
import type { CacheRequest } from '../../src/exchange.js'
import { type CacheStore, createMemoryStore, type LlmCacheOptions, type RouteOptions } from '../../src/index.js'
import { completion, encode, type Harness, harness, open, type RequestParts, record, request } from '../engine/support.js'

const ask = (content: string, headers: Record<string, string> = {}, more: object = {}): RequestParts => ({
  headers,
  body: { model: 'gpt-4o', messages: [{ role: 'user', content }], ...more },
})

/** A miss whose answer is not stored. */
async function miss(cache: Pick<Harness['cache'], 'open'>, parts: RequestParts | CacheRequest): Promise<void> {
  const { recorder } = await open(cache, parts, 'record')
  recorder.abort('origin-error')
}

async function exactOf({ cache }: Harness) {
  return (await cache.analyze()).exact
}

describe('what is counted', () => {
  it('is what the statistics have', async () => {
    const { cache, clock } = harness()
    await record(cache)
    await open(cache, {}, 'replay')
    await open(cache, {}, 'replay')
    clock.advance(3_600_000)
    await miss(cache, {})
    const { exact, semantic } = await cache.analyze()
    expect(exact).toMatchObject({ hits: 2, collapsed: 0, misses: 2, hitRate: 0.5, missReasons: { absent: 1, expired: 1 } })
    expect(exact.saved).toMatchObject({ inputTokens: 24, outputTokens: 14 })
    expect(exact.saved.usd).toBeGreaterThan(0)
    expect(semantic).toEqual({ configured: false })
  })

  it('knows nothing before the first request', async () => {
    const { exact, recommendations } = await harness().cache.analyze()
    expect(exact.sampled).toBe(0)
    expect(exact.loosened).toEqual({ count: 0, share: undefined, low: 0, high: 1 })
    expect(recommendations.map(({ code }) => code)).toEqual(['wait'])
  })
})

describe('misses that would be hits under loose normalisation', () => {
  it.each<[string, RequestParts, number]>([
    ['case and layout', ask(' why IS the\n sky blue? '), 1],
    ['temperature', ask('Why is the sky blue?', {}, { temperature: 0.71 }), 1],
    ['other words', ask('Why is the sky red?'), 0],
    ['another caller', ask('why is the sky blue?', { authorization: 'Bearer b' }), 0],
    ['another model', ask('why is the sky blue?', {}, { model: 'gpt-4o-mini' }), 0],
    ['another route', { ...ask('why is the sky blue?'), url: '/v2/chat/completions' }, 0],
    ['a caller who wants a new answer', ask('why is the sky blue?', { 'cache-control': 'no-cache' }), 0],
  ])('%s', async (_, parts, loosened) => {
    const own = harness()
    await miss(own.cache, ask('Why is the sky blue?', {}, { temperature: 0.7 }))
    await miss(own.cache, ask('Why is the sky blue?', { authorization: 'Bearer b' }, { temperature: 0.72, model: 'o3' }))
    const withTemperature = { ...parts, body: { temperature: 0.7, ...(parts.body as object) } }
    await miss(own.cache, withTemperature)
    expect((await exactOf(own)).loosened.count).toBe(loosened)
  })

  it('is an interval', async () => {
    const own = harness()
    for (let index = 0; index < 10; index++) {
      await miss(own.cache, ask(`Question ${index}`))
      await miss(own.cache, ask(`QUESTION ${index}`))
      own.clock.advance(1)
    }
    const { sampled, loosened } = await exactOf(own)
    expect(sampled).toBe(20)
    expect(loosened).toMatchObject({ count: 10, share: 0.5 })
    expect(loosened.low).toBeCloseTo(0.2993, 3)
    expect(loosened.high).toBeCloseTo(0.7007, 3)
  })

  it('ends with the lifetime of the earlier answer', async () => {
    const own = harness({ ttl: '10m' })
    await miss(own.cache, ask('A'))
    own.clock.advance(600_000)
    await miss(own.cache, ask('a'))
    own.clock.advance(599_999)
    await miss(own.cache, ask('A'))
    expect((await exactOf(own)).loosened.count).toBe(1)
  })

  it('compares what the body was, whatever the handler made of it', async () => {
    const own = harness()
    for (const content of ['A', 'a']) {
      const value = { model: 'gpt-4o', messages: [{ role: 'user', content }] }
      const headers = { 'content-length': '60' }
      await miss(own.cache, { raw: { kind: 'parsed', value }, headers })
      value.messages.push({ role: 'system', content: `it is ${content.charCodeAt(0)}` })
    }
    expect((await exactOf(own)).loosened.count).toBe(1)
  })

  it('takes bodies that come later', async () => {
    const own = harness()
    for (const content of ['A', 'a']) {
      const later = {
        ...request(ask(content)),
        body: async () => ({ kind: 'bytes', bytes: encode(JSON.stringify(ask(content).body)) }) as const,
      }
      await miss(own.cache, later)
    }
    await Promise.resolve()
    expect((await exactOf(own)).loosened.count).toBe(1)
  })
})

describe('misses that would be hits if callers shared', () => {
  it.each<[RouteOptions, string, number]>([
    [{}, 'b', 1],
    [{}, 'a', 0],
    [{ partition: ({ header }) => header('authorization') }, 'b', 0],
  ])('%j, caller %s', async (route, caller, shared) => {
    const own = harness(route)
    await miss(own.cache, ask('A', { authorization: 'a' }))
    await miss(own.cache, ask('A', { authorization: caller }))
    expect((await exactOf(own)).shared.count).toBe(shared)
  })
})

it('counts what comes again although it was asked before', async () => {
  const own = harness()
  await miss(own.cache, {})
  await miss(own.cache, {})
  await record(own.cache)
  expect((await exactOf(own)).repeated).toMatchObject({ count: 2 })
})

describe('bounds', () => {
  it('compares 600 misses a minute at the most', async () => {
    const own = harness()
    for (let index = 0; index < 700; index++) {
      await miss(own.cache, ask(`Question ${index}`))
      own.clock.advance(10)
    }
    expect((await exactOf(own)).sampled).toBe(600)
    own.clock.advance(60_000)
    await miss(own.cache, ask('one more'))
    expect((await exactOf(own)).sampled).toBe(601)
  })

  it('lets no more than 64 wait for their turn', async () => {
    const own = harness()
    for (let index = 0; index < 100; index++) await miss(own.cache, ask(`Question ${index}`))
    expect((await exactOf(own)).sampled).toBe(64)
  })

  it('passes over bodies of more than 32 KiB, and parsed ones of unknown length', async () => {
    const own = harness()
    await miss(own.cache, ask('x'.repeat(33_000)))
    await miss(own.cache, { raw: { kind: 'parsed', value: ask('x').body } })
    await miss(own.cache, { raw: { kind: 'parsed', value: ask('x').body }, headers: { 'content-length': '33000' } })
    expect((await exactOf(own)).sampled).toBe(0)
  })

  it('works after the miss went to its handler, a little at a time, and not once the cache is closed', async () => {
    const own = harness()
    for (let index = 0; index < 20; index++) await miss(own.cache, ask(`Question ${index}`))
    const waiting = own.clock.pending()
    await own.cache.close()
    expect(own.clock.pending()).toBeLessThan(waiting)
    expect((await exactOf(own)).sampled).toBe(0)
  })
})

describe.each([true, false])('digests that were compared already: %s', (compared) => {
  it.each(['keys', 'partition', 'all'])('are not kept once it was invalidated by %s', async (kind) => {
    const memory = createMemoryStore()
    const keys: string[] = []
    const set: CacheStore['set'] = (entry) => {
      keys.push(entry.key)
      return memory.set(entry)
    }
    const own = harness({ partition: () => 'tenant', store: { ...memory, set } })
    await record(own.cache, ask('A'))
    if (compared) own.clock.advance(0)
    if (kind === 'partition') await own.cache.invalidate({ partition: 'tenant' })
    else if (kind === 'keys') await own.cache.invalidate({ keys })
    else await own.cache.invalidate({ all: true })
    await miss(own.cache, ask('a'))
    expect(await exactOf(own)).toMatchObject({ sampled: compared ? 2 : 1, loosened: { count: 0 } })
  })
})

describe('recommendations', () => {
  const codes = async ({ cache }: Harness): Promise<string[]> => (await cache.analyze()).recommendations.map(({ code }) => code)

  async function run(options: LlmCacheOptions, each: (own: Harness, index: number) => Promise<unknown>, times = 120): Promise<Harness> {
    const own = harness({ log: false, ...options })
    for (let index = 0; index < times; index++) {
      await each(own, index)
      own.clock.advance(50)
    }
    return own
  }

  it.each<[string, LlmCacheOptions, (own: Harness, index: number) => Promise<unknown>]>([
    ['choose-policy', { policy: 'development' }, ({ cache }) => open(cache, {}, 'bypass')],
    ['name-partition', { partition: () => undefined }, ({ cache }) => open(cache, {}, 'bypass')],
    [
      'mend-store',
      {
        store: {
          name: 'x',
          limits: { maxEntryBytes: 1e6 },
          get: () => Promise.reject(new Error()),
          set: () => true,
          delete: () => true,
          clear() {},
          size: () => undefined,
          close() {},
        },
      },
      ({ cache }, index) => record(cache, ask(`${index}`)),
    ],
    ['limit-controls', {}, ({ cache }) => record(cache, { headers: { 'cache-control': 'no-cache' } })],
    [
      'verify-streams',
      {},
      async ({ cache }, index) => {
        const { recorder } = await open(cache, ask(`${index}`), 'record')
        recorder.head(200, [['Content-Type', 'text/plain']])
        recorder.write(encode('a'))
        recorder.write(encode('b'))
        recorder.end()
      },
    ],
    ['store-answers', {}, ({ cache }, index) => record(cache, ask(`${index}`), completion('x', 'length'))],
    [
      'collapse',
      { collapse: false },
      async ({ cache }, index) => {
        for (const _ of [1, 2]) await open(cache, ask(`${index}`), 'record')
      },
    ],
    ['add-room', { maxEntries: 10 }, ({ cache }, index) => record(cache, ask(`${index}`))],
    [
      'lengthen-ttl',
      { ttl: 100, jitter: 0, staleIfError: '1h' },
      async ({ cache, clock }, index) => {
        await record(cache, ask(`${index % 3}`))
        clock.advance(100)
      },
    ],
    ['share-partition', {}, ({ cache }, index) => record(cache, ask(`${index % 40}`, { authorization: `${index}` }))],
    ['loosen-normalize', {}, ({ cache }, index) => record(cache, ask(index % 2 ? `question ${index - 1}` : `Question ${index}`))],
  ])('%s', async (code, options, each) => {
    const own = await run(options, each)
    expect(await codes(own)).toEqual([code])
    const [recommendation] = (await own.cache.analyze()).recommendations
    expect(recommendation?.text).toMatch(/\d/)
    expect((await own.cache.analyze()).recommendations).toEqual([recommendation])
  })

  it('expect-little, where nothing comes twice', async () => {
    const own = await run({}, ({ cache }, index) => record(cache, ask(`Question ${index}`)), 1000)
    expect(await codes(own)).toEqual(['expect-little'])
  })

  it('are none where all is well', async () => {
    expect(
      await codes(
        await run({}, async ({ cache }, index) =>
          index < 5 ? record(cache, ask(`${index}`)) : open(cache, ask(`${index % 5}`), 'replay'),
        ),
      ),
    ).toEqual([])
  })

  it('name the reason that counts most, and leave out what was intended', async () => {
    const own = await run({}, async ({ cache }, index) => {
      const { recorder, handle } = await open(cache, ask(`${index}`), 'record')
      if (index % 2) handle.skip()
      recorder.head(index % 4 === 0 ? 500 : 200, [['Content-Type', 'application/json']])
      recorder.write(encode(completion()))
      recorder.end()
    })
    const { recommendations } = await own.cache.analyze()
    expect(recommendations).toHaveLength(1)
    expect(recommendations[0]?.text).toMatch(/^30 of 120 answers .* `status` \(30\)/)
  })
})
