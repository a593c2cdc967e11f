/** Requests to warm the cache with, as users write them, and as they are sent. */

import type { DetachedRequest, HeaderPairs } from '../../exchange.js'
import { isToken } from '../../http/grammar.js'
import { headerValue } from '../../http/headers.js'

/** One request, as a client of the app would send it. A line of a provider's batch file is one: what is not named here is left aside. */
export interface WarmRequest {
  /** Path and query: `/v1/chat/completions`. With scheme and host these are the request's own. */
  readonly url: string
  /** `POST`, `QUERY` or `GET`. @default 'POST' */
  readonly method?: string | undefined
  /** Fields of this request, besides those of the run. `content-type` is JSON where none is given. */
  readonly headers?: Readonly<Record<string, string>> | HeaderPairs | undefined
  /** An object is sent as JSON, text and bytes as they are. */
  readonly body?: object | string | Uint8Array | undefined
  /** Line of the file that it came from, from 1. */
  readonly line?: number | undefined
}

/** What stands in a request's place where there is none to be had. It counts as failed. */
export interface WarmFault {
  readonly fault: WarmFaultReason
  /** Line of the file, from 1. */
  readonly line?: number | undefined
}

/**
 * - `invalid-json`: a line that is not JSON.
 * - `invalid-request`: no `WarmRequest`: a url that is no path, a method that is never cached, a body that cannot be written as JSON.
 * - `line-too-long`: a line over 4 MiB.
 * - `template-failed`: the function that makes requests of prompts threw.
 */
export type WarmFaultReason = 'invalid-json' | 'invalid-request' | 'line-too-long' | 'template-failed'

/** What holds for all requests of a run. */
export interface RequestDefaults {
  readonly host: string | undefined
  readonly headers: HeaderPairs
}

/** The request as it is sent; what is wrong with it; or that nothing says for which host it is. Never throws. */
export function readRequest(value: unknown, defaults: RequestDefaults): DetachedRequest | 'invalid-request' | 'no-host' {
  if (typeof value !== 'object' || value === null) return 'invalid-request'
  const { url, method = 'POST', headers = {}, body } = value as Record<keyof WarmRequest, unknown>
  const target = readUrl(url)
  const own = readFields(headers)
  if (!target || !own || typeof method !== 'string' || !METHODS.has(method.toUpperCase())) return 'invalid-request'
  const bytes = readBody(body)
  if (!bytes) return 'invalid-request'
  const fields: [string, string][] = []
  for (const field of [...defaults.headers, ...own]) replace(fields, field)
  const host = headerValue(own, 'host') ?? target.host ?? defaults.host ?? headerValue(defaults.headers, 'host')
  if (host === undefined) return 'no-host'
  replace(fields, ['Host', host])
  if (bytes.byteLength > 0 && headerValue(fields, 'content-type') === undefined) fields.push(['Content-Type', 'application/json'])
  return { method: method.toUpperCase(), url: target.path, headers: fields, body: bytes }
}

/** Header fields of a user; undefined for what are none. */
export function readFields(value: unknown): HeaderPairs | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const pairs: unknown[] = Array.isArray(value) ? value : Object.entries(value)
  return pairs.every(isField) ? pairs : undefined
}

/** A Host field: a name or an address, and a port where it has one. */
export function isHost(value: unknown): value is string {
  return typeof value === 'string' && /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(value)
}

function isField(pair: unknown): pair is readonly [string, string] {
  if (!Array.isArray(pair) || pair.length !== 2) return false
  const [name, value] = pair as unknown[]
  return typeof name === 'string' && isToken(name) && typeof value === 'string' && /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)
}

function replace(fields: [string, string][], [name, value]: readonly [string, string]): void {
  const at = fields.findIndex(([other]) => other.toLowerCase() === name.toLowerCase())
  fields.splice(at < 0 ? fields.length : at, 1, [name, value])
}

function readUrl(url: unknown): { readonly host?: string; readonly path: string } | undefined {
  if (typeof url !== 'string') return undefined
  if (PATH.test(url)) return { path: url }
  const [, host, path = ''] = ABSOLUTE.exec(url) ?? []
  if (!isHost(host)) return undefined
  const full = path.startsWith('/') ? path : `/${path}`
  return PATH.test(full) ? { host, path: full } : undefined
}

function readBody(body: unknown): Uint8Array | undefined {
  if (body === undefined) return new Uint8Array(0)
  if (typeof body === 'string') return encoder.encode(body)
  if (body instanceof Uint8Array) return body
  if (typeof body !== 'object' || body === null) return undefined
  try {
    return encoder.encode(JSON.stringify(body))
  } catch {
    return undefined
  }
}

/** What the engine looks up at all. */
const METHODS: ReadonlySet<string> = new Set(['POST', 'QUERY', 'GET'])
/** A request target (RFC 9112 section 3.2.1), which has no fragment. */
const PATH = /^\/[!-"$-~]*$/
const ABSOLUTE = /^https?:\/\/([^/?#]+)([^#]*)$/i
const encoder = new TextEncoder()
