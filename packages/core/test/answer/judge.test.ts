import { describe, expect, test } from 'vitest'
import { type AnswerInput, judgeAnswer, type Verdict } from '../../src/answer/judge.js'
import type { SkipReason } from '../../src/events.js'
import {
  anthropicEvents,
  anthropicMessage,
  chatChunk,
  chatChunks,
  chatCompletion,
  completion,
  geminiChunk,
  lines,
  named,
  OWN_ANSWERS,
  ollamaChat,
  PROVIDER_ANSWERS,
  responseEvents,
  responseObject,
  sse,
  uiParts,
} from './fixtures.js'

const JSON_TYPE = 'application/json'
const SSE_TYPE = 'text/event-stream'
const NDJSON_TYPE = 'application/x-ndjson'
const TEXT_TYPE = 'text/plain; charset=utf-8'

function judge(contentType: string, body: string | Uint8Array, circumstances: Partial<AnswerInput> = {}): Verdict {
  return judgeAnswer({
    contentType,
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
    streamed: false,
    expectsJson: false,
    allowToolCalls: false,
    upstream: 'unknown',
    provider: 'generic',
    ...circumstances,
  })
}

/** The reason for the skip, or 'stored'. */
function fate(contentType: string, body: string | object, circumstances: Partial<AnswerInput> = {}): SkipReason | 'stored' {
  const verdict = judge(contentType, typeof body === 'string' ? body : JSON.stringify(body), circumstances)
  return verdict.kind === 'skip' ? verdict.reason : 'stored'
}

describe('a whole, good answer is stored', () => {
  test.each(PROVIDER_ANSWERS)('$name, with its protocol, model and tokens', ({ contentType, body, protocol, model, usage }) => {
    const verdict = judge(contentType, body, { streamed: true })
    expect(verdict).toMatchObject({ kind: 'complete', protocol, fromModel: true })
    if (model) expect(verdict).toHaveProperty('model', model)
    expect(verdict).toHaveProperty('usage', usage)
  })

  test.each(OWN_ANSWERS)('$name, not taken for a model answer', ({ contentType, body, protocol }) => {
    expect(judge(contentType, body)).toMatchObject({ kind: 'complete', protocol, fromModel: false })
  })

  test.each(PROVIDER_ANSWERS)('$name, whose upstream was seen to fail, is not', ({ contentType, body }) => {
    expect(fate(contentType, body, { upstream: 'failed' })).toBe('upstream-failed')
  })

  test.each(PROVIDER_ANSWERS.filter(({ textual }) => textual))(
    '$name is not, where JSON was asked for and it is prose',
    ({ contentType, body }) => {
      expect(fate(contentType, body, { expectsJson: true })).toBe('schema-mismatch')
    },
  )
})

