/**
 * Asking the app the same once more, as a new request to the server that received the first one: through the app's own middleware,
 * with the same credentials, so that whatever guards the route guards it again. docs/decisions/0014-detached-requests.md.
 */

import { inMemory } from '#platform'
import type { Dispatch, HeaderPairs, RequestBody } from '../exchange.js'
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
    const { clock, timeoutMs } = patience ?? { clock: systemClock(), timeoutMs: DEFAULT_TIMEOUT_MS }
    const sent = deliver({ kind: 'server', server }, request, { mark, signal: undefined, peer, like: undefined, clock, timeoutMs })
    if (sent) return sent
  }
  return dispatch?.()?.(request, { mark, repeats: origin })
}

function fieldsOf({ headers, body }: Received): HeaderPairs {
  const fields = endToEnd(headers, body.kind === 'parsed')
  // HTTP/2 names it otherwise.
  const authority = headerValue(headers, 'host') === undefined ? headerValue(headers, ':authority') : undefined
  return authority === undefined ? fields : [['Host', authority], ...fields]
}
