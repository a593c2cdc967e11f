/**
 * A store in one file on this machine's disk: entries outlive the process. SQLite in WAL mode, each write a transaction,
 * so that a process killed at any moment leaves whole entries or none.
 */

import { type Entry, entryBytes } from '../entry/entry.js'
import { decodeFrame, encodeFrame } from '../entry/frame.js'
import { isThenable } from '../lib/deadline.js'
import { nextTurn } from '../lib/turn.js'
import type { Awaitable, CacheStore, EntryCodec } from '../ports.js'
import { MARK_PREFIX } from '../stores/epochs/record-entry.js'
import { createListeners } from '../stores/listeners.js'
import { openDatabase } from './database.js'
import { failureOf } from './driver.js'
import { createHitLog } from './hits.js'
import { hottestEntries, keysWith } from './listing.js'
import { type DiskStoreOptions, resolveDiskOptions } from './options.js'
import { createPendingWrites } from './pending.js'
import { createReader } from './reader.js'
import type { NewRow, Removed } from './tables.js'
import { startUpkeep } from './upkeep.js'

/**
 * - A damaged file is replaced by a new one and a damaged entry is a miss, each with an `entry-damaged` event.
 * - Reads and writes reject when the disk does not do them (full, read-only, locked for long by another process). After
 *   `close` nothing is found any more and everything else rejects.
 * - Over `maxBytes` those entries go whose value is least: (1 + hits) * what the origin took / bytes on the disk.
 *   Marks of what was invalidated go when there is nothing else left: they are all that keeps such an entry from being sent.
 *
 * @throws OptionError on wrong options, and when `path` cannot be opened, is another application's database, or was
 *   written by a later version
 * @throws PeerMissingError where the runtime has no SQLite and better-sqlite3 is not installed
 */
