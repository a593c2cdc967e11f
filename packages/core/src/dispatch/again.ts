/**
 * Asking the app the same once more, as a new request to the server that received the first one: through the app's own middleware,
 * with the same credentials, so that whatever guards the route guards it again. docs/decisions/0014-detached-requests.md.
 */

import { inMemory, type NodeServer, type Peer } from '#platform'
import type { DetachedRequest, Dispatch, HeaderPairs, HeldRequest, RequestBody } from '../exchange.js'
import { headerValue } from '../http/headers.js'
import { systemClock } from '../lib/clock.js'
import type { Clock } from '../ports.js'
import { bytesToSend } from './body.js'
import { DEFAULT_TIMEOUT_MS, deliver } from './deliver.js'
import { endToEnd } from './fields.js'

/** A request that was received, and its body as far as it was read. */
export interface Received {
  readonly method: string
  /** Path and query as received. */
  readonly url: string
  readonly headers: HeaderPairs
  readonly body: RequestBody
  /** Node's message, where there is one; else the `Request`. */
  readonly origin: object
  /** The way to the app where the server is not to be had. */
  readonly dispatch: (() => Dispatch | undefined) | undefined
}

export interface Patience {
  readonly clock: Clock
  /** Silence after which it is given up. */
  readonly timeoutMs: number
}

/**
 * Sends the request; its answer will be read and thrown away. Resolves with the status once it ended, with undefined where it broke
 * off. Undefined where it cannot be made: no server and no `dispatch`, a client that is gone and was not taken down before, or a
 * body that is not to be had.
 *
 * @param mark what the new request has as its `mark`
 */
export function askAgain(received: Received, mark: object | undefined, patience?: Patience): Promise<number | undefined> | undefined {
  const { method, url, origin, dispatch } = received
  const body = bytesToSend(received.body, headerValue(received.headers, 'content-type'))
  if (!body) return undefined
  const request = { method, url, headers: fieldsOf(received), body }
  const server = inMemory.serverBehind(origin)
  if (server) {
    const peer = inMemory.peerOf(origin)
    if (!peer) return undefined
    const { clock, timeoutMs } = patience ?? usualPatience()
    const sent = deliver({ kind: 'server', server }, request, { mark, signal: undefined, peer, like: undefined, clock, timeoutMs })
    if (sent) return sent
  }
  return dispatch?.()?.(request, { mark, repeats: origin })
}

/**
 * Takes the request down, so that it can be sent when its client is gone, with nothing of it kept but what is sent. Undefined where that
 * cannot be done: what the app would see of the client's connection is not to be had (HTTP/2), or neither server nor `dispatch` is.
 */
export function holdRequest(received: Received, patience?: Patience): HeldRequest | undefined {
  const { method, url, origin, dispatch } = received
  const body = bytesToSend(received.body, headerValue(received.headers, 'content-type'))
  if (!body) return undefined
  const request = { method, url, headers: fieldsOf(received), body }
  const server = inMemory.serverBehind(origin)
  if (server) {
    const peer = inMemory.peerOf(origin)
    return peer && { bytes: sizeOf(request, peer), again: overServer(server, request, peer, patience ?? usualPatience()) }
  }
  if ('rawHeaders' in origin || !dispatch) return undefined
  return { bytes: sizeOf(request, undefined), again: (mark) => dispatch()?.(request, { mark, repeats: origin }) }
}

// A closure of its own, lest it keep the message.
function overServer(server: NodeServer, request: DetachedRequest, peer: Peer, { clock, timeoutMs }: Patience): HeldRequest['again'] {
  return (mark) => deliver({ kind: 'server', server }, request, { mark, signal: undefined, peer, like: undefined, clock, timeoutMs })
}

function usualPatience(): Patience {
  return { clock: systemClock(), timeoutMs: DEFAULT_TIMEOUT_MS }
}

function sizeOf({ url, headers, body }: DetachedRequest, peer: Peer | undefined): number {
  let bytes = body.byteLength + url.length + (peer?.tls ? CERTIFICATE_BYTES : 0)
  for (const [name, value] of headers) bytes += FIELD_BYTES + name.length + value.length
  return bytes
}

const FIELD_BYTES = 116
const CERTIFICATE_BYTES = 16 * 1024

function fieldsOf({ headers, body }: Received): HeaderPairs {
  const fields = endToEnd(headers, body.kind === 'parsed')
  // HTTP/2 names it otherwise.
  const authority = headerValue(headers, 'host') === undefined ? headerValue(headers, ':authority') : undefined
  return authority === undefined ? fields : [['Host', authority], ...fields]
}
