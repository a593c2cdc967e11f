import OpenAI7 from 'openai'
import OpenAI6 from 'openai-v6'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createModelServer } from '../../src/testing/model-server/server.js'
import type { ModelServer } from '../../src/testing/model-server/types.js'

let server: ModelServer
beforeAll(async () => {
  server = await createModelServer()
})
afterEach(() => server.reset())
afterAll(() => server.close())

const WEATHER = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
const tool = { type: 'function' as const, function: { name: 'get_weather', parameters: WEATHER } }
const ask = (content: string) => ({ model: 'gpt-4.1-mini', messages: [{ role: 'user' as const, content }] })
// Both majors share the surface used here.
const CLIENTS = { 6: OpenAI6 as unknown as typeof OpenAI7, 7: OpenAI7 }

describe.each([6, 7] as const)('openai %i', (major) => {
  const OpenAI = CLIENTS[major]
  const client = () => new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'test', maxRetries: 0, logLevel: 'off' })

  it('gets a chat completion, with a new id each time', async () => {
    const first = await client().chat.completions.create(ask('What are tides?'))
    const second = await client().chat.completions.create(ask('What are tides?'))
    expect(first.choices[0]?.message.content).toContain('tides')
    expect(first.choices[0]?.finish_reason).toBe('stop')
    expect(second.choices[0]?.message.content).toBe(first.choices[0]?.message.content)
    expect(second.id).not.toBe(first.id)
    expect(first.usage?.prompt_tokens).toBe(4)
    expect(first.usage?.total_tokens).toBe(4 + (first.usage?.completion_tokens ?? 0))
    expect(server.calls.map((call) => call.id)).toEqual([first.id, second.id].map((id) => id.replace('chatcmpl-', '')))
    expect(server.calls[0]).toMatchObject({
      path: '/v1/chat/completions',
      model: 'gpt-4.1-mini',
      stream: false,
      status: 200,
      prompt: 'What are tides?',
    })
  })

  it('streams the same text, with usage only when asked for', async () => {
    const whole = await client().chat.completions.create(ask('What are tides?'))
    for (const include_usage of [false, true]) {
      const stream = await client().chat.completions.create({ ...ask('What are tides?'), stream: true, stream_options: { include_usage } })
      let text = ''
      const usages: unknown[] = []
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? ''
        if (chunk.usage) usages.push(chunk.usage)
      }
      expect(text).toBe(whole.choices[0]?.message.content)
      expect(usages).toEqual(include_usage ? [whole.usage] : [])
    }
  })

  it('assembles a stream with the client’s own helper, several choices and tool calls included', async () => {
    const runner = client().chat.completions.stream({ ...ask('What are tides?'), n: 2 })
    const final = await runner.finalChatCompletion()
    expect(final.choices.map((choice) => choice.index)).toEqual([0, 1])
    expect(final.choices[0]?.message.content).not.toBe(final.choices[1]?.message.content)
    const called = await client()
      .chat.completions.stream({ ...ask('Lisbon weather'), tools: [tool], tool_choice: 'required' })
      .finalChatCompletion()
    const call = called.choices[0]?.message.tool_calls?.[0]
    expect(called.choices[0]?.finish_reason).toBe('tool_calls')
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({ city: 'Lisbon' })
  })

  it('calls a tool when the prompt asks for it, and answers its result with text', async () => {
    const plain = await client().chat.completions.create({ ...ask('How is Lisbon?'), tools: [tool] })
    expect(plain.choices[0]?.finish_reason).toBe('stop')
    const called = await client().chat.completions.create({ ...ask('Call the tool for Lisbon'), tools: [tool] })
    const message = called.choices[0]?.message
    expect(message?.content).toBeNull()
    const call = message?.tool_calls?.[0]
    const after = await client().chat.completions.create({
      ...ask(''),
      messages: [
        { role: 'user', content: 'Call the tool for Lisbon' },
        message as NonNullable<typeof message>,
        { role: 'tool', tool_call_id: call?.id ?? '', content: '21' },
      ],
      tools: [tool],
    })
    expect(after.choices[0]?.finish_reason).toBe('stop')
    expect(after.choices[0]?.message.content).toContain('Lisbon')
  })

  it('honours max_tokens, stop and JSON formats', async () => {
    const short = await client().chat.completions.create({ ...ask('What are tides?'), max_tokens: 5 })
    expect(short.choices[0]?.finish_reason).toBe('length')
    expect(short.usage?.completion_tokens).toBe(5)
    const stopped = await client().chat.completions.create({ ...ask('What are tides?'), stop: ['.'] })
    expect(stopped.choices[0]?.message.content).not.toContain('.')
    const schema = { name: 'weather', strict: true, schema: WEATHER }
    const typed = await client().chat.completions.create({
      ...ask('Lisbon'),
      response_format: { type: 'json_schema', json_schema: schema },
    })
    expect(JSON.parse(typed.choices[0]?.message.content ?? '')).toEqual({ city: 'Lisbon' })
    const object = await client().chat.completions.create({ ...ask('Lisbon as JSON'), response_format: { type: 'json_object' } })
    expect(JSON.parse(object.choices[0]?.message.content ?? '')).toHaveProperty('answer')
  })

  it('speaks Responses, JSON and stream, text and tools', async () => {
    const body = { model: 'gpt-5', input: 'What are tides?', instructions: 'Be brief.' }
    const whole = await client().responses.create(body)
    expect(whole.output_text).toContain('tides')
    expect(whole.status).toBe('completed')
    const streamed = await client().responses.stream(body).finalResponse()
    expect(streamed.output_text).toBe(whole.output_text)
    expect(streamed.usage).toEqual(whole.usage)
    const numbers: number[] = []
    for await (const event of await client().responses.create({ ...body, stream: true })) numbers.push(event.sequence_number)
    expect(numbers).toEqual(numbers.map((_, index) => index))
    const tools = [{ type: 'function' as const, name: 'get_weather', parameters: WEATHER, strict: true }]
    const called = await client()
      .responses.stream({ ...body, input: 'Call the tool for Lisbon', tools })
      .finalResponse()
    expect(called.output[0]).toMatchObject({ type: 'function_call', name: 'get_weather', arguments: '{"city":"Lisbon"}' })
    const short = await client().responses.create({ ...body, max_output_tokens: 16 })
    expect([short.status, short.incomplete_details?.reason]).toEqual(['incomplete', 'max_output_tokens'])
  })

  it('decodes embeddings, whose similarity follows the words', async () => {
    const { data, usage } = await client().embeddings.create({
      model: 'text-embedding-3-small',
      input: ['how do tides work', 'how do the tides work', 'bake some bread'],
    })
    const [one, near, far] = data.map((item) => item.embedding) as [number[], number[], number[]]
    const dot = (left: number[], right: number[]) => left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0)
    expect(one).toHaveLength(1536)
    expect(dot(one, one)).toBeCloseTo(1, 4)
    expect(dot(one, near)).toBeGreaterThan(0.8)
    expect(Math.abs(dot(one, far))).toBeLessThan(0.15)
    expect(usage.total_tokens).toBeGreaterThan(0)
    const floats = await client().embeddings.create({
      model: 'text-embedding-3-small',
      input: 'tides',
      dimensions: 64,
      encoding_format: 'float',
    })
    const packed = await client().embeddings.create({ model: 'text-embedding-3-small', input: 'tides', dimensions: 64 })
    expect(floats.data[0]?.embedding).toHaveLength(64)
    expect(packed.data[0]?.embedding).toEqual(floats.data[0]?.embedding)
    expect(server.calls.at(-1)?.body).toMatchObject({ encoding_format: 'base64' })
  })

  it('lists models and completes legacy prompts', async () => {
    const ids: string[] = []
    for await (const model of client().models.list()) ids.push(model.id)
    expect(ids).toContain('gpt-4.1-mini')
    const body = { model: 'gpt-3.5-turbo-instruct', prompt: 'Tides are', max_tokens: 40 }
    const whole = await client().completions.create(body)
    let text = ''
    for await (const chunk of await client().completions.create({ ...body, stream: true })) text += chunk.choices[0]?.text ?? ''
    expect(text).toBe(whole.choices[0]?.text)
    expect(text).not.toBe('')
  })

  it('raises the client’s own errors', async () => {
    const create = (content: string) => client().chat.completions.create(ask(content))
    await expect(create('[[fault:rate-limit]] hi')).rejects.toBeInstanceOf(OpenAI.RateLimitError)
    await expect(create('[[fault:server-error]] hi')).rejects.toBeInstanceOf(OpenAI.InternalServerError)
    await expect(create('[[fault:bad-key]] hi')).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
    await expect(create('[[fault:nonsense]] hi')).rejects.toBeInstanceOf(OpenAI.BadRequestError)
    await expect(client().chat.completions.create({ model: 'm', messages: [] })).rejects.toBeInstanceOf(OpenAI.BadRequestError)
    await expect(create('[[fault:cut]] hi')).rejects.toBeInstanceOf(Error)
    const limited = await create('[[fault:rate-limit]]').catch((error: InstanceType<typeof OpenAI.APIError>) => error)
    expect(limited).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  })

  it.each(['chat', 'responses'] as const)('fails in the middle of a stream: %s', async (api) => {
    const read = async (fault: string) => {
      const content = `[[fault:${fault}]] What are tides?`
      const stream: AsyncIterable<unknown> =
        api === 'chat'
          ? await client().chat.completions.create({ ...ask(content), stream: true })
          : await client().responses.create({ model: 'gpt-5', input: content, stream: true })
      let chunks = 0
      let last: unknown
      try {
        for await (last of stream) chunks += 1
        return { chunks, last, error: undefined }
      } catch (error) {
        return { chunks, last, error }
      }
    }
    const framed = await read('error-frame')
    // openai 6 hands the error event of Responses on like any other.
    if (major === 7 || api === 'chat') expect(framed.error).toBeInstanceOf(OpenAI.APIError)
    else expect(framed.last).toMatchObject({ type: 'error', code: 'server_error' })
    expect(framed.chunks).toBeGreaterThan(5)
    expect((await read('malformed-json')).error).toBeInstanceOf(SyntaxError)
    const cut = await read('cut')
    expect(cut.error).toBeInstanceOf(Error)
    expect(cut.chunks).toBeGreaterThan(5)
    // The clean end without a terminal marker goes unnoticed by the client.
    const open = await read('no-terminal')
    expect([open.error, open.chunks > 5]).toEqual([undefined, true])
  })

  it('is seen to abort, and the server stops generating', async () => {
    server.hold()
    const stream = client().chat.completions.create({ ...ask('What are tides?'), stream: true })
    await server.waitForCalls(1)
    await server.step(3)
    const iterator = (await stream)[Symbol.asyncIterator]()
    await iterator.next()
    ;(await stream).controller.abort()
    await server.settled()
    expect(server.calls[0]).toMatchObject({ aborted: true, done: true, chunks: 3 })
  })
})
