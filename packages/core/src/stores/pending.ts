/** Work under way that an invalidation must be able to beat: what it finds or makes must not bring back what was removed. */

import type { Entry } from '../entry/entry.js'

export interface Pending {
  /** Work on `key` begins. */
  begin(key: string): PendingWork
  /** All work under way on keys that begin with `prefix` is spoiled, or what it finds if that is meant. */
  spoil(prefix: string, matches?: (entry: Entry) => boolean): void
  readonly size: number
}

export interface PendingWork {
  /** What was removed meanwhile must not come back: drop the result, here `entry`. */
  spoils(entry: Entry | undefined): boolean
  /** The work is over. Idempotent. */
  end(): void
}

export function createPending(): Pending {
  const works = new Set<Work>()
  return {
    begin(key) {
      const work: Work = { key, spoiled: false, doubts: [] }
      works.add(work)
      return {
        spoils: (entry) => work.spoiled || (entry !== undefined && work.doubts.some((matches) => matches(entry))),
        end: () => void works.delete(work),
      }
    },
    spoil(prefix, matches) {
      for (const work of works) {
        if (!work.key.startsWith(prefix)) continue
        if (matches && work.doubts.length < MAX_DOUBTS) work.doubts.push(matches)
        else work.spoiled = true
      }
    },
    get size() {
      return works.size
    },
  }
}

interface Work {
  readonly key: string
  spoiled: boolean
  /** What it finds must not be meant by any of these. */
  readonly doubts: ((entry: Entry) => boolean)[]
}

/** Invalidations during one piece of work from which on it is spoiled, whatever it finds. */
const MAX_DOUBTS = 16
