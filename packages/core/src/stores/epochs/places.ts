/** The keys of answers that are held in memory, by id: as many as are held, and about a third more, for those that went leave late. */

import type { Entry } from '../../entry/entry.js'

export interface Places {
  add(id: string, key: string): void
  /** The entry of this id, where it is still held. */
  find(id: string): Entry | undefined
  readonly size: number
}

/** @param held what is held under a key; asked a few times for each `add` */
export function createPlaces(held: (key: string) => Entry | undefined): Places {
  const keys = new Map<string, string>()

  function find(id: string): Entry | undefined {
    const key = keys.get(id)
    const entry = key === undefined ? undefined : held(key)
    return entry?.id === id ? entry : undefined
  }

  /** The oldest goes to the end, or for good where it is not held any more. */
  function turn(): void {
    const [oldest] = keys
    if (!oldest) return
    const [id, key] = oldest
    const isHeld = find(id) !== undefined
    keys.delete(id)
    if (isHeld) keys.set(id, key)
  }

  return {
    find,
    add(id, key) {
      keys.set(id, key)
      for (let turns = 0; turns < TURNS; turns++) turn()
    },
    get size() {
      return keys.size
    },
  }
}

/** Where one is added and four are looked at, at most one in four places leads nowhere. */
const TURNS = 4
