/** How many calls a store may leave unanswered: a store that hangs must not gather promises. */

import type { Clock } from '../ports.js'

export interface CallSlots {
  /** May another call begin? */
  mayBegin(): boolean
  /** A call began. The answer is to be called when it settles, with whether that was after its deadline. */
  begin(): (late: boolean) => void
}

/**
 * At the limit one call is let through every `PROBE_MS`. When such a call is answered in time the store is alive again
 * and all that are still unanswered are written off: clients may lose calls without ever settling them.
 */
export function createCallSlots(limit: number, clock: Pick<Clock, 'monotonic'>): CallSlots {
  let unanswered = 0
  let generation = 0
  let nextProbeAt = 0
  return {
    mayBegin() {
      if (unanswered < limit) return true
      const now = clock.monotonic()
      if (now < nextProbeAt) return false
      nextProbeAt = now + PROBE_MS
      return true
    },
    begin() {
      const mine = generation
      const isProbe = unanswered >= limit
      unanswered += 1
      if (unanswered === limit) nextProbeAt = clock.monotonic() + PROBE_MS
      return (late) => {
        if (mine !== generation) return
        unanswered -= 1
        if (!isProbe || late) return
        generation += 1
        unanswered = 0
      }
    },
  }
}

const PROBE_MS = 10_000
