import { describe, expect, it } from 'vitest'
import { bytesToSend } from '../../src/dispatch/body.js'
import type { RequestBody } from '../../src/exchange.js'

const parsed = (value: unknown): RequestBody => ({ kind: 'parsed', value })

describe('a body that is sent once more', () => {
  it.each<[string, RequestBody, string | undefined, string | undefined]>([
    ['none', { kind: 'none' }, undefined, ''],
    ['bytes', { kind: 'bytes', bytes: Buffer.from('as it came') }, 'application/x-www-form-urlencoded', 'as it came'],
    ['unreadable', { kind: 'unreadable', reason: 'body-too-large' }, 'application/json', undefined],
    ['parsed JSON', parsed({ q: 'ü' }), 'application/json; charset=utf-8', '{"q":"ü"}'],
    ['parsed JSON of a vendor', parsed([1]), 'application/vnd.api+json', '[1]'],
    ['parsed JSON in another charset', parsed({ q: 'ü' }), 'application/json; charset=utf-16le', undefined],
    ['a JSON text', parsed('a'), 'application/json', '"a"'],
    ['plain text', parsed('ask this'), 'text/plain', 'ask this'],
    ['text in another charset', parsed('ü'), 'text/plain; charset="latin1"', undefined],
    ['raw bytes', parsed(Buffer.from('raw')), 'application/octet-stream', 'raw'],
    ['a form', parsed({ q: '1' }), 'application/x-www-form-urlencoded', undefined],
    ['a form as text', parsed('q=1'), 'application/x-www-form-urlencoded', undefined],
    ['an object of no type', parsed({ q: 1 }), undefined, undefined],
    ['what JSON cannot write', parsed(undefined), 'application/json', undefined],
  ])('%s', (_what, body, contentType, expected) => {
    const bytes = bytesToSend(body, contentType)
    expect(bytes && new TextDecoder().decode(bytes)).toBe(expected)
  })

  it('does not share memory with the first', () => {
    const bytes = Buffer.from('as it came')
    const sent = bytesToSend({ kind: 'bytes', bytes }, undefined)
    bytes.fill(0)
    expect(new TextDecoder().decode(sent)).toBe('as it came')
    const raw = Buffer.from('raw')
    const again = bytesToSend(parsed(raw), 'application/octet-stream')
    raw.fill(0)
    expect(new TextDecoder().decode(again)).toBe('raw')
  })
})
