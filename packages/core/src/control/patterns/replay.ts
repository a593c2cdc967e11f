/** Which requests may be kept to be sent again, and what is kept of them. */

import type { Lookedup } from '../../engine/traffic.js'
import type { RequestBody } from '../../exchange.js'
import { isCredentialHeader } from '../../policy/credential-names.js'
import type { WarmRequest } from '../warm/request.js'

/**
 * The request as it can be sent again, without anybody's credentials: the fields of its key, host, type and body. Undefined where its
 * answer is not everybody's (a partition of one caller or tenant could only be reached with credentials), or where a part of its key
 * may be a credential itself.
 */
export function replayable({ request, rule, key }: Lookedup, body: RequestBody): WarmRequest | undefined {
  const { method, url, host } = request
  if (!isEverybodys(rule.partition, key) || host === '' || carriesCredential(url)) return undefined
  const text = textOf(body, request.header('content-type'))
  if (text === undefined) return undefined
  const headers: [string, string][] = [['host', host]]
  for (const name of new Set(['content-type', 'accept', ...rule.headers])) {
    const value = request.header(name)
    if (value === undefined) continue
    if (isCredentialHeader(name) || name === 'cookie') return undefined
    headers.push([name, value])
  }
  return { url, method, headers, body: text }
}

/** Memory that a kept request takes, about, in bytes. */
export function replayBytes({ url, headers, body }: WarmRequest): number {
  let bytes = OBJECT_BYTES + url.length + (body as string | Uint8Array).length
  for (const [name, value] of headers as [string, string][]) bytes += FIELD_BYTES + name.length + value.length
  return bytes
}

function isEverybodys(partition: Lookedup['rule']['partition'], key: string): boolean {
  const digest = key.split('.')[1]
  return digest === partition.digestOf('shared') ? isShared(partition.scheme) : digest === partition.digestOf({ headers: {} })
}

/** A function may well return 'shared' for some. */
function isShared(scheme: string): boolean {
  return scheme.startsWith('shared ')
}

/** Some APIs take keys and signatures in the query. */
function carriesCredential(url: string): boolean {
  const at = url.indexOf('?')
  if (at < 0) return false
  for (const name of new URLSearchParams(url.slice(at)).keys()) {
    const lower = name.toLowerCase().replaceAll('_', '-')
    if (isCredentialHeader(lower) || QUERY_CREDENTIALS.has(lower)) return true
  }
  return false
}

function textOf(body: RequestBody, contentType = ''): string | Uint8Array | undefined {
  switch (body.kind) {
    case 'none':
      return ''
    case 'bytes':
      // The app may write into the buffer that it got.
      return body.bytes.slice()
    case 'parsed':
      return /^\s*[\w.+-]+\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType) ? JSON.stringify(body.value) : undefined
    case 'unreadable':
      return undefined
  }
}

const QUERY_CREDENTIALS: ReadonlySet<string> = new Set(['key', 'sig', 'code', 'pass', 'password', 'pwd', 'subscription-key', 'ticket'])
const OBJECT_BYTES = 400
const FIELD_BYTES = 120
