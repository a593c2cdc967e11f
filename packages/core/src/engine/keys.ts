/** From a request to its cache key; bodies seen before are hashed and not parsed again. */

import { LRUCache } from 'lru-cache'
import { sha256 } from '#platform'
import type { CacheRequest, RequestBody } from '../exchange.js'
import { type FingerprintInput, type FingerprintResult, fingerprint } from '../fingerprint/fingerprint.js'
import type { RequestReading } from '../fingerprint/reading.js'
import { atMost } from '../lib/at-most.js'
import type { Rule } from './resolve.js'

export interface KeyTable {
  /** @param read what `readRequest` makes of `input`; asked only where the key is not known */
  keyOf(input: FingerprintInput, read: () => RequestReading): FingerprintResult
  /** Lets go of what was learnt about keys that begin with `prefix`. */
  forget(prefix: string): void
}

const MEMO_ENTRIES = 2000
const MAX_MEMO_KEY = 4096

export function createKeyTable(): KeyTable {
  const memo = new LRUCache<string, FingerprintResult>(atMost(MEMO_ENTRIES))

  function keyOf(input: FingerprintInput, read: () => RequestReading): FingerprintResult {
    const { method, host, url, contentType, headers, partition, body, normalize } = input
    const compute = (): FingerprintResult => fingerprint(input, read())
    if (body.kind !== 'bytes') return compute()

    let memoKey = `${partition}${sha256(body.bytes)}${normalize}`
    for (const part of [method, host, url, contentType ?? '']) memoKey += `${part.length}:${part}`
    for (const [name, value] of headers) memoKey += `${name.length}:${name}${value.length}:${value}`
    if (memoKey.length > MAX_MEMO_KEY) return compute()
    const known = memo.get(memoKey)
    if (known) return known
    const result = compute()
    memo.set(memoKey, result)
    return result
  }

  return {
    keyOf,
    forget(prefix) {
      for (const [memoKey, known] of memo.entries()) if (known.kind === 'key' && known.key.startsWith(prefix)) memo.delete(memoKey)
    },
  }
}

/** What the key of a request is made of under `rule`. */
export function fingerprintInput(request: CacheRequest, rule: Rule, partition: string, body: RequestBody): FingerprintInput {
  const { method, url } = request
  // Replicas listen on different ports, and tests on a new one each time; docs/decisions/0009-hosts-without-ports.md.
  const host = request.host.replace(PORT, '')
  const headers: (readonly [string, string])[] = []
  for (const name of rule.headers) {
    const value = request.header(name)
    if (value !== undefined) headers.push([name, value])
  }
  // Handlers that can do both choose by it, mostly without saying so in Vary.
  if (!rule.headers.includes('accept') && request.header('accept')?.includes(EVENT_STREAM)) headers.push(['accept', EVENT_STREAM])
  return { method, host, url, contentType: request.header('content-type'), headers, partition, body, normalize: rule.normalize }
}

const PORT = /:\d+$/
const EVENT_STREAM = 'text/event-stream'
