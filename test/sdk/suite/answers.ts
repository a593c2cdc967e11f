/** SDK clients ask through the cache: what they get from a hit is what they got from the miss. */

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type AnthropicClient, anthropicClient, collect, OPENAI_MAJORS, type OpenAIClient, openaiClient } from '../clients.js'
import type { Framework } from '../frameworks.js'
import { proxyRoutes } from '../proxy.js'
import { withScene } from '../scene.js'

const PROMPT = 'What are tides?'
const chat = { model: 'gpt-4.1-mini', messages: [{ role: 'user' as const, content: PROMPT }] }
const response = { model: 'gpt-4.1-mini', input: PROMPT }
// The API's own default of 16 tokens cuts answers short.
const completion = { model: 'gpt-3.5-turbo-instruct', prompt: PROMPT, max_tokens: 400 }
const message = { ...chat, model: 'claude-haiku-4-5', max_tokens: 400 }
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
const jsonSchema = { type: 'json_schema' as const, json_schema: { name: 'place', strict: true, schema } }

/** Asks, and gives all that the SDK tells: enough to see a single byte's difference. */
type Ask<C> = readonly [name: string, ask: (client: C) => Promise<unknown>]

const openaiAsks: readonly Ask<OpenAIClient>[] = [
  ['chat completion', (client) => client.chat.completions.create(chat)],
  ['chat completion with several choices', (client) => client.chat.completions.create({ ...chat, n: 3, temperature: 0.5 })],
  ['chat stream', async (client) => collect(await client.chat.completions.create({ ...chat, stream: true }))],
  [
    'chat stream with usage',
    async (client) => collect(await client.chat.completions.create({ ...chat, stream: true, stream_options: { include_usage: true } })),
  ],
  ['chat.completions.parse', (client) => client.chat.completions.parse({ ...chat, response_format: jsonSchema })],
  [
    'chat.completions.stream',
    async (client) => {
      const stream = client.chat.completions.stream({ ...chat, stream_options: { include_usage: true } })
      const snapshots: unknown[] = []
      stream.on('content', (delta, snapshot) => snapshots.push([delta, snapshot]))
      const final = await stream.finalChatCompletion()
      return [snapshots, final, await stream.totalUsage()]
    },
  ],
  ['response', (client) => client.responses.create(response)],
  ['response stream', async (client) => collect(await client.responses.create({ ...response, stream: true }))],
  [
    'responses.parse',
    (client) => client.responses.parse({ ...response, text: { format: { type: 'json_schema', name: 'place', strict: true, schema } } }),
  ],
  [
    'responses.stream',
    async (client) => {
      const stream = client.responses.stream(response)
      return [await collect(stream), await stream.finalResponse()]
    },
  ],
  ['embeddings', (client) => client.embeddings.create({ model: 'text-embedding-3-small', input: ['tides', 'moons'] })],
  [
    'embeddings as numbers',
    (client) => client.embeddings.create({ model: 'text-embedding-3-small', input: 'tides', encoding_format: 'float' }),
  ],
  ['completion', (client) => client.completions.create(completion)],
  ['completion stream', async (client) => collect(await client.completions.create({ ...completion, stream: true }))],
  ['raw body', async (client) => digest(await (await client.chat.completions.create({ ...chat, stream: true }).asResponse()).text())],
]

const anthropicAsks: readonly Ask<AnthropicClient>[] = [
  ['message', (client) => client.messages.create(message)],
  ['message stream', async (client) => collect(await client.messages.create({ ...message, stream: true }))],
  [
    'messages.stream',
    async (client) => {
      const texts: unknown[] = []
      const stream = client.messages.stream(message).on('text', (delta, snapshot) => texts.push([delta, snapshot]))
      return [texts, await stream.finalMessage()]
    },
  ],
  [
    'message from blocks with a system prompt',
    (client) =>
      client.messages.create({
        ...message,
        system: [{ type: 'text', text: 'Answer in brief.' }],
        messages: [{ role: 'user', content: [{ type: 'text', text: PROMPT }] }],
      }),
  ],
]

