import { describe, expect, it } from 'vitest'
import type { Outcome, Recorder } from '../../src/exchange.js'
import { completion, drain, encode, field, frames, harness, JSON_HEAD, open, record, request, SSE_HEAD } from './support.js'

const finish = (recorder: Recorder, body = completion()): void => {
  recorder.write(encode(body))
  recorder.end()
}

async function follower(outcome: Outcome | Promise<Outcome>): Promise<Extract<Outcome, { kind: 'replay' }>> {
  const settled = await outcome
  if (settled.kind !== 'replay') throw new Error(`${settled.kind} instead of a follower's replay`)
  return settled
}

describe('collapsed forwarding', () => {
  it('shares one origin call, and followers get every byte live from the first', async () => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const early = h.cache.open(request())
    const all = frames(['one', 'two'])
    recorder.head(200, SSE_HEAD)
    recorder.write(encode(all[0] as string))
    const late = await follower(h.cache.open(request()))
    expect(field(late.reply.headers, 'x-llm-cache')).toBe('COLLAPSED')
    expect(field(late.reply.headers, 'Cache-Status')).toBe('llm-cache; fwd=uri-miss; collapsed')
    expect(field(late.reply.headers, 'x-llm-cache-id')).toBe(recorder.id)
    if (late.reply.body.kind !== 'chunks') throw new Error('not live')
    const first = late.reply.body.chunks.next()
    expect(first).not.toBeInstanceOf(Promise)
    const second = late.reply.body.chunks.next()
    expect(second).toBeInstanceOf(Promise)
    for (const frame of all.slice(1)) recorder.write(encode(frame))
    recorder.end()
    expect((await second).kind).toBe('chunk')
    expect((await drain((await follower(early)).reply)).text).toBe(all.join(''))
    expect(h.types().filter((type) => type === 'lookup-miss')).toHaveLength(1)
    expect(h.last('flight-ended')).toMatchObject({ followers: 2, completed: true })
    expect((await h.cache.stats()).saved.inputTokens).toBe(0)
  })

  it('counts what followers saved', async () => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const followers = [h.cache.open(request()), h.cache.open(request())]
    recorder.head(200, JSON_HEAD)
    finish(recorder)
    await Promise.all(followers)
    expect((await h.cache.stats()).saved.outputTokens).toBe(14)
  })

  it.each([429, 500, 404])("shares a failed leader's %i instead of releasing a stampede", async (status) => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const waiting = Array.from({ length: 5 }, () => h.cache.open(request()))
    recorder.head(status, [...JSON_HEAD, ['Retry-After', '7']])
    finish(recorder, '{"error":{"message":"no"}}')
    for (const outcome of waiting) {
      const { reply } = await follower(outcome)
      expect(reply.status).toBe(status)
      expect(field(reply.headers, 'Retry-After')).toBe('7')
      expect((await drain(reply)).text).toContain('"no"')
    }
    await open(h.cache, {}, 'record')
  })

  it.each([
    ['Set-Cookie', 'sid=leader'],
    ['Cache-Control', 'private'],
    ['Cache-Control', 'no-store'],
    ['Vary', 'X-Mood'],
  ])('never shares an answer with %s: %s, and does not make the next ones wait', async (name, value) => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const waiting = [h.cache.open(request()), h.cache.open(request())]
    recorder.head(200, [...JSON_HEAD, [name, value]])
    for (const outcome of waiting) expect((await outcome).kind).toBe('record')
    finish(recorder)
    await open(h.cache, {}, 'record')
    await open(h.cache, {}, 'record')
    h.clock.advance(61_000)
    await open(h.cache, {}, 'record')
    expect(h.cache.open(request())).toBeInstanceOf(Promise)
  })

  it('lets followers go as soon as the handler skips', async () => {
    const h = harness()
    const { handle } = await open(h.cache, {}, 'record')
    const waiting = h.cache.open(request())
    handle.skip()
    expect((await waiting).kind).toBe('record')
  })

  it('makes one follower lead when the leader breaks off before its head', async () => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const waiting = Array.from({ length: 4 }, () => h.cache.open(request()))
    recorder.abort('origin-error')
    const next = await waiting[0]
    if (next?.kind !== 'record') throw new Error('nobody leads')
    next.recorder.head(200, JSON_HEAD)
    finish(next.recorder)
    for (const outcome of waiting.slice(1))
      expect((await drain((await follower(outcome as Promise<Outcome>)).reply)).text).toBe(completion())
  })

  it('cuts followers where a leader was cut', async () => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const waiting = h.cache.open(request())
    recorder.head(200, SSE_HEAD)
    recorder.write(encode('data: half'))
    recorder.abort('origin-error')
    expect(await drain((await follower(waiting)).reply)).toEqual({ text: 'data: half', end: 'aborted' })
  })

  it('never waits for ever: a silent leader is given up', async () => {
    const h = harness({ collapse: { timeout: '30s' } })
    const silent = await open(h.cache, {}, 'record')
    const waiting = h.cache.open(request())
    h.clock.advance(29_999)
    expect(await Promise.race([waiting, 'waiting'])).toBe('waiting')
    h.clock.advance(1)
    expect((await waiting).kind).toBe('record')
    expect(h.last('flight-timeout').waitedMs).toBe(30_000)
    silent.recorder.head(200, JSON_HEAD)
    finish(silent.recorder)
    await open(h.cache, {}, 'replay')
  })

  it('cuts a follower off when the leader falls silent in a stream for five times as long', async () => {
    const h = harness({ collapse: { timeout: '30s' } })
    const { recorder } = await open(h.cache, {}, 'record')
    recorder.head(200, SSE_HEAD)
    recorder.write(encode('data: a\n\n'))
    const reading = drain((await follower(h.cache.open(request()))).reply)
    h.clock.advance(149_000)
    recorder.write(encode('data: b\n\n'))
    h.clock.advance(149_999)
    expect(await Promise.race([reading, Promise.resolve('reading')])).toBe('reading')
    h.clock.advance(1)
    expect(await reading).toEqual({ text: 'data: a\n\ndata: b\n\n', end: 'aborted' })
  })

  it('leaves no timer behind', async () => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const waiting = h.cache.open(request())
    // What the miss is compared with is done at once; the flight's own timer stays.
    h.clock.advance(0)
    expect(h.clock.pending()).toBe(1)
    recorder.head(200, JSON_HEAD)
    finish(recorder)
    await waiting
    expect(h.clock.pending()).toBe(0)
  })

  it('can be switched off', async () => {
    const { cache } = harness({ collapse: false })
    await open(cache, {}, 'record')
    await open(cache, {}, 'record')
  })

  it('does not collapse different users', async () => {
    const { cache } = harness()
    await open(cache, { headers: { authorization: 'a' } }, 'record')
    await open(cache, { headers: { authorization: 'b' } }, 'record')
  })

  it('never joins a forced refresh, nor lets it join', async () => {
    const { cache } = harness()
    await open(cache, {}, 'record')
    await open(cache, { headers: { 'cache-control': 'no-cache' } }, 'record')
  })

  it('answers late comers from the new entry while a slow store is still writing it', async () => {
    const h = harness({
      store: {
        name: 'slow',
        limits: { maxEntryBytes: Number.POSITIVE_INFINITY },
        get: async () => undefined,
        set: () => new Promise<boolean>(() => undefined),
        delete: async () => false,
        clear: async () => undefined,
        size: () => undefined,
        close: () => undefined,
      },
    })
    await record(h.cache)
    const hit = await follower(h.cache.open(request()))
    expect(field(hit.reply.headers, 'x-llm-cache')).toBe('HIT')
  })

  it('reads a store once for simultaneous askers', async () => {
    let reads = 0
    let answer: (value: undefined) => void = () => undefined
    const h = harness({
      store: {
        name: 'counting',
        limits: { maxEntryBytes: Number.POSITIVE_INFINITY },
        get: (key) => {
          if (!key.startsWith('lc1.')) return undefined
          reads++
          return new Promise((resolve) => {
            answer = resolve
          })
        },
        set: async () => true,
        delete: async () => false,
        clear: async () => undefined,
        size: () => undefined,
        close: () => undefined,
      },
    })
    const all = Array.from({ length: 100 }, () => h.cache.open(request()))
    await Promise.resolve()
    answer(undefined)
    const leader = await all[0]
    if (leader?.kind !== 'record') throw new Error('no leader')
    leader.recorder.head(200, JSON_HEAD)
    finish(leader.recorder)
    for (const outcome of all.slice(1)) await follower(outcome as Promise<Outcome>)
    expect(reads).toBe(1)
  })
})

