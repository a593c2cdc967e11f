/**
 * Sending the old answer where the handler fails (RFC 5861 section 4). Until the first byte of the handler's body nothing goes out,
 * so that a failure can still be made up for: an error page, an empty stream, a response that is destroyed.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Recorder, Reply } from '../exchange.js'
import { type HeaderSnapshot, restoreHeaders, snapshot } from './headers.js'
import { sendBelow } from './send.js'
import { hasFirstByte, isNodeStream, putOffDestroy } from './streams.js'
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

/** @param below the response's methods as they were before anything further in replaced them */
export function createSubstitution(
  request: IncomingMessage,
  response: ServerResponse,
  recorder: Recorder,
  outer: HeaderSnapshot,
  below: Pick<ServerResponse, 'writeHead' | 'end'>,
): Substitution {
  const { fallback } = recorder
  let state: 'off' | 'holding' | 'passing' | 'sent' = fallback ? 'holding' : 'off'
  let held: (HeldHead & { readonly fields: HeaderSnapshot }) | undefined

  /** Error pages are made from the head as it was, with a status or fields of their own. */
  function isAsGiven({ status, fields }: { readonly status: number; readonly fields: HeaderSnapshot }): boolean {
    const now = snapshot(response)
    return status === response.statusCode && now.size === fields.size && [...now].every(([name, value]) => fields.get(name) === value)
  }

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
      held = { ...head, fields: snapshot(response) }
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
        sendBelow(request, response, reply, below)
        holdConnection(request, response)
      }
      state = 'sent'
      return true
    },
    letGo() {
      if (state === 'holding') state = 'off'
      // An error page has taken its place, as it may while nothing has gone out.
      const head = held && isAsGiven(held) ? held : undefined
      held = undefined
      return head
    },
  }
}

/**
 * Error handlers that find a head sent destroy the connection (Express' own does), which would cut what is still on its way: that is put
 * off until it is out.
 */
function holdConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  if (response.writableFinished || !socket) return
  const { destroy } = socket
  let wanted = false
  const letGo = (): void => {
    clearTimeout(timer)
    socket.destroy = destroy
    if (wanted) socket.destroy()
  }
  const timer = setTimeout(letGo, LONGEST_HOLD_MS)
  timer.unref()
  socket.destroy = function putOff(): typeof socket {
    wanted = true
    return socket
  }
  response.once('finish', letGo)
}

/** For a client that does not read, or is gone. */
const LONGEST_HOLD_MS = 10_000

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
  // Frameworks destroy bodies when the client leaves; followers may still want this one.
  if (stream) putOffDestroy(stream, tap.hold)
  // In the handler's context: a generator asks the model when it is read.
  if (!failed && (!stream || (await run(() => hasFirstByte(stream))))) return undefined
  const reply = fallback.take(failed ? status : undefined)
  if (!reply) return undefined
  stream?.on('error', () => undefined).destroy()
  tap.detach()
  restoreHeaders(response, outer)
  return reply
}
