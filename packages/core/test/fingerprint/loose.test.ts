import { describe, expect, it } from 'vitest'
import { keyOf, request } from './request.js'

const user = (content: unknown): object => ({ messages: [{ role: 'user', content }] })
const part = (text: string): object => ({ contents: [{ parts: [{ text }] }] })
const ui = (text: string): object => ({ messages: [{ role: 'user', parts: [{ type: 'text', text }] }] })
const sameness = (a: object, b: object): boolean[] =>
  (['default', 'loose'] as const).map((normalize) => keyOf(request(a, { normalize })) === keyOf(request(b, { normalize })))

const [A, B] = ['What is  HTTP?\n', ' what is http?']

describe('loose', () => {
  it.each([
    ['chat text', { model: 'gpt-4o', ...user(A) }, { model: 'gpt-4o', ...user(B) }],
    ['chat parts', { model: 'gpt-4o', ...user([{ type: 'text', text: A }]) }, { model: 'gpt-4o', ...user([{ type: 'text', text: B }]) }],
    ['temperature', { model: 'm', ...user('x'), temperature: 0.71 }, { model: 'm', ...user('x'), temperature: 0.69 }],
    ['a rounded default', { model: 'gpt-4o', ...user('x'), temperature: 0.98 }, { model: 'gpt-4o', ...user('x') }],
    ['penalties', { model: 'm', ...user('x'), presence_penalty: 0.01 }, { model: 'm', ...user('x'), presence_penalty: -0.04 }],
    ['max_tokens', { model: 'm', ...user('x'), max_tokens: 51 }, { model: 'm', ...user('x'), max_tokens: 100 }],
    [
      'max_completion_tokens',
      { model: 'm', ...user('x'), max_completion_tokens: 1 },
      { model: 'm', ...user('x'), max_completion_tokens: 50 },
    ],
    ['responses', { model: 'gpt-5', input: A, max_output_tokens: 60 }, { model: 'gpt-5', input: B, max_output_tokens: 90 }],
    ['instructions', { model: 'gpt-5', input: 'x', instructions: A }, { model: 'gpt-5', input: 'x', instructions: B }],
    ['completions', { model: 'gpt-4', prompt: [A] }, { model: 'gpt-4', prompt: [B] }],
    ['embeddings', { model: 'text-embedding-3-small', input: A }, { model: 'text-embedding-3-small', input: B }],
    [
      'system',
      { model: 'claude-3', max_tokens: 5, system: A, ...user('x') },
      { model: 'claude-3', max_tokens: 6, system: B, ...user('x') },
    ],
    ['AI SDK', ui(A), ui(B)],
    ['Gemini', { ...part(A), generationConfig: { maxOutputTokens: 10 } }, { ...part(B), generationConfig: { maxOutputTokens: 20 } }],
    ['Ollama', { model: 'm', prompt: A, options: { num_predict: 9 } }, { model: 'm', prompt: B, options: { num_predict: 10 } }],
    ['generic prompt', { prompt: A }, { prompt: B }],
    ['generic question', { question: A, k: 1 }, { question: B, k: 1 }],
    ['generic messages', { messages: [{ content: A }] }, { messages: [{ content: B }] }],
  ])('takes for equal, and only loose does: %s', (_name, a, b) => expect(sameness(a, b)).toEqual([false, true]))

  it.each([
    ['another step of temperature', { model: 'm', ...user('x'), temperature: 0.64 }, { model: 'm', ...user('x'), temperature: 0.66 }],
    ['another bucket of tokens', { model: 'm', ...user('x'), max_tokens: 50 }, { model: 'm', ...user('x'), max_tokens: 51 }],
    ['words', { prompt: 'a b' }, { prompt: 'ab' }],
    ['punctuation', { prompt: 'let us eat, grandma' }, { prompt: 'let us eat grandma' }],
    ['case of a model', { model: 'M', ...user('x') }, { model: 'm', ...user('x') }],
    ['case of an unknown field', { prompt: 'x', code: 'A' }, { prompt: 'x', code: 'a' }],
    [
      'case of a URL in a part',
      { model: 'm', ...user([{ type: 'image_url', image_url: { url: 'A' } }]) },
      { model: 'm', ...user([{ type: 'image_url', image_url: { url: 'a' } }]) },
    ],
    ['numbers of an app', { prompt: 'x', max_tokens: 10 }, { prompt: 'x', max_tokens: 11 }],
    ['a prompt at another depth', { prompt: 'x', more: { prompt: 'A' } }, { prompt: 'x', more: { prompt: 'a' } }],
    ['one user from another', { prompt: 'x', user: 'A' }, { prompt: 'x', user: 'a' }],
  ])('keeps apart: %s', (_name, a, b) => expect(sameness(a, b)).toEqual([false, false]))
})
