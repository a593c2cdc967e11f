import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RequestBody } from '../../src/exchange.js'
import type { FingerprintInput } from '../../src/fingerprint/fingerprint.js'
import { bypassOf, keyOf, PARTITION, request, shapeOf, VARIANTS } from './request.js'

const CHAT = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }], temperature: 0.2 }
const bytes = (text: string): RequestBody => ({ kind: 'bytes', bytes: new TextEncoder().encode(text) })
const parsed = (value: unknown): RequestBody => ({ kind: 'parsed', value })

describe('the key', () => {
  it('has its form', () => {
    expect(keyOf(request(CHAT))).toMatch(/^lc1\.A{22}\.[A-Za-z0-9_-]{43}$/)
    expect(keyOf(request(CHAT, { partition: 'B'.repeat(22) }))).toMatch(/^lc1\.B{22}\./)
  })

  it('differs for every part of the request', () => {
    const variants: Partial<FingerprintInput>[] = [
      ...VARIANTS,
      { body: { kind: 'none' } },
      { body: bytes('[]') },
      { body: bytes('{}') },
      { body: bytes('""') },
      { body: bytes('null') },
    ]
    expect(new Set(variants.map((variant) => keyOf(request(CHAT, variant)))).size).toBe(variants.length)
  })

  it('never lets parts run into one another', () => {
    const word = fc.oneof(
      fc.constantFrom('', 'a', 'ab', 'bc', 'c', '1:', ':', '0:', '\ud800', '\ufffd', '"\\ud800"'),
      fc.string({ maxLength: 3 }),
    )
    const header = fc.tuple(word, word)
    const input = fc.record({
      method: word,
      host: word,
      url: word,
      contentType: fc.constantFrom('text/plain', 'text/plain; charset=latin1', 'application/octet-stream'),
      headers: fc.array(header, { maxLength: 2 }),
      partition: fc.constantFrom(PARTITION, 'B'.repeat(22)),
      body: fc.oneof(fc.constant<RequestBody>({ kind: 'none' }), word.map(parsed), fc.array(word, { maxLength: 2 }).map(parsed)),
      normalize: fc.constantFrom('exact', 'default', 'loose'),
    }) as fc.Arbitrary<FingerprintInput>
    fc.assert(
      fc.property(input, input, (a, b) => {
        expect(keyOf(a) === keyOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
      { numRuns: 2000 },
    )
    const headers = (...pairs: [string, string][]): string => keyOf(request(CHAT, { headers: pairs }))
    expect(headers(['a', 'bc'])).not.toBe(headers(['ab', 'c']))
    expect(headers(['a', 'b'], ['c', 'd'])).not.toBe(headers(['a', 'b'], ['c', 'd'], ['', '']))
    expect(keyOf(request(CHAT, { host: 'a', url: 'bc' }))).not.toBe(keyOf(request(CHAT, { host: 'ab', url: 'c' })))
  })

  it('is one for raw and parsed JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'medium' }), (value) => {
        const text = JSON.stringify(value)
        const again: unknown = JSON.parse(text)
        fc.pre(typeof again !== 'string')
        const raw = request(text)
        if (bypassOf(raw)) expect(bypassOf({ ...raw, body: parsed(again) })).toBe(bypassOf(raw))
        else expect(keyOf({ ...raw, body: parsed(again) })).toBe(keyOf(raw))
      }),
    )
    expect(keyOf(request(CHAT, { body: parsed(CHAT) }))).toBe(keyOf(request(CHAT)))
    expect(keyOf(request(CHAT, { body: parsed(Buffer.from(JSON.stringify(CHAT))) }))).toBe(keyOf(request(CHAT)))
  })

  it('does not depend on layout, escapes or number spelling of JSON', () => {
    const key = keyOf(request('{"message":"hé/","t":1}'))
    expect(keyOf(request(' {\n"t" : 1.0e0, "messag\\u0065":"h\\u00e9\\/" } '))).toBe(key)
    expect(keyOf(request('{"message":"hé/","t":1}', { contentType: 'Application/JSON; Charset="UTF-8"' }))).toBeTypeOf('string')
    for (const contentType of ['application/json;charset=utf-8', 'APPLICATION/JSON ; charset=UTF-8', 'application/json; charset=utf8']) {
      expect(keyOf(request('{"message":"hé/","t":1}', { contentType }))).toBe(key)
    }
  })

  it('tells lone surrogates apart', () => {
    const texts = ['"\\ud800"', '"\\udbff"', '"\ufffd"', '"\\\\ud800"'].map((text) => `{"message":${text}}`)
    expect(new Set(texts.map((text) => keyOf(request(text)))).size).toBe(4)
  })

  it('never changes the body it is given', () => {
    const value = { ...structuredClone(CHAT), n: 1, prompt_cache_key: 'x' }
    const before = JSON.stringify(value)
    for (const normalize of ['exact', 'default', 'loose'] as const) keyOf(request(null, { body: parsed(value), normalize }))
    expect(JSON.stringify(value)).toBe(before)
  })
})

