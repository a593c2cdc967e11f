import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeAnswer } from '../../src/answer/judge.js'
import { type AnswerContent, answerTextOf } from '../../src/answer/text.js'
import {
  anthropicEvents,
  anthropicMessage,
  chatChunk,
  chatCompletion,
  geminiChunk,
  lines,
  named,
  OWN_ANSWERS,
  ollamaChat,
  PROVIDER_ANSWERS,
  responseObject,
  sse,
  TEXT,
  uiParts,
} from './fixtures.js'

const JSON_TYPE = 'application/json'
const SSE_TYPE = 'text/event-stream'
const whole = TEXT.join('')
const encoder = new TextEncoder()

function read(contentType: string, body: unknown, provider = 'generic'): AnswerContent | undefined {
  return answerTextOf(contentType, encoder.encode(typeof body === 'string' ? body : JSON.stringify(body)), provider)
}

const textOf = (contentType: string, body: unknown): string | undefined => read(contentType, body)?.text
const said = (text: string, toolCalls = false): AnswerContent => ({ text, toolCalls })

describe('a provider’s answer', () => {
  const textual = PROVIDER_ANSWERS.filter(({ name }) => !name.includes('embeddings') && !name.includes('two choices'))

  test.each(textual)('$name says its text, the same in every form', ({ contentType, body }) => {
    expect(read(contentType, body)).toEqual(said(whole))
  })

  test.each(PROVIDER_ANSWERS.filter(({ name }) => name.includes('two choices')))('$name says both', ({ contentType, body }) => {
    expect(read(contentType, body)).toEqual(said(`${whole}\n${whole}`))
  })

  test.each(PROVIDER_ANSWERS.filter(({ name }) => name.includes('embeddings')))('$name has no text', ({ contentType, body }) => {
    expect(read(contentType, body)).toBeUndefined()
  })

  test.each(PROVIDER_ANSWERS)('$name, cut anywhere, says nothing or all', ({ contentType, body, name }) => {
    const bytes = encoder.encode(body)
    const complete = answerTextOf(contentType, bytes, 'generic')
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const content = answerTextOf(contentType, bytes.subarray(0, cut), 'generic')
      // A JSON body under a text type that is cut is text, as far as anyone can tell.
      if (content !== undefined && !(contentType.startsWith('text/plain') && cut < 2))
        expect([name, cut, content]).toEqual([name, cut, complete])
    }
  })

  test('has its choices in the order of their indexes, whichever began', () => {
    const answer = chatCompletion()
    const [choice] = (answer as { choices: { message: object }[] }).choices
    const of = (index: number, content: string): object => ({ ...choice, index, message: { ...choice?.message, content } })
    const body = { ...answer, choices: [of(0, 'first'), of(1, 'second')] }
    const stream = sse(
      chatChunk(1, { content: 'second' }),
      chatChunk(0, { content: 'first' }),
      chatChunk(1, {}, 'stop'),
      chatChunk(0, {}, 'stop'),
      '[DONE]',
    )
    expect(read(JSON_TYPE, body)).toEqual(said('first\nsecond'))
    expect(read(SSE_TYPE, stream)).toEqual(said('first\nsecond'))
  })

  test('of several steps says what the last one says', () => {
    const message = (text: string): object => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] })
    expect(textOf(JSON_TYPE, responseObject({ output: [message('Let me see.'), message('Blue.')] }))).toBe('Blue.')
  })

  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
  test.each([
    ['OpenAI', JSON_TYPE, chatCompletion({ finish_reason: 'tool_calls' }, { content: 'Wait.', tool_calls: [call] })],
    ['OpenAI stream', SSE_TYPE, sse(chatChunk(0, { content: 'Wait.' }), chatChunk(0, { tool_calls: [call] }, 'tool_calls'), '[DONE]')],
    [
      'Anthropic',
      JSON_TYPE,
      anthropicMessage({
        content: [
          { type: 'text', text: 'Wait.' },
          { type: 'tool_use', id: 't', name: 'f', input: {} },
        ],
      }),
    ],
    ['Ollama', JSON_TYPE, { ...ollamaChat('', { done: true }), message: { role: 'assistant', content: 'Wait.', tool_calls: [{}] } }],
    [
      'AI SDK',
      SSE_TYPE,
      sse(...uiParts().slice(0, 2), { type: 'tool-input-start' }, { type: 'text-delta', delta: 'Wait.' }, { type: 'finish' }, '[DONE]'),
    ],
    ['an app’s own', JSON_TYPE, { text: 'Wait.', toolCalls: [call] }],
    [
      'an embedded one',
      JSON_TYPE,
      { completion: chatCompletion({ finish_reason: 'tool_calls' }, { content: 'Wait.', tool_calls: [call] }) },
    ],
  ])('tells of calls of tools: %s', (_name, contentType, body) => {
    expect(read(contentType, body)).toMatchObject({ toolCalls: true })
    expect(textOf(contentType, body)).toContain('Wait.')
  })

  test.each([
    ['a call of a tool and no word', JSON_TYPE, chatCompletion({ finish_reason: 'tool_calls' }, { content: null, tool_calls: [call] })],
    [
      'an image',
      JSON_TYPE,
      { candidates: [{ content: { parts: [{ text: 'Here:' }, { inlineData: { data: 'A' } }] }, finishReason: 'STOP' }] },
    ],
    ['audio', JSON_TYPE, chatCompletion({}, { audio: { data: 'A' } })],
    ['data parts', SSE_TYPE, sse(...uiParts().slice(0, -1), { type: 'data-chart', data: [1] }, { type: 'finish' }, '[DONE]')],
    ['an embedded image', JSON_TYPE, { result: { candidates: [{ content: { parts: [{ inlineData: {} }] }, finishReason: 'STOP' }] } }],
    ['a refusal', JSON_TYPE, chatCompletion({}, { content: 'x', refusal: 'No.' })],
    ['a stream without its end', SSE_TYPE, named(...anthropicEvents().slice(0, -1))],
    ['an error', JSON_TYPE, { error: { message: 'x' } }],
    ['an error among frames', SSE_TYPE, `data: a\n\nevent: error\ndata: {}\n\n`],
    ['blank text', 'text/plain', ' \n'],
    ['nothing', JSON_TYPE, ''],
    ['an empty object', JSON_TYPE, {}],
    ['null', JSON_TYPE, 'null'],
    ['an image’s bytes', 'image/png', 'PNG'],
    ['broken JSON', JSON_TYPE, '{"a":'],
    ['a number beyond all numbers', JSON_TYPE, '{"a":1e400}'],
  ])('says nothing that can be compared: %s', (_name, contentType, body) => expect(read(contentType, body)).toBeUndefined())

  test('is one with the request’s provider where the stream alone could be several things', () => {
    const stream = sse({ type: 'start' }, { type: 'made-up' }, { type: 'text-delta', delta: 'Hi' }, { type: 'finish' }, '[DONE]')
    expect(read(SSE_TYPE, stream, 'ai-sdk-ui')).toEqual(said('Hi'))
  })
})

