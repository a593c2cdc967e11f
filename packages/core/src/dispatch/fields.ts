/** Request fields that travel on with a request that is sent once more. */

import type { HeaderPairs } from '../exchange.js'
import { headerValue, listMembers } from '../http/headers.js'

/** Fields of the first connection and its framing (RFC 9110 section 7.6.1); the new one has its own. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** @param rewritten the body is no longer as it came: its coding is gone */
export function endToEnd(headers: HeaderPairs, rewritten = false): HeaderPairs {
  const named = listMembers(headerValue(headers, 'connection'))
  return headers.filter(([name]) => {
    const lower = name.toLowerCase()
    return !LEFT_OUT.has(lower) && !named.includes(lower) && !lower.startsWith(':') && !(rewritten && lower === 'content-encoding')
  })
}

/** Node's flat list as pairs. */
export function pairsOf(raw: readonly string[]): HeaderPairs {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at] as string, raw[at + 1] as string])
  return pairs
}
