import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FingerprintInput, NormalizeMode } from '../../src/fingerprint/fingerprint.js'
import { type SemanticKey, semanticKeyOf } from '../../src/fingerprint/namespace.js'
import { PROVIDERS } from '../../src/fingerprint/providers.js'
import { readRequest } from '../../src/fingerprint/reading.js'
import { bypassOf, keyOf, PARTITION, request, shapeOf, VARIANTS } from './request.js'
import { PROMPT, SAMPLES, type SemanticSample } from './semantic-samples.js'

type Found = SemanticKey & { kind: 'prompt' }
type Tree = Record<string | number, unknown>

const MODES: readonly NormalizeMode[] = ['exact', 'default', 'loose']

function found(input: FingerprintInput): Found {
  const key = semanticKeyOf(input)
  if (key.kind !== 'prompt') throw new Error(`none: ${key.reason}`)
  return key
}

function reasonOf(body: unknown, url = '/chat'): string | undefined {
  const key = semanticKeyOf(request(body, { url }))
  return key.kind === 'none' ? key.reason : undefined
}

function withText({ body, at }: SemanticSample, text: unknown): unknown {
  const copy = structuredClone(body)
  let node = copy as Tree
  for (const key of at.slice(0, -1)) node = node[key] as Tree
  node[at.at(-1) as string] = text
  return copy
}

/** Copies of `value`, each changed in one place: leaves replaced, members and items removed, added and swapped. */
function* mutants(value: unknown, at: readonly (string | number)[] = []): Generator<{ at: readonly (string | number)[]; value: unknown }> {
  if (typeof value !== 'object' || value === null) {
    const others = [null, true, false, 0, 7.5, '', 'Zz', [], {}, typeof value === 'string' ? `${value} ` : 'a', value === 1 ? 2 : 1]
    for (const other of others) if (JSON.stringify(other) !== JSON.stringify(value)) yield { at, value: other }
    return
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const inner of mutants(item, [...at, index])) yield { at: inner.at, value: value.with(index, inner.value) }
      yield { at: [...at, index], value: value.toSpliced(index, 1) }
      yield { at: [...at, index], value: value.toSpliced(index, 0, item) }
      if (index > 0) yield { at: [...at, index], value: [...value.slice(0, index - 1), item, value[index - 1], ...value.slice(index + 1)] }
    }
    yield { at, value: [...value, 'x'] }
    return
  }
  const object = value as Tree
  for (const [key, child] of Object.entries(object)) {
    for (const inner of mutants(child, [...at, key])) yield { at: inner.at, value: { ...object, [key]: inner.value } }
    const { [key]: _, ...rest } = object
    yield { at: [...at, key], value: rest }
    yield { at: [...at, key], value: { ...rest, [`${key}2`]: child } }
  }
  yield { at, value: { ...object, extra: 'x' } }
}

