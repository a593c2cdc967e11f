/** What this process knows of marks. Bounded; what falls out of it and is nowhere else makes everything older count as retired. */

import { LRUCache } from 'lru-cache'
import { atMost } from '../../lib/at-most.js'

export interface Known {
  /** Stamp of the latest mark, 0 where there is none. */
  readonly at: number
  /** Its round; '' where that is not known. */
  readonly round: string
  /** Stamp of when this process knew of it: what it begins after that is no business of the mark. */
  readonly heard: number
  /** In which generation of the reader it was read from all stores, 0 where it was not. */
  readonly generation: number
}

export interface MarkTable {
  get(guard: string): Known | undefined
  /** Takes in a mark, unless a later one is known. */
  learn(guard: string, mark: Known): void
  /** Guards with a mark. */
  readonly marks: number
  /** Stamp of the latest mark that was dropped although no store has it; 0 for none. */
  readonly floor: number
  /** A mark was dropped that is to be read again. */
  readonly forgetful: boolean
}

/** @param isElsewhere whether a store has the mark, so that it can be read again */
export function createMarkTable(isElsewhere: (guard: string) => boolean, max: number = MAX_GUARDS): MarkTable {
  let marks = 0
  let floor = 0
  let forgetful = false
  const table = new LRUCache<string, Known>({
    ...atMost(max),
    dispose: (mark, guard, reason) => {
      if (mark.at > 0) marks--
      if (reason !== 'evict' || mark.at === 0) return
      if (isElsewhere(guard)) forgetful = true
      else floor = Math.max(floor, mark.at)
    },
  })
  return {
    get: (guard) => table.get(guard),
    learn(guard, mark) {
      const known = table.get(guard)
      const generation = Math.max(mark.generation, known?.generation ?? 0)
      const later = !known || mark.at > known.at
      if (!later && generation === known.generation) return
      const { at, round, heard } = later ? mark : known
      table.set(guard, { at, round, heard, generation })
      if (at > 0) marks++
    },
    get marks() {
      return marks
    },
    get floor() {
      return floor
    },
    get forgetful() {
      return forgetful
    },
  }
}

const MAX_GUARDS = 20_000
