import { describe, expect, it } from 'vitest'
import { bypassOf, keyOf, request, shapeOf } from './request.js'

const user = [{ role: 'user', content: 'Why is the sky blue?' }]
const CHAT = { model: 'gpt-4o-mini', messages: user }
const CLAUDE = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: user }
const RESPONSES = { model: 'gpt-5', input: 'Why?' }
const EMBEDDINGS = { model: 'text-embedding-3-small', input: ['a', 'b'] }
const COMPLETIONS = { model: 'gpt-3.5-turbo-instruct', prompt: 'Once' }
const UI = {
  id: 'chat-1',
  messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Why?' }] }],
  trigger: 'submit-message',
}
const GEMINI = { contents: [{ role: 'user', parts: [{ text: 'Why?' }] }] }
const OLLAMA = { model: 'llama3.2', messages: user, options: { temperature: 0 } }
const GENERATE = { model: 'llama3.2', prompt: 'Why?' }

interface Case {
  provider: string
  url: string
  body: Record<string, unknown>
  /** Changes that must not change the key. */
  same: Record<string, unknown>[]
  /** Changes that must each give another key. */
  other: Record<string, unknown>[]
}

const perUser = [
  { user: 'u1' },
  { metadata: { user_id: 'u1' } },
  { seed: 1 },
  { stream: true },
  { unknown_field: 1 },
  { unknown_field: null },
]