describe('free text and forms of the app', () => {
  test('text in one piece is stored, streamed text only after an upstream that completed', () => {
    expect(fate(TEXT_TYPE, 'Paris.')).toBe('stored')
    expect(fate(TEXT_TYPE, 'Paris.', { streamed: true })).toBe('unverified')
    expect(fate(TEXT_TYPE, 'Paris.', { streamed: true, upstream: 'complete' })).toBe('stored')
    expect(fate('', 'Paris.', { streamed: true, upstream: 'complete' })).toBe('stored')
  })

  test('prose that begins like another form is still prose', () => {
    for (const text of ['[1] says: no', '"Hm," she said.', '{ x => y } is code', '1', '- data: none'])
      expect(fate(TEXT_TYPE, text, { streamed: true, upstream: 'complete' }), text).toBe('stored')
  })

  test('the beginning of JSON that never ends is not stored, whatever its type says', () => {
    for (const type of [JSON_TYPE, TEXT_TYPE, '', 'text/html'])
      for (const text of ['{', '{"answer": "Par', '[{"candidates"'])
        expect(fate(type, text, { upstream: 'complete' }), text).toBe('invalid-json')
  })

  test('speech and images are bytes: whole when they came in one piece', () => {
    expect(judge('audio/mpeg', Uint8Array.of(0xff, 0xfb))).toMatchObject({ kind: 'complete', protocol: 'binary', fromModel: false })
    expect(fate('audio/mpeg', 'x', { streamed: true })).toBe('unverified')
  })

  test('an answer that says nothing is empty', () => {
    for (const [type, body] of [
      [JSON_TYPE, ''],
      [JSON_TYPE, ' '],
      [JSON_TYPE, 'null'],
      [JSON_TYPE, '{}'],
      [JSON_TYPE, '{"answer":""}'],
      [TEXT_TYPE, ' \n'],
      [SSE_TYPE, ': ping\n\n'],
      [SSE_TYPE, sse('[DONE]')],
      [SSE_TYPE, 'event: done\n\n'],
      [NDJSON_TYPE, '\n'],
    ] as const)
      expect(['empty', 'invalid-json'], `${type} ${body}`).toContain(fate(type, body, { upstream: 'complete' }))
  })

  test.each(['done', 'end', 'complete', 'close', 'completed', 'finish', 'finished'])('an event named %s ends a stream', (word) => {
    const body = (end: string): string => `data: {"text":"Hello"}\n\n${end}`
    expect(fate(SSE_TYPE, body(`event: ${word}\ndata: {}\n\n`), { streamed: true })).toBe('stored')
    expect(fate(SSE_TYPE, body(`data: {"type":"${word}"}\n\n`), { streamed: true })).toBe('stored')
    expect(fate(SSE_TYPE, body(''), { streamed: true })).toBe('unverified')
  })

  test('an event stream without an end marker needs an upstream that completed, when it was streamed', () => {
    const stream = sse({ token: 'Hel' }, { token: 'lo' })
    expect(fate(SSE_TYPE, stream)).toBe('stored')
    expect(fate(SSE_TYPE, stream, { streamed: true })).toBe('unverified')
    expect(fate(SSE_TYPE, stream, { streamed: true, upstream: 'complete' })).toBe('stored')
    expect(fate(SSE_TYPE, stream.slice(0, -1), { upstream: 'complete' })).toBe('no-terminal-marker')
  })

  test('a provider answer inside the JSON of an app is judged too, and names model and tokens', () => {
    expect(judge(JSON_TYPE, JSON.stringify({ ok: true, completion: chatCompletion() }))).toMatchObject({
      protocol: 'json',
      fromModel: true,
      model: 'gpt-4.1-2025-04-14',
      usage: { inputTokens: 19 },
    })
    expect(
      fate(JSON_TYPE, { results: [{ completion: chatCompletion() }, { completion: chatCompletion({ finish_reason: 'length' }) }] }),
    ).toBe('finish-length')
    expect(fate(JSON_TYPE, { role: 'assistant', content: null, refusal: 'No.' })).toBe('finish-refusal')
    expect(fate(JSON_TYPE, { role: 'assistant', content: null, tool_calls: [{}] })).toBe('tool-calls')
    expect(fate(JSON_TYPE, { text: 'Half of', finishReason: 'length' })).toBe('finish-length')
    expect(fate(SSE_TYPE, sse({ t: 'Half' }, { index: 0, delta: {}, finish_reason: 'content_filter' }, '[DONE]'))).toBe(
      'finish-content-filter',
    )
  })

  test('JSON of an app that only resembles a provider is not a model answer', () => {
    for (const body of [
      { candidates: [{ name: 'Ada' }], message: 'two hired' },
      { choices: ['a', 'b'] },
      { type: 'message', content: 'hello' },
      { object: 'list', data: [{ object: 'order' }] },
      { id: 1, text: 'Great product', embedding: [0.1, 0.2] },
      { model: 'T', done: true },
    ])
      expect(judge(JSON_TYPE, JSON.stringify(body)), JSON.stringify(body)).toMatchObject({
        kind: 'complete',
        protocol: 'json',
        fromModel: false,
      })
  })

  test('lines under any type, cut after the first one, are no JSON answer', () => {
    for (const type of [JSON_TYPE, TEXT_TYPE, '']) {
      expect(fate(type, lines(...chatChunks.slice(0, 1)), { upstream: 'complete' })).toBe('no-terminal-marker')
      expect(fate(type, lines({ type: 'start' }), { upstream: 'complete' })).toBe('no-terminal-marker')
      expect(fate(type, lines({ token: 'Hel' }), { streamed: true })).toBe('unverified')
    }
    for (const type of [TEXT_TYPE, '']) {
      expect(fate(type, '{"token":"Hel"}', { streamed: true })).toBe('unverified')
      expect(fate(type, '{"token":"Hel"}', { streamed: true, upstream: 'complete' })).toBe('stored')
    }
  })
})

