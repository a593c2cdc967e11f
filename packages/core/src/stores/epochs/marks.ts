/**
 * Marks as stores hold them: entries without a body, so that every store and every codec takes them as they are. Those that are raised
 * together are a round, which has a random id.
 *
 *   lc0.mark.<guard>   when what the guard guards was last invalidated: `meta.startedAt`; `id` is the round
 *   lc0.mark.latest    changes whenever a mark does: `id` is the latest round, `meta.rounds` has some of those before
 *
 * The latest round is written when its marks are there. Whoever finds it as it was need not read any mark again, and whoever finds a
 * round there knows that what it begins from then on comes after that.
 */

import type { Entry } from '../../entry/entry.js'
import { type Lived, MARK_PREFIX, recordEntry } from './record-entry.js'

export const LATEST_KEY: string = `${MARK_PREFIX}latest`

export function markKey(guard: string): string {
  return MARK_PREFIX + guard
}

/** @param at stamp, in ms since the epoch */
export function markEntry(guard: string, at: number, round: string, lived: Lived): Entry {
  return recordEntry(markKey(guard), round, { startedAt: at }, lived)
}

/** The stamp of a mark and its round; 0 where there is none. */
export function readMark(entry: Entry | undefined): { readonly at: number; readonly round: string } {
  return { at: entry?.meta.startedAt ?? 0, round: entry?.id ?? '' }
}

export function latestEntry(round: string, before: readonly string[], lived: Lived): Entry {
  return recordEntry(LATEST_KEY, round, { rounds: before }, lived)
}

/** The rounds that the entry at LATEST_KEY tells of, the latest first. */
export function roundsIn(latest: Entry | undefined): readonly string[] {
  return latest ? [latest.id, ...(latest.meta.rounds ?? [])] : []
}
