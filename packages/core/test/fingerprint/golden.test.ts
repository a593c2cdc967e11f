/**
 * Keys are what stored entries are found by: they must be the same in every process, on every Node version, in every release.
 * A vector that fails says that entries stored before will not be found, or worse: change the version of the key, not the vector.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { RequestBody } from '../../src/exchange.js'
import type { NormalizeMode } from '../../src/fingerprint/fingerprint.js'
import { PROVIDERS } from '../../src/fingerprint/providers.js'
import { sha256 } from '../../src/platform/web.js'
import { keyOf, PARTITION, request, shapeOf } from './request.js'

interface Vector {
  readonly name: string
  readonly method: string
  readonly host: string
  readonly url: string
  readonly contentType: string | null
  readonly headers: readonly [string, string][]
  readonly normalize: NormalizeMode
  /** The body: as text, in base64, or neither when there is none. */
  readonly text?: string
  readonly base64?: string
  readonly provider: string
  readonly key: string
}

const vectors = JSON.parse(readFileSync(new URL('./golden.json', import.meta.url), 'utf8')) as Vector[]

function bodyOf({ text, base64 }: Vector): RequestBody {
  if (text === undefined && base64 === undefined) return { kind: 'none' }
  return { kind: 'bytes', bytes: text === undefined ? Buffer.from(base64 as string, 'base64') : Buffer.from(text) }
}

describe('golden keys', () => {
  it.each(vectors)('$name', (vector) => {
    const { method, host, url, headers, normalize } = vector
    const input = request('', { method, host, url, headers, normalize, contentType: vector.contentType ?? undefined, body: bodyOf(vector) })
    expect({ provider: shapeOf(input).provider, key: keyOf(input) }).toEqual({ provider: vector.provider, key: vector.key })
    const isParseable = vector.text !== undefined && vector.contentType !== 'text/plain; Charset=UTF-8' && /^\s*\{/.test(vector.text)
    if (isParseable) expect(keyOf({ ...input, body: { kind: 'parsed', value: JSON.parse(vector.text as string) } })).toBe(vector.key)
  })

  it('cover every provider and every mode', () => {
    expect(new Set(vectors.map(({ provider }) => provider))).toEqual(new Set([...PROVIDERS.map(({ id }) => id), 'generic', 'opaque']))
    expect(new Set(vectors.map(({ normalize }) => normalize))).toEqual(new Set(['exact', 'default', 'loose']))
    expect(vectors.length).toBeGreaterThanOrEqual(30)
  })

  it('are the digest that the format says, spelled out', () => {
    const parts = ['lc1', 'POST', 'h', '/p', 'application/json', '1', 'x-a', 'é', 'default', 'generic', 'json', '{"a":1,"prompt":"😀"}']
    const text = parts.map((part) => `${part.length}:${part}`).join('')
    const digest = createHash('sha256').update(text, 'utf8').digest('base64url')
    const input = request('{"prompt":"😀","a":1}', { host: 'h', url: '/p', headers: [['x-a', 'é']] })
    expect(keyOf(input)).toBe(`lc1.${PARTITION}.${digest}`)
    expect(sha256(text)).toBe(digest)
  })
})
