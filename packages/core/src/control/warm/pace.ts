/** A steady rate: requests are at least so far apart. */

import type { Clock } from '../../ports.js'

export interface Pace {
  /** Until the next one may be sent, in ms; 0 where it may now. */
  leftMs(): number
  used(): void
  /** The last one asked no model: its place is free again. */
  unused(): void
}

/** @param ratePerSecond undefined: as fast as it goes */
export function createPace(ratePerSecond: number | undefined, clock: Pick<Clock, 'monotonic'>): Pace {
  const apartMs = ratePerSecond === undefined ? 0 : 1000 / ratePerSecond
  let nextAt = Number.NEGATIVE_INFINITY
  return {
    leftMs: () => Math.max(0, nextAt - clock.monotonic()),
    used() {
      nextAt = Math.max(nextAt, clock.monotonic()) + apartMs
    },
    unused() {
      nextAt -= apartMs
    },
  }
}
