import Anthropic from '@anthropic-ai/sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createModelServer } from '../../src/testing/model-server/server.js'
import type { ModelServer } from '../../src/testing/model-server/types.js'

let server: ModelServer
beforeAll(async () => {
  server = await createModelServer()
})
afterEach(() => server.reset())
afterAll(() => server.close())

const client = () => new Anthropic({ baseURL: server.url, apiKey: 'test', maxRetries: 0 })
const ask = (content: string) => ({ model: 'claude-sonnet-5', max_tokens: 1000, messages: [{ role: 'user' as const, content }] })
const WEATHER = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] }
const tools = [{ name: 'get_weather', input_schema: WEATHER }]

describe('@anthropic-ai/sdk', () => {
  it('gets a message, whole and streamed', async () => {
    const whole = await client().messages.create({ ...ask('What are tides?'), system: 'Be brief.' })
    const final = await client()
      .messages.stream({ ...ask('What are tides?'), system: 'Be brief.' })
      .finalMessage()
    expect(whole.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('tides') })
    expect(whole.stop_reason).toBe('end_turn')
    expect(final.content).toEqual(whole.content)
    expect(final.usage.output_tokens).toBe(whole.usage.output_tokens)
    expect(final.id).not.toBe(whole.id)
    expect(server.calls[1]).toMatchObject({ path: '/v1/messages', stream: true, model: 'claude-sonnet-5', aborted: false })
  })

  it('sends text events and a raw stream ending in message_stop', async () => {
    let text = ''
    const stream = client().messages.stream(ask('What are tides?'))
    stream.on('text', (delta) => {
      text += delta
    })
    expect(await stream.finalText()).toBe(text)
    const types: string[] = []
    for await (const event of await client().messages.create({ ...ask('What are tides?'), stream: true })) types.push(event.type)
    expect([types[0], types.at(-1)]).toEqual(['message_start', 'message_stop'])
  })

  it('uses tools, whole and streamed', async () => {
    const body = { ...ask('Call the tool for Lisbon'), tools }
    const whole = await client().messages.create(body)
    const final = await client().messages.stream(body).finalMessage()
    for (const message of [whole, final]) {
      expect(message.stop_reason).toBe('tool_use')
      expect(message.content).toMatchObject([{ type: 'tool_use', name: 'get_weather', input: { city: 'Lisbon' } }])
    }
    const use = whole.content[0] as Anthropic.ToolUseBlock
    const result = { role: 'user' as const, content: [{ type: 'tool_result' as const, tool_use_id: use.id, content: '21' }] }
    const after = await client().messages.create({
      ...body,
      messages: [...body.messages, { role: 'assistant', content: whole.content as never }, result],
    })
    expect(after.stop_reason).toBe('end_turn')
  })

  it('tells why it stopped', async () => {
    const reason = async (content: string, extra: object = {}) => {
      const whole = await client().messages.create({ ...ask(content), ...extra })
      const final = await client()
        .messages.stream({ ...ask(content), ...extra })
        .finalMessage()
      expect(final.stop_reason).toBe(whole.stop_reason)
      return whole
    }
    expect((await reason('tides', { max_tokens: 5 })).stop_reason).toBe('max_tokens')
    expect(await reason('tides', { stop_sequences: ['.'] })).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: '.' })
    expect((await reason('[[fault:pause]] tides')).stop_reason).toBe('pause_turn')
    expect(await reason('[[fault:refusal]] tides')).toMatchObject({ stop_reason: 'refusal', stop_details: { type: 'refusal' } })
    expect((await reason('[[fault:content-filter]] tides')).stop_reason).toBe('refusal')
    expect((await reason('[[fault:length]] tides')).stop_reason).toBe('max_tokens')
    expect((await reason('[[fault:empty]] tides')).content).toEqual([])
  })

  it('raises the client’s own errors', async () => {
    const create = (fault: string) => client().messages.create(ask(`[[fault:${fault}]] tides`))
    await expect(create('rate-limit')).rejects.toBeInstanceOf(Anthropic.RateLimitError)
    await expect(create('overloaded')).rejects.toMatchObject({ status: 529, type: 'overloaded_error' })
    await expect(create('bad-key')).rejects.toBeInstanceOf(Anthropic.AuthenticationError)
    await expect(client().messages.create({ ...ask('hi'), messages: [] })).rejects.toBeInstanceOf(Anthropic.BadRequestError)
    const broken = client().messages.stream(ask('[[fault:error-frame]] tides'))
    await expect(broken.finalMessage()).rejects.toMatchObject({ type: 'overloaded_error' })
    await expect(client().messages.stream(ask('[[fault:cut]] tides')).finalMessage()).rejects.toBeInstanceOf(Error)
  })

  it('answers with JSON for a schema, and lists models', async () => {
    const output_config = { format: { type: 'json_schema' as const, schema: WEATHER } }
    const typed = await client().messages.create({ ...ask('Lisbon'), output_config })
    expect(typed.content).toMatchObject([{ text: '{"city":"Lisbon"}' }])
    const ids: string[] = []
    for await (const model of client().models.list()) ids.push(model.id)
    expect(ids).toContain('claude-sonnet-5')
  })

  it('is seen to abort', async () => {
    server.failNext('hang')
    const stream = client().messages.stream(ask('tides'))
    const ended = stream.done().catch((error: unknown) => error)
    await server.waitForCalls(1)
    stream.abort()
    expect(await ended).toBeInstanceOf(Anthropic.APIUserAbortError)
    await server.settled()
    expect(server.calls[0]).toMatchObject({ fault: 'hang', aborted: true, status: 0, chunks: 0 })
  })
})
