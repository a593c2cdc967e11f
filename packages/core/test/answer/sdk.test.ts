import Anthropic from '@anthropic-ai/sdk'
import * as ai7 from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import * as ai6 from 'ai-v6'
import { MockLanguageModelV3 } from 'ai-v6/test'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { judgeAnswer, type Verdict } from '../../src/answer/judge.js'
import { anthropicEvents, chatChunks, named, responseEvents, responseObject, sse, TEXT } from './fixtures.js'

async function judge(response: Response): Promise<Verdict> {
  return judgeAnswer({
    contentType: response.headers.get('content-type') ?? '',
    body: new Uint8Array(await response.arrayBuffer()),
    streamed: true,
    expectsJson: false,
    allowToolCalls: false,
    upstream: 'unknown',
    provider: 'generic',
  })
}

const serve = (body: string) => async (): Promise<Response> => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
const skipped = (reason: string) => ({ kind: 'skip', reason })

describe('what the SDKs write themselves', () => {
  const question = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Hi' }] }

  test('openai: lines of toReadableStream(), whole and cut', async () => {
    const lines = async (body: string): Promise<Response> => {
      const client = new OpenAI({ apiKey: 'x', maxRetries: 0, fetch: serve(body) })
      return new Response((await client.chat.completions.create({ ...question, stream: true })).toReadableStream())
    }
    expect(await judge(await lines(sse(...chatChunks, '[DONE]')))).toMatchObject({ kind: 'complete', protocol: 'openai-chat' })
    expect(await judge(await lines(sse(...chatChunks.slice(0, 3))))).toMatchObject(skipped('no-terminal-marker'))
    expect(await judge(await lines(sse(...chatChunks.slice(0, 1))))).toMatchObject(skipped('no-terminal-marker'))
  })

  test('openai: lines of a response stream', async () => {
    const body = named(...responseEvents({ type: 'response.completed', response: responseObject() }))
    const client = new OpenAI({ apiKey: 'x', maxRetries: 0, fetch: serve(body) })
    const stream = await client.responses.create({ model: 'gpt-4.1', input: 'Hi', stream: true })
    expect(await judge(new Response(stream.toReadableStream()))).toMatchObject({ kind: 'complete', protocol: 'openai-responses' })
  })

  test('anthropic: lines of toReadableStream(), whole and cut', async () => {
    const lines = async (body: string): Promise<Response> => {
      const client = new Anthropic({ apiKey: 'x', maxRetries: 0, fetch: serve(body) })
      const stream = await client.messages.create({ model: 'claude-haiku-9', max_tokens: 9, messages: question.messages, stream: true })
      return new Response(stream.toReadableStream())
    }
    const whole = await judge(await lines(named(...anthropicEvents())))
    expect(whole).toMatchObject({ kind: 'complete', protocol: 'anthropic-messages', usage: { inputTokens: 1120, outputTokens: 12 } })
    expect(await judge(await lines(named(...anthropicEvents().slice(0, -1))))).toMatchObject(skipped('no-terminal-marker'))
  })
})

const usage = {
  inputTokens: { total: 7, noCache: 5, cacheRead: 2, cacheWrite: 0 },
  outputTokens: { total: 9, text: 9, reasoning: 0 },
}
type Unified = 'stop' | 'length' | 'error' | 'other'
const parts = (unified: Unified) => [
  { type: 'stream-start' as const, warnings: [] },
  { type: 'text-start' as const, id: '0' },
  ...TEXT.map((delta) => ({ type: 'text-delta' as const, id: '0', delta })),
  { type: 'text-end' as const, id: '0' },
  { type: 'finish' as const, finishReason: { unified, raw: unified }, usage },
]
const failing = [...parts('stop').slice(0, 4), { type: 'error' as const, error: new Error('overloaded') }]
const calling = [
  { type: 'stream-start' as const, warnings: [] },
  { type: 'tool-call' as const, toolCallId: 'c1', toolName: 'weather', input: '{}' },
  { type: 'finish' as const, finishReason: { unified: 'tool-calls' as const, raw: 'tool_calls' }, usage },
]

const messageMetadata = ({ part }: { part: { type: string; totalUsage?: object } }): unknown =>
  part.type === 'finish' ? { totalUsage: part.totalUsage } : undefined

/** The SDK logs stream errors unless told otherwise. */
const onError = (): void => {}

function answer6(stream: readonly object[]): Response {
  const model = new MockLanguageModelV3({ doStream: { stream: ai6.simulateReadableStream({ chunks: stream as never[] }) } })
  const tools = { weather: ai6.tool({ inputSchema: ai6.jsonSchema({ type: 'object' }) }) } as ai6.ToolSet
  return ai6.streamText({ model, prompt: 'Hi', tools, onError, maxRetries: 0 }).toUIMessageStreamResponse({ messageMetadata })
}

function answer7(stream: readonly object[]): Response {
  const model = new MockLanguageModelV4({ doStream: { stream: ai7.simulateReadableStream({ chunks: stream as never[] }) } })
  const tools = { weather: ai7.tool({ inputSchema: ai7.jsonSchema({ type: 'object' }) }) } as ai7.ToolSet
  return ai7.streamText({ model, prompt: 'Hi', tools, onError, maxRetries: 0 }).toUIMessageStreamResponse({ messageMetadata })
}

describe.each([
  ['ai 6', answer6],
  ['ai 7', answer7],
] as const)('the UI message stream of %s', (_name, answer) => {
  test('is stored when whole, with the tokens of its metadata', async () => {
    expect(await judge(answer(parts('stop')))).toMatchObject({
      kind: 'complete',
      protocol: 'ai-sdk-ui',
      usage: { inputTokens: 7, outputTokens: 9, cachedInputTokens: 2 },
    })
  })

  test('is skipped when the model stopped early, failed or called a tool', async () => {
    expect(await judge(answer(parts('length')))).toMatchObject(skipped('finish-length'))
    expect(await judge(answer(parts('error')))).toMatchObject(skipped('finish-error'))
    expect(await judge(answer(parts('other')))).toMatchObject(skipped('finish-unknown'))
    expect(await judge(answer(failing))).toMatchObject(skipped('error-frame'))
    expect(await judge(answer(calling))).toMatchObject(skipped('tool-calls'))
  })

  test('is skipped when the model broke off without a finish', async () => {
    expect((await judge(answer(parts('stop').slice(0, -1)))).kind).toBe('skip')
    expect((await judge(answer(parts('stop').slice(0, 3)))).kind).toBe('skip')
  })
})