const CASES: Case[] = [
  {
    provider: 'openai-chat',
    url: '/v1/chat/completions',
    body: CHAT,
    same: [
      { stream: false },
      { n: 1, temperature: 1, top_p: 1, frequency_penalty: 0, presence_penalty: 0 },
      { logprobs: false, parallel_tool_calls: true, service_tier: 'auto' },
      { prompt_cache_key: 'a', prompt_cache_retention: '24h' },
    ],
    other: [
      ...perUser,
      { n: 2 },
      { temperature: 0 },
      { temperature: null },
      { temperature: '1' },
      { stream_options: { include_usage: true } },
      { safety_identifier: 's' },
      { store: true },
      { store: false },
      { service_tier: 'flex' },
      { prompt_cache_options: { prewarm: true } },
      { tools: [] },
      { metadata: { prompt_cache_key: 'a' } },
      { metadata: { prompt_cache_key: 'b' } },
      { messages: [{ role: 'user', content: 'why is the sky blue?' }] },
      { messages: [{ role: 'user', content: 'Why is the sky blue? ' }] },
      { messages: [{ role: 'user', content: 'Why is the sky blue?', n: 1 }] },
      { messages: [{ role: 'user', content: 'Why is the sky blue?', prompt_cache_key: 'a' }] },
    ],
  },
  {
    provider: 'openai-responses',
    url: '/v1/responses',
    body: RESPONSES,
    same: [
      { stream: false, store: true, background: false, truncation: 'disabled' },
      { temperature: 1, top_p: 1 },
      { prompt_cache_key: 'a' },
    ],
    other: [
      ...perUser,
      { store: false },
      { previous_response_id: 'resp_1' },
      { instructions: 'x' },
      { input: [{ role: 'user', content: 'Why?' }] },
    ],
  },
  {
    provider: 'openai-embeddings',
    url: '/v1/embeddings',
    body: EMBEDDINGS,
    same: [{ encoding_format: 'float' }],
    other: [...perUser, { encoding_format: 'base64' }, { dimensions: 256 }, { input: ['b', 'a'] }, { input: [[1, 2]] }],
  },
  {
    provider: 'openai-completions',
    url: '/v1/completions',
    body: COMPLETIONS,
    same: [{ stream: false, n: 1, best_of: 1, echo: false }, { temperature: 1 }],
    other: [...perUser, { max_tokens: 16 }, { echo: true }, { prompt: ['Once'] }],
  },
  {
    provider: 'anthropic-messages',
    url: '/v1/messages',
    body: CLAUDE,
    same: [{ stream: false, temperature: 1, service_tier: 'auto' }],
    other: [...perUser, { max_tokens: 101 }, { system: 'x' }, { temperature: 0.5 }, { n: 1 }, { thinking: { type: 'adaptive' } }],
  },
  {
    provider: 'ai-sdk-ui',
    url: '/api/chat',
    body: UI,
    same: [
      { id: 'chat-2' },
      { messageId: 'm9' },
      { trigger: 'regenerate-message' },
      { messages: [{ id: 'm2', role: 'user', parts: [{ type: 'text', text: 'Why?' }] }] },
    ],
    other: [
      ...perUser,
      { trigger: 'something-else' },
      { messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Why?', id: 'x' }] }] },
      { messages: [{ id: 'm1', role: 'user', metadata: { id: 'x' }, parts: [{ type: 'text', text: 'Why?' }] }] },
      { messages: [{ id: 'm1', role: 'user', messageId: 'x', parts: [{ type: 'text', text: 'Why?' }] }] },
    ],
  },
  {
    provider: 'gemini',
    url: '/v1beta/models/gemini-2.5-flash:generateContent?key=k',
    body: GEMINI,
    same: [
      { generationConfig: { candidateCount: 1 } },
      { generationConfig: { candidateCount: 1, responseMimeType: 'text/plain' } },
      { generation_config: { candidate_count: 1 } },
    ],
    other: [
      ...perUser,
      { candidateCount: 1 },
      { generationConfig: { candidateCount: 2 } },
      { generationConfig: { temperature: 1 } },
      { systemInstruction: { parts: [{ text: 'x' }] } },
      { contents: [{ role: 'user', parts: [{ text: 'Why?' }], candidateCount: 1 }] },
    ],
  },
  {
    provider: 'ollama-chat',
    url: '/api/chat',
    body: OLLAMA,
    same: [{ stream: true }, { keep_alive: '10m' }, { keep_alive: -1 }],
    other: [
      { stream: false },
      { format: 'json' },
      { think: true },
      { options: { temperature: 0, seed: 1 } },
      { options: { temperature: 1 } },
    ],
  },
  {
    provider: 'ollama-generate',
    url: '/api/generate',
    body: GENERATE,
    same: [],
    other: [{ stream: true }, { stream: false }, { system: 'x' }, { raw: true }, { context: [1] }, { prompt: 'why?' }],
  },
  {
    provider: 'generic',
    url: '/ask',
    body: { question: 'Why?' },
    same: [],
    other: [...perUser, { n: 1 }, { temperature: 1 }, { stream: false }, { id: 'x' }, { prompt_cache_key: 'x' }, { question: 'why?' }],
  },
]

describe.each(CASES)('$provider', ({ provider, url, body, same, other }) => {
  const of = (change: object): ReturnType<typeof request> => request({ ...body, ...change }, { url })

  it('is recognised', () => {
    expect(shapeOf(of({}))).toMatchObject({
      provider,
      kind: provider === 'generic' ? 'generic' : 'provider',
      refresh: false,
      expectsJson: false,
    })
  })

  it('does not depend on key order', () => {
    const backwards = Object.fromEntries(Object.entries(body).reverse())
    for (const normalize of ['exact', 'default', 'loose'] as const) {
      expect(keyOf(request(backwards, { url, normalize }))).toBe(keyOf(request(body, { url, normalize })))
    }
  })

  it('leaves out defaults and fields without effect', () => {
    for (const change of same) expect([change, shapeOf(of(change)).provider, keyOf(of(change))]).toEqual([change, provider, keyOf(of({}))])
    if (same.length > 0) expect(keyOf(of(Object.assign({}, ...same)))).toBe(keyOf(of({})))
  })

  it('keeps everything else apart', () => {
    const keys = [{}, ...other].map((change) => keyOf(of(change)))
    const twins = other.filter((_, index) => keys.indexOf(keys[index + 1] as string) !== index + 1)
    expect(twins).toEqual([])
  })

  it('keeps all of it with exact', () => {
    const keys = [{}, ...same, ...other].map((change) => keyOf({ ...of(change), normalize: 'exact' }))
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('defaults that depend', () => {
  it('temperature 1 is a default only of the vendor’s own models', () => {
    const differs = (body: object): boolean => keyOf(request({ ...body, temperature: 1 })) !== keyOf(request(body))
    for (const model of ['gpt-5', 'o3-mini', 'openai/gpt-4o', 'ft:gpt-4o:acme']) expect(differs({ ...CHAT, model })).toBe(false)
    for (const model of ['meta-llama/Llama-3.1-8B-Instruct', 'mistral-small', 'gpt-oss-120b', 'my-model'])
      expect(differs({ ...CHAT, model })).toBe(true)
    expect(differs(CLAUDE)).toBe(false)
    expect(differs({ ...CLAUDE, model: 'other', system: 'x' })).toBe(true)
  })

  it('stream false is a default only on the provider’s own path', () => {
    for (const body of [CHAT, CLAUDE, RESPONSES, COMPLETIONS]) {
      expect(keyOf(request({ ...body, stream: false }, { url: '/chat' }))).not.toBe(keyOf(request(body, { url: '/chat' })))
    }
    const bare = { model: 'llama3.2', messages: user }
    const streams = [{}, { stream: true }, { stream: false }].map((change) => keyOf(request({ ...bare, ...change }, { url: '/api/chat' })))
    expect(new Set(streams).size).toBe(3)
  })
})

describe('recognition', () => {
  it.each([
    ['POST /orders { model, input }', '/orders', { model: 'T3', input: 'x' }, 'generic'],
    ['an order of a Tesla', '/orders', { model: 'Tesla Model S', input: 'red' }, 'generic'],
    ['an order with options', '/orders', { model: 'T3', prompt: 'x', options: { color: 'red' } }, 'generic'],
    ['an order with dimensions', '/orders', { model: 'T3', input: 'x', dimensions: 3 }, 'generic'],
    ['an order with typed lines', '/orders', { model: 'T3', input: [{ type: 'line', text: 'x' }] }, 'generic'],
    ['an order with a prompt', '/orders', { model: 'T3', prompt: 'x', instructions: 'wrap' }, 'generic'],
    ['an order with a name like o3', '/orders', { model: 'O3 purifier', input: 'x' }, 'generic'],
    ['a survey answer', '/surveys/5/responses', { model: 'T3', input: 'x' }, 'generic'],
    ['a comment', '/comments', { message: 'hi' }, 'generic'],
    ['messages without a model', '/chat', { messages: user }, 'generic'],
    ['messages of strings', '/chat', { model: 'gpt-4o', messages: ['hi'] }, 'generic'],
    ['no messages', '/chat', { model: 'gpt-4o', messages: [] }, 'opaque'],
    ['unknown roles', '/chat', { model: 'gpt-4o', messages: [{ role: 'admin', content: 'x' }] }, 'generic'],
    ['one unknown role', '/chat', { model: 'gpt-4o', messages: [...user, { content: 'x' }] }, 'generic'],
    ['a model that is no text', '/chat', { model: 4, messages: user }, 'generic'],
    ['image generation', '/v1/images/generations', { model: 'gpt-image-1', prompt: 'a cat', n: 1 }, 'generic'],
    ['speech', '/v1/audio/speech', { model: 'gpt-4o-mini-tts', input: 'hi', voice: 'alloy' }, 'generic'],
    ['moderation', '/v1/moderations', { model: 'omni-moderation-latest', input: 'hi' }, 'generic'],
    ['counted tokens', '/v1beta/models/gemini-2.5-flash:countTokens', GEMINI, 'opaque'],
    ['contents of a page', '/pages', { contents: [{ parts: [{ title: 'x' }] }] }, 'opaque'],
    ['a table of contents', '/pages', { contents: ['a'] }, 'opaque'],
    ['a form', '/x', { name: 'x', email: 'y' }, 'opaque'],
    ['empty prompts', '/x', { prompt: '', message: '' }, 'opaque'],
    ['an array', '/x', [CHAT], 'opaque'],
  ])('%s is no provider’s shape', (_name, url, body, kind) => expect(shapeOf(request(body, { url })).kind).toBe(kind))

  it.each([
    ['/chat', CHAT, 'openai-chat'],
    ['/api/chat', CHAT, 'openai-chat'],
    ['/api/chat', { ...CHAT, model: 'my-model', max_tokens: 5 }, 'openai-chat'],
    ['/api/chat', { ...CHAT, model: 'my-model' }, 'ollama-chat'],
    ['/x', { ...CHAT, model: 'my-model', keep_alive: '5m' }, 'ollama-chat'],
    ['/openai/deployments/prod/chat/completions?api-version=1', { messages: user }, 'openai-chat'],
    ['/v1/chat/completions', CLAUDE, 'openai-chat'],
    ['/chat', { ...CHAT, max_tokens: 5 }, 'openai-chat'],
    ['/chat', CLAUDE, 'anthropic-messages'],
    ['/chat', { ...CLAUDE, model: 'us.anthropic.claude-3-5-sonnet-v2:0' }, 'anthropic-messages'],
    ['/chat', { ...CHAT, max_tokens: 5, system: 'x' }, 'anthropic-messages'],
    ['/V1/Messages/', { ...CHAT, max_tokens: 5 }, 'anthropic-messages'],
    [
      '/chat',
      { ...CHAT, max_tokens: 5, messages: [{ role: 'user', content: [{ type: 'tool_result', content: 'x' }] }] },
      'anthropic-messages',
    ],
    ['/invoke', { anthropic_version: 'bedrock-2023-05-31', max_tokens: 5, messages: user }, 'anthropic-messages'],
    ['/ask', RESPONSES, 'openai-responses'],
    ['/ask', { model: 'my-model', input: 'x', max_output_tokens: 5 }, 'openai-responses'],
    ['/ask', { model: 'my-model', input: user }, 'openai-responses'],
    ['/v1/responses', { model: 'my-model', input: 'x' }, 'openai-responses'],
    ['/v1/embeddings', { model: 'my-model', input: 'x' }, 'openai-embeddings'],
    ['/x', { model: 'BAAI/bge-m3', input: ['x'] }, 'openai-embeddings'],
    ['/x', { model: 'my-model', input: [1, 2], encoding_format: 'base64' }, 'openai-embeddings'],
    ['/v1/completions', { model: 'my-model', prompt: 'x' }, 'openai-completions'],
    ['/x', { model: 'my-model', prompt: 'x', max_tokens: 5 }, 'openai-completions'],
    ['/x', { model: 'deepseek-coder', prompt: 'x' }, 'openai-completions'],
    ['/x', { model: 'mistral', prompt: 'x', options: { num_ctx: 5 } }, 'ollama-generate'],
    ['/x', GEMINI, 'gemini'],
    ['/x', { ...UI, model: 'gpt-4o' }, 'ai-sdk-ui'],
  ])('%s %j is %s', (url, body, provider) => expect(shapeOf(request(body, { url }))).toMatchObject({ provider, kind: 'provider' }))

  it('sees a declared anthropic-version header', () => {
    const body = { ...CHAT, max_tokens: 5 }
    expect(shapeOf(request(body, { headers: [['anthropic-version', '2023-06-01']] })).provider).toBe('anthropic-messages')
  })

  it('names the model', () => {
    expect(shapeOf(request(CHAT)).model).toBe('gpt-4o-mini')
    expect(shapeOf(request(GEMINI, { url: '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse' })).model).toBe(
      'gemini-2.5-flash',
    )
    expect(shapeOf(request({ messages: user }, { url: '/openai/deployments/prod/chat/completions' })).model).toBe('prod')
    expect(shapeOf(request({ message: 'hi' })).model).toBeUndefined()
  })
})

describe('what the shape says', () => {
  it.each([
    [{ ...CHAT, response_format: { type: 'json_object' } }, true],
    [{ ...CHAT, response_format: { type: 'json_schema', json_schema: {} } }, true],
    [{ ...CHAT, response_format: { type: 'text' } }, false],
    [{ ...CHAT, metadata: { response_format: { type: 'json_object' } } }, false],
    [{ ...RESPONSES, text: { format: { type: 'json_schema' } } }, true],
    [{ ...RESPONSES, text: { format: { type: 'text' } } }, false],
    [{ ...GEMINI, generationConfig: { responseMimeType: 'application/json' } }, true],
    [{ ...GEMINI, generationConfig: { responseSchema: { type: 'object' } } }, true],
    [{ ...GEMINI, generationConfig: { responseMimeType: 'text/x.enum', responseSchema: { enum: ['a'] } } }, false],
    [{ ...OLLAMA, format: 'json' }, true],
    [{ ...OLLAMA, format: { type: 'object' } }, true],
    [{ ...CLAUDE, output_config: { format: { type: 'json_schema', schema: {} } } }, true],
    [{ ...CLAUDE, output_config: { effort: 'low' } }, false],
  ])('%j expects JSON: %s', (body, expected) => expect(shapeOf(request(body)).expectsJson).toBe(expected))

  it('an AI SDK regeneration is a refresh of the same key', () => {
    const again = { ...UI, trigger: 'regenerate-message', messageId: 'm2' }
    expect(shapeOf(request(again)).refresh).toBe(true)
    expect(shapeOf(request({ ...CHAT, trigger: 'regenerate-message' })).refresh).toBe(false)
    expect(keyOf(request(again))).toBe(keyOf(request(UI)))
  })

  it.each([
    [{ ...RESPONSES, conversation: 'conv_1' }],
    [{ ...RESPONSES, conversation: { id: 'conv_1' } }],
    [{ ...RESPONSES, background: true }],
    [{ ...CLAUDE, container: 'container_1' }],
  ])('state on the server is a bypass: %j', (body) => {
    for (const normalize of ['exact', 'default', 'loose'] as const) expect(bypassOf(request(body, { normalize }))).toBe('stateful')
  })

  it('no state, no bypass', () => {
    for (const body of [
      { ...RESPONSES, conversation: null },
      { ...CHAT, conversation: 'x' },
      { message: 'hi', background: true },
    ]) {
      expect(bypassOf(request(body))).toBeUndefined()
    }
  })
})
