/** Entries of which the least recently used goes first. */

import { LRUCache } from 'lru-cache'
import { type Entry, entryBytes } from '../entry/entry.js'
import type { EntryTable, EvictionListener, TableBounds } from './table.js'

export function createLruTable({ maxEntries, maxBytes }: TableBounds, evicted: EvictionListener): EntryTable {
  const held = new LRUCache<string, Entry>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: entryBytes,
    // After, not during: a listener that asks for size() sees the bounds hold.
    disposeAfter: (entry, _key, reason) => {
      if (reason === 'evict') evicted(entry)
    },
  })
  return {
    get: (key) => held.get(key),
    peek: (key) => held.peek(key),
    set(entry) {
      held.set(entry.key, entry)
      return true
    },
    delete: (key) => held.delete(key),
    clear: () => held.clear(),
    keys: () => held.keys(),
    get entries() {
      return held.size
    },
    get bytes() {
      return held.calculatedSize
    },
  }
}