describe('errors that come with a status of 200', () => {
  test.each([
    { error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' } },
    { error: 'model "x" not found' },
    { error: true },
    { error: {} },
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_1' },
    { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } },
    [{ error: { code: 429, message: 'Resource exhausted' } }],
    { success: false, message: 'no' },
    { status: 'error', message: 'no' },
    { errors: [{ message: 'no' }], data: null },
    responseObject({ status: 'failed', error: { code: 'server_error', message: 'x' }, output: [] }),
  ])('%j is an error body', (body) => {
    expect(fate(JSON_TYPE, body)).toBe('error-body')
  })

  test.each([
    { answer: 'x', error: null },
    { answer: 'x', error: false },
    { answer: 'x', error: '' },
    { answer: 'x', errors: [] },
    { answer: 'She goes.', errors: [{ word: 'go', fix: 'goes' }] },
    { answer: 'x', success: true },
  ])('%j is none', (body) => {
    expect(fate(JSON_TYPE, body)).toBe('stored')
  })

  test('application/problem+json is an error body (RFC 9457)', () => {
    expect(fate('application/problem+json', { title: 'Out of credit' })).toBe('error-body')
  })

  const whole = chatChunks.map((chunk) => sse(chunk)).join('')
  test.each([
    ['OpenAI, then [DONE]', whole + sse({ error: { message: 'The server had an error' } }, '[DONE]')],
    ['named without JSON', `${whole}event: error\ndata: boom\n\n${sse('[DONE]')}`],
    ['named without data', `${whole}event: error\n\n${sse('[DONE]')}`],
    ['Anthropic', named(...anthropicEvents()) + named({ type: 'error' })],
    ['Responses', named(...responseEvents({ type: 'response.failed', response: responseObject({ status: 'failed' }) }))],
    [
      'AI SDK error, then finish',
      sse(...uiParts().slice(0, -1), { type: 'error', errorText: 'x' }, { type: 'finish', finishReason: 'error' }, '[DONE]'),
    ],
    ['AI SDK abort', sse(...uiParts().slice(0, -1), { type: 'abort' }, '[DONE]')],
    ['own', sse({ token: 'Hel' }, { error: 'upstream' }, '[DONE]')],
    ['own, typed', sse({ token: 'Hel' }, { type: 'error', message: 'x' }, '[DONE]')],
  ])('an error frame spoils a stream: %s', (_name, body) => {
    expect(fate(SSE_TYPE, body, { upstream: 'complete' })).toBe('error-frame')
  })

  test('an error line spoils NDJSON', () => {
    expect(fate(NDJSON_TYPE, lines(ollamaChat('Hel'), { error: 'llama runner terminated' }))).toBe('error-frame')
  })
})

describe('streams without their terminal marker', () => {
  test.each([
    ['chat chunks without a finish reason, [DONE] written in a finally block', sse(...chatChunks.slice(0, -1), '[DONE]')],
    ['chat chunks without [DONE]', sse(...chatChunks)],
    ['one of two choices unfinished', sse(...chatChunks, chatChunk(1, { content: 'x' }), '[DONE]')],
    ['a second answer that goes on after the first', sse(...chatChunks, chatChunk(0, { content: 'x' }), '[DONE]')],
    ['a completion', sse(completion('Hel', null), '[DONE]')],
    ['Anthropic without message_stop', named(...anthropicEvents().slice(0, -1))],
    ['Anthropic without a stop reason', named(...anthropicEvents(null))],
    ['Anthropic without its head', named(...anthropicEvents().slice(6))],
    ['a second Anthropic message that is cut', named(...anthropicEvents(), ...anthropicEvents().slice(0, 8))],
    ['Responses', named(...responseEvents({ type: 'response.in_progress', response: responseObject({ status: 'in_progress' }) }))],
    ['AI SDK without finish', sse(...uiParts().slice(0, -1), '[DONE]')],
    ['AI SDK without [DONE]', sse(...uiParts())],
    ['AI SDK 7 over a provider stream that broke off', sse(...uiParts({ type: 'finish', finishReason: 'interrupted' }), '[DONE]')],
    ['Gemini', sse(geminiChunk('Hel'), geminiChunk('lo'))],
  ])('%s', (_name, body) => {
    expect(fate(SSE_TYPE, body, { upstream: 'complete' })).toBe('no-terminal-marker')
  })

  test('JSON of an answer that still runs', () => {
    expect(fate(JSON_TYPE, responseObject({ status: 'queued', output: [] }))).toBe('no-terminal-marker')
    expect(fate(JSON_TYPE, chatCompletion({ finish_reason: null }))).toBe('no-terminal-marker')
    expect(fate(JSON_TYPE, ollamaChat('Hel'))).toBe('no-terminal-marker')
  })

  test('data that is not JSON, inside a provider stream', () => {
    expect(fate(SSE_TYPE, sse(...chatChunks, '{"id":"chatcmpl', '[DONE]'))).toBe('invalid-json')
    expect(fate(SSE_TYPE, sse(...chatChunks, 'oops', '[DONE]'))).toBe('invalid-json')
    expect(fate(SSE_TYPE, `event: ping\ndata: still here\n\n${sse(...chatChunks, '[DONE]')}`)).toBe('stored')
    expect(fate(NDJSON_TYPE, `${lines(ollamaChat('Hel'))}oops\n${lines(ollamaChat('lo', { done: true }))}`)).toBe('invalid-json')
  })
})

