import { describe, expect, it } from 'vitest'
import { createLlmCache } from '../../src/cache.js'
import type { Entry } from '../../src/entry/entry.js'
import { OptionError } from '../../src/errors.js'
import type { CacheStore } from '../../src/ports.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { completion, drain, encode, field, frames, harness, JSON_HEAD, open, record, SSE_HEAD } from './support.js'

const skipReason = async (body: string, head = JSON_HEAD, status = 200, options = {}): Promise<string> => {
  const { cache, last } = harness(options)
  await record(cache, {}, body, head, status)
  await open(cache, {}, 'record')
  return last('entry-skipped').reason
}

describe('write gates', () => {
  it.each<[string, string, typeof JSON_HEAD, number]>([
    ['status', completion(), JSON_HEAD, 500],
    ['status', completion(), JSON_HEAD, 302],
    ['set-cookie', completion(), [...JSON_HEAD, ['Set-Cookie', 'a=b']], 200],
    ['response-no-store', completion(), [...JSON_HEAD, ['Cache-Control', 'no-store']], 200],
    ['response-private', completion(), [...JSON_HEAD, ['Cache-Control', 'private']], 200],
    ['vary', completion(), [...JSON_HEAD, ['Vary', 'Accept-Language']], 200],
    ['encoded', completion(), [...JSON_HEAD, ['Content-Encoding', 'gzip']], 200],
    ['content-length-mismatch', completion(), [...JSON_HEAD, ['Content-Length', '3']], 200],
    ['invalid-json', '{"choices":[', JSON_HEAD, 200],
    ['error-body', '{"error":{"message":"overloaded"}}', JSON_HEAD, 200],
    ['finish-length', completion('x', 'length'), JSON_HEAD, 200],
    ['finish-content-filter', completion('x', 'content_filter'), JSON_HEAD, 200],
    ['no-terminal-marker', frames(['a', 'b']).slice(0, -1).join(''), SSE_HEAD, 200],
    ['empty', '', JSON_HEAD, 200],
  ])('%s', async (reason, body, head, status) => {
    expect(await skipReason(body, head, status)).toBe(reason)
  })

  it('lets provider-style no-cache headers and Vary on keyed fields pass', async () => {
    const { cache } = harness({ headers: ['accept-language'] })
    await record(cache, {}, completion(), [
      ...JSON_HEAD,
      ['Cache-Control', 'no-cache, no-transform'],
      ['Vary', 'Accept-Language, Authorization, Accept-Encoding'],
    ])
    await open(cache, {}, 'replay')
  })

  it('too-large: by the bound, while the client still gets everything', async () => {
    const { cache, last } = harness({ maxEntryBytes: 2000 })
    await record(cache, {}, completion('x'.repeat(3000)))
    expect(last('entry-skipped').reason).toBe('too-large')
  })

  it('client-gone: when nobody is left to receive the answer', async () => {
    const { cache, last } = harness()
    const { recorder } = await open(cache, {}, 'record')
    recorder.head(200, JSON_HEAD)
    expect(recorder.clientGone(() => undefined)).toBe(false)
    recorder.write(encode(completion()))
    recorder.end()
    expect(last('entry-skipped').reason).toBe('client-gone')
    await open(cache, {}, 'record')
  })

  it('origin-error: when it breaks off, or ends without ever answering', async () => {
    const { cache, last } = harness()
    const broken = await open(cache, {}, 'record')
    broken.recorder.head(200, JSON_HEAD)
    broken.recorder.abort('origin-error')
    expect(last('entry-skipped').reason).toBe('origin-error')
    const silent = await open(cache, { url: '/other' }, 'record')
    silent.recorder.end()
    expect(last('entry-skipped').reason).toBe('origin-error')
  })

  it('complete: the app has the last word, and a throw is a no', async () => {
    expect(await skipReason(completion(), JSON_HEAD, 200, { complete: () => false })).toBe('complete-check')
    expect(
      await skipReason(completion(), JSON_HEAD, 200, {
        complete: () => {
          throw new Error()
        },
      }),
    ).toBe('complete-check')
  })

  it('complete: the app can vouch for a stream of free text', async () => {
    const text: typeof JSON_HEAD = [['Content-Type', 'text/plain']]
    const stream = async (options: object): Promise<string> => {
      const { cache } = harness(options)
      const { recorder } = await open(cache, {}, 'record')
      recorder.head(200, text)
      recorder.write(encode('Once upon '))
      recorder.write(encode('a time.'))
      recorder.end()
      return (await cache.open((await import('./support.js')).request())).kind
    }
    expect(await stream({})).toBe('record')
    expect(await stream({ complete: ({ text: read }: { text(): string }) => read().endsWith('.') })).toBe('replay')
  })

  it('tells on the next request why the last answer was not stored', async () => {
    const { cache } = harness()
    await record(cache, {}, completion('x', 'length'))
    const own = await record(cache, {}, completion('y'))
    expect(field(own, 'Cache-Status')).toBe('llm-cache; fwd=uri-miss; detail=finish-length')
    expect(field((await open(cache, {}, 'replay')).reply.headers, 'Cache-Status')).not.toContain('detail')
  })

  it('a late, second or nested end changes nothing', async () => {
    const { cache, types } = harness()
    const { recorder } = await open(cache, {}, 'record')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    recorder.write(encode('more'))
    recorder.end()
    recorder.abort('origin-error')
    expect(types().filter((type) => type.startsWith('entry-'))).toEqual(['entry-stored'])
    expect((await drain((await open(cache, {}, 'replay')).reply)).text).toBe(completion())
  })
})

