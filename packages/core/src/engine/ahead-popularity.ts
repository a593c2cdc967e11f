/** How often keys were asked for lately, in bounded memory. Keys are digests: nothing of a request is kept. */

import { LRUCache } from 'lru-cache'
import { atMost } from '../lib/at-most.js'
import type { Clock } from '../ports.js'
import type { Removal } from '../stores/hearing.js'

export interface Popularity {
  /** One more request for `key`: how many there were within the last `windowMs`, this one included. */
  add(key: string, windowMs: number): Tally
  forget(removal: Removal): void
  clear(): void
  readonly size: number
}

/** The requests for one key. Whoever keeps it can ask also when many other keys have come since. */
export interface Tally {
  /** How many there were within the window up to now. */
  count(): number
}

/** The keys that were asked for last are known, this many. */
const MAX_KEYS = 10_000
/** A window is counted in so many parts: it is exact to one of them. */
const PARTS = 4

interface Counted extends Tally {
  readonly windowMs: number
  add(): void
}

export function createPopularity(clock: Pick<Clock, 'monotonic'>, maxKeys: number = MAX_KEYS): Popularity {
  const known = new LRUCache<string, Counted>(atMost(maxKeys))
  return {
    add(key, windowMs) {
      let tally = known.get(key)
      if (tally?.windowMs !== windowMs) {
        tally = createTally(clock, windowMs)
        known.set(key, tally)
      }
      tally.add()
      return tally
    },
    forget(removal) {
      if ('keys' in removal) for (const key of removal.keys) known.delete(key)
      else for (const key of [...known.keys()]) if (key.startsWith(removal.prefix)) known.delete(key)
    },
    clear: () => known.clear(),
    get size() {
      return known.size
    },
  }
}

function createTally(clock: Pick<Clock, 'monotonic'>, windowMs: number): Counted {
  /** Requests in the current part of a window, the one before, and so on. */
  const counts = new Array<number>(PARTS + 1).fill(0)
  let part = Math.floor(position())

  /** Parts of a window, since the clock began. */
  function position(): number {
    return (clock.monotonic() * PARTS) / windowMs
  }

  /** Brings the counts up to now. */
  function turn(): void {
    const now = Math.floor(position())
    for (let passed = Math.min(now - part, PARTS + 1); passed > 0; passed--) {
      counts.pop()
      counts.unshift(0)
    }
    part = now
  }

  return {
    windowMs,
    add() {
      turn()
      counts[0] = (counts[0] ?? 0) + 1
    },
    count() {
      turn()
      // Of the oldest part only what is within the window, as if it had been asked for evenly.
      let total = (counts[PARTS] ?? 0) * (1 - (position() - part))
      for (let at = 0; at < PARTS; at++) total += counts[at] ?? 0
      return total
    },
  }
}