describe('finish reasons', () => {
  const chat = (finish_reason: string): object => chatCompletion({ finish_reason })
  const message = (stop_reason: string): object => anthropicMessage({ stop_reason })
  const incomplete = (reason: string): object => responseObject({ status: 'incomplete', incomplete_details: { reason } })
  test.each<[SkipReason | 'stored', object]>([
    ['finish-length', chat('length')],
    ['finish-content-filter', chat('content_filter')],
    ['finish-error', chat('error')],
    ['finish-unknown', chat('tired')],
    ['tool-calls', chat('tool_calls')],
    ['stored', chat('eos')],
    ['finish-refusal', chatCompletion({}, { content: null, refusal: 'I cannot.' })],
    ['stored', message('stop_sequence')],
    ['finish-length', message('max_tokens')],
    ['finish-length', message('model_context_window_exceeded')],
    ['finish-refusal', message('refusal')],
    ['finish-pause', message('pause_turn')],
    ['tool-calls', message('tool_use')],
    ['finish-length', incomplete('max_output_tokens')],
    ['finish-content-filter', incomplete('content_filter')],
    ['finish-error', responseObject({ status: 'cancelled' })],
    ['finish-refusal', responseObject({ output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }] })],
    ['finish-length', geminiChunk('x', 'MAX_TOKENS')],
    ['finish-content-filter', geminiChunk('x', 'SAFETY')],
    ['finish-content-filter', geminiChunk('x', 'RECITATION')],
    ['finish-error', geminiChunk('x', 'MALFORMED_FUNCTION_CALL')],
    ['finish-unknown', geminiChunk('x', 'OTHER')],
    ['finish-content-filter', { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 4 } }],
    ['finish-length', ollamaChat('x', { done: true, done_reason: 'length' })],
    ['stored', ollamaChat('x', { done: true })],
  ])('%s: %j', (expected, body) => {
    expect(fate(JSON_TYPE, body)).toBe(expected)
  })

  test('every choice has to be good', () => {
    const { choices } = chatCompletion() as { choices: object[] }
    expect(fate(JSON_TYPE, { ...chatCompletion(), choices: [...choices, { ...choices[0], index: 1, finish_reason: 'length' }] })).toBe(
      'finish-length',
    )
    expect(
      fate(JSON_TYPE, { ...chatCompletion(), choices: [...choices, { index: 1, message: { content: '' }, finish_reason: 'stop' }] }),
    ).toBe('empty')
  })

  test('of an AI SDK stream with parts that a later version added, where the request came from the AI SDK', () => {
    const later = sse(...uiParts().slice(0, 1), { type: 'hologram' }, ...uiParts({ type: 'finish', finishReason: 'length' }), '[DONE]')
    expect(fate(SSE_TYPE, later, { provider: 'ai-sdk-ui' })).toBe('finish-length')
  })

  test('in streams', () => {
    expect(fate(SSE_TYPE, sse(chatChunk(0, { content: 'x' }), chatChunk(0, {}, 'length'), '[DONE]'))).toBe('finish-length')
    expect(fate(SSE_TYPE, sse(chatChunk(0, { refusal: 'No' }), chatChunk(0, {}, 'stop'), '[DONE]'))).toBe('finish-refusal')
    expect(fate(SSE_TYPE, named(...anthropicEvents('max_tokens')))).toBe('finish-length')
    expect(fate(SSE_TYPE, named(...responseEvents({ type: 'response.incomplete', response: incomplete('max_output_tokens') })))).toBe(
      'finish-length',
    )
    for (const [reason, expected] of [
      ['length', 'finish-length'],
      ['content-filter', 'finish-content-filter'],
      ['error', 'finish-error'],
      ['other', 'finish-unknown'],
      ['tool-calls', 'tool-calls'],
    ] as const)
      expect(fate(SSE_TYPE, sse(...uiParts({ type: 'finish', finishReason: reason }), '[DONE]'))).toBe(expected)
    expect(fate(SSE_TYPE, sse(...uiParts({ type: 'finish' }), '[DONE]'))).toBe('stored')
  })
})

