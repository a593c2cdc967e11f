/** A clock that stands still until it is told to go on. */

import type { Clock } from '../ports.js'

export interface ManualClock extends Clock {
  /** Goes on by `ms` and runs what falls due, in order. What that schedules runs too, if it falls due as well. */
  advance(ms: number): void
  /** Callbacks that wait for their time. */
  pending(): number
}

/** @param startAt ms since the epoch */
export function createManualClock(startAt: number = 1_750_000_000_000): ManualClock {
  let elapsed = 0
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>()

  function nextDue(until: number): { readonly at: number; readonly callback: () => void } | undefined {
    let next: { readonly at: number; readonly callback: () => void } | undefined
    for (const timer of timers) if (timer.at <= until && (!next || timer.at < next.at)) next = timer
    return next
  }

  return {
    now: () => startAt + elapsed,
    monotonic: () => elapsed,
    schedule(ms, callback) {
      const timer = { at: elapsed + ms, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      const until = elapsed + ms
      for (let timer = nextDue(until); timer; timer = nextDue(until)) {
        timers.delete(timer)
        elapsed = Math.max(elapsed, timer.at)
        timer.callback()
      }
      elapsed = until
    },
    pending: () => timers.size,
  }
}