describe('JSON in text', () => {
  test.each([
    ['{"b":1,"a":[2]}', { a: [2], b: 1 }],
    [' [1, 2]\n', [1, 2]],
    ['```json\n{"a":1}\n```', { a: 1 }],
    ['```\n[]\n```\n', []],
  ])('%j is read', (text, json) => {
    expect(read(JSON_TYPE, chatCompletion({}, { content: text }))).toEqual({ text, json, toolCalls: false })
    expect(
      read(SSE_TYPE, sse(chatChunk(0, { content: text.slice(0, 5) }), chatChunk(0, { content: text.slice(5) }, 'stop'), '[DONE]')),
    ).toEqual({
      text,
      json,
      toolCalls: false,
    })
  })

  test.each(['5', '"x"', 'true', 'See {"a":1}', '```js\n{"a":1}\n```', '{"a":1} and more'])('%j is text', (text) => {
    expect(read(JSON_TYPE, chatCompletion({}, { content: text }))).toEqual(said(text))
  })
})

describe('an app’s own answer', () => {
  test.each(OWN_ANSWERS.filter(({ name }) => name.includes('JSON')))('$name', ({ contentType, body }) => {
    expect(read(contentType, body)).toEqual(said(whole))
  })

  test.each(OWN_ANSWERS.filter(({ name }) => name.includes('SSE')))('$name', ({ contentType, body }) => {
    expect(read(contentType, body)).toEqual(said('Hello'))
  })

  test('in lines of unknown names is all of them', () => {
    expect(textOf('application/x-ndjson', '{"t":"Hel"}\n{"t":"lo"}\n{"done":true}\n')).toBe('\nHel\nlo')
  })

  test('does not depend on ids, times, model and usage, nor on the order of keys', () => {
    const of = (id: string, at: string, more: object = {}): object => ({
      id,
      createdAt: at,
      answer: 'Blue.',
      model: 'gpt-4o-2024-08-06',
      usage: { inputTokens: id.length },
      latencyMs: id.length,
      ...more,
    })
    const a = of('chatcmpl-B9MBs8CjcvOU2jLn4n570S5q', '2026-11-01T10:00:00Z')
    const b = of('0a7b3c1e-1111-4222-8333-944455556666', '2026-12-01T10:00:00Z')
    expect(read(JSON_TYPE, a)).toEqual(said('Blue.'))
    expect(read(JSON_TYPE, b)).toEqual(said('Blue.'))
    const sources = { sources: [{ id: 7, url: 'x' }] }
    expect(read(JSON_TYPE, of('1', 'now', sources))).toMatchObject({ json: { id: '1', createdAt: 'now', answer: 'Blue.', ...sources } })
    expect(textOf(JSON_TYPE, { b: 1, a: 'x' })).toBe(textOf(JSON_TYPE, { a: 'x', b: 1 }))
  })

  test.each([
    [
      { id: 7, name: 'Desk' },
      { id: 8, name: 'Desk' },
    ],
    [
      { model: 'T3', price: 5 },
      { model: 'T4', price: 5 },
    ],
    [
      { startsAt: '2026-11-01T10:00:00Z', place: 'x' },
      { startsAt: '2026-11-02T10:00:00Z', place: 'x' },
    ],
    [
      { duration: 90, unit: 'min' },
      { duration: 45, unit: 'min' },
    ],
    [{ items: [{ id: 'chatcmpl-B9MBs8CjcvOU2jLn' }] }, { items: [{ id: 'chatcmpl-B9MBs8CjcvOU2jL7' }] }],
    [
      { answer: 'x', sources: ['a'] },
      { answer: 'x', sources: ['b'] },
    ],
    [
      { completion: chatCompletion({}, { content: 'a' }), note: 'x' },
      { completion: chatCompletion({}, { content: 'a' }), note: 'y' },
    ],
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    [
      { ok: true, text: 'x' },
      { ok: 1, text: 'x' },
    ],
  ])('keeps what may be the answer: %j, %j', (a, b) => {
    expect(textOf(JSON_TYPE, a)).toBeTypeOf('string')
    expect(textOf(JSON_TYPE, a)).not.toBe(textOf(JSON_TYPE, b))
  })

  test.each([{ ok: false }, { count: 0 }, { ok: false, text: '' }])('may be no and nothing: %j', (body) => {
    expect(read(JSON_TYPE, body)).toEqual({ text: JSON.stringify(body), json: body, toolCalls: false })
  })

  test('says what an embedded provider says', () => {
    expect(read(JSON_TYPE, { completion: chatCompletion({}, { content: 'Blue.' }), usage: {} })).toEqual(said('Blue.'))
    expect(read(JSON_TYPE, { data: geminiChunk('Blue.', 'STOP') })).toEqual(said('Blue.'))
  })

  test('as a stream keeps frames that are more than text', () => {
    const stream = (sources: string[]): string =>
      sse({ type: 'sources', sources }, { type: 'token', text: 'Bl' }, { type: 'token', text: 'ue.' }, { type: 'done' })
    expect(textOf(SSE_TYPE, stream(['a']))).toBe('\n{"sources":["a"],"type":"sources"}Blue.')
    expect(textOf(SSE_TYPE, stream(['b']))).not.toBe(textOf(SSE_TYPE, stream(['a'])))
    expect(textOf(SSE_TYPE, sse('"Bl"', '"ue."', '[DONE]'))).toBe('Blue.')
    expect(textOf(SSE_TYPE, 'event: ping\ndata: 1\n\ndata: 4\n\ndata: 2\n\n')).toBe('42')
    expect(textOf('application/x-ndjson', lines({ delta: 'Bl' }, { delta: 'ue.' }))).toBe('Blue.')
  })

  test('as text is itself', () => {
    expect(read('text/plain; charset=utf-8', 'Grüße')).toEqual(said('Grüße'))
    expect(read('text/markdown', '# Blue')).toEqual(said('# Blue'))
    expect(read(JSON_TYPE, '"Blue."')).toEqual(said('Blue.'))
  })
})

