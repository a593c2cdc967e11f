/** The rejection of an answer as a call over HTTP: `POST {"id": "...", "reason": "..."}`, from those who are authorised. */

import { checkNames, checkObject, functionOf, invalid } from '../checks.js'
import type { CacheRequest, HeaderPairs, Reply } from '../exchange.js'
import type { Awaitable } from '../ports.js'

/** @typeParam R what the framework calls a request */
export interface RejectCallOptions<R> {
  /** Whether whoever sent `request` may reject answers, of any partition. Only `true` counts; a throw or a rejection is a no. */
  readonly authorize: (request: R) => Awaitable<boolean>
}

/** What is used of a cache. */
export interface Rejecting {
  reject(entryId: string, reason?: string): Promise<boolean>
}

/**
 * Answers calls: 204 where it was rejected, 404 for an id that nobody knows (any more), 400 for a body that is none, 401 where the
 * request has no credentials and 403 where they are not enough, 405 for anything but POST, 413 for a body over 4 KiB, 503 where a store
 * could not be cleaned.
 *
 * @throws OptionError without `authorize`
 */
export function createRejectCall<R>(
  cache: Rejecting,
  options: RejectCallOptions<R>,
): (request: Pick<CacheRequest, 'method' | 'header' | 'body'>, original: R) => Promise<Reply> {
  checkObject('options', options)
  checkNames(options, ['authorize'])
  const authorize = functionOf('authorize', options.authorize)
  if (!authorize) throw invalid('authorize', 'is missing; it says who may reject answers, as (request) => isAdmin(request)')

  async function isAuthorized(original: R): Promise<boolean> {
    try {
      return (await authorize?.(original)) === true
    } catch {
      return false
    }
  }

  return async (request, original) => {
    if (request.method !== 'POST') return refusal(405, 'method', [['Allow', 'POST']])
    if (!(await isAuthorized(original))) return hasCredentials(request) ? refusal(403, 'forbidden') : refusal(401, 'unauthorized')
    // A form of another site cannot send this type without asking first.
    if (!/^application\/json\s*(?:;|$)/i.test(request.header('content-type') ?? '')) return refusal(400, 'content-type')
    const body = await request.body(MAX_BODY_BYTES)
    if (body.kind === 'unreadable' && body.reason === 'body-too-large') return refusal(413, 'too-large')
    const call = parseCall(body.kind === 'bytes' ? parseJson(body.bytes) : body.kind === 'parsed' ? body.value : undefined)
    if (!call) return refusal(400, 'body')
    try {
      return (await cache.reject(call.id, call.reason)) ? { status: 204, headers: COMMON, body: EMPTY } : refusal(404, 'unknown-id')
    } catch {
      return refusal(503, 'not-everywhere')
    }
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

function parseCall(value: unknown): { readonly id: string; readonly reason: string | undefined } | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { id, reason, ...others } = value as { readonly id?: unknown; readonly reason?: unknown }
  const fits = typeof id === 'string' && (reason === undefined || typeof reason === 'string') && Object.keys(others).length === 0
  return fits ? { id, reason } : undefined
}

function hasCredentials(request: Pick<CacheRequest, 'header'>): boolean {
  return request.header('authorization') !== undefined || request.header('cookie') !== undefined
}

function refusal(status: number, error: string, headers: HeaderPairs = []): Reply {
  const bytes = encoder.encode(JSON.stringify({ error }))
  return { status, headers: [...COMMON, ...headers, ['Content-Type', 'application/json']], body: { kind: 'bytes', bytes } }
}

const encoder = new TextEncoder()
const COMMON: HeaderPairs = [['Cache-Control', 'no-store']]
const EMPTY: Reply['body'] = { kind: 'bytes', bytes: new Uint8Array(0) }
const MAX_BODY_BYTES = 4096
