import Keyv from 'keyv'
import { describe, expect, it } from 'vitest'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheRequest, Reply } from '../../src/exchange.js'
import {
  completion,
  drain,
  encode,
  field,
  frames,
  type Harness,
  harness,
  JSON_HEAD,
  open,
  type RequestParts,
  record,
  request,
  SSE_HEAD,
} from './support.js'

const NEW = completion('A new answer.')
const CALL = JSON.stringify({
  object: 'chat.completion',
  model: 'gpt-4o',
  choices: [
    {
      index: 0,
      finish_reason: 'tool_calls',
      message: { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'pay', arguments: '{}' } }] },
    },
  ],
})
const SECOND = 1000

/** An app that can be asked again: what it was asked waits in `sent`, as the requests that a cache sends itself. */
function app(made: Harness, parts: RequestParts = {}) {
  const sent: { readonly request: CacheRequest; end(status: number | undefined): void }[] = []
  const ask = (more: RequestParts = {}): CacheRequest => {
    const plain = request({ ...parts, ...more })
    return Object.assign(plain, {
      again(mark?: object) {
        return new Promise<number | undefined>((resolve) => {
          sent.push({ request: Object.assign(request({ ...parts, ...more }), { mark }), end: resolve })
        })
      },
    })
  }
  return {
    sent,
    ask,
    reply: async (more: RequestParts = {}): Promise<Reply> => (await open(made.cache, ask(more), 'replay')).reply,
    /** Lets the handler of the first request that waits answer. */
    async answer(body: string = NEW, status = 200, head = JSON_HEAD): Promise<void> {
      const next = sent.shift()
      if (!next) throw new Error('nothing was sent')
      const { recorder } = await open(made.cache, next.request, 'record')
      recorder.head(status, head)
      recorder.write(encode(body))
      recorder.end()
      await settle()
      next.end(status)
      await settle()
    },
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve()
}

async function stale(options: LlmCacheOptions, afterMs: number, parts: RequestParts = {}) {
  const made = harness({ ttl: '10s', ...options })
  await record(made.cache, parts)
  made.clock.advance(afterMs)
  return { ...made, ...app(made, parts) }
}

const text = async (reply: Reply): Promise<string> => JSON.parse((await drain(reply)).text).choices[0].message.content

describe('stale-while-revalidate', () => {
  const options = { staleWhileRevalidate: '30s' } as const

  it('sends the old answer at once, marked, and fetches a new one', async () => {
    const made = await stale(options, 15 * SECOND)
    const reply = await made.reply()
    expect(await text(reply)).toBe('Rayleigh scattering.')
    expect(field(reply.headers, 'x-llm-cache')).toBe('STALE')
    expect(field(reply.headers, 'cache-status')).toBe('llm-cache; hit; ttl=-5; detail=stale-while-revalidate')
    expect(field(reply.headers, 'age')).toBe('15')
    await made.answer()
    const next = await made.reply()
    expect(await text(next)).toBe('A new answer.')
    expect(field(next.headers, 'x-llm-cache')).toBe('HIT')
    expect(made.last('refresh-ended')).toMatchObject({ cause: 'stale', outcome: 'stored', reason: undefined })
    expect(await made.cache.stats()).toMatchObject({ hits: 2, staleHits: 1, misses: 1, refreshed: 1, stored: 2 })
  })

  it('sends one request for a thousand askers', async () => {
    const made = await stale(options, 15 * SECOND)
    for (let asker = 0; asker < 1000; asker++) expect(field((await made.reply()).headers, 'x-llm-cache')).toBe('STALE')
    expect(made.sent).toHaveLength(1)
  })

  it('ends with its window: then it is a miss', async () => {
    const made = await stale(options, 40 * SECOND)
    await open(made.cache, made.ask(), 'record')
    expect(made.sent).toHaveLength(0)
  })

  it('asks the origin itself where the app cannot be asked again', async () => {
    const made = await stale(options, 15 * SECOND)
    await open(made.cache, {}, 'record')
  })

  it.each([
    ['no-cache', 'no-cache', 'record'],
    ['a max-age that it is older than', 'max-age=12', 'record'],
    ['min-fresh', 'min-fresh=1', 'record'],
    ['a max-stale that it is staler than', 'max-stale=3', 'record'],
    ['a max-age that it meets', 'max-age=20', 'replay'],
  ] as const)('counts what the caller asks for: %s', async (_name, directive, kind) => {
    const made = await stale(options, 15 * SECOND)
    await open(made.cache, made.ask({ headers: { 'cache-control': directive } }), kind)
  })

  it.each([
    ['a status', async (made) => made.answer('{"error":{}}', 500)],
    ['a rate limit', async (made) => made.answer('{"error":{}}', 429)],
    ['an error in a 200', async (made) => made.answer('{"error":{"message":"overloaded"}}')],
    ['a truncated answer', async (made) => made.answer(completion('cut', 'length'))],
    ['a refusal', async (made) => made.answer(completion('no', 'content_filter'))],
    ['broken JSON', async (made) => made.answer('{"choices": [')],
    ['nothing', async (made) => made.answer('')],
    ['a cookie', async (made) => made.answer(NEW, 200, [...JSON_HEAD, ['Set-Cookie', 'a=b']])],
    ['no-store', async (made) => made.answer(NEW, 200, [...JSON_HEAD, ['Cache-Control', 'no-store']])],
    [
      'a request that never comes',
      async (made) => {
        made.sent.shift()?.end(401)
        await settle()
      },
    ],
    [
      'a handler that breaks off',
      async (made) => {
        const next = made.sent.shift()
        const { recorder } = await open(made.cache, next?.request as CacheRequest, 'record')
        recorder.abort('origin-error')
        next?.end(undefined)
        await settle()
      },
    ],
  ] as [string, (made: Awaited<ReturnType<typeof stale>>) => Promise<void>][])(
    'leaves the entry as it was when the refresh ends in %s',
    async (_name, fail) => {
      const made = await stale(options, 15 * SECOND)
      const before = await made.reply()
      await fail(made)
      expect(made.last('refresh-ended').outcome).toBe('failed')
      const after = await made.reply()
      expect(field(after.headers, 'x-llm-cache-id')).toBe(field(before.headers, 'x-llm-cache-id'))
      expect(await text(after)).toBe('Rayleigh scattering.')
      expect(made.sent, 'not asked again at once').toHaveLength(0)
      made.clock.advance(SECOND)
      await made.reply()
      expect(made.sent, 'asked again after a pause').toHaveLength(1)
    },
  )

  it('waits twice as long after each failure, a minute at the most', async () => {
    const made = await stale({ staleWhileRevalidate: '1h' }, 15 * SECOND)
    for (const pause of [1, 2, 4, 8, 16, 32, 60, 60]) {
      await made.reply()
      await made.answer('{"error":{}}', 503)
      made.clock.advance(pause * SECOND - 1)
      await made.reply()
      expect(made.sent).toHaveLength(0)
      made.clock.advance(1)
    }
  })

  it('never asks again for a request that the cache sent itself', async () => {
    const made = await stale(options, 15 * SECOND)
    await made.reply()
    const own = made.sent[0]?.request as CacheRequest
    expect((await made.cache.open(own)).kind).toBe('record')
    expect(made.sent).toHaveLength(1)
  })

  it('is answered to those who wait for a lookup as well', async () => {
    const made = await stale(options, 15 * SECOND)
    const replies = await Promise.all(Array.from({ length: 10 }, () => made.reply()))
    expect(new Set(replies.map((reply) => field(reply.headers, 'x-llm-cache')))).toEqual(new Set(['STALE']))
    expect(made.sent).toHaveLength(1)
  })

  it('stores nothing of what was removed while the refresh was under way', async () => {
    const made = await stale(options, 15 * SECOND)
    await made.reply()
    await made.cache.invalidate({ all: true })
    await made.answer()
    await open(made.cache, made.ask(), 'record')
  })
})

describe('stale-if-error', () => {
  const options = { staleIfError: '1h' } as const

  it.each([429, 500, 502, 503, 504, 529])('sends the old answer in place of a %i', async (status) => {
    const made = await stale(options, 15 * SECOND)
    const { recorder } = await open(made.cache, {}, 'record')
    expect(recorder.fallback?.covers(status)).toBe(true)
    const reply = recorder.fallback?.take(status) as Reply
    expect(await text(reply)).toBe('Rayleigh scattering.')
    expect(field(reply.headers, 'x-llm-cache')).toBe('STALE')
    expect(field(reply.headers, 'cache-status')).toBe(`llm-cache; fwd=stale; fwd-status=${status}; ttl=-5; detail=stale-if-error`)
    expect(made.last('entry-skipped').reason).toBe('status')
    expect(made.last('lookup-hit')).toMatchObject({ stale: 'if-error' })
    expect(recorder.head(status, [])).toEqual([])
    expect((await open(made.cache, {}, 'record')).recorder.fallback, 'the entry is still there').toBeDefined()
  })

  it.each([400, 401, 403, 404, 422])('lets a %i through: it is about the request', async (status) => {
    const made = await stale(options, 15 * SECOND)
    const { recorder } = await open(made.cache, {}, 'record')
    expect(recorder.fallback?.covers(status)).toBe(false)
  })

  it('gives those who follow the old answer too, and asks the origin once', async () => {
    const made = await stale(options, 15 * SECOND)
    const { recorder } = await open(made.cache, {}, 'record')
    const followers = [open(made.cache, {}, 'replay'), open(made.cache, {}, 'replay')]
    recorder.fallback?.take(503)
    for (const follower of followers) expect(field((await follower).reply.headers, 'x-llm-cache')).toBe('STALE')
  })

  it('does not offer what is past its window, fresh, or of a caller who wants a new answer', async () => {
    const past = await stale({ staleIfError: '2s' }, 15 * SECOND)
    expect((await open(past.cache, {}, 'record')).recorder.fallback).toBeUndefined()
    const renewed = await stale(options, 15 * SECOND)
    const noCache = { headers: { 'cache-control': 'no-cache' } }
    expect((await open(renewed.cache, noCache, 'record')).recorder.fallback).toBeUndefined()
  })

  it('offers it to a caller who wants a new answer and says that an old one will do', async () => {
    const made = await stale(options, 5 * SECOND)
    const headers = { 'cache-control': 'no-cache, stale-if-error=60' }
    const { recorder } = await open(made.cache, { headers }, 'record')
    const reply = recorder.fallback?.take(500)
    expect(field(reply?.headers ?? [], 'x-llm-cache')).toBe('STALE')
  })

  it('counts a shorter window of the caller', async () => {
    const made = await stale(options, 15 * SECOND)
    const headers = { 'cache-control': 'stale-if-error=4' }
    expect((await open(made.cache, { headers }, 'record')).recorder.fallback).toBeUndefined()
  })

  it('answers only-if-cached from what is stale', async () => {
    const made = await stale(options, 15 * SECOND)
    const reply = await made.reply({ headers: { 'cache-control': 'only-if-cached' } })
    expect(field(reply.headers, 'cache-status')).toBe('llm-cache; hit; ttl=-5; detail=stale-only-if-cached')
  })

  it('sends what the caller says will do, marked', async () => {
    const made = await stale(options, 15 * SECOND)
    const reply = await made.reply({ headers: { 'cache-control': 'max-stale=10' } })
    expect(field(reply.headers, 'x-llm-cache')).toBe('STALE')
    expect(field(reply.headers, 'cache-status')).toBe('llm-cache; hit; ttl=-5; detail=stale-max-stale')
    await open(made.cache, { headers: { 'cache-control': 'max-stale=4' } }, 'record')
  })

  it('never sends a stale answer that calls tools, but where the route says so', async () => {
    for (const [toolCalls, kept] of [
      [true, false],
      ['even-stale', true],
    ] as const) {
      const made = harness({ ttl: '10s', ...options, toolCalls })
      await record(made.cache, {}, CALL)
      expect((await open(made.cache, {}, 'replay')).reply.status).toBe(200)
      made.clock.advance(15 * SECOND)
      const { recorder } = await open(made.cache, {}, 'record')
      expect(recorder.fallback !== undefined).toBe(kept)
    }
  })

  it.each([
    ['even-stale', ['STALE', 'STALE', 'STALE']],
    [true, ['record', 'record', 'record']],
    [false, ['record', 'record', 'record']],
  ] as const)('is sent by a route with toolCalls: %s as that says, whichever route stored it', async (toolCalls, expected) => {
    const made = harness({ ttl: '10s', ...options, staleWhileRevalidate: '1h' })
    await record(made.cache.route({ toolCalls: 'even-stale' }), {}, CALL)
    const route = made.cache.route({ toolCalls })
    const sent = async (headers: Record<string, string>): Promise<string | undefined> => {
      const outcome = await route.open(Object.assign(request({ headers }), { again: () => new Promise<undefined>(() => undefined) }))
      if (outcome.kind === 'record') outcome.recorder.abort('origin-error')
      if (outcome.kind !== 'replay') return outcome.kind
      return outcome.reply.status === 504 ? '504' : field(outcome.reply.headers, 'x-llm-cache')
    }
    expect(await sent({})).toBe(toolCalls ? 'HIT' : 'record')
    made.clock.advance(15 * SECOND)
    expect([await sent({ 'cache-control': 'max-stale=20' }), await sent({}), await sent({})]).toEqual(expected)
    expect(await sent({ 'cache-control': 'only-if-cached' })).toBe(toolCalls === 'even-stale' ? 'STALE' : '504')
    const { recorder } = await open(route, { headers: { 'cache-control': 'no-cache, stale-if-error=60' } }, 'record')
    expect(recorder.fallback !== undefined).toBe(toolCalls === 'even-stale')
  })
})

describe('an origin that is slow', () => {
  const options = { staleIfError: '1h', staleIfSlow: '2s' } as const

  it('is waited for no longer than the route says; what it says later is stored', async () => {
    const made = await stale(options, 15 * SECOND)
    const waiting = made.reply()
    await settle()
    expect(made.sent).toHaveLength(1)
    made.clock.advance(2 * SECOND)
    const reply = await waiting
    expect(field(reply.headers, 'cache-status')).toBe('llm-cache; fwd=stale; ttl=-7; detail=stale-if-slow')
    await made.answer()
    expect(await text(await made.reply())).toBe('A new answer.')
  })

  it('is answered from when it is in time', async () => {
    const made = await stale(options, 15 * SECOND)
    const waiting = made.reply()
    await settle()
    made.clock.advance(SECOND)
    await made.answer()
    const reply = await waiting
    expect(await text(reply)).toBe('A new answer.')
    expect(field(reply.headers, 'x-llm-cache')).toBe('COLLAPSED')
  })

  it('fails: the old answer goes out at once', async () => {
    const made = await stale(options, 15 * SECOND)
    const waiting = made.reply()
    await settle()
    await made.answer('{"error":{}}', 503)
    expect(field((await waiting).headers, 'cache-status')).toMatch(/fwd=stale; fwd-status=503; ttl=-5; detail=stale-if-error/)
  })

  it('sends its head at once: what counts is its first byte', async () => {
    for (const [end, detail] of [
      ['silence', 'stale-if-slow'],
      ['breaks off', 'stale-if-error'],
      ['bytes', undefined],
    ] as const) {
      const made = await stale(options, 15 * SECOND)
      const waiting = made.reply()
      await settle()
      const { recorder } = await open(made.cache, made.sent[0]?.request as CacheRequest, 'record')
      recorder.head(200, SSE_HEAD)
      await settle()
      if (end === 'silence') made.clock.advance(2 * SECOND)
      else if (end === 'breaks off') recorder.abort('origin-error')
      else for (const frame of frames(['a', 'b'])) recorder.write(encode(frame))
      const reply = await waiting
      expect([end, field(reply.headers, 'x-llm-cache')]).toEqual([end, detail ? 'STALE' : 'COLLAPSED'])
      if (detail) expect(field(reply.headers, 'cache-status')).toContain(`detail=${detail}`)
      recorder.end()
      expect((await drain(reply)).end).toBe('done')
    }
  })

  it('answers with a head alone: that is its answer', async () => {
    const made = await stale(options, 15 * SECOND)
    const waiting = made.reply()
    await settle()
    const { recorder } = await open(made.cache, made.sent[0]?.request as CacheRequest, 'record')
    recorder.head(404, JSON_HEAD)
    await settle()
    recorder.end()
    expect((await waiting).status).toBe(404)
  })
})

describe('lifetimes', () => {
  it('are what a function of the answer says; nothing is stored for 0, a throw, or what is no duration', async () => {
    for (const [ttl, storedFor] of [
      [() => '5s', 5],
      [() => 0, 0],
      [
        () => {
          throw new Error('no')
        },
        0,
      ],
      [() => 'soon', 0],
    ] as [() => never, number][]) {
      const made = harness({ ttl })
      await record(made.cache)
      if (storedFor === 0) expect(made.last('entry-skipped').reason).toBe('ttl-zero')
      else {
        made.clock.advance(storedFor * SECOND - 1)
        await open(made.cache, {}, 'replay')
        made.clock.advance(1)
        await open(made.cache, {}, 'record')
      }
    }
  })

  it('get the answer to judge by', async () => {
    const seen: unknown[] = []
    const made = harness({
      ttl(answer) {
        seen.push([answer.status, answer.contentType, answer.model, answer.usage, JSON.parse(answer.text()).object])
        return '1h'
      },
    })
    await record(made.cache)
    expect(seen).toEqual([[200, 'application/json', 'gpt-4o-2024-08-06', { inputTokens: 12, outputTokens: 7 }, 'chat.completion']])
  })

  it('lose up to the share that jitter says, and never more', async () => {
    const lives = new Set<number>()
    for (let round = 0; round < 50; round++) {
      const made = harness({ ttl: '100s', jitter: 0.2 })
      await record(made.cache)
      const { reply } = await open(made.cache, {}, 'replay')
      const ttl = Number(/ttl=(\d+)/.exec(field(reply.headers, 'cache-status') ?? '')?.[1])
      expect(ttl).toBeGreaterThanOrEqual(80)
      expect(ttl).toBeLessThanOrEqual(100)
      lives.add(ttl)
    }
    expect(lives.size).toBeGreaterThan(3)
  })
})

describe('a refresh under way, where what is stale lies in a store that takes its time', () => {
  const slow = (): LlmCacheOptions => ({ store: new Keyv(), staleIfError: '1h' })

  it('keeps nobody waiting to whom the stale answer may be sent', async () => {
    const made = await stale({ ...slow(), staleWhileRevalidate: '30s' }, 15 * SECOND)
    for (let asker = 0; asker < 5; asker++) expect(field((await made.reply()).headers, 'x-llm-cache')).toBe('STALE')
    expect(made.sent).toHaveLength(1)
  })

  it('is waited for by others, who get the stale answer when it fails', async () => {
    const made = await stale({ ...slow(), staleWhileRevalidate: '7s' }, 15 * SECOND)
    await made.reply()
    await settle()
    made.clock.advance(5 * SECOND)
    const waiting = made.reply()
    await settle()
    await made.answer('{"error":{}}', 503)
    expect(field((await waiting).headers, 'cache-status')).toMatch(/fwd=stale; fwd-status=503; .*detail=stale-if-error/)
  })
})
