/** Walks through the entries, a page at a time: between two pages others write, and the walk may be left off anywhere. */

import { type Entry, entryBytes } from '../entry/entry.js'
import type { Clock } from '../ports.js'
import type { Database } from './database.js'
import type { Reader } from './reader.js'
import type { Place } from './tables.js'

/** The keys held that begin with `prefix`, then those of `pending` that do and are not held, each once. */
export function* keysWith(prefix: string, database: Database, pending: readonly string[]): Generator<string> {
  // What begins with the prefix stands together in the order of bytes, from the prefix itself on.
  const waiting = new Set(pending.filter((key) => key.startsWith(prefix)))
  let from = prefix
  for (let inclusive = true; ; inclusive = false) {
    const keys = database.run((tables) => tables.keysFrom(from, inclusive, KEYS_A_PAGE))
    for (const key of keys) {
      if (!key.startsWith(prefix)) {
        yield* waiting
        return
      }
      waiting.delete(key)
      yield key
    }
    const last = keys.at(-1)
    // The same key again: it has a NUL, where older runtimes cut text off. No key of ours has one.
    if (last === undefined || last === from || keys.length < KEYS_A_PAGE) break
    from = last
  }
  yield* waiting
}

/** Live entries by falling value, those left out that no longer fit into `maxBytes`. */
export async function* hottestEntries(
  maxBytes: number,
  database: Database,
  reader: Reader,
  clock: Pick<Clock, 'now'>,
): AsyncGenerator<Entry> {
  let room = maxBytes
  let misfits = 0
  let place: Place | undefined
  while (!database.closed) {
    const page = database.run((tables) => tables.hottest(clock.now(), place, PLACES_A_PAGE))
    for (place of page) {
      if (room <= 0 || misfits > MISFITS) return
      const entry = await reader.read(place.key)
      if (!entry) continue
      const bytes = entryBytes(entry)
      if (bytes > room) {
        misfits += 1
        continue
      }
      room -= bytes
      yield entry
    }
    if (page.length < PLACES_A_PAGE) return
  }
}

const KEYS_A_PAGE = 500
const PLACES_A_PAGE = 200
const MISFITS = 16
