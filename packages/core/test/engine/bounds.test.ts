import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createMarks } from '../../src/engine/marks.js'
import { createPacedSource } from '../../src/engine/pace.js'
import type { Outcome } from '../../src/exchange.js'
import type { CacheStore } from '../../src/ports.js'
import { listen } from '../../src/testing/adapter-contract/listen.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { completion, drain, encode, field, frames, harness, JSON_HEAD, open, record, request, SSE_HEAD } from './support.js'

/** A store that answers later, and holds what it is given. */
function laterStore(): CacheStore & { readonly reads: number; answer(): void } {
  const entries = new Map<string, Awaited<ReturnType<CacheStore['get']>>>()
  const waiting: (() => void)[] = []
  let reads = 0
  return {
    name: 'later',
    limits: { maxEntryBytes: Number.POSITIVE_INFINITY },
    get reads() {
      return reads
    },
    get(key) {
      // The cache's own records are nobody's request.
      if (!key.startsWith('lc1.')) return undefined
      reads++
      return new Promise((resolve) => waiting.push(() => resolve(entries.get(key))))
    },
    set: async (entry) => {
      entries.set(entry.key, entry)
      return true
    },
    delete: async (key) => entries.delete(key),
    clear: async () => entries.clear(),
    size: () => undefined,
    close: () => undefined,
    answer() {
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}

const settled = (outcome: Outcome | Promise<Outcome>): Promise<Outcome | 'waiting'> =>
  Promise.race([outcome, new Promise<'waiting'>((resolve) => setImmediate(() => resolve('waiting')))])

describe('bounds of the engine', () => {
  it('a follower joins three flights that break off, and no fourth: then it leads by itself', async () => {
    const { cache } = harness()
    let leader = await open(cache, {}, 'record')
    // Joined the first flight; each that breaks off makes the one before it lead.
    const all = Array.from({ length: 6 }, () => cache.open(request()))
    const led: number[] = []
    for (let round = 0; round < 3; round++) {
      leader.recorder.abort('origin-error')
      const now = await Promise.all(all.map(settled))
      const leading = now.flatMap((outcome, index) => (outcome !== 'waiting' && outcome.kind === 'record' ? [index] : []))
      led.push(leading.length)
      leader = now[leading.at(-1) as number] as typeof leader
    }
    // One leads in each of the first rounds; whoever lost three leaders waits for no other.
    expect(led).toEqual([1, 2, 6])
  })

  it('a request for a range is bypassed, whatever is stored', async () => {
    const { cache } = harness()
    await record(cache)
    for (const explicit of [false, true]) {
      const outcome = await open(cache, { headers: { range: 'bytes=0-9' }, explicit }, 'bypass')
      expect([outcome.reason, field(outcome.headers, 'x-llm-cache')]).toEqual(['range-request', explicit ? 'BYPASS' : undefined])
    }
  })

  it('a follower whose leader finds an entry too old for it asks the origin by itself', async () => {
    const store = laterStore()
    const { cache, clock } = harness({ store, ttl: '10m' })
    const first = cache.open(request())
    store.answer()
    const { recorder } = (await first) as Extract<Outcome, { kind: 'record' }>
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(100_000)
    const reads = store.reads
    const leader = cache.open(request())
    const content = cache.open(request({ headers: { 'cache-control': 'max-age=101' } }))
    const picky = cache.open(request({ headers: { 'cache-control': 'max-age=99' } }))
    store.answer()
    expect((await leader).kind).toBe('replay')
    expect((await content).kind).toBe('replay')
    expect((await picky).kind).toBe('record')
    expect(store.reads).toBe(reads + 1)
  })

  it('urls and fields too long to remember are keyed all the same, each for itself', async () => {
    const { cache } = harness({ headers: ['x-locale'] })
    const long = 'a'.repeat(5000)
    const parts = [
      { url: `/${long}1` },
      { url: `/${long}2` },
      { headers: { 'x-locale': `${long}1` } },
      { headers: { 'x-locale': `${long}2` } },
    ]
    for (const [index, each] of parts.entries()) await record(cache, each, completion(`answer ${index}`))
    for (const [index, each] of parts.entries()) {
      expect((await drain((await open(cache, each, 'replay')).reply)).text).toBe(completion(`answer ${index}`))
    }
  })

  it('generic requests wait for each other only once their route was seen to ask a model, and not on other routes', async () => {
    const model = await listen(createServer((_request, response) => response.end(completion())))
    const { cache } = harness({ upstream: [{ host: new URL(model.url).host }] })
    const ask = { url: '/ask?session=1', body: { message: 'hi' } }
    const [first, second] = [await open(cache, ask, 'record'), await open(cache, ask, 'record')]
    expect(first.recorder.id).not.toBe(second.recorder.id)
    await first.recorder.run(async () => (await fetch(model.url, { method: 'POST' })).text())
    first.recorder.head(200, JSON_HEAD)
    first.recorder.write(encode('{"reply":"hello"}'))
    first.recorder.end()
    const third = { url: '/ask?session=2', body: { message: 'another' } }
    await open(cache, third, 'record')
    expect(await settled(cache.open(request(third)))).toBe('waiting')
    const elsewhere = { ...third, url: '/other' }
    await open(cache, elsewhere, 'record')
    expect(await settled(cache.open(request(elsewhere)))).toMatchObject({ kind: 'record' })
    await cache.close()
    await model.close()
  })

  it.each([
    ['1m', '2m', 60],
    ['2m', '1m', 60],
    ['30s', undefined, 30],
  ] as const)('freshness is the lesser of the handler (%s) and the caller (%s)', async (handler, caller, seconds) => {
    const { cache } = harness({ ttl: '1h' })
    const headers: Record<string, string> = caller === undefined ? {} : { 'x-llm-cache-control': `ttl=${caller}` }
    const { recorder, handle } = await open(cache, { headers }, 'record')
    handle.ttl(handler)
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    expect(field((await open(cache, {}, 'replay')).reply.headers, 'Cache-Status')).toBe(`llm-cache; hit; ttl=${seconds}`)
  })

  it('skip() after the head is too late for followers, who receive the whole answer; it is not stored', async () => {
    const h = harness()
    const { recorder, handle } = await open(h.cache, {}, 'record')
    recorder.head(200, SSE_HEAD)
    const [first = '', ...rest] = frames(['a', 'b'])
    recorder.write(encode(first))
    const early = await open(h.cache, {}, 'replay')
    handle.skip('changed my mind')
    const late = await settled(h.cache.open(request()))
    expect(late).toMatchObject({ kind: 'replay' })
    for (const frame of rest) recorder.write(encode(frame))
    recorder.end()
    for (const follower of [early, late as typeof early])
      expect(await drain(follower.reply)).toEqual({ text: frames(['a', 'b']).join(''), end: 'done' })
    expect(h.last('entry-skipped').reason).toBe('handler-skip')
    await open(h.cache, {}, 'record')
  })

  it('a stored answer clears the reason for which an earlier one was not', async () => {
    const { cache, clock } = harness({ ttl: '1m' })
    await record(cache, {}, completion('x', 'length'))
    await record(cache, {}, completion('y'))
    clock.advance(61_000)
    const own = await record(cache, {}, completion('z'))
    expect(field(own, 'Cache-Status')).toMatch(/^llm-cache; fwd=(?:uri-miss|stale)$/)
    const marks = createMarks(clock)
    marks.skipped('key', 'empty', true)
    expect([marks.lastSkip('key'), marks.mayCollapse('key')]).toEqual(['empty', false])
    marks.stored('key')
    expect([marks.lastSkip('key'), marks.mayCollapse('key')]).toEqual([undefined, true])
  })

  it('a paced replay that is cancelled while it waits ends at once and leaves no timer', async () => {
    const clock = createManualClock()
    const body = encode('onetwo')
    const source = createPacedSource(
      sampleEntry(clock, {
        body,
        chunks: [
          [3, 0],
          [6, 1000],
        ],
      }),
      'recorded',
      clock,
    )
    expect((await source.next()).kind).toBe('chunk')
    const waiting = source.next()
    expect(waiting).toBeInstanceOf(Promise)
    expect(clock.pending()).toBe(1)
    source.cancel()
    expect(await waiting).toEqual({ kind: 'aborted' })
    expect(clock.pending()).toBe(0)
    expect(source.next()).toEqual({ kind: 'aborted' })
  })
})
