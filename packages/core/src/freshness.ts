/** Freshness (RFC 9111 section 4.2): what an entry is good for, now and for this request. Pure. */

import type { RequestControls } from './policy/controls.js'

/** The times of an entry, in ms since the epoch; storedAt <= staleAt <= deleteAt. Every `Entry` has them. */
export interface EntryTimes {
  readonly storedAt: number
  readonly staleAt: number
  readonly deleteAt: number
}

/**
 * - `fresh`: may be sent without asking the origin. Includes a stale entry that the caller accepts by `max-stale`.
 * - `stale`: exists, but may be used only after the origin was asked: it is past `staleAt`, or the caller asked for
 *   something newer. A model's answer cannot be revalidated by a validator, so this is a miss unless the operator
 *   allows stale answers while refreshing or after an error.
 * - `gone`: not to be used at all.
 */
export type Freshness = 'fresh' | 'stale' | 'gone'

/** How far ahead of our clock another process's may be, in ms. An entry from further in the future is gone. */
export const MAX_CLOCK_SKEW_MS = 60_000

/**
 * Judges an entry at `nowMs`. `max-age` and `min-fresh` hold even where `max-stale` is given: the stricter wins.
 * After the clock was set back the age counts as 0, and the entry lives at most MAX_CLOCK_SKEW_MS longer than it
 * should. A time that is NaN makes the entry gone or stale, never immortal.
 */
export function evaluate(entry: EntryTimes, controls: RequestControls, nowMs: number): Freshness {
  if (!(nowMs < entry.deleteAt) || !(entry.storedAt - nowMs <= MAX_CLOCK_SKEW_MS)) return 'gone'
  if (controls.noCache) return 'stale'
  const { maxAgeMs, minFreshMs, maxStaleMs } = controls
  // Reload buttons send max-age=0 and mean a new answer, even within the millisecond of storing.
  if (maxAgeMs !== undefined && (maxAgeMs === 0 || !(ageMs(entry, nowMs) <= maxAgeMs))) return 'stale'
  const remaining = remainingMs(entry, nowMs)
  if (minFreshMs !== undefined && !(remaining >= minFreshMs)) return 'stale'
  if (remaining > 0) return 'fresh'
  return maxStaleMs !== undefined && -remaining <= maxStaleMs ? 'fresh' : 'stale'
}

/** Age in ms, never negative: the `Age` field is this in whole seconds (RFC 9111 section 5.1). */
export function ageMs(entry: EntryTimes, nowMs: number): number {
  return Math.max(0, nowMs - entry.storedAt)
}

/** Freshness left in ms, negative once stale, never more than the whole lifetime: the `ttl` of Cache-Status in ms. */
export function remainingMs(entry: EntryTimes, nowMs: number): number {
  return entry.staleAt - Math.max(nowMs, entry.storedAt)
}

/** The times of an entry stored at `nowMs`: fresh for `ttlMs`, then kept `retentionMs` more for use while stale. */
export function times(nowMs: number, ttlMs: number, retentionMs = 0): EntryTimes {
  const staleAt = nowMs + ttlMs
  return { storedAt: nowMs, staleAt, deleteAt: staleAt + retentionMs }
}