export function createDiskStore(options: DiskStoreOptions): CacheStore {
  const { path, name, maxBytes, maxEntryBytes, sweepInterval, clock } = resolveDiskOptions(options)
  const listeners = createListeners()
  let codec: EntryCodec = { encode: encodeFrame, decode: decodeFrame }
  let damagedBeforeListening = false
  let heard = false
  const onDamage = (): void => {
    if (heard) listeners.emit({ type: 'entry-damaged', store: name, reason: 'database' })
    else damagedBeforeListening = true
  }
  const evicted = (reason: 'space' | 'expired', removed: Removed): void => {
    for (const bytes of removed) listeners.emit({ type: 'entry-evicted', store: name, reason, bytes })
  }

  const database = openDatabase(path, onDamage)
  const hits = createHitLog(HITS_NOTED)
  const pending = createPendingWrites()
  const upkeep = startUpkeep({
    database,
    hits,
    path,
    clock,
    interval: sweepInterval,
    onExpired: (removed) => evicted('expired', removed),
    onFailure: (error) => {
      // Another process holds the file: the next round does it.
      if (failureOf(error) !== 'busy') listeners.emit({ type: 'store-failed', store: name, operation: 'delete', reason: 'error' })
    },
  })
  const reader = createReader({
    database,
    clock,
    decode: (bytes, key) => codec.decode(bytes, key),
    onExpired: (bytes) => evicted('expired', [bytes]),
    onDamaged: (reason) => listeners.emit({ type: 'entry-damaged', store: name, reason }),
  })

  function noteHit(entry: Entry | undefined): Entry | undefined {
    if (!entry) return undefined
    hits.note(entry.key, clock.now())
    if (hits.full) upkeep.hasten(0)
    return entry
  }

  /** What is to be written for `entry`; undefined when it is refused, and then nothing is kept under its key. */
  function draft(entry: Entry): Awaitable<Draft | undefined> {
    const { key, deleteAt } = entry
    const mine = pending.begin(key)
    const refuse = (): undefined => {
      // What was there before is older than what is refused.
      if (pending.end(key, mine)) remove(key)
    }
    const finish = (frame: Uint8Array): Draft | undefined => {
      const bytes = frame.byteLength + key.length + ROW_OVERHEAD
      return bytes > maxBytes ? refuse() : { row: { key, bytes, deleteAt, cost: costOf(entry), frame }, mine }
    }
    const fail = (error: unknown): never => {
      pending.end(key, mine)
      throw error
    }
    if (entryBytes(entry) > maxEntryBytes || !isLive(entry, clock.now())) return refuse()
    try {
      const encoded = codec.encode(entry)
      return isThenable(encoded) ? Promise.resolve(encoded).then(finish).catch(fail) : finish(encoded)
    } catch (error) {
      return fail(error)
    }
  }

  /** Writes what was not overtaken meanwhile; which that was. */
  function write(drafts: readonly (Draft | undefined)[]): boolean[] {
    const valid = drafts.map((draft) => draft !== undefined && pending.end(draft.row.key, draft.mine))
    const rows = drafts.flatMap((draft, index) => (draft && valid[index] ? [draft.row] : []))
    if (rows.length === 0) return valid
    const gone = database.run((tables) => tables.write(rows, clock.now(), maxBytes))
    evicted('expired', gone.expired)
    evicted('space', gone.evicted)
    return valid
  }

  function remove(key: string): boolean {
    pending.cancel(key)
    hits.forget(key)
    database.follow()
    const removed = database.run((tables) => tables.remove(key))
    if (removed) upkeep.erased()
    return removed
  }

  async function shrink(): Promise<void> {
    for (let before = Number.POSITIVE_INFINITY; ; ) {
      const free = database.run((tables) => {
        tables.shrink(CLEAR_PAGES)
        return tables.pages().free
      })
      if (free === 0 || free >= before) return
      before = free
      await nextTurn()
    }
  }

  return {
    name,
    local: true,
    limits: { maxEntryBytes },
    get(key) {
      const found = reader.read(key)
      return isThenable(found) ? found.then(noteHit) : noteHit(found)
    },
    peek: (key) => reader.read(key),
    async getMany(keys) {
      return (await Promise.all(reader.readMany(keys))).map(noteHit)
    },
    async set(entry) {
      const drafted = draft(entry)
      // Without waiting where there is nothing to wait for: whatever is called next comes after it.
      return write([isThenable(drafted) ? await drafted : drafted])[0] === true
    },
    async setMany(entries) {
      const drafted = entries.map(draft)
      return write(drafted.some(isThenable) ? await Promise.all(drafted) : (drafted as (Draft | undefined)[]))
    },
    delete: remove,
    async clear() {
      pending.cancelAll()
      hits.clear()
      database.follow()
      const last = database.run((tables) => tables.lastId())
      upkeep.erased()
      while (database.run((tables) => tables.removeUpTo(last, CLEAR_BATCH)) > 0) await nextTurn()
      await shrink()
      if (!database.run((tables) => tables.emptyLog())) upkeep.erased()
    },
    keys(prefix) {
      database.follow()
      return keysWith(prefix, database, pending.keys())
    },
    hottest(limit) {
      try {
        database.run(upkeep.flush)
      } catch {}
      return hottestEntries(limit, database, reader, clock)
    },
    size() {
      try {
        return database.run((tables) => tables.size())
      } catch {
        return undefined
      }
    },
    close() {
      pending.cancelAll()
      upkeep.stop()
      database.close((tables) => {
        upkeep.flush(tables)
        tables.emptyLog()
      })
    },
    listen(listener) {
      heard = true
      listeners.add(listener)
      if (!damagedBeforeListening) return
      damagedBeforeListening = false
      onDamage()
    },
    useCodec(given) {
      codec = given
    },
  }
}

interface Draft {
  readonly row: NewRow
  readonly mine: symbol
}

/**
 * ms of the origin that the entry saves. Where it is not known: what so many tokens usually take, or a short answer. Infinity for marks,
 * which go last, the oldest first.
 */
function costOf({ key, meta }: Entry): number {
  if (key.startsWith(MARK_PREFIX)) return Number.POSITIVE_INFINITY
  if (meta.originMs > 0) return meta.originMs
  return meta.usage?.outputTokens ? meta.usage.outputTokens * MS_A_TOKEN : USUAL_MS
}

function isLive(entry: Entry, now: number): boolean {
  return entry.deleteAt > now && Number.isFinite(entry.deleteAt)
}

// Row, indexes and the part of a page that stays empty.
const ROW_OVERHEAD = 256
const HITS_NOTED = 2000
const CLEAR_BATCH = 100
const CLEAR_PAGES = 1024
const MS_A_TOKEN = 20
const USUAL_MS = 1000