describe.each(SAMPLES)('$provider at $at', (sample) => {
  const { provider, url, body, at } = sample
  const of = (value: unknown, normalize: NormalizeMode = 'default'): FingerprintInput => request(value, { url, normalize })

  it('has its prompt where it stands', () => {
    expect(shapeOf(of(body)).provider).toBe(provider)
    for (const mode of MODES) expect(found(of(body, mode)).text).toBe(PROMPT)
    expect(found(of(body)).namespace).toMatch(/^lc1\.A{22}\.[A-Za-z0-9_-]{43}$/)
    expect(found(of(body)).domain).toMatch(/^[A-Za-z0-9_-]{22}$/)
  })

  it('has one namespace for all words, whose keys differ', () => {
    for (const mode of MODES) {
      const { namespace, domain } = found(of(body, mode))
      for (const text of ['x', '\ud800', 'null', '["a"]', 'HOW OLD', `${PROMPT}!`, '__proto__']) {
        const other = of(withText(sample, text), mode)
        expect(found(other)).toEqual({ kind: 'prompt', text, namespace, domain })
        expect(keyOf(other)).not.toBe(keyOf(of(body, mode)))
      }
    }
  })

  it('is told apart by whatever tells its key apart, in every place and mode', () => {
    let checked = 0
    for (const mode of MODES) {
      const namespaces = new Map<string, string>([[keyOf(of(body, mode)), found(of(body, mode)).namespace]])
      const seen = new Map([...namespaces].map(([key, namespace]) => [namespace, key]))
      for (const mutant of mutants(body)) {
        if (`${mutant.at}` === `${at}`) continue
        const input = of(mutant.value, mode)
        const key = semanticKeyOf(input)
        if (key.kind === 'none') continue
        expect(key.text).toBe(PROMPT)
        // Same prompt: the key is the same exactly where the namespace is.
        expect(seen.get(key.namespace) ?? keyOf(input)).toBe(keyOf(input))
        expect(namespaces.get(keyOf(input)) ?? key.namespace).toBe(key.namespace)
        seen.set(key.namespace, keyOf(input))
        namespaces.set(keyOf(input), key.namespace)
        checked += 1
      }
    }
    expect(checked).toBeGreaterThan(10)
  })

  it('says none where the prompt is no text, or none at all', () => {
    for (const text of ['', ' \n', null, 7, true, {}]) expect(semanticKeyOf(of(withText(sample, text))).kind).toBe('none')
  })

  it('is one for raw and parsed bodies, and reads no body twice', () => {
    const input = of(body)
    const parsed = { ...input, body: { kind: 'parsed', value: structuredClone(body) } } as const
    expect(found(parsed)).toEqual(found(input))
    expect(semanticKeyOf({ ...input, body: { kind: 'none' } }, readRequest(input))).toEqual(found(input))
    expect(parsed.body.value).toEqual(body)
  })

  it('shows nothing of the prompt', () => {
    const secret = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
    const { namespace, domain } = found(of(withText(sample, secret)))
    expect(`${namespace} ${domain}`).not.toContain('aaaa')
  })
})

describe('samples', () => {
  it('are there for every provider but embeddings', () => {
    const all = new Set([...PROVIDERS.map(({ id }) => id), 'generic'])
    all.delete('openai-embeddings')
    expect(new Set(SAMPLES.map(({ provider }) => provider))).toEqual(all)
  })
})

describe('the namespace', () => {
  const CHAT = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi there' }] }

  it('differs for every part of the request but the prompt', () => {
    expect(new Set(VARIANTS.map((variant) => found(request(CHAT, variant)).namespace)).size).toBe(VARIANTS.length)
  })

  it('is the digest that the format says, spelled out, and no cache key', () => {
    const place = '["messages",0,"content"]'
    const rest = '{"messages":[{"content":null,"role":"user"}],"model":"gpt-4o"}'
    const head = ['lc1-namespace-1', 'POST', 'app.test', '/chat', 'application/json', '0', 'default', 'openai-chat', 'json']
    const text = [...head, place, rest].map((part) => `${part.length}:${part}`).join('')
    const digest = createHash('sha256').update(text, 'utf8').digest('base64url')
    expect(found(request(CHAT)).namespace).toBe(`lc1.${PARTITION}.${digest}`)
    const nothing = request({ ...CHAT, messages: [{ role: 'user', content: null }] })
    expect(keyOf(nothing)).not.toBe(found(request(CHAT)).namespace)
  })

  it('never meets another in many random requests', () => {
    const word = fc.constantFrom('a', 'b', 'null', '[]', '\ud800', 'messages')
    const part = fc.oneof(
      word.map((text) => ({ type: 'text', text })),
      word.map((url) => ({ type: 'image_url', image_url: { url } })),
      fc.constant({ type: 'text', text: null }),
    )
    const content = fc.oneof(word, fc.constant(null), fc.array(part, { maxLength: 3 }))
    const message = fc.record({ role: fc.constantFrom('user', 'assistant', 'system'), content }, { requiredKeys: ['role', 'content'] })
    const body = fc.record(
      { model: word, messages: fc.array(message, { minLength: 1, maxLength: 3 }), user: word },
      { requiredKeys: ['model', 'messages'] },
    )
    const rests = new Map<string, string>()
    let prompts = 0
    fc.assert(
      fc.property(body, (value) => {
        const input = request(value)
        const key = semanticKeyOf(input)
        if (key.kind === 'none') return
        prompts += 1
        const last = value.messages.at(-1) as { content: string | { type: string; text?: string }[] }
        if (typeof last.content === 'string') last.content = '\u0000prompt'
        else for (const item of last.content) if (item.type === 'text' && typeof item.text === 'string') item.text = '\u0000prompt'
        const rest = keyOf(request(value))
        expect(rests.get(key.namespace) ?? rest).toBe(rest)
        rests.set(key.namespace, rest)
      }),
      { numRuns: 10_000 },
    )
    expect(prompts).toBeGreaterThan(1000)
    expect(new Set(rests.values()).size).toBe(rests.size)
    expect(rests.size).toBeGreaterThan(500)
  })
})

