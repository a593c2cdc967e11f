/** A warm start: entries read in the background, a few at a time. */

import type { Entry } from '../entry/entry.js'
import { isThenable } from '../lib/deadline.js'
import { nextTurn } from '../lib/turn.js'
import type { Awaitable } from '../ports.js'

/**
 * Gives `keep` every entry until `isOver`. Stores in this process answer without ever leaving the turn, so requests are let in
 * every few entries. Never rejects: what cannot be read now is read when it is asked for, and the store's events tell of its faults.
 */
export async function warmUp(
  entries: Iterable<Entry> | AsyncIterable<Entry>,
  keep: (entry: Entry) => Awaitable<void>,
  isOver: () => boolean,
): Promise<void> {
  let kept = 0
  try {
    for await (const entry of entries) {
      if (isOver()) return
      const keeping = keep(entry)
      if (isThenable(keeping)) await keeping
      if (++kept % BATCH === 0) await nextTurn()
    }
  } catch {}
}

const BATCH = 32
