/**
 * Sending the old answer where the handler fails (RFC 5861 section 4). Until the first byte of the handler's body nothing goes out,
 * so that a failure can still be made up for: an error page, an empty stream, a response that is destroyed.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Recorder, Reply } from '../exchange.js'
import { type HeaderSnapshot, restoreHeaders } from './headers.js'
import { sendReply } from './send.js'
import { hasFirstByte, isNodeStream } from './streams.js'
import type { Tap } from './tap.js'

/** The arguments of a `writeHead` that waits. */
export interface HeldHead {
  readonly status: number
  readonly rest: readonly unknown[]
}

export interface Substitution {
  /** Nothing has gone out yet, and there is something to send instead. */
  readonly holding: boolean
  /** The reply is going out right now: calls are its own. */
  readonly passing: boolean
  /** The reply went out: what the handler still says goes nowhere. */
  readonly sent: boolean
  /** What the handler has said so far, or else would be sent. */
  readonly status: number
  hold(head: HeldHead): void
  /**
   * Sends the old answer if one of this status, or none at all (undefined), is a failure; false: it is none, or there is no old answer.
   *
   * @param isEmpty an answer without a body
   * @param isGone nobody is there to send it to; followers get it all the same
   */
  send(status: number | undefined, isEmpty: boolean, isGone: boolean): boolean
  /** The handler's own answer goes out: the head that waited for it, if one did. */
  letGo(): HeldHead | undefined
}

export function createSubstitution(
  request: IncomingMessage,
  response: ServerResponse,
  recorder: Recorder,
  outer: HeaderSnapshot,
): Substitution {
  const { fallback } = recorder
  let state: 'off' | 'holding' | 'passing' | 'sent' = fallback ? 'holding' : 'off'
  let held: HeldHead | undefined

  return {
    get holding() {
      return state === 'holding'
    },
    get passing() {
      return state === 'passing'
    },
    get sent() {
      return state === 'sent'
    },
    get status() {
      return response.statusCode
    },
    hold(head) {
      held = head
      response.statusCode = head.status
    },
    send(status, isEmpty, isGone) {
      const failed = status === undefined || fallback?.covers(status) || (isEmpty && status === 200 && request.method !== 'HEAD')
      const reply = failed && !response.headersSent ? fallback?.take(status) : undefined
      if (!reply) return false
      if (!isGone) {
        state = 'passing'
        restoreHeaders(response, outer)
        response.statusMessage = undefined as never
        sendReply(request, response, reply)
      }
      state = 'sent'
      return true
    },
    letGo() {
      if (state === 'holding') state = 'off'
      // An error page has taken its place, as it may while nothing has gone out.
      const head = held?.status === response.statusCode ? held : undefined
      held = undefined
      return head
    },
  }
}

/** What a framework's handler answered with, where it is given as a body (Koa). */
export interface BodyAnswer {
  readonly status: number
  readonly body: unknown
}

/**
 * The old answer in place of one that is given as a body and failed; the first byte of a stream is waited for. Undefined: the
 * handler's own goes out. Errors that the handler threw, and what it writes to the response itself, are the tap's.
 *
 * @param outer the fields that middleware further out had set before the handler ran; others are taken back from the response
 */
export async function replyInstead(
  response: ServerResponse,
  { tap, outer }: { readonly tap: Tap; readonly outer: HeaderSnapshot },
  { fallback, run }: Recorder,
  { status, body }: BodyAnswer,
): Promise<Reply | undefined> {
  if (!fallback) return undefined
  // A stream of the oldest kind does not tell what it has.
  const stream = isNodeStream(body) && body.readableLength !== undefined ? body : undefined
  const failed = fallback.covers(status)
  // In the handler's context: a generator asks the model when it is read.
  if (!failed && (!stream || (await run(() => hasFirstByte(stream))))) return undefined
  const reply = fallback.take(failed ? status : undefined)
  if (!reply) return undefined
  stream?.on('error', () => undefined).destroy()
  tap.detach()
  restoreHeaders(response, outer)
  return reply
}
