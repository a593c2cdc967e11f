/** What a memory store keeps its entries in: bounded, with a policy of its own for what goes. */

import type { Entry } from '../entry/entry.js'

export interface EntryTable {
  /** The entry, past its time or not. Counts as a request for it. */
  get(key: string): Entry | undefined
  /** The same, and counts as nothing. */
  peek(key: string): Entry | undefined
  /** Keeps `entry` in place of what is under its key. False: it is not worth what would have to go, and nothing is under its key now. */
  set(entry: Entry): boolean
  delete(key: string): boolean
  clear(): void
  keys(): Iterable<string>
  readonly entries: number
  /** As `entryBytes` counts. */
  readonly bytes: number
}

export interface TableBounds {
  /** At least 1. Tables allocate some room for it in advance. */
  readonly maxEntries: number
  readonly maxBytes: number
}

/** Told of entries that went for space, after the table is as it will be. */
export type EvictionListener = (entry: Entry) => void
