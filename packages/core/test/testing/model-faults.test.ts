import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createModelServer } from '../../src/testing/model-server/server.js'
import { FAULTS, type Fault, type ModelServer } from '../../src/testing/model-server/types.js'
import { chat, gemini, poster } from './model-requests.js'

let server: ModelServer
beforeAll(async () => {
  server = await createModelServer()
})
afterEach(() => server.reset())
afterAll(() => server.close())

const post = poster(() => server)

/** Every format's path, body for a prompt, and what must stand at a stream's proper end. */
const FORMATS = [
  { name: 'chat', path: '/v1/chat/completions', body: (text: string) => chat(text, { stream: true }), end: '[DONE]' },
  {
    name: 'completions',
    path: '/v1/completions',
    body: (text: string) => ({ model: 'm', prompt: text, max_tokens: 99, stream: true }),
    end: '[DONE]',
  },
  {
    name: 'responses',
    path: '/v1/responses',
    body: (text: string) => ({ model: 'm', input: text, stream: true }),
    end: 'response.completed',
  },
  { name: 'anthropic', path: '/v1/messages', body: (text: string) => chat(text, { stream: true, max_tokens: 999 }), end: 'message_stop' },
  { name: 'gemini', path: '/v1beta/models/m:streamGenerateContent?alt=sse', body: gemini, end: '"finishReason":"STOP"' },
  { name: 'ollama chat', path: '/api/chat', body: (text: string) => chat(text), end: '"done":true' },
  { name: 'ollama generate', path: '/api/generate', body: (text: string) => ({ model: 'm', prompt: text }), end: '"done":true' },
]

describe.each(FORMATS)('faults of $name streams', ({ path, body, end }) => {
  const read = async (fault?: Fault) => {
    if (fault) server.failNext(fault)
    const response = await post(path, body('What are tides?'))
    return { status: response.status, text: await response.text(), retry: response.headers.get('retry-after') }
  }

  it('ends properly without a fault, and only then', async () => {
    expect((await read()).text).toContain(end)
    for (const fault of ['no-terminal', 'error-frame'] as const) {
      const { status, text } = await read(fault)
      expect(status).toBe(200)
      expect(text.length).toBeGreaterThan(100)
      expect(text).not.toContain(end)
    }
    await expect(read('cut')).rejects.toThrow()
    await server.settled()
    expect(server.calls.at(-1)).toMatchObject({ fault: 'cut', aborted: false, status: 200 })
  })

  it('reports refused calls in the provider’s own format', async () => {
    for (const [fault, statuses] of [
      ['rate-limit', [429]],
      ['server-error', [500]],
      ['overloaded', [503, 529]],
      ['bad-key', [401]],
    ] as const) {
      const { status, text, retry } = await read(fault)
      expect(statuses).toContain(status)
      expect(JSON.parse(text)).toHaveProperty('error')
      expect(retry).toBe(status === 429 ? '1' : null)
    }
  })

  it('puts one broken frame into the stream', async () => {
    const { text } = await read('malformed-json')
    const lines = text.split(/\r?\n/).filter((line) => /^(data: )?\{/.test(line))
    const broken = lines.filter((line) => {
      try {
        return JSON.parse(line.replace('data: ', '')) === undefined
      } catch {
        return true
      }
    })
    expect(broken).toHaveLength(1)
  })
})

describe('faults', () => {
  it('are asked for by the queue first, then by the prompt, then by the option', async () => {
    const own = await createModelServer({ fault: (call) => (call.model === 'broken' ? 'server-error' : undefined) })
    const status = async (body: object) => (await poster(() => own)('/v1/chat/completions', body)).status
    own.failNext('bad-key', 2)
    own.failNext('rate-limit')
    const prompt = chat('[[fault:overloaded]]', { model: 'broken' })
    expect([await status(prompt), await status(prompt), await status(prompt), await status(prompt)]).toEqual([401, 401, 429, 503])
    expect(await status(chat('tides', { model: 'broken' }))).toBe(500)
    expect(await status(chat('tides'))).toBe(200)
    await own.close()
  })

  it('show in JSON answers too', async () => {
    const read = async (fault: Fault) => {
      const response = await post('/v1/chat/completions', chat(`[[fault:${fault}]] What are tides?`))
      return { status: response.status, text: await response.text() }
    }
    const choice = async (fault: Fault) => JSON.parse((await read(fault)).text).choices[0]
    expect(await choice('empty')).toMatchObject({ message: { content: '' }, finish_reason: 'stop' })
    expect((await choice('length')).finish_reason).toBe('length')
    expect((await choice('content-filter')).finish_reason).toBe('content_filter')
    expect((await choice('no-terminal')).finish_reason).toBeNull()
    expect((await choice('refusal')).message).toMatchObject({ content: null, refusal: expect.stringContaining('sorry') })
    expect(await read('error-frame')).toMatchObject({ status: 200, text: expect.stringMatching(/^\{"error":/) })
    const malformed = await read('malformed-json')
    expect(() => JSON.parse(malformed.text)).toThrow(SyntaxError)
    await expect(read('cut')).rejects.toThrow()
  })

  it('are all known by name, others refused', () => {
    for (const fault of FAULTS) expect(() => server.failNext(fault)).not.toThrow()
    expect(() => server.failNext('nonsense' as Fault)).toThrow(/rate-limit/)
  })

  it('hang until the client leaves, or the server breaks it off', async () => {
    const leave = new AbortController()
    server.failNext('hang', 2)
    const left = post('/v1/chat/completions', chat('tides'), { signal: leave.signal }).catch((error: unknown) => error)
    const stayed = post('/v1/chat/completions', chat('tides')).catch((error: unknown) => error)
    await server.waitForCalls(2)
    const calls = [...server.calls]
    leave.abort()
    await left
    await server.until((all) => all.some((call) => call.aborted))
    server.reset()
    expect(await stayed).toBeInstanceOf(TypeError)
    await server.settled()
    expect(calls.map((call) => call.done)).toEqual([true, true])
    expect(calls.filter((call) => call.aborted)).toHaveLength(1)
  })
})
