/** The statements, prepared once a connection. What is read is checked: another program may have written it. */

import type { StoreSize } from '../ports.js'
import type { Connection, SqlValue } from './driver.js'
import { transact } from './schema.js'

/** A row to be written. */
export interface NewRow {
  readonly key: string
  /** What the entry counts for, in bytes on the disk. */
  readonly bytes: number
  /** ms since the epoch. */
  readonly deleteAt: number
  /** What the entry saves each time, in ms of the origin. Infinity: it goes after all others, and is not among the hottest. */
  readonly cost: number
  readonly frame: Uint8Array
}

export interface FoundRow {
  readonly frame: SqlValue
  readonly deleteAt: number
  readonly bytes: number
}

/** Where a walk through the entries by their value has come to. */
export interface Place {
  readonly id: number
  readonly key: string
  readonly value: number
  readonly usedAt: number
  readonly bytes: number
}

/** Bytes of each entry that was removed. */
export type Removed = readonly number[]

export interface Tables {
  read(key: string): FoundRow | undefined
  readMany(keys: readonly string[]): (FoundRow | undefined)[]
  /** Writes all rows in one transaction and makes room for them, expired entries first, then those of least value. */
  write(rows: readonly NewRow[], now: number, maxBytes: number): { readonly expired: Removed; readonly evicted: Removed }
  remove(key: string): boolean
  /** Removes the row unless it has changed since. */
  removeFrame(key: string, frame: SqlValue): void
  /** At most `limit` of the expired. */
  removeExpired(now: number, limit: number): Removed
  /** At most `limit` of those with an id up to `lastId`; how many they were. */
  removeUpTo(lastId: number, limit: number): number
  lastId(): number
  size(): StoreSize
  /** At most `limit` keys from `from` on (or just after it), in the order of their UTF-8 bytes. */
  keysFrom(from: string, inclusive: boolean, limit: number): readonly string[]
  /** At most `limit` live entries by falling value, after `place`. */
  hottest(now: number, place: Place | undefined, limit: number): readonly Place[]
  /** Adds hits, in one transaction. */
  addHits(hits: Iterable<readonly [key: string, hits: number, usedAt: number]>): void
  /** Pages that hold nothing, and all pages. */
  pages(): { readonly free: number; readonly all: number }
  /** Gives up to so many empty pages back to the file system. */
  shrink(pages: number): void
  /** Moves the log into the database and cuts it to nothing. False where another process is in the way. */
  emptyLog(): boolean
}

export function prepareTables(connection: Connection): Tables {
  const prepare = (sql: string) => connection.prepare(sql)
  const read = prepare('SELECT frame, delete_at AS deleteAt, bytes FROM entries WHERE key = ?')
  const write = prepare(
    `INSERT INTO entries (key, bytes, delete_at, cost, hits, used_at, frame) VALUES (?, ?, ?, ?, 0, ?, ?)
     ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes, delete_at = excluded.delete_at, cost = excluded.cost,
       used_at = excluded.used_at, frame = excluded.frame
     RETURNING id`,
  )
  const remove = prepare('DELETE FROM entries WHERE key = ?')
  const removeId = prepare('DELETE FROM entries WHERE id = ?')
  const removeFrame = prepare('DELETE FROM entries WHERE key = ? AND frame IS ?')
  const removeExpired = prepare(
    'DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE delete_at <= ? ORDER BY delete_at LIMIT ?) RETURNING bytes',
  )
  const removeUpTo = prepare('DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE id <= ? LIMIT ?)')
  const lastId = prepare('SELECT max(id) AS id FROM entries')
  const size = prepare('SELECT entries, bytes FROM llm_cache WHERE id = 1')
  const cheapest = prepare('SELECT id, bytes FROM entries ORDER BY value, used_at, id LIMIT ?')
  const keysFrom = prepare('SELECT key FROM entries WHERE key >= ? ORDER BY key LIMIT ?')
  const keysAfter = prepare('SELECT key FROM entries WHERE key > ? ORDER BY key LIMIT ?')
  const hottest = prepare(
    `SELECT id, key, value, used_at AS usedAt, bytes FROM entries
     WHERE delete_at > ? AND (value, used_at, id) < (?, ?, ?) ORDER BY value DESC, used_at DESC, id DESC LIMIT ?`,
  )
  const addHits = prepare('UPDATE entries SET hits = hits + ?, used_at = max(used_at, ?) WHERE key = ?')
  const pages = prepare('SELECT freelist_count AS free, page_count AS "all" FROM pragma_freelist_count, pragma_page_count')
  const emptyLog = prepare('PRAGMA wal_checkpoint(TRUNCATE)')

  /** Those written last: there must be room for them, or they were refused. */
  function evict(tooMany: number, spared: ReadonlySet<number>): number[] {
    const removed: number[] = []
    let left = tooMany
    for (let limit = EVICTION_BATCH + spared.size; left > 0; limit *= 4) {
      const rows = cheapest.all(limit) as { id: number; bytes: number }[]
      for (const { id, bytes } of rows) {
        if (left <= 0) break
        if (spared.has(id)) continue
        removeId.run(id)
        removed.push(bytes)
        left -= bytes
      }
      if (rows.length < limit) break
    }
    return removed
  }

  return {
    read: (key) => read.get(key) as FoundRow | undefined,
    readMany: (keys) => transact(connection, () => keys.map((key) => read.get(key) as FoundRow | undefined), 'DEFERRED'),
    write: (rows, now, maxBytes) =>
      transact(connection, () => {
        const written = rows.map((row) => write.get(row.key, row.bytes, row.deleteAt, row.cost, now, row.frame) as { id: number })
        const excess = (): number => (size.get() as StoreSize).bytes - maxBytes
        if (excess() <= 0) return { expired: [], evicted: [] }
        const expired = bytesOf(removeExpired.all(now, EXPIRED_AT_WRITE))
        return { expired, evicted: evict(excess(), new Set(written.map(({ id }) => id))) }
      }),
    remove: (key) => Number(remove.run(key).changes) > 0,
    removeFrame: (key, frame) => {
      removeFrame.run(key, frame)
    },
    removeExpired: (now, limit) => bytesOf(removeExpired.all(now, limit)),
    removeUpTo: (last, limit) => Number(removeUpTo.run(last, limit).changes),
    lastId: () => (lastId.get() as { id: number | null }).id ?? 0,
    size: () => {
      const { entries, bytes } = size.get() as StoreSize
      return { entries, bytes }
    },
    keysFrom: (from, inclusive, limit) =>
      (inclusive ? keysFrom : keysAfter).all(from, limit).map((row) => String((row as { key: unknown }).key)),
    hottest: (now, place, limit) => {
      const { value, usedAt, id } = place ?? { value: Number.POSITIVE_INFINITY, usedAt: 0, id: 0 }
      return hottest.all(now, value, usedAt, id, limit) as Place[]
    },
    addHits: (all) =>
      transact(connection, () => {
        for (const [key, hits, usedAt] of all) addHits.run(hits, usedAt, key)
      }),
    pages: () => pages.get() as { free: number; all: number },
    shrink: (count) => {
      connection.exec(`PRAGMA incremental_vacuum(${count})`)
    },
    emptyLog: () => (emptyLog.get() as { busy: number }).busy === 0,
  }
}

function bytesOf(rows: readonly unknown[]): number[] {
  return rows.map((row) => (row as { bytes: number }).bytes)
}

const EVICTION_BATCH = 16
const EXPIRED_AT_WRITE = 64
