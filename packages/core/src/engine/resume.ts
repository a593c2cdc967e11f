/**
 * Going on with a stream whose leader died in another process. A model does not repeat itself, so only an answer that begins with
 * the very bytes that went out already may continue them; any other ends the stream where it broke off, visibly.
 */

import type { AnswerHead } from '../exchange.js'
import type { Flight } from './flight.js'

/** Where the bytes of an answer go. */
export type Sink = Pick<Flight, 'head' | 'write' | 'end' | 'abort' | 'release'>

export type ResumeState = 'catching-up' | 'over' | 'mismatch'

export interface Continuation extends Sink {
  readonly state: ResumeState
}

/**
 * Takes an answer from its first byte, compares it with what `flight` has sent, and passes on what comes after that.
 * A source that breaks off (`abort`, `release`) harms nothing: another continuation may be tried.
 *
 * @param onMismatch called once when it is another answer: nobody wants the rest of it
 */
export function continueFlight(flight: Flight, head: AnswerHead, sent: Uint8Array, onMismatch: () => void): Continuation {
  let at = 0
  let state: ResumeState = 'catching-up'

  function fail(): void {
    if (state !== 'catching-up') return
    state = 'mismatch'
    flight.abort()
    onMismatch()
  }

  return {
    get state() {
      return state
    },
    head({ status }) {
      if (status !== head.status) fail()
    },
    write(chunk) {
      if (state !== 'catching-up') return
      const overlap = Math.min(chunk.byteLength, sent.byteLength - at)
      for (let index = 0; index < overlap; index++) {
        if (chunk[index] === sent[at + index]) continue
        fail()
        return
      }
      at += overlap
      if (overlap < chunk.byteLength) flight.write(chunk.subarray(overlap))
    },
    end() {
      if (state !== 'catching-up') return
      if (at < sent.byteLength) {
        fail()
        return
      }
      state = 'over'
      flight.end(undefined)
    },
    abort() {},
    release() {},
  }
}