describe('clients that leave', () => {
  it('the leader leaves: followers get everything, and the handler learns of it at the end', async () => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const waiting = h.cache.open(request())
    recorder.head(200, JSON_HEAD)
    let released = 0
    expect(recorder.clientGone(() => released++)).toBe(true)
    recorder.write(encode(completion()))
    expect(released).toBe(0)
    recorder.end()
    expect(released).toBe(1)
    expect((await drain((await follower(waiting)).reply)).text).toBe(completion())
    await open(h.cache, {}, 'replay')
  })

  it('all leave: the handler is told, and nobody joins any more', async () => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    recorder.head(200, SSE_HEAD)
    recorder.write(encode('data: a\n\n'))
    const { reply } = await follower(h.cache.open(request()))
    let released = 0
    expect(recorder.clientGone(() => released++)).toBe(true)
    if (reply.body.kind === 'chunks') reply.body.chunks.cancel()
    expect(released).toBe(1)
    expect(h.last('entry-skipped').reason).toBe('client-gone')
    await open(h.cache, {}, 'record')
  })

  it('a follower that leaves while it waits takes nobody with it', async () => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const controller = new AbortController()
    const leaving = h.cache.open(request({ signal: controller.signal }))
    const staying = h.cache.open(request())
    controller.abort()
    expect((await follower(leaving)).reply.status).toBe(499)
    recorder.head(200, JSON_HEAD)
    finish(recorder)
    expect((await drain((await follower(staying)).reply)).text).toBe(completion())
  })

  it('a waiting follower keeps the handler going after its leader left', async () => {
    const h = harness()
    const { recorder } = await open(h.cache, {}, 'record')
    const controller = new AbortController()
    const waiting = h.cache.open(request({ signal: controller.signal }))
    let released = 0
    expect(recorder.clientGone(() => released++)).toBe(true)
    controller.abort()
    await waiting
    expect(released).toBe(1)
  })
})