describe('tool calls are stored only where they are allowed', () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }
  const toolUse = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} }
  test.each<[string, string, string]>([
    ['chat', JSON_TYPE, JSON.stringify(chatCompletion({ finish_reason: 'tool_calls' }, { content: null, tool_calls: [call] }))],
    ['chat with "stop"', JSON_TYPE, JSON.stringify(chatCompletion({}, { tool_calls: [call] }))],
    [
      'chat function_call',
      JSON_TYPE,
      JSON.stringify(chatCompletion({ finish_reason: 'function_call' }, { content: null, function_call: { name: 'f' } })),
    ],
    ['chat SSE', SSE_TYPE, sse(chatChunk(0, { tool_calls: [{ index: 0, ...call }] }), chatChunk(0, {}, 'tool_calls'), '[DONE]')],
    [
      'Responses',
      JSON_TYPE,
      JSON.stringify(responseObject({ output: [{ type: 'function_call', name: 'f', arguments: '{}', status: 'completed' }] })),
    ],
    ['Responses web search', JSON_TYPE, JSON.stringify(responseObject({ output: [{ type: 'web_search_call', status: 'completed' }] }))],
    ['Anthropic', JSON_TYPE, JSON.stringify(anthropicMessage({ content: [toolUse], stop_reason: 'tool_use' }))],
    [
      'Anthropic server tool',
      JSON_TYPE,
      JSON.stringify(anthropicMessage({ content: [{ type: 'server_tool_use' }, { type: 'text', text: 'x' }] })),
    ],
    [
      'Gemini',
      JSON_TYPE,
      JSON.stringify({ candidates: [{ content: { parts: [{ functionCall: { name: 'f' } }] }, finishReason: 'STOP' }] }),
    ],
    [
      'Ollama',
      JSON_TYPE,
      JSON.stringify({ ...ollamaChat('', { done: true }), message: { role: 'assistant', content: '', tool_calls: [call] } }),
    ],
    [
      'AI SDK',
      SSE_TYPE,
      sse(
        ...uiParts().slice(0, 2),
        { type: 'tool-input-available', toolCallId: 'c', toolName: 'f', input: {} },
        ...uiParts().slice(2),
        '[DONE]',
      ),
    ],
  ])('%s', (_name, type, body) => {
    expect(fate(type, body)).toBe('tool-calls')
    expect(fate(type, body, { allowToolCalls: true, expectsJson: false })).toBe('stored')
  })

  test('a tool that failed is not stored even then', () => {
    const failed = { type: 'tool-output-error', toolCallId: 'c', errorText: 'x' }
    expect(fate(SSE_TYPE, sse(failed, ...uiParts(), '[DONE]'), { allowToolCalls: true })).toBe('error-frame')
    const result = { type: 'web_search_tool_result', content: { type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' } }
    expect(fate(JSON_TYPE, anthropicMessage({ content: [result, { type: 'text', text: 'x' }] }), { allowToolCalls: true })).toBe(
      'error-body',
    )
    expect(fate(JSON_TYPE, responseObject({ output: [{ type: 'mcp_call', status: 'failed' }] }), { allowToolCalls: true })).toBe(
      'finish-error',
    )
  })
})

