/** Work in the background that leaves the event loop to others: little by little, and all of it in one turn at a time. */

import type { Clock } from '../ports.js'

export interface Background {
  /** @param step a little of some work; true: it is done. Called until it is. It must not throw. */
  add(step: () => boolean): void
  close(): void
}

/**
 * A turn ends where another step, if it took as long as the longest of this turn, would go beyond two milliseconds; one step it always
 * takes. Works take turns.
 */
export function createBackground(clock: Pick<Clock, 'monotonic' | 'schedule'>): Background {
  const waiting: (() => boolean)[] = []
  let cancel: (() => void) | undefined
  let closed = false

  function turn(): void {
    const begun = clock.monotonic()
    let now = begun
    let longest = 0
    while (waiting[0] && now - begun + longest <= TURN_MS) {
      if (waiting[0]()) waiting.shift()
      const before = now
      now = clock.monotonic()
      longest = Math.max(longest, now - before)
    }
    waiting.push(...waiting.splice(0, 1))
    cancel = undefined
    plan()
  }

  function plan(): void {
    if (waiting.length > 0 && !cancel && !closed) cancel = clock.schedule(0, turn)
  }

  return {
    add(step) {
      waiting.push(step)
      plan()
    },
    close() {
      closed = true
      cancel?.()
      waiting.length = 0
    },
  }
}

const TURN_MS = 2
