/** Whole, good answers of every protocol, in the shapes of the providers' own types and documentation. */

import type { Usage } from '../../src/events.js'

export interface Fixture {
  readonly name: string
  readonly contentType: string
  readonly body: string
  readonly protocol: string
  readonly model?: string
  readonly usage?: Usage
  /** The text after which nothing essential is missing; the end of the body when absent. Its last occurrence counts. */
  readonly wholeAfter?: string
  /** What an expected JSON answer is checked against can be read from it. */
  readonly textual?: boolean
}

/** Multi-byte text, escapes and words that look like markers. */
export const TEXT: readonly string[] = ['Grüße "', '😀\\\n\ndata: [DONE]\n\n', '"finish_reason":"stop"', ' Ende']

export const sse = (...data: readonly unknown[]): string =>
  data.map((value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`).join('')
export const named = (...events: readonly { readonly type: string }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
export const lines = (...values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('')

const whole = TEXT.join('')

export const chatCompletion = (choice: object = {}, message: object = {}): object => ({
  id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
  object: 'chat.completion',
  created: 1741569952,
  model: 'gpt-4.1-2025-04-14',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: whole, refusal: null, annotations: [], ...message },
      logprobs: null,
      finish_reason: 'stop',
      ...choice,
    },
  ],
  usage: {
    prompt_tokens: 19,
    completion_tokens: 10,
    total_tokens: 29,
    prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  },
  service_tier: 'default',
  system_fingerprint: null,
})

const chatUsage: Usage = { inputTokens: 19, outputTokens: 10, cachedInputTokens: 4 }

export const chatChunk = (index: number, delta: object, finish_reason: string | null = null): object => ({
  id: 'chatcmpl-123',
  object: 'chat.completion.chunk',
  created: 1694268190,
  model: 'gpt-4o-mini',
  system_fingerprint: 'fp_44709d6fcb',
  choices: [{ index, delta, logprobs: null, finish_reason }],
  usage: null,
})

export const chatChunks: readonly object[] = [
  chatChunk(0, { role: 'assistant', content: '', refusal: null }),
  ...TEXT.map((content) => chatChunk(0, { content })),
  chatChunk(0, {}, 'stop'),
]
const chatUsageChunk = { ...chatChunk(0, {}), choices: [], usage: { prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 } }
const twoChoices = [
  chatChunk(0, { role: 'assistant', content: '' }),
  chatChunk(1, { role: 'assistant', content: '' }),
  ...TEXT.flatMap((content) => [chatChunk(0, { content }), chatChunk(1, { content })]),
  chatChunk(0, {}, 'stop'),
  chatChunk(1, {}, 'stop'),
]

export const completion = (text: string, finish_reason: string | null): object => ({
  id: 'cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7',
  object: 'text_completion',
  created: 1589478378,
  model: 'gpt-3.5-turbo-instruct',
  choices: [{ text, index: 0, logprobs: null, finish_reason }],
})

export const responseObject = (fields: object = {}): object => ({
  id: 'resp_67ccd2bed1ec8190b14f964abc054267',
  object: 'response',
  created_at: 1741476542,
  status: 'completed',
  error: null,
  incomplete_details: null,
  instructions: null,
  model: 'gpt-4.1-2025-04-14',
  output: [
    { type: 'reasoning', id: 'rs_1', summary: [] },
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: whole, annotations: [{ type: 'url_citation', url: 'https://example.com' }] }],
    },
  ],
  usage: {
    input_tokens: 36,
    input_tokens_details: { cached_tokens: 6 },
    output_tokens: 87,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 123,
  },
  ...fields,
})

const running = { id: 'resp_1', object: 'response', status: 'in_progress', error: null, output: [] }
export const responseEvents = (last: { type: string; response: object }): readonly { type: string }[] => [
  { type: 'response.created', sequence_number: 0, response: running } as { type: string },
  { type: 'response.in_progress', sequence_number: 1, response: running } as { type: string },
  { type: 'response.output_item.added', output_index: 0, item: { type: 'message', status: 'in_progress', content: [] } } as {
    type: string
  },
  ...TEXT.map((delta) => ({ type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta })),
  { type: 'response.output_text.done', item_id: 'msg_1', output_index: 0, content_index: 0, text: whole } as { type: string },
  last,
]

export const anthropicMessage = (fields: object = {}): object => ({
  id: 'msg_013Zva2CMHLNnjNjs9pZCD4p',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [
    { type: 'thinking', thinking: 'Hm.', signature: 'EqQBCgIYAhIM' },
    { type: 'text', text: whole, citations: [{ type: 'char_location', cited_text: 'x' }] },
  ],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 20, cache_creation_input_tokens: 100, cache_read_input_tokens: 1000, output_tokens: 12 },
  ...fields,
})

type AnthropicEvent = { readonly type: string; readonly [name: string]: unknown }
export const anthropicEvents = (stop_reason: string | null = 'end_turn'): readonly AnthropicEvent[] => [
  {
    type: 'message_start',
    message: anthropicMessage({
      content: [],
      stop_reason: null,
      usage: { input_tokens: 20, cache_creation_input_tokens: 100, cache_read_input_tokens: 1000, output_tokens: 1 },
    }),
  },
  { type: 'ping' },
  { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm.' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'EqQB' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '', citations: null } },
  ...TEXT.map((text) => ({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text } })),
  { type: 'content_block_stop', index: 1 },
  { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 12, input_tokens: null } },
  { type: 'message_stop' },
]
const anthropicUsage: Usage = { inputTokens: 1120, outputTokens: 12, cachedInputTokens: 1000 }

export const uiParts = (finish: object = { type: 'finish', finishReason: 'stop' }): readonly object[] => [
  { type: 'start', messageId: 'msg-1' },
  { type: 'start-step' },
  { type: 'reasoning-start', id: 'r' },
  { type: 'reasoning-delta', id: 'r', delta: 'Hm.' },
  { type: 'reasoning-end', id: 'r' },
  { type: 'text-start', id: '0' },
  ...TEXT.map((delta) => ({ type: 'text-delta', id: '0', delta })),
  { type: 'text-end', id: '0' },
  { type: 'source-url', sourceId: 's', url: 'https://example.com' },
  { type: 'finish-step' },
  finish,
]

export const geminiChunk = (text: string, finishReason?: string, index = 0): object => ({
  candidates: [{ content: { parts: [{ text }], role: 'model' }, ...(finishReason ? { finishReason } : {}), index }],
  usageMetadata: {
    promptTokenCount: 9,
    candidatesTokenCount: 20,
    thoughtsTokenCount: 5,
    totalTokenCount: 34,
    ...(finishReason ? { cachedContentTokenCount: 3 } : {}),
  },
  modelVersion: 'gemini-2.5-flash',
  responseId: 'abc',
})
const geminiChunks = TEXT.map((text, at) => geminiChunk(text, at === TEXT.length - 1 ? 'STOP' : undefined))
const geminiUsage: Usage = { inputTokens: 9, outputTokens: 25, cachedInputTokens: 3 }

const stamp = { model: 'llama3.2', created_at: '2024-08-04T08:52:19.385406455-07:00' }
const ollamaEnd = { done: true, done_reason: 'stop', total_duration: 5, prompt_eval_count: 26, eval_count: 282 }
const ollamaUsage: Usage = { inputTokens: 26, outputTokens: 282 }
export const ollamaChat = (content: string, end: object = { done: false }): object => ({
  ...stamp,
  message: { role: 'assistant', content },
  ...end,
})
const ollamaChatLines = [...TEXT.map((content) => ollamaChat(content)), ollamaChat('', ollamaEnd)]
const ollamaGenerateLines = [...TEXT.map((response) => ({ ...stamp, response, done: false })), { ...stamp, response: '', ...ollamaEnd }]

const JSON_TYPE = 'application/json; charset=utf-8'
const SSE_TYPE = 'text/event-stream'
const NDJSON_TYPE = 'application/x-ndjson'

/** Answers in which a cut anywhere is visible in the bytes alone. */
export const PROVIDER_ANSWERS: readonly Fixture[] = [
  {
    name: 'OpenAI chat JSON',
    contentType: JSON_TYPE,
    body: JSON.stringify(chatCompletion()),
    protocol: 'openai-chat',
    model: 'gpt-4.1-2025-04-14',
    usage: chatUsage,
    textual: true,
  },
  {
    name: 'OpenAI chat JSON, indented',
    contentType: 'application/json',
    body: `${JSON.stringify(chatCompletion(), null, 2)}\n`,
    protocol: 'openai-chat',
    usage: chatUsage,
    wholeAfter: '}',
  },
  {
    name: 'OpenAI chat SSE with usage',
    contentType: SSE_TYPE,
    body: sse(...chatChunks, chatUsageChunk, '[DONE]'),
    protocol: 'openai-chat',
    model: 'gpt-4o-mini',
    usage: { inputTokens: 19, outputTokens: 10 },
    textual: true,
  },
  {
    name: 'OpenAI chat SSE with two choices, CR LF and keep-alive comments',
    contentType: 'text/event-stream; charset=utf-8',
    body: `: OPENROUTER PROCESSING\n\n${sse(...twoChoices, '[DONE]')}`.replaceAll('\n', '\r\n'),
    protocol: 'openai-chat',
    wholeAfter: 'data: [DONE]\r\n\r',
  },
  {
    name: 'OpenAI chat lines of toReadableStream()',
    contentType: 'text/plain',
    body: lines(...chatChunks, chatUsageChunk),
    protocol: 'openai-chat',
    usage: { inputTokens: 19, outputTokens: 10 },
    wholeAfter: '"finish_reason":"stop"}],"usage":null}',
    textual: true,
  },
  {
    name: 'OpenAI chat lines with two choices',
    contentType: NDJSON_TYPE,
    body: lines(...twoChoices),
    protocol: 'openai-chat',
    wholeAfter: '"finish_reason":"stop"}],"usage":null}',
  },
  {
    name: 'OpenAI legacy completion JSON',
    contentType: JSON_TYPE,
    body: JSON.stringify({ ...completion(whole, 'stop'), usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 } }),
    protocol: 'openai-completions',
    model: 'gpt-3.5-turbo-instruct',
    usage: { inputTokens: 5, outputTokens: 7 },
    textual: true,
  },
  {
    name: 'OpenAI legacy completion SSE',
    contentType: SSE_TYPE,
    body: sse(...TEXT.map((text) => completion(text, null)), completion('', 'stop'), '[DONE]'),
    protocol: 'openai-completions',
    textual: true,
  },
  {
    name: 'OpenAI response JSON',
    contentType: JSON_TYPE,
    body: JSON.stringify(responseObject()),
    protocol: 'openai-responses',
    model: 'gpt-4.1-2025-04-14',
    usage: { inputTokens: 36, outputTokens: 87, cachedInputTokens: 6 },
    textual: true,
  },
  {
    name: 'OpenAI response SSE',
    contentType: SSE_TYPE,
    body: named(...responseEvents({ type: 'response.completed', response: responseObject() })),
    protocol: 'openai-responses',
    usage: { inputTokens: 36, outputTokens: 87, cachedInputTokens: 6 },
    textual: true,
  },
  {
    name: 'OpenAI response lines',
    contentType: NDJSON_TYPE,
    body: lines(...responseEvents({ type: 'response.completed', response: responseObject() })),
    protocol: 'openai-responses',
    usage: { inputTokens: 36, outputTokens: 87, cachedInputTokens: 6 },
    wholeAfter: '}',
  },
  {
    name: 'OpenAI embeddings JSON',
    contentType: JSON_TYPE,
    body: JSON.stringify({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: 'zczMPc3MTD4=' }],
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 8, total_tokens: 8 },
    }),
    protocol: 'embeddings',
    model: 'text-embedding-3-small',
    usage: { inputTokens: 8 },
  },
  {
    name: 'Ollama embeddings JSON',
    contentType: JSON_TYPE,
    body: JSON.stringify({ model: 'all-minilm', embeddings: [[0.01, -0.001]], total_duration: 1, prompt_eval_count: 8 }),
    protocol: 'embeddings',
    usage: { inputTokens: 8 },
  },
  {
    name: 'Anthropic message JSON',
    contentType: JSON_TYPE,
    body: JSON.stringify(anthropicMessage()),
    protocol: 'anthropic-messages',
    model: 'claude-sonnet-4-5',
    usage: anthropicUsage,
    textual: true,
  },
  {
    name: 'Anthropic message SSE',
    contentType: 'text/event-stream; charset=utf-8',
    body: named(...anthropicEvents()),
    protocol: 'anthropic-messages',
    model: 'claude-sonnet-4-5',
    usage: anthropicUsage,
    textual: true,
  },
  {
    name: 'Anthropic message lines of toReadableStream()',
    contentType: 'text/plain; charset=utf-8',
    body: lines(...anthropicEvents()),
    protocol: 'anthropic-messages',
    usage: anthropicUsage,
    wholeAfter: '}',
    textual: true,
  },
  {
    name: 'AI SDK UI message stream',
    contentType: SSE_TYPE,
    body: sse(...uiParts(), '[DONE]'),
    protocol: 'ai-sdk-ui',
    textual: true,
  },
  {
    name: 'Gemini JSON',
    contentType: 'application/json; charset=UTF-8',
    body: JSON.stringify(geminiChunk(whole, 'STOP')),
    protocol: 'gemini',
    model: 'gemini-2.5-flash',
    usage: geminiUsage,
    textual: true,
  },
  { name: 'Gemini SSE', contentType: SSE_TYPE, body: sse(...geminiChunks), protocol: 'gemini', usage: geminiUsage, textual: true },
  {
    name: 'Gemini stream as a JSON array',
    contentType: JSON_TYPE,
    body: `[${geminiChunks.map((chunk) => JSON.stringify(chunk, null, 2)).join(',\r\n')}\n]`,
    protocol: 'gemini',
    usage: geminiUsage,
    textual: true,
  },
  {
    name: 'Ollama chat JSON',
    contentType: JSON_TYPE,
    body: JSON.stringify(ollamaChat(whole, ollamaEnd)),
    protocol: 'ollama',
    model: 'llama3.2',
    usage: ollamaUsage,
    textual: true,
  },
  {
    name: 'Ollama chat lines',
    contentType: NDJSON_TYPE,
    body: lines(...ollamaChatLines),
    protocol: 'ollama',
    usage: ollamaUsage,
    wholeAfter: '}',
    textual: true,
  },
  {
    name: 'Ollama generate lines under application/json',
    contentType: JSON_TYPE,
    body: lines(...ollamaGenerateLines),
    protocol: 'ollama',
    usage: ollamaUsage,
    wholeAfter: '}',
  },
]

/** Answers in an app's own form, where only an observed upstream shows a cut at an event's border. */
export const OWN_ANSWERS: readonly Fixture[] = [
  { name: 'own JSON', contentType: JSON_TYPE, body: JSON.stringify({ answer: whole }), protocol: 'json' },
  { name: 'own SSE ending with [DONE]', contentType: SSE_TYPE, body: sse({ token: 'Hel' }, { token: 'lo' }, '[DONE]'), protocol: 'sse' },
  {
    name: 'own SSE of plain words ending with an event',
    contentType: SSE_TYPE,
    body: 'data: Hel\n\ndata: lo\n\nevent: done\ndata: {}\n\n',
    protocol: 'sse',
  },
  {
    name: 'own SSE ending with an event without data',
    contentType: SSE_TYPE,
    body: 'data: Hel\n\ndata: lo\n\nevent: end\n\n',
    protocol: 'sse',
  },
  {
    name: 'own lines ending with done',
    contentType: NDJSON_TYPE,
    body: '{"t":"Hel"}\n{"t":"lo"}\n{"done":true}\n',
    protocol: 'ndjson',
    wholeAfter: '}',
  },
  { name: 'own JSON as text', contentType: 'text/html; charset=utf-8', body: JSON.stringify({ answer: whole }), protocol: 'json' },
]
