import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.js'
import type { Clock } from '../../src/ports.js'
import { createModelServer } from '../../src/testing/model-server/server.js'
import type { ModelServer, ModelServerOptions } from '../../src/testing/model-server/types.js'
import { chat, events, gemini, poster } from './model-requests.js'

let server: ModelServer
beforeAll(async () => {
  server = await createModelServer()
})
afterEach(() => server.reset())
afterAll(() => server.close())

const post = poster(() => server)

describe('the gate', () => {
  it('lets a stream go forward chunk by chunk', async () => {
    server.hold()
    const pending = post('/v1/chat/completions', chat('What are tides?', { stream: true }))
    await server.waitForCalls(1)
    expect(server.calls[0]).toMatchObject({ chunks: 0, status: 0, done: false })
    await server.step()
    expect(server.calls[0]?.chunks).toBe(1)
    const response = await pending
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const first = await reader.read()
    expect(events(Buffer.from(first.value as Uint8Array).toString())).toHaveLength(1)
    await server.step(4)
    expect(server.calls[0]?.chunks).toBe(5)
    server.release()
    let rest = ''
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += Buffer.from(part.value).toString()
    expect(rest).toContain('[DONE]')
    await server.settled()
    expect(server.calls[0]).toMatchObject({ done: true, aborted: false })
  })

  it('holds JSON answers, lets earlier and later calls go, and steps each held call', async () => {
    server.hold()
    const held = [1, 2].map((index) => post('/v1/chat/completions', chat(`tides ${index}`)).then((response) => response.json()))
    await server.waitForCalls(2)
    expect(server.calls.map((call) => call.chunks)).toEqual([0, 0])
    await server.step()
    expect(await Promise.all(held)).toHaveLength(2)
    const third = post('/v1/chat/completions', chat('tides 3'))
    await server.waitForCalls(3, '/v1/chat/completions')
    expect(server.calls[2]?.chunks).toBe(0)
    server.release()
    expect((await third).status).toBe(200)
    expect((await post('/v1/chat/completions', chat('tides 4'))).status).toBe(200)
  })

  it('does not wait for calls that left', async () => {
    server.hold()
    const leave = new AbortController()
    const gone = post('/v1/chat/completions', chat('tides', { stream: true }), { signal: leave.signal }).catch((error: unknown) => error)
    await server.waitForCalls(1)
    leave.abort()
    await gone
    await server.until(([call]) => call?.aborted === true)
    await server.step(3)
    expect(server.calls[0]).toMatchObject({ aborted: true, chunks: 0 })
  })
})

describe('back-pressure', () => {
  it('stops generating for a client that does not read', async () => {
    // About 15 MB: more than the sockets' buffers hold.
    const body = JSON.stringify(chat('tides', { stream: true, n: 800 }))
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.pause()
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    await server.waitForCalls(1)
    let seen = -1
    // Until nothing was sent during a whole turn of ten polls of the event loop.
    for (let quiet = 0; quiet < 10; ) {
      await new Promise((resolve) => setImmediate(resolve))
      const chunks = server.calls[0]?.chunks ?? 0
      quiet = chunks === seen && chunks > 0 ? quiet + 1 : 0
      seen = chunks
    }
    expect(server.calls[0]).toMatchObject({ done: false })
    expect(seen).toBeLessThan(server.calls[0]?.usage.outputTokens ?? 0)
    socket.destroy()
    await server.settled()
    expect(server.calls[0]).toMatchObject({ aborted: true, done: true })
  })
})

