/** What was learnt of each partition, and of none more than of the last few that asked. */

import { LRUCache } from 'lru-cache'
import type { Removal } from '../../stores/hearing.js'
import { createHabits, type Habits } from './habits.js'
import { wilsonUpper } from './precision.js'

/** One partition: its habits, and how predictions for it fared. */
export interface PartitionState {
  readonly habits: Habits
  readonly fortune: Fortune
}

/** How the last predictions for one partition fared. */
export interface Fortune {
  /** False where they have shown that this caller cannot be predicted. */
  readonly good: boolean
  /** True where `good` changed. */
  note(used: boolean): boolean
}

export interface Partitions {
  /** The state of the partition whose keys begin with `prefix`; made where it was not known. */
  of(prefix: string): PartitionState
  peek(prefix: string): PartitionState | undefined
  forget(removal: Removal): void
  /** Partitions that are known, and those of which `fortune.good` is false. */
  count(): { readonly known: number; readonly off: number }
}

/** @param most partitions that are remembered; the one that has not asked for longest goes first */
export function createPartitions(most: number, minPrecision: number): Partitions {
  const states = new LRUCache<string, PartitionState>({ max: most })
  return {
    of(prefix) {
      const known = states.get(prefix)
      if (known) return known
      const state = { habits: createHabits(), fortune: createFortune(minPrecision) }
      states.set(prefix, state)
      return state
    },
    peek: (prefix) => states.peek(prefix),
    forget(removal) {
      if ('keys' in removal) for (const key of removal.keys) states.peek(prefixOf(key))?.habits.forget(digestOf(key))
      else for (const prefix of [...states.keys()]) if (prefix.startsWith(removal.prefix)) states.delete(prefix)
    },
    count() {
      let off = 0
      for (const { fortune } of states.values()) if (!fortune.good) off++
      return { known: states.size, off }
    },
  }
}

/** `lc1.<partition digest>.` of a cache key. */
export function prefixOf(key: string): string {
  return key.slice(0, key.lastIndexOf('.') + 1)
}

/** The request digest of a cache key. */
export function digestOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1)
}

const REMEMBERED = 16
const LEAST_VERDICTS = 8

function createFortune(minPrecision: number): Fortune {
  let bits = 0
  let count = 0
  let good = true
  return {
    get good() {
      return good
    },
    note(used) {
      bits = ((bits << 1) | (used ? 1 : 0)) & (2 ** REMEMBERED - 1)
      count = Math.min(count + 1, REMEMBERED)
      const hits = bitCount(bits)
      const before = good
      // Off where it is next to certain that too little comes true, on again as soon as enough does.
      if (good) good = count < LEAST_VERDICTS || wilsonUpper(hits, count) >= minPrecision
      else good = hits / count >= minPrecision
      return good !== before
    },
  }
}

function bitCount(bits: number): number {
  let left = bits
  let count = 0
  for (; left !== 0; count++) left &= left - 1
  return count
}
