/** Freshness (RFC 9111 section 4.2): what an entry is good for, now and for this request. Pure. */

import { NO_CONTROLS, type RequestControls } from './policy/controls.js'

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

/** What an entry that is not fresh for a request may be used for all the same. */
export interface StaleUse {
  /** To be sent at once, while a new answer is fetched. */
  readonly whileRevalidate: boolean
  /** To be sent where the origin fails. */
  readonly ifError: boolean
}

/** How long after its freshness ended an entry may be used, in ms. */
export interface StaleWindows {
  readonly whileRevalidateMs: number
  readonly ifErrorMs: number
}

/**
 * RFC 5861, for an entry of which `evaluate` said 'stale'. A caller that asks for something newer (`no-cache`, an unmet `max-age` or
 * `min-fresh`) gets no stale answer, but after an error where it says so itself (`stale-if-error=`). Its `max-stale` and
 * `stale-if-error` shorten the windows and never lengthen them.
 */
export function staleUse(entry: EntryTimes, controls: RequestControls, windows: StaleWindows, nowMs: number): StaleUse {
  if (evaluate(entry, NO_CONTROLS, nowMs) === 'gone') return NO_USE
  const staleMs = -remainingMs(entry, nowMs)
  const { noCache, maxAgeMs, minFreshMs, maxStaleMs = Number.POSITIVE_INFINITY, staleIfErrorMs } = controls
  const wantsNewer = noCache || minFreshMs !== undefined || (maxAgeMs !== undefined && !(ageMs(entry, nowMs) <= maxAgeMs))
  const ifErrorMs = Math.min(windows.ifErrorMs, staleIfErrorMs ?? maxStaleMs)
  return {
    whileRevalidate: !wantsNewer && staleMs < windows.whileRevalidateMs && staleMs <= maxStaleMs,
    ifError: (!wantsNewer || staleIfErrorMs !== undefined) && staleMs < ifErrorMs,
  }
}

const NO_USE: StaleUse = { whileRevalidate: false, ifError: false }

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
