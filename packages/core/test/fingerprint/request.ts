/** Requests for the fingerprint tests. */

import { type FingerprintInput, type FingerprintResult, fingerprint, type RequestShape } from '../../src/fingerprint/fingerprint.js'

export const PARTITION = 'AAAAAAAAAAAAAAAAAAAAAA'

/** A JSON request; `body` is text as sent, or a value to be serialised. */
export function request(body: unknown, overrides: Partial<FingerprintInput> = {}): FingerprintInput {
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
  return {
    method: 'POST',
    host: 'app.test',
    url: '/chat',
    contentType: 'application/json',
    headers: [],
    partition: PARTITION,
    body: { kind: 'bytes', bytes },
    normalize: 'default',
    ...overrides,
  }
}

export function keyOf(input: FingerprintInput): string {
  return keyed(fingerprint(input)).key
}

export function shapeOf(input: FingerprintInput): RequestShape {
  return keyed(fingerprint(input)).shape
}

export function bypassOf(input: FingerprintInput): string | undefined {
  const result = fingerprint(input)
  return result.kind === 'bypass' ? result.reason : undefined
}

function keyed(result: FingerprintResult): FingerprintResult & { kind: 'key' } {
  if (result.kind !== 'key') throw new Error(`bypassed: ${result.reason}`)
  return result
}

/** Requests that differ in everything but the body. */
export const VARIANTS: readonly Partial<FingerprintInput>[] = [
  {},
  { method: 'QUERY' },
  { host: 'other.test' },
  { url: '/chat?x=1' },
  { url: '/chat/' },
  { contentType: 'application/vnd.x+json' },
  { contentType: undefined },
  { headers: [['x-tone', 'formal']] },
  { headers: [['x-tone', '']] },
  { partition: 'B'.repeat(22) },
  { normalize: 'exact' },
  { normalize: 'loose' },
]
