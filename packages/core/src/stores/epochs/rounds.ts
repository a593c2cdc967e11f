/** Rounds of marks that this process has heard of lately. */

import { MAX_CLOCK_SKEW_MS } from '../../freshness.js'
import type { StampClock } from './stamp.js'

export interface Rounds {
  hear(rounds: readonly string[]): void
  /** Those heard before `stamp`, the latest first. */
  before(stamp: number): readonly string[]
  /** The latest of all. */
  recent(): readonly string[]
}

/** Older rounds need no remembering: times tell what came after them, however clocks differ. */
export function createRounds(stamps: StampClock): Rounds {
  const heard = new Map<string, number>()

  function forget(now: number): void {
    for (const [round, at] of heard) {
      if (heard.size <= MAX_ROUNDS && now - at <= KEPT_MS) return
      heard.delete(round)
    }
  }

  return {
    hear(rounds) {
      const fresh = rounds.filter((round) => !heard.has(round))
      if (fresh.length === 0) return
      const now = stamps.next()
      for (const round of fresh.reverse()) heard.set(round, now)
      forget(now)
    },
    before(stamp) {
      if (heard.size === 0) return NONE
      forget(stamps.next())
      return [...heard].flatMap(([round, at]) => (at < stamp ? [round] : [])).reverse()
    },
    recent: () => [...heard.keys()].reverse(),
  }
}

const NONE: readonly string[] = []
const MAX_ROUNDS = 32
// What is begun now may end much later, but a mark that is older than clocks may differ is told from it by its time.
const KEPT_MS: number = 2 * MAX_CLOCK_SKEW_MS
