/** What happens in the background: hits are written down, expired entries go, the file and its log shrink. */

import type { Clock } from '../ports.js'
import type { Database } from './database.js'
import { walBytes } from './file.js'
import type { HitLog } from './hits.js'
import type { Removed, Tables } from './tables.js'

export interface Upkeep {
  /** Does the next round in at most `ms`. */
  hasten(ms: number): void
  /** Something was removed on purpose: within a second it is also gone from the log. */
  erased(): void
  /** Writes all hits down. */
  flush(tables: Tables): void
  stop(): void
}

export interface UpkeepParts {
  readonly database: Database
  readonly hits: HitLog
  readonly path: string
  readonly clock: Clock
  /** ms between rounds. */
  readonly interval: number
  onExpired(removed: Removed): void
  onFailure(error: unknown): void
}

export function startUpkeep({ database, hits, path, clock, interval, onExpired, onFailure }: UpkeepParts): Upkeep {
  let cancel: () => void = () => {}
  let dueAt = 0
  let stopped = false
  /** The log has what was removed since, or keeps the file from shrinking. */
  let logIsToGo = false

  function schedule(ms: number): void {
    cancel()
    if (stopped) return
    dueAt = clock.monotonic() + ms
    cancel = clock.schedule(ms, round)
  }

  function hasten(ms: number): void {
    if (clock.monotonic() + ms < dueAt) schedule(ms)
  }

  /** Each step is short, since nothing else runs meanwhile; if one had more to do the next round comes soon. */
  function round(): void {
    let more = false
    try {
      database.follow()
      more = database.run((tables) => {
        const noted = hits.take(BATCH)
        if (noted.length > 0) tables.addHits(noted)
        const removed = tables.removeExpired(clock.now(), BATCH)
        if (removed.length > 0) {
          onExpired(removed)
          logIsToGo = true
        }
        const full = noted.length === BATCH || removed.length === BATCH
        if (full) return true
        const { free, all } = tables.pages()
        const spare = Math.ceil(free - Math.max(FREE_PAGES, all / 8))
        if (spare > 0) tables.shrink(Math.min(PAGES_A_ROUND, spare))
        logIsToGo ||= spare > 0 || walBytes(path) > LONG_LOG
        if (spare > PAGES_A_ROUND) return true
        if (logIsToGo && tables.emptyLog()) logIsToGo = false
        return false
      })
    } catch (error) {
      if (!stopped) onFailure(error)
    }
    schedule(more ? Math.min(SOON_MS, interval) : interval)
  }

  schedule(interval)
  return {
    hasten,
    erased() {
      logIsToGo = true
      hasten(Math.min(ERASE_MS, interval))
    },
    flush(tables) {
      for (let noted = hits.take(BATCH); noted.length > 0; noted = hits.take(BATCH)) tables.addHits(noted)
    },
    stop() {
      stopped = true
      cancel()
    },
  }
}

const BATCH = 200
/** Empty pages (4 KiB) that are kept for what is written next: a megabyte, or an eighth of the file. */
const FREE_PAGES = 256
const PAGES_A_ROUND = 512
const LONG_LOG = 16 * 1024 * 1024
const SOON_MS = 20
const ERASE_MS = 1000
