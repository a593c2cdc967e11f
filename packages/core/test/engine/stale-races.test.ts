import Keyv from 'keyv'
import { describe, expect, it } from 'vitest'
import type { InvalidateSelector } from '../../src/control/selector.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheRequest, Outcome, Reply } from '../../src/exchange.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { createCluster } from './cluster.js'
import { completion, encode, field, type Harness, harness, JSON_HEAD, open, type RequestParts, record, request } from './support.js'

const SECOND = 1000
const NEW = completion('A new answer.')
async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve()
}
function app(made: Pick<Harness, 'cache'>) {
  const sent: { readonly request: CacheRequest; end(status: number | undefined): void }[] = []
  const ask = (parts: RequestParts = {}, can = true): CacheRequest =>
    Object.assign(request(parts), {
      again(mark?: object) {
        if (!can) return undefined
        return new Promise<number | undefined>((resolve) => {
          sent.push({ request: Object.assign(request(parts), { mark }), end: resolve })
        })
      },
    })
  return {
    sent,
    ask,
    async answer(body = NEW, status = 200, head = JSON_HEAD) {
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
async function stale(options: LlmCacheOptions, afterMs: number) {
  const made = harness({ ttl: '10s', ...options })
  await record(made.cache)
  made.clock.advance(afterMs)
  return { ...made, ...app(made) }
}

/** What was sent; the handler must not have been run. */
async function replied(outcome: Outcome | Promise<Outcome>): Promise<Reply> {
  const result = await outcome
  if (result.kind !== 'replay') throw new Error(`${result.kind} instead of replay`)
  return result.reply
}

/** What has become of it by now. */
function watch(outcome: Outcome | Promise<Outcome>): { outcome: Outcome | undefined } {
  const watched: { outcome: Outcome | undefined } = { outcome: undefined }
  void Promise.resolve(outcome).then((result) => {
    watched.outcome = result
  })
  return watched
}

describe('an origin that is slow, and several who ask', () => {
  const options = { staleIfError: '1h', staleIfSlow: '2s' } as const
  it('the second asker is not kept longer than staleIfSlow either', async () => {
    const made = await stale(options, 15 * SECOND)
    const first = made.cache.open(made.ask())
    const second = watch(made.cache.open(made.ask()))
    await settle()
    made.clock.advance(2 * SECOND)
    await settle()
    expect(field((await replied(first)).headers, 'x-llm-cache')).toBe('STALE')
    expect(second.outcome).toMatchObject({ kind: 'replay' })
  })
  it('the second asker gets the old answer when the refresh fails', async () => {
    const made = await stale(options, 15 * SECOND)
    void made.cache.open(made.ask())
    const second = made.cache.open(made.ask())
    await settle()
    await made.answer('{"error":{}}', 503)
    expect((await replied(second)).status).toBe(200)
  })
  it('during the pause after a failed refresh: no more than one origin call, and no unbounded wait', async () => {
    const made = await stale(options, 15 * SECOND)
    void made.cache.open(made.ask())
    await settle()
    await made.answer('{"error":{}}', 503)
    const outcomes = await Promise.race([
      Promise.all(Array.from({ length: 10 }, async () => made.cache.open(made.ask()))),
      settle().then(() => 'pending'),
    ])
    const kinds = Array.isArray(outcomes) ? outcomes.map(({ kind }) => kind) : outcomes
    expect((kinds as string[]).filter((kind) => kind === 'record').length).toBeLessThanOrEqual(1)
  })
  it('nobody asks beside a refresh that was silent for longer than followers wait', async () => {
    const made = await stale({ ...options, collapse: { timeout: '5s' } }, 15 * SECOND)
    void made.cache.open(made.ask())
    await settle()
    made.clock.advance(6 * SECOND)
    await settle()
    const later = await Promise.race([made.cache.open(made.ask()), settle().then(() => ({ kind: 'pending' }))])
    expect(later.kind).not.toBe('record')
  })
  it('is waited for without collapsing too', async () => {
    const made = await stale({ ...options, collapse: false }, 15 * SECOND)
    const asked = watch(made.cache.open(made.ask()))
    await settle()
    made.clock.advance(1)
    await settle()
    expect(asked.outcome, 'after 1 ms of 2 s').toBeUndefined()
    made.clock.advance(2 * SECOND)
    await settle()
    expect(asked.outcome).toMatchObject({ kind: 'replay' })
  })
})

describe('an old answer at hand', () => {
  const options = { staleIfError: '1h' } as const
  it('goes to the follower of a leader that has none', async () => {
    const made = await stale(options, 15 * SECOND)
    const { recorder } = await open(made.cache, { headers: { 'cache-control': 'min-fresh=1' } }, 'record')
    expect(recorder.fallback).toBeUndefined()
    const follower = made.cache.open(request())
    recorder.head(503, JSON_HEAD)
    recorder.write(encode('{"error":{}}'))
    recorder.end()
    expect((await replied(follower)).status).toBe(200)
  })
  it('is kept by a follower that has to ask for itself', async () => {
    const made = await stale(options, 15 * SECOND)
    const { recorder } = await open(made.cache, {}, 'record')
    const follower = made.cache.open(request())
    recorder.head(200, [...JSON_HEAD, ['Set-Cookie', 'a=b']])
    const outcome = await follower
    expect(outcome.kind === 'record' && outcome.recorder.fallback).toBeTruthy()
  })
  it('a follower in another process, whose leader fails, has it too', async () => {
    const clock = createManualClock()
    const cluster = createCluster(clock)
    const one = harness({ ttl: '10s', ...options, store: cluster.store(), clock })
    const two = harness({ ttl: '10s', ...options, store: cluster.store(), clock })
    await record(one.cache)
    await settle()
    clock.advance(15 * SECOND)
    const { recorder } = await open(one.cache, {}, 'record')
    const follower = two.cache.open(request())
    await settle()
    expect(recorder.fallback).toBeDefined()
    recorder.fallback?.take(503)
    await settle()
    // It asks for itself, with the old answer at hand.
    const outcome = await follower
    expect(outcome.kind === 'record' && outcome.recorder.fallback).toBeTruthy()
  })
})

describe.each<[string, InvalidateSelector]>([
  ['removed on purpose', { all: true }],
  ['retired by its tag', { tags: ['docs'] }],
  ['retired by its model', { dependsOn: 'model:gpt-4o' }],
])('what was %s meanwhile', (_how, selector) => {
  it('is not sent in place of an error', async () => {
    const made = await stale({ tags: ['docs'], staleIfError: '1h' }, 15 * SECOND)
    const { recorder } = await open(made.cache, {}, 'record')
    await made.cache.invalidate(selector)
    expect(recorder.fallback?.take(503)).toBeUndefined()
  })
  it('is not sent in place of a slow answer', async () => {
    const made = await stale({ tags: ['docs'], staleIfError: '1h', staleIfSlow: '2s' }, 15 * SECOND)
    const waiting = made.cache.open(made.ask())
    await settle()
    await made.cache.invalidate(selector)
    made.clock.advance(2 * SECOND)
    await settle()
    expect((await waiting).kind).toBe('record')
  })
})

describe('a request that cannot be asked again', () => {
  it('does not stop the refreshes of others', async () => {
    const made = await stale({ staleWhileRevalidate: '30s' }, 0)
    const other = { body: { model: 'gpt-4o', messages: [{ role: 'user', content: 'other' }] } }
    await record(made.cache, other)
    made.clock.advance(15 * SECOND)
    await made.cache.open(made.ask(other, false))
    await settle()
    expect((await made.cache.open(made.ask())).kind).toBe('replay')
  })
})

describe('a compressed old answer', () => {
  it('is there for an origin that fails at once', async () => {
    const long = completion('x'.repeat(60_000))
    const made = harness({ ttl: '10s', staleIfError: '1h', compression: 'gzip' })
    await record(made.cache, {}, long)
    await new Promise((resolve) => setTimeout(resolve, 200))
    made.clock.advance(15 * SECOND)
    const { recorder } = await open(made.cache, {}, 'record')
    expect(recorder.fallback?.take(503)).toBeDefined()
  })
})

describe('a shared store without coordination', () => {
  it('is looked at before the app is asked', async () => {
    const clock = createManualClock()
    const map = new Map<string, unknown>()
    const l1 = (): ReturnType<typeof createMemoryStore> => createMemoryStore({ clock })
    const options = { ttl: '10s', staleWhileRevalidate: '30s', clock } as const
    const one = harness({ ...options, store: [l1(), new Keyv({ store: map })] })
    const two = harness({ ...options, store: [l1(), new Keyv({ store: map })] })
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))
    await record(one.cache)
    await pause()
    await open(two.cache, {}, 'replay') // promoted
    clock.advance(15 * SECOND)
    const a = app(one)
    await one.cache.open(a.ask())
    await pause()
    await a.answer()
    expect(one.last('refresh-ended').outcome).toBe('stored')
    const b = app(two)
    await two.cache.open(b.ask())
    await pause()
    expect(b.sent).toHaveLength(0)
  })
})

describe('another process', () => {
  it('is waited for while it refreshes', async () => {
    const clock = createManualClock()
    const cluster = createCluster(clock)
    const options = { ttl: '10s', staleIfError: '1h', staleIfSlow: '2s', clock } as const
    const one = harness({ ...options, store: cluster.store() })
    const two = harness({ ...options, store: cluster.store() })
    await record(one.cache)
    await settle()
    clock.advance(15 * SECOND)
    const a = app(one)
    void one.cache.open(a.ask())
    await settle()
    expect(a.sent).toHaveLength(1)
    const b = app(two)
    const asked = watch(two.cache.open(b.ask()))
    await settle()
    expect(asked.outcome).toBeUndefined()
    await a.answer()
    await settle()
    expect(asked.outcome).toMatchObject({ kind: 'replay', reply: { status: 200 } })
    expect(b.sent).toHaveLength(0)
  })
})

describe('a refresh whose recording never ends', () => {
  it('does not stop refreshes of its key for ever', async () => {
    const made = await stale({ staleWhileRevalidate: '10h', staleIfError: 0 }, 15 * SECOND)
    await made.cache.open(made.ask())
    await settle()
    const next = made.sent.shift()
    if (!next) throw new Error('nothing was sent')
    const { recorder } = await open(made.cache, next.request, 'record')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode('x'))
    next.end(200) // the response ended (middleware further out replaced the body), the stream was never read to its end
    await settle()
    made.clock.advance(30 * SECOND)
    await settle()
    expect(made.last('refresh-ended')).toMatchObject({ outcome: 'failed', reason: 'not-reached' })
    made.clock.advance(SECOND)
    await made.cache.open(made.ask())
    await settle()
    expect(made.sent).toHaveLength(1)
  })
})

