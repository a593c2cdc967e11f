/**
 * Hearing what others did while a store was away, before what waited is written to it: a write that has waited through an erasure
 * by another process must not bring back what is gone.
 */

import type { Clock } from '../ports.js'

export interface CatchUpOptions {
  /** Tries once, in bounded time; whether it worked. Never rejects. */
  readonly attempt: () => Promise<boolean>
  readonly clock: Pick<Clock, 'schedule'>
  /** Writes may go on. */
  readonly onDone: () => void
}

export interface CatchUp {
  /** The store was away and nobody has caught up since. */
  readonly behind: boolean
  /** The store does not take calls: whatever is being tried comes too early. */
  away(): void
  /** It takes them again: tries, in pauses of 250 ms to 1 s, until it works. */
  back(): void
  /** It is not tried again. */
  stop(): void
  /** Tries a last time, if need be; whether nothing is left to catch up with. */
  last(attempt: () => Promise<boolean>): Promise<boolean>
}

export function createCatchUp({ attempt, clock, onDone }: CatchUpOptions): CatchUp {
  let behind = false
  /** Grows each time the store goes away: what was begun before says nothing of what came after. */
  let round = 0
  let begunIn = 0
  let stopped = false
  let cancel: (() => void) | undefined

  async function run(mine: number, failures: number): Promise<void> {
    cancel = undefined
    const works = await attempt()
    if (mine !== round || stopped) return
    if (works) {
      behind = false
      onDone()
    } else {
      cancel = clock.schedule(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** failures), () => void run(mine, failures + 1))
    }
  }

  return {
    get behind() {
      return behind
    },
    away() {
      behind = true
      round += 1
      cancel?.()
      cancel = undefined
    },
    back() {
      if (!behind || stopped || begunIn === round) return
      begunIn = round
      void run(round, 0)
    },
    stop() {
      stopped = true
      cancel?.()
      cancel = undefined
    },
    async last(attemptOnce) {
      const mine = round
      if (behind && (await attemptOnce()) && mine === round) behind = false
      return !behind
    },
  }
}

const PAUSE_MS = 250
const LONGEST_PAUSE_MS = 1000
