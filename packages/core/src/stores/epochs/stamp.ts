/** Stamps: times that order what happens in this process exactly, and what happens in others as far as their clocks agree. */

import { MAX_CLOCK_SKEW_MS } from '../../freshness.js'
import type { Clock } from '../../ports.js'

export interface StampClock {
  /** Later than every stamp given or seen before, whatever became of the wall clock. ms since the epoch, with a fraction. */
  next(): number
  /** As `next`, and later than `stamp`, however far ahead that is. */
  after(stamp: number): number
  /** A stamp of another process was read: what comes after it is to be stamped later. */
  see(stamp: number): void
}

/**
 * A hybrid logical clock (Kulkarni, Demirbas: Logical Physical Clocks, 2014) in one number. Stamps that are further ahead than
 * clocks may differ are not followed: one wrong clock must not take all others with it.
 */
export function createStampClock(clock: Pick<Clock, 'now'>): StampClock {
  let last = 0
  function next(): number {
    last = Math.max(last + STEP_MS, clock.now())
    return last
  }
  function see(stamp: number): void {
    if (stamp > last && stamp <= clock.now() + MAX_CLOCK_SKEW_MS) last = stamp
  }
  return {
    next,
    see,
    after(stamp) {
      see(stamp)
      return Math.max(next(), stamp + STEP_MS)
    },
  }
}

/** A power of two, which a double holds exactly beside a time of this century. */
const STEP_MS = 2 ** -10