describe('hostile keys', () => {
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'toJSON', '*', 'length']

  it.each(keys)('%s is ordinary data at every level', (key) => {
    const bodies = [
      '{"message":"hi"}',
      `{"message":"hi","${key}":1}`,
      `{"message":"hi","${key}":2}`,
      `{"message":"hi","a":{"${key}":{"stream":true}}}`,
      `{"message":"hi","${key}":{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]}}`,
    ]
    for (const normalize of ['exact', 'default', 'loose'] as const) {
      expect(new Set(bodies.map((body) => keyOf(request(body, { normalize })))).size).toBe(bodies.length)
    }
    for (const body of bodies) {
      expect(shapeOf(request(body))).toMatchObject({ kind: 'generic', model: undefined })
      expect(keyOf(request(body, { body: parsed(JSON.parse(body)) }))).toBe(keyOf(request(body)))
    }
    expect(Object.hasOwn(Object.prototype, 'model')).toBe(false)
  })

  it('does not read a shape from a prototype that a body names', () => {
    const body = '{"__proto__":{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],"message":"hi"}}'
    expect(shapeOf(request(body)).kind).toBe('opaque')
  })
})

describe('bypass', () => {
  it.each([
    ['{"a":1,"a":2}', 'duplicate-keys'],
    ['{"a":1,"\\u0061":2}', 'duplicate-keys'],
    ['{"seed":9007199254740993}', 'number-precision'],
    ['{"t":1e400}', 'number-precision'],
    ['{"a":', 'invalid-json'],
    ['', 'invalid-json'],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'too-deep'],
  ])('JSON %#: %s', (text, reason) => {
    expect(bypassOf(request(text))).toBe(reason)
    expect(bypassOf(request(text, { contentType: 'application/problem+json' }))).toBe(reason)
    if (text !== '') expect(bypassOf(request(text, { contentType: undefined }))).toBe(reason)
    expect(bypassOf(request(text, { contentType: 'text/plain' }))).toBeUndefined()
  })

  it('bytes that are not UTF-8, or said to be something else', () => {
    const body: RequestBody = { kind: 'bytes', bytes: Uint8Array.from([0x22, 0xff, 0x22]) }
    expect(bypassOf(request('', { body }))).toBe('invalid-json')
    expect(bypassOf(request(CHAT, { contentType: 'application/json; charset=utf-16' }))).toBe('invalid-json')
    expect(bypassOf(request(CHAT, { contentType: 'application/json; charset="latin1"' }))).toBe('invalid-json')
  })

  it('parsed values that are no JSON', () => {
    expect(bypassOf(request('', { body: parsed({ at: new Date(0) }) }))).toBe('invalid-json')
    expect(bypassOf(request('', { body: parsed(undefined) }))).toBe('invalid-json')
    expect(bypassOf(request('', { body: parsed({ n: 2 ** 53 }) }))).toBe('number-precision')
  })

  it('multipart and unreadable bodies', () => {
    expect(bypassOf(request('x', { contentType: 'Multipart/Form-Data; boundary=x' }))).toBe('body-multipart')
    expect(bypassOf(request('x', { contentType: 'multipart/form-data; boundary=x', body: parsed({}) }))).toBe('body-multipart')
    for (const reason of ['body-too-large', 'body-encoded', 'body-consumed', 'body-aborted'] as const) {
      expect(bypassOf(request('x', { body: { kind: 'unreadable', reason } }))).toBe(reason)
    }
  })
})

describe('other bodies', () => {
  it('are opaque, by their bytes and media type', () => {
    const inputs = [
      request('', { body: { kind: 'none' }, contentType: undefined }),
      request('', { contentType: undefined }),
      request('hi', { contentType: 'text/plain' }),
      request('hi ', { contentType: 'text/plain' }),
      request('hi', { contentType: 'text/plain; charset=utf-8' }),
      request('hi', { contentType: 'text/plain; charset=latin1' }),
      request('hi', { contentType: 'application/octet-stream' }),
      request('hi', { contentType: undefined }),
      request('prompt=hi', { contentType: 'application/x-www-form-urlencoded' }),
      request('', { contentType: 'application/x-www-form-urlencoded', body: parsed({ prompt: 'hi' }) }),
      request('', { contentType: 'application/x-www-form-urlencoded', body: parsed({ prompt: ['hi'] }) }),
      request('[1]'),
      request('{"a":1}'),
      request('"hi"'),
    ]
    for (const input of inputs)
      expect(shapeOf(input)).toEqual({ provider: 'opaque', kind: 'opaque', model: undefined, refresh: false, expectsJson: false })
    expect(new Set(inputs.map(keyOf)).size).toBe(inputs.length)
  })

  it('are the same raw or read by a text or raw parser', () => {
    const raw = request('grüße', { contentType: 'text/plain; Charset=UTF-8' })
    expect(keyOf({ ...raw, contentType: 'TEXT/plain;charset=utf-8' })).toBe(keyOf(raw))
    expect(keyOf({ ...raw, body: parsed('grüße') })).toBe(keyOf(raw))
    expect(keyOf({ ...raw, body: parsed(Buffer.from('grüße')) })).toBe(keyOf(raw))
    const latin = { ...raw, contentType: 'text/plain; charset=latin1' }
    expect(keyOf({ ...latin, body: parsed('é') })).not.toBe(keyOf({ ...latin, body: bytes('é') }))
  })

  it('do not take text for the JSON it looks like', () => {
    const text = '{"a":1}'
    expect(keyOf(request(text, { body: parsed(text) }))).not.toBe(keyOf(request(text)))
    expect(keyOf(request(text, { body: parsed(text) }))).not.toBe(keyOf(request(JSON.stringify(text))))
  })
})