describe('latency', () => {
  /** A clock that jumps to each timer as it is set, and notes the delays. */
  const jumpingClock = () => {
    const delays: number[] = []
    let now = 0
    const clock: Clock = {
      now: () => now,
      monotonic: () => now,
      schedule: (ms, callback) => {
        delays.push(ms)
        queueMicrotask(() => {
          now += ms
          callback()
        })
        return () => undefined
      },
    }
    return { clock, delays, total: () => now }
  }
  const run = async (options: ModelServerOptions, stream: boolean, content = 'tides') => {
    const { clock, delays, total } = jumpingClock()
    const own = await createModelServer({ ...options, clock })
    await (await poster(() => own)('/v1/chat/completions', chat(content, { stream }))).text()
    const tokens = own.calls[0]?.usage.outputTokens ?? 0
    await own.close()
    return { delays, tokens, total: total() }
  }

  it('is that of the first token and of each further one, for streams and JSON alike', async () => {
    const streamed = await run({ firstTokenMs: 350, tokenMs: 12 }, true)
    expect(streamed.delays[0]).toBe(350)
    expect(streamed.delays.slice(1)).toEqual(new Array(streamed.tokens).fill(12))
    const whole = await run({ firstTokenMs: 350, tokenMs: 12 }, false)
    expect(whole.total).toBe(350 + 12 * (whole.tokens - 1))
    expect((await run({}, true)).delays).toEqual([])
  })

  it('varies by the jitter, repeatably for a seed', async () => {
    const options = { firstTokenMs: 100, tokenMs: 10, jitter: 0.5 }
    const first = await run({ ...options, seed: 3 }, true)
    expect(await run({ ...options, seed: 3 }, true)).toEqual(first)
    expect(await run({ ...options, seed: 4 }, true)).not.toEqual(first)
    for (const delay of first.delays.slice(1)) expect(Math.abs(delay - 10)).toBeLessThanOrEqual(5.001)
    expect(new Set(first.delays).size).toBeGreaterThan(10)
  })

  it('is longer by the fault slow-first-byte', async () => {
    expect((await run({ firstTokenMs: 100, slowFirstByteMs: 900 }, true, '[[fault:slow-first-byte]]')).delays).toEqual([1000])
  })
})

describe('other formats and options', () => {
  it('answers Gemini and Ollama, whole as streamed', async () => {
    const geminiText = (body: { candidates: { content: { parts: { text: string }[] } }[] }) => body.candidates[0]?.content.parts[0]?.text
    const whole = JSON.parse(await (await post('/v1beta/models/m:generateContent', gemini('What are tides?'))).text())
    const parts = events(await (await post('/v1beta/models/m:streamGenerateContent?alt=sse', gemini('What are tides?'))).text())
    expect(parts.map(geminiText).join('')).toBe(geminiText(whole))
    expect(parts.at(-1).usageMetadata).toEqual(whole.usageMetadata)

    const body = chat('What are tides?')
    const chatted = JSON.parse(await (await post('/api/chat', { ...body, stream: false })).text())
    const lines = (await (await post('/api/chat', body)).text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map((line) => line.message.content).join('')).toBe(chatted.message.content)
    expect(chatted).toMatchObject({ done: true, done_reason: 'stop', eval_count: lines.at(-1).eval_count })
    expect(server.callCount('/api/chat')).toBe(2)
    expect(server.callCount()).toBe(4)
  })

  it('refuses what a provider refuses', async () => {
    const status = async (path: string, body: unknown) => (await post(path, body)).status
    expect(await status('/v1/nothing', {})).toBe(404)
    expect(await status('/v1/chat/completions', '{"model":')).toBe(400)
    expect(await status('/v1/chat/completions', [1])).toBe(400)
    expect(await status('/v1/chat/completions', { messages: [{}] })).toBe(400)
    expect(await status('/v1/messages', chat('no max_tokens'))).toBe(400)
    expect(await status('/v1/embeddings', { model: 'm', input: '' })).toBe(400)
    expect((await fetch(`${server.url}/v1/chat/completions`)).status).toBe(404)
  })

  it('cuts streams anywhere, varies answers and adds headers when told to', async () => {
    const own = await createModelServer({ chunkBytes: 7, vary: true, headers: { 'set-cookie': ['a=1'] } })
    const first = await poster(() => own)('/v1/chat/completions', chat('What are tides?', { stream: true }))
    const text = (body: string) =>
      events(body)
        .map((event) => event.choices[0].delta.content ?? '')
        .join('')
    expect(first.headers.get('set-cookie')).toBe('a=1')
    const one = text(await first.text())
    const two = text(await (await poster(() => own)('/v1/chat/completions', chat('What are tides?', { stream: true }))).text())
    expect(one).toContain('tides')
    expect(two).not.toBe(one)
    expect(own.calls[0]?.chunks).toBeGreaterThan((own.calls[0]?.usage.outputTokens ?? 0) * 10)
    await own.close()
    await own.close()
  })

  it('names wrong options', async () => {
    await expect(createModelServer({ tokensMs: 3 } as ModelServerOptions)).rejects.toBeInstanceOf(OptionError)
    await expect(createModelServer({ tokenMs: -1 })).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', option: 'tokenMs' })
    await expect(createModelServer({ port: Number(new URL(server.url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