describe('hostile bytes', () => {
  const types = [...new Set([...PROVIDER_ANSWERS, ...OWN_ANSWERS].map(({ contentType }) => contentType)), '', 'image/png', ';;']

  test('are read or not, never thrown at, and blank text is never reported', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => encoder.encode(text)),
      fc
        .constantFrom(...PROVIDER_ANSWERS)
        .chain(({ body }) =>
          fc
            .tuple(fc.nat(body.length), fc.constantFrom('null', '"', '{}', '1e999', '[', ''))
            .map(([at, text]) => encoder.encode(body.slice(0, at) + text + body.slice(at + 1))),
        ),
    )
    fc.assert(
      fc.property(fc.constantFrom(...types), bytes, fc.constantFrom('generic', 'ai-sdk-ui'), (contentType, body, provider) => {
        expect(answerTextOf(contentType, body, provider)?.text.trim()).not.toBe('')
      }),
      { numRuns: 2000 },
    )
  })

  test('nested without end are let go', () => {
    for (const depth of [60, 100_000]) expect(read(JSON_TYPE, `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)).toBeUndefined()
    expect(textOf(JSON_TYPE, `${'{"a":'.repeat(20)}1${'}'.repeat(20)}`)).toBeTypeOf('string')
  })

  test('whatever is stored as a provider’s answer with text can be read', () => {
    for (const { contentType, body } of PROVIDER_ANSWERS) {
      const bytes = encoder.encode(body)
      const verdict = judgeAnswer({
        contentType,
        body: bytes,
        streamed: true,
        expectsJson: false,
        allowToolCalls: false,
        upstream: 'unknown',
        provider: 'generic',
      })
      expect(verdict.kind === 'complete' && verdict.protocol !== 'embeddings').toBe(
        answerTextOf(contentType, bytes, 'generic') !== undefined,
      )
    }
  })
})