export function answersSuite(framework: Framework): void {
  const scene = { routes: proxyRoutes(7) }

  describe.each(OPENAI_MAJORS)('openai %i', (major) => {
    const scene = { routes: proxyRoutes(major) }

    it.each(openaiAsks)('%s: a hit is the miss again', (_name, ask) =>
      withScene(framework, scene, async ({ url, fetch, labels, model, skips }) => {
        const client = openaiClient(major, url, { fetch })
        const missed = await ask(client)
        const second = await ask(client)
        expect(skips).toEqual([])
        expect(second).toEqual(missed)
        expect(labels).toEqual(['MISS', 'HIT'])
        expect(model.calls).toHaveLength(1)
      }),
    )

    it('tells its users of the hit, and of the request that the answer came from', () =>
      withScene(framework, scene, async ({ url }) => {
        const ask = () => openaiClient(major, url).chat.completions.create(chat).withResponse()
        const miss = await ask()
        const hit = await ask()
        expect([miss, hit].map((answer) => answer.response.headers.get('x-llm-cache'))).toEqual(['MISS', 'HIT'])
        expect(hit.request_id).toBe(miss.request_id)
        expect(hit.request_id).toMatch(/^req_/)
        expect(hit.data).toMatchObject({ _request_id: miss.request_id })
        expect(hit.response.headers.get('age')).toBe('0')
        expect(hit.response.headers.get('x-llm-cache-id')).toBe(miss.response.headers.get('x-llm-cache-id'))
      }))

    it('does not take a stream for a whole answer, nor another user’s answer', () =>
      withScene(framework, scene, async ({ url, fetch, labels }) => {
        const client = openaiClient(major, url, { fetch })
        await client.chat.completions.create(chat)
        await collect(await client.chat.completions.create({ ...chat, stream: true }))
        await openaiClient(major, url, { fetch, apiKey: 'another' }).chat.completions.create(chat)
        expect(labels).toEqual(['MISS', 'MISS', 'MISS'])
      }))

    it.each([false, true])('stores answers with tool calls only when told to: %s', (toolCalls) =>
      withScene(framework, { ...scene, cache: { toolCalls } }, async ({ url, fetch, labels, model, skips }) => {
        const client = openaiClient(major, url, { fetch })
        const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: schema } }]
        const asks: Ask<OpenAIClient>[1][] = [
          (c) => c.chat.completions.create({ ...chat, tools, tool_choice: 'required' }),
          async (c) => collect(await c.chat.completions.create({ ...chat, tools, tool_choice: 'required', stream: true })),
          (c) =>
            c.responses.create({
              ...response,
              tools: [{ ...tools[0]?.function, type: 'function', strict: null }],
              tool_choice: 'required',
            } as never),
        ]
        for (const ask of asks) {
          const [first, second] = [await ask(client), await ask(client)]
          if (toolCalls) expect(second).toEqual(first)
          else expect(second).not.toEqual(first)
        }
        expect(labels).toEqual(asks.flatMap(() => ['MISS', toolCalls ? 'HIT' : 'MISS']))
        expect(model.calls).toHaveLength(toolCalls ? asks.length : asks.length * 2)
        expect(new Set(skips)).toEqual(new Set(toolCalls ? [] : ['tool-calls']))
      }),
    )
  })

  describe('anthropic', () => {
    it.each(anthropicAsks)('%s: a hit is the miss again', (_name, ask) =>
      withScene(framework, scene, async ({ url, fetch, labels, model }) => {
        const client = anthropicClient(url, { fetch })
        const missed = await ask(client)
        expect(await ask(client)).toEqual(missed)
        expect(labels).toEqual(['MISS', 'HIT'])
        expect(model.calls).toHaveLength(1)
      }),
    )

    it('tells its users of the hit', () =>
      withScene(framework, scene, async ({ url }) => {
        const ask = () => anthropicClient(url).messages.create(message).withResponse()
        const miss = await ask()
        const hit = await ask()
        expect([miss, hit].map((answer) => answer.response.headers.get('x-llm-cache'))).toEqual(['MISS', 'HIT'])
        expect(hit.data).toEqual(miss.data)
        expect(hit.request_id).toBe(miss.request_id)
      }))

    it.each([false, true])('stores answers with tool calls only when told to: %s', (toolCalls) =>
      withScene(framework, { ...scene, cache: { toolCalls } }, async ({ url, fetch, labels, skips }) => {
        const client = anthropicClient(url, { fetch })
        const tooled = {
          ...message,
          tools: [{ name: 'get_weather', input_schema: { ...schema, type: 'object' as const } }],
          tool_choice: { type: 'any' as const },
        }
        const asks: Ask<AnthropicClient>[1][] = [(c) => c.messages.create(tooled), (c) => c.messages.stream(tooled).finalMessage()]
        for (const ask of asks) {
          const [first, second] = [await ask(client), await ask(client)]
          if (toolCalls) expect(second).toEqual(first)
          else expect(second).not.toEqual(first)
        }
        expect(labels).toEqual(asks.flatMap(() => ['MISS', toolCalls ? 'HIT' : 'MISS']))
        expect(new Set(skips)).toEqual(new Set(toolCalls ? [] : ['tool-calls']))
      }),
    )
  })
}

function digest(text: string): string {
  return `${text.length} ${createHash('sha256').update(text).digest('hex')}`
}