describe('the handle', () => {
  it('names what the answer is made from; the entry also has who answered, and when the origin was asked', async () => {
    const clock = createManualClock()
    const inner = createMemoryStore({ clock })
    const stored: Entry[] = []
    const store: CacheStore = { ...inner, set: (entry) => stored.push(entry) > 0 && inner.set(entry) }
    const cache = createLlmCache({ clock, store, dependsOn: (asked) => [`template:${asked.header('x-template')}`] })
    const { recorder, handle } = await open(cache, { headers: { 'x-template': 'v3' } }, 'record')
    const startedAt = clock.now()
    handle.dependsOn('doc:1', 'doc:2').dependsOn('doc:1')
    expect(() => handle.dependsOn('')).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'dependsOn' }))
    recorder.head(200, JSON_HEAD)
    clock.advance(5000)
    recorder.write(encode(completion()))
    recorder.end()
    const meta = { dependsOn: ['template:v3', 'doc:1', 'doc:2'], model: 'gpt-4o', snapshot: 'gpt-4o-2024-08-06', startedAt }
    expect(stored[0]?.meta).toMatchObject(meta)
    const idle = await open(cache, { headers: { 'x-template': 'v3' } }, 'replay')
    expect(idle.handle.dependsOn('doc:3')).toBe(idle.handle)
    await cache.close()
  })

  it('tags, sets the ttl and reports usage', async () => {
    const { cache, clock, last } = harness({ tags: ['route'], ttl: '1h' })
    const { recorder, handle } = await open(cache, {}, 'record')
    expect(handle.outcome).toBe('MISS')
    handle.tag('a', 'b').tag('a').ttl('1m').usage({ inputTokens: 1000 }).usage({ outputTokens: 500 })
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    expect(last('entry-stored')).toMatchObject({ tags: 3, usage: { inputTokens: 1000, outputTokens: 500 } })
    clock.advance(59_999)
    await open(cache, {}, 'replay')
    clock.advance(1)
    await open(cache, {}, 'record')
  })

  it('skips', async () => {
    const { cache, last } = harness()
    const { recorder, handle } = await open(cache, {}, 'record')
    handle.skip('side effects').skip('again')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    expect(last('entry-skipped').reason).toBe('handler-skip')
  })

  it('never lets a caller lengthen what the handler says', async () => {
    const { cache, clock } = harness({ controls: { maxTtl: '1h' } })
    const { recorder, handle } = await open(cache, { headers: { 'x-llm-cache-control': 'ttl=10m' } }, 'record')
    handle.ttl('1m')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    clock.advance(60_000)
    await open(cache, {}, 'record')
  })

  it('carries the words of a skip, and takes no word for the sign of an inner cache', async () => {
    const { cache, last } = harness()
    const { recorder, handle } = await open(cache, {}, 'record')
    handle.skip('superseded')
    const own = recorder.head(200, JSON_HEAD)
    recorder.end()
    expect(field(own, 'x-llm-cache')).toBe('MISS')
    expect(last('entry-skipped')).toMatchObject({ reason: 'handler-skip', detail: 'superseded' })
  })

  it('counts only what is a count', async () => {
    const { cache } = harness()
    const { recorder, handle } = await open(cache, {}, 'record')
    handle.usage({ inputTokens: 'abc', outputTokens: -5, cachedInputTokens: Number.NaN } as never)
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    await open(cache, {}, 'replay')
    expect((await cache.stats()).saved).toMatchObject({ inputTokens: 0, outputTokens: 0, usd: 0 })
  })

  it('does not store with a ttl of zero', async () => {
    const { cache, last } = harness()
    const { recorder, handle } = await open(cache, {}, 'record')
    handle.ttl(0)
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    expect(last('entry-skipped').reason).toBe('ttl-zero')
  })

  it('refuses a wrong ttl or tag by name, and does nothing on a hit', async () => {
    const { cache } = harness()
    const { handle, recorder } = await open(cache, {}, 'record')
    expect(() => handle.ttl(Number.NaN)).toThrow(OptionError)
    expect(() => handle.ttl('1 hour' as never)).toThrow(/ttl/)
    expect(() => handle.tag('')).toThrow(OptionError)
    expect(() => handle.tag('x'.repeat(201))).toThrow(OptionError)
    handle.tag('__proto__', 'constructor')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    const hit = await open(cache, {}, 'replay')
    expect(hit.handle.tag('x').ttl(0).skip().usage({}).outcome).toBe('HIT')
    await open(cache, {}, 'replay')
  })

  it('lets a cache further in decide: the outer one stands back', async () => {
    const { cache, last } = harness()
    const outer = await open(cache, {}, 'record')
    const inner = harness()
    await record(inner.cache, { outer: outer.handle })
    outer.recorder.head(200, JSON_HEAD)
    outer.recorder.write(encode(completion()))
    outer.recorder.end()
    expect(last('entry-skipped').reason).toBe('superseded')
    await open(inner.cache, {}, 'replay')
  })
})

