/** Writes that were given up as too late and may land yet: after a delete of their key they are deleted once more. */

import { type Entry, entryBytes } from '../entry/entry.js'
import type { Clock } from '../ports.js'
import type { Covers } from './write-behind.js'

export interface LateWrites {
  /** Bytes of all of them. */
  readonly bytes: number
  /** A write of `entry` begins; `begin` is to be called if it comes to be given up, `landed` when it is answered after that. */
  watch(entry: Entry): { readonly begin: () => void; readonly landed: (kind: 'done' | 'thrown') => void }
  /** What is covered is being deleted. True if one of these writes may still land, in any time worth waiting for. */
  revoke(covers: Covers): boolean
}

/**
 * @param patienceMs how long a write is thought able to land
 * @param onLanded a revoked write landed
 */
export function createLateWrites(clock: Pick<Clock, 'monotonic'>, patienceMs: number, onLanded: (key: string) => void): LateWrites {
  const late = new Set<{ readonly entry: Entry; readonly since: number; revoked: boolean }>()
  let total = 0
  return {
    get bytes() {
      return total
    },
    watch(entry) {
      const { key } = entry
      const bytes = entryBytes(entry)
      const write = { entry, since: clock.monotonic(), revoked: false }
      let given = false
      let landed = false
      return {
        begin() {
          if (landed) return
          given = true
          total += bytes
          late.add(write)
          // Losing sight of the oldest is better than gathering what a client has lost.
          for (const oldest of late) {
            if (late.size <= MOST) break
            late.delete(oldest)
          }
        },
        landed(kind) {
          landed = true
          late.delete(write)
          if (given) total -= bytes
          if (write.revoked && kind === 'done') onLanded(key)
        },
      }
    },
    revoke(covers) {
      let mayLand = false
      for (const write of late) {
        if (!covers(write.entry.key, write.entry)) continue
        write.revoked = true
        if (clock.monotonic() - write.since <= patienceMs) mayLand = true
      }
      return mayLand
    },
  }
}

const MOST = 1000
