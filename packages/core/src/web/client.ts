/** The client of a recorded exchange: keeps the handler unaware that it left, while others still receive the answer. */

import type { Recorder } from '../exchange.js'

/** An origin's answer that is being read. */
export interface Source {
  /** Reads on without anybody asking. */
  drain(): void
  /** Tells the origin that nobody wants the rest. */
  cancel(reason: unknown): void
}

export interface Client {
  /** For the handler, in place of the client's own: aborted when nobody receives the answer any more. */
  readonly signal: AbortSignal
  /** The client left. Idempotent. */
  leave(reason: unknown): void
  /** The handler has answered: from now on `source` is drained or cancelled when the client leaves. */
  reads(source: Source): void
  /** The answer has ended, well or not: who leaves now is nobody's concern but the handler's. */
  over(): void
}

/** @param clientSignal aborted when the client leaves; a server that has none tells by cancelling the body */
export function watchClient(recorder: Recorder, clientSignal: AbortSignal): Client {
  const controller = new AbortController()
  let state: 'present' | 'held' | 'released' = 'present'
  let ended = false
  let source: Source | undefined

  function release(reason: unknown): void {
    if (state === 'released') return
    state = 'released'
    controller.abort(reason)
    if (!ended) source?.cancel(reason)
  }

  function leave(reason: unknown): void {
    if (state !== 'present') return
    if (!ended && recorder.clientGone(() => release(reason))) {
      state = 'held'
      source?.drain()
    } else release(reason)
  }

  if (clientSignal.aborted) leave(clientSignal.reason)
  else clientSignal.addEventListener('abort', () => leave(clientSignal.reason), { once: true })

  return {
    signal: controller.signal,
    leave,
    reads(opened) {
      source = opened
      if (state === 'held') opened.drain()
      else if (state === 'released') opened.cancel(controller.signal.reason)
    },
    over() {
      ended = true
    },
  }
}