describe('replaying streams', () => {
  async function recordStream(h: ReturnType<typeof harness>): Promise<string> {
    const { recorder } = await open(h.cache, {}, 'record')
    recorder.head(200, SSE_HEAD)
    const all = frames(['one ', 'two ', 'three'])
    for (const frame of all) {
      recorder.write(encode(frame))
      h.clock.advance(100)
    }
    recorder.end()
    return all.join('')
  }

  it('at once in one piece by default', async () => {
    const h = harness()
    const text = await recordStream(h)
    const { reply } = await open(h.cache, {}, 'replay')
    expect(reply.body.kind).toBe('bytes')
    expect((await drain(reply)).text).toBe(text)
  })

  it('with the rhythm of the origin', async () => {
    const h = harness({ replay: 'recorded' })
    const text = await recordStream(h)
    const { reply } = await open(h.cache, {}, 'replay')
    if (reply.body.kind !== 'chunks') throw new Error('not paced')
    const { chunks } = reply.body
    let got = ''
    const arrivals: number[] = []
    const start = h.clock.monotonic()
    for (;;) {
      const pending = chunks.next()
      if (pending instanceof Promise) h.clock.advance(100)
      const step = await pending
      if (step.kind !== 'chunk') break
      arrivals.push(h.clock.monotonic() - start)
      got += new TextDecoder().decode(step.bytes)
    }
    expect(got).toBe(text)
    expect(arrivals).toEqual([0, 100, 200, 300, 400])
  })

  it('at a steady rate of tokens, and late chunks at once for a slow reader', async () => {
    const h = harness({ replay: { tokensPerSecond: 10 } })
    await recordStream(h)
    const { reply } = await open(h.cache, {}, 'replay')
    if (reply.body.kind !== 'chunks') throw new Error('not paced')
    const first = reply.body.chunks.next()
    expect(first).toBeInstanceOf(Promise)
    h.clock.advance(60_000)
    expect((await first).kind).toBe('chunk')
    expect(reply.body.chunks.next()).not.toBeInstanceOf(Promise)
    reply.body.chunks.cancel()
    expect(reply.body.chunks.next()).toEqual({ kind: 'aborted' })
    expect(h.clock.pending()).toBe(0)
  })
})
