/**
 * Marks as stores hold them: entries without a body, so that every store and every codec takes them as they are.
 *
 *   lc0.mark.<guard>   when what the guard guards was last invalidated: `meta.startedAt`
 *   lc0.mark.latest    changes whenever a mark does: `id`, random. Whoever finds it as it was need not read any mark again
 */

import { randomId } from '#platform'
import type { Entry } from '../../entry/entry.js'
import { type Lived, MARK_PREFIX, recordEntry } from './record-entry.js'

export const LATEST_KEY: string = `${MARK_PREFIX}latest`

export function markKey(guard: string): string {
  return MARK_PREFIX + guard
}

export function markEntry(guard: string, at: number, lived: Lived): Entry {
  return recordEntry(markKey(guard), '', { startedAt: at }, lived)
}

/** The stamp of a mark; 0 where there is none. */
export function markAt(entry: Entry | undefined): number {
  return entry?.meta.startedAt ?? 0
}

export function latestEntry(lived: Lived): Entry {
  return recordEntry(LATEST_KEY, randomId(), {}, lived)
}