it('a leader that is gone, another process follows, the origin fails: the handler is let go', async () => {
  const clock = createManualClock()
  const cluster = createCluster(clock)
  const options = { ttl: '10s', staleIfError: '1h', clock } as const
  const one = harness({ ...options, store: cluster.store() })
  const two = harness({ ...options, store: cluster.store() })
  await record(one.cache)
  await settle()
  clock.advance(15_000)
  const { recorder } = await open(one.cache, {}, 'record')
  void two.cache.open(request())
  await settle()
  let released = false
  expect(recorder.clientGone(() => (released = true))).toBe(true)
  await settle()
  recorder.fallback?.take(503)
  await settle()
  expect(released).toBe(true)
})
it('an exception between lease and request gives the lease back', async () => {
  const clock = createManualClock()
  const cluster = createCluster(clock)
  const one = harness({ ttl: '10s', staleWhileRevalidate: '1h', clock, store: cluster.store() })
  await record(one.cache)
  await settle()
  clock.advance(15_000)
  const before = cluster.held
  await one.cache.open(
    Object.assign(request(), {
      again() {
        throw new Error('toJSON')
      },
    }),
  )
  await settle()
  expect(one.last('refresh-ended').outcome).toBe('failed')
  expect(cluster.held).toBe(before)
})
it('a refresh whose body breaks off ends', async () => {
  const made = harness({ ttl: '10s', staleWhileRevalidate: '10h' })
  await record(made.cache)
  made.clock.advance(15_000)
  const sent: { readonly mark: object | undefined; end(): void }[] = []
  const ask = (): CacheRequest =>
    Object.assign(request(), {
      again: (mark?: object) => new Promise<undefined>((resolve) => void sent.push({ mark, end: () => resolve(undefined) })),
    })
  await made.cache.open(ask())
  await settle()
  await made.cache.open(Object.assign(request({ raw: { kind: 'unreadable', reason: 'body-aborted' } }), { mark: sent[0]?.mark }))
  sent[0]?.end()
  await settle()
  expect(made.types()).toContain('refresh-ended')
})
it('Cache-Status of a fresh answer sent for no-cache, stale-if-error', async () => {
  const made = harness({ ttl: '10s', staleIfError: '1h' })
  await record(made.cache)
  made.clock.advance(5000)
  const { recorder } = await open(made.cache, { headers: { 'cache-control': 'no-cache, stale-if-error=60' } }, 'record')
  const reply = recorder.fallback?.take(500)
  expect(reply?.headers.find(([n]) => n === 'Cache-Status')?.[1]).toMatch(/fwd=request/)
})