describe('empty answers of providers', () => {
  test.each([
    chatCompletion({}, { content: '' }),
    chatCompletion({}, { content: ' \n' }),
    { ...chatCompletion(), choices: [] },
    responseObject({ output: [{ type: 'reasoning', summary: [] }] }),
    anthropicMessage({ content: [{ type: 'thinking', thinking: 'Hm.' }] }),
    { candidates: [{ content: { parts: [{ text: 'Hm.', thought: true }] }, finishReason: 'STOP' }] },
    ollamaChat('', { done: true, done_reason: 'load' }),
    { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [] }], model: 'm' },
  ])('%j', (body) => {
    expect(['empty', 'finish-unknown']).toContain(fate(JSON_TYPE, body))
  })

  test('audio and images count as content', () => {
    expect(fate(JSON_TYPE, chatCompletion({}, { content: null, audio: { id: 'a', data: 'UklGRg==' } }))).toBe('stored')
    const image = { candidates: [{ content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'iVBO' } }] }, finishReason: 'STOP' }] }
    expect(fate(JSON_TYPE, image)).toBe('stored')
  })
})

describe('where JSON was asked for', () => {
  const asked = { expectsJson: true }
  test('text that is JSON is stored, a fence round it is not JSON', () => {
    expect(fate(JSON_TYPE, chatCompletion({}, { content: '{"a":1}' }), asked)).toBe('stored')
    expect(fate(JSON_TYPE, chatCompletion({}, { content: '```json\n{"a":1}\n```' }), asked)).toBe('schema-mismatch')
    expect(
      fate(SSE_TYPE, sse(chatChunk(0, { content: '{"a"' }), chatChunk(0, { content: ':1}' }), chatChunk(0, {}, 'stop'), '[DONE]'), asked),
    ).toBe('stored')
    expect(fate(TEXT_TYPE, '{"a":1}', { ...asked, streamed: true, upstream: 'complete' })).toBe('stored')
    expect(fate(TEXT_TYPE, 'sorry', asked)).toBe('schema-mismatch')
    expect(fate(JSON_TYPE, { answer: 'sorry' }, asked)).toBe('stored')
  })

  test('only the last step of an answer has to be JSON', () => {
    const parts = [
      { type: 'start-step' },
      { type: 'text-delta', id: '0', delta: 'Let me see.' },
      { type: 'finish-step' },
      { type: 'start-step' },
      { type: 'text-delta', id: '1', delta: 'Hm' },
      { type: 'reset-step' },
      { type: 'text-delta', id: '1', delta: '{"a":1}' },
      { type: 'finish', finishReason: 'stop' },
    ]
    expect(fate(SSE_TYPE, sse({ type: 'start' }, ...parts, '[DONE]'), asked)).toBe('stored')
  })
})

describe('tokens', () => {
  test('malformed counts are ignored', () => {
    for (const count of [-1, 1.5, '7', null, 1e300]) {
      const verdict = judge(JSON_TYPE, JSON.stringify({ ...chatCompletion(), usage: { prompt_tokens: count, completion_tokens: 3 } }))
      expect(verdict).toHaveProperty('usage', { outputTokens: 3 })
    }
    expect(judge(JSON_TYPE, JSON.stringify({ ...chatCompletion(), usage: 'many' }))).toHaveProperty('usage', undefined)
  })

  test('of an AI SDK stream are known where the app puts them into the metadata', () => {
    const finish = {
      type: 'finish',
      finishReason: 'stop',
      messageMetadata: { model: 'gpt-5', totalUsage: { inputTokens: 7, outputTokens: 9 } },
    }
    expect(judge(SSE_TYPE, sse(...uiParts(finish), '[DONE]'))).toMatchObject({ model: 'gpt-5', usage: { inputTokens: 7, outputTokens: 9 } })
  })

  test('that an app passes on in its own JSON are known', () => {
    const usage = { input_tokens: 2, cache_read_input_tokens: 5, output_tokens: 3 }
    expect(judge(JSON_TYPE, JSON.stringify({ answer: 'x', model: 'm', usage }))).toMatchObject({
      model: 'm',
      usage: { inputTokens: 7, outputTokens: 3, cachedInputTokens: 5 },
    })
  })
})