describe('the domain', () => {
  const domainOf = (body: object, overrides: Partial<FingerprintInput> = {}): string => found(request(body, overrides)).domain
  const CHAT = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi there' }] }
  const base = domainOf(CHAT)

  it('is one for all partitions, system prompts, histories and parameters', () => {
    expect(domainOf({ ...CHAT, temperature: 0, user: 'u' }, { partition: 'B'.repeat(22), url: '/chat?a=1', headers: [['a', 'b']] })).toBe(
      base,
    )
    expect(domainOf({ ...CHAT, messages: [{ role: 'system', content: 'x' }, ...CHAT.messages] }, { normalize: 'exact' })).toBe(base)
  })

  it('differs by method, host, path, provider and model', () => {
    const others = [
      domainOf(CHAT, { method: 'QUERY' }),
      domainOf(CHAT, { host: 'other.test' }),
      domainOf(CHAT, { url: '/other' }),
      domainOf({ ...CHAT, model: 'gpt-5' }),
      domainOf({ ...CHAT, model: undefined }),
      domainOf({ ...CHAT, max_tokens: 5, system: 'x' }),
    ]
    expect(new Set([base, ...others]).size).toBe(7)
  })
})

describe('no prompt', () => {
  const chat = (...messages: object[]): object => ({ model: 'gpt-4o', messages })
  const user = { role: 'user', content: 'hi there' }
  const text = { type: 'text', text: 'hi there' }
  const claude = (content: unknown): object => ({ model: 'claude-3-5', max_tokens: 5, messages: [{ role: 'user', content }] })
  const gemini = (...parts: object[]): object => ({ contents: [{ parts }] })

  it.each([
    ['an answer begun beforehand', chat(user, { role: 'assistant', content: 'Well,' }), 'not-user-turn'],
    ['a result of a tool', chat(user, { role: 'tool', tool_call_id: 'c', content: '1' }), 'not-user-turn'],
    ['a system message last', chat(user, { role: 'system', content: 'x' }), 'not-user-turn'],
    ['two texts', chat({ role: 'user', content: [text, text] }), 'several-texts'],
    ['an image alone', chat({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }), 'no-prompt'],
    ['no parts', chat({ role: 'user', content: [] }), 'no-prompt'],
    ['no content', chat({ role: 'user', content: null }), 'no-prompt'],
    ['blank text', chat({ role: 'user', content: '  ' }), 'empty-prompt'],
    ['a blank part', chat({ role: 'user', content: [{ type: 'text', text: '' }] }), 'empty-prompt'],
    ['a part that is no object', chat({ role: 'user', content: [text, 'x'] }), 'no-prompt'],
    ['Anthropic: a result beside a text', claude([{ type: 'tool_result', tool_use_id: 't', content: 'x' }, text]), 'not-user-turn'],
    ['Anthropic: a result after a text', claude([text, { type: 'web_search_tool_result', content: [] }]), 'not-user-turn'],
    ['Anthropic: prefill', { ...claude('x'), messages: [user, { role: 'assistant', content: '{' }] }, 'not-user-turn'],
    ['Gemini: a result', gemini({ functionResponse: { name: 'f', response: {} } }, { text: 'hi' }), 'not-user-turn'],
    ['Gemini: the model last', { contents: [{ role: 'model', parts: [{ text: 'x' }] }] }, 'not-user-turn'],
    ['Gemini: two texts', gemini({ text: 'a' }, { text: 'b' }), 'several-texts'],
    [
      'Responses: an output of a function',
      { model: 'gpt-5', input: [user, { type: 'function_call_output', call_id: 'c', output: '1' }] },
      'not-user-turn',
    ],
    ['Responses: an approval', { model: 'gpt-5', input: [{ type: 'mcp_approval_response', approve: true }] }, 'not-user-turn'],
    ['embeddings', { model: 'text-embedding-3-small', input: 'hi there' }, 'no-prompt'],
    ['tokens', { model: 'gpt-4', prompt: [1, 2, 3] }, 'no-prompt'],
    ['lists of tokens', { model: 'gpt-4', prompt: [[1, 2], [3]] }, 'no-prompt'],
    ['one list of tokens', { model: 'gpt-4', prompt: [[1, 2]] }, 'no-prompt'],
    ['several prompts', { model: 'gpt-4', prompt: ['a', 'b'] }, 'no-prompt'],
    ['a prompt that the answer repeats', { model: 'gpt-4', prompt: 'hi there', echo: true }, 'no-prompt'],
    ['a gap to fill', { model: 'gpt-4', prompt: 'hi there', suffix: 'x' }, 'no-prompt'],
    ['Ollama: a gap to fill', { model: 'codellama:7b', prompt: 'def f', suffix: 'x', options: { seed: 1 } }, 'no-prompt'],
    ['AI SDK: the assistant last', { messages: [{ role: 'assistant', parts: [text] }] }, 'not-user-turn'],
    ['AI SDK: a file alone', { messages: [{ role: 'user', parts: [{ type: 'file', url: 'x' }] }] }, 'no-prompt'],
    ['two customary fields', { prompt: 'a', input: 'b' }, 'several-texts'],
    ['a message beside a history', { message: 'a', messages: [user] }, 'several-texts'],
    ['messages without roles', { messages: [{ content: 'a' }] }, 'not-user-turn'],
    ['messages of strings', { messages: ['a', 'b'] }, 'not-user-turn'],
    ['a list of questions', { question: ['a', 'b'] }, 'no-prompt'],
    ['a prompt with variables', { prompt: { id: 'p', variables: {} } }, 'no-prompt'],
    ['a blank prompt', { prompt: ' ' }, 'empty-prompt'],
    ['other JSON', { name: 'x' }, 'opaque-body'],
    ['an array', [chat(user)], 'opaque-body'],
    ['state on the server', { model: 'gpt-5', input: 'x', conversation: 'c' }, 'not-keyed'],
    ['no JSON', '{"prompt":', 'not-keyed'],
    ['duplicate keys', '{"prompt":"a","prompt":"b"}', 'not-keyed'],
  ])('%s', (_name, body, reason) => {
    expect(reasonOf(body)).toBe(reason)
    if (reason === 'not-keyed') expect(bypassOf(request(body))).toBeTypeOf('string')
  })

  it('text, forms and no body at all', () => {
    expect(semanticKeyOf(request('hi', { contentType: 'text/plain' }))).toEqual({ kind: 'none', reason: 'opaque-body' })
    expect(semanticKeyOf(request('', { body: { kind: 'none' } }))).toEqual({ kind: 'none', reason: 'opaque-body' })
    expect(semanticKeyOf(request('', { body: { kind: 'unreadable', reason: 'body-too-large' } }))).toEqual({
      kind: 'none',
      reason: 'not-keyed',
    })
  })
})
