/** Passes a flight of another process on to those who follow it here. */

import type { AnswerHead } from '../exchange.js'
import { headerValue } from '../http/headers.js'
import type { RemoteFlight } from '../sharing.js'
import type { Sink } from './resume.js'

/** How the passing on ended. `broken`: in the middle of a stream that is already going out here the leader died or froze. */
export type RelayEnd = { readonly kind: 'over' } | { readonly kind: 'broken'; readonly head: AnswerHead }

/**
 * Feeds `flight` with what `remote` brings until it ends; never rejects. Answers that are of no use before their end (JSON) are
 * held back until it: if their leader dies, the followers have nothing yet and one of them leads. Streams go out as they come.
 */
export async function relay(remote: RemoteFlight, flight: Sink): Promise<RelayEnd> {
  let held: { readonly head: AnswerHead; readonly chunks: Uint8Array[] } | undefined
  let begun: AnswerHead | undefined

  function deliver(): void {
    if (!held) return
    begun = held.head
    flight.head(held.head)
    for (const chunk of held.chunks) flight.write(chunk)
    held = undefined
  }

  for (;;) {
    const step = await remote.next()
    switch (step.kind) {
      case 'head':
        held = { head: step.head, chunks: [] }
        if (isStream(step.head)) deliver()
        break
      case 'chunk':
        if (held) held.chunks.push(step.bytes)
        else flight.write(step.bytes)
        break
      case 'end':
        deliver()
        flight.end(undefined)
        return OVER
      case 'alone':
        flight.release()
        return OVER
      case 'abort':
        flight.abort()
        return OVER
      case 'lost':
        if (begun) return { kind: 'broken', head: begun }
        flight.abort()
        return OVER
    }
  }
}

const OVER: RelayEnd = { kind: 'over' }

/** Anything but JSON may be shown as it comes. */
function isStream({ headers }: AnswerHead): boolean {
  return !/^application\/(?:[\w.+-]+\+)?json\b/i.test(headerValue(headers, 'content-type') ?? '')
}
