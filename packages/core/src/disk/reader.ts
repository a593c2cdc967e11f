/** From rows to entries. Whatever is not one, or not this key's, or over, is no entry. */

import type { Entry } from '../entry/entry.js'
import { FrameError } from '../errors.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable, Clock, EntryCodec } from '../ports.js'
import type { Database } from './database.js'
import type { FoundRow } from './tables.js'

export interface Reader {
  /** @throws as `Database.run`, but not once that is closed */
  read(key: string): Awaitable<Entry | undefined>
  /** As `read`, all at one moment. */
  readMany(keys: readonly string[]): Awaitable<Entry | undefined>[]
}

export interface ReaderParts {
  readonly database: Database
  readonly clock: Pick<Clock, 'now'>
  readonly decode: EntryCodec['decode']
  onExpired(bytes: number): void
  onDamaged(reason: string): void
}

export function createReader({ database, clock, decode, onExpired, onDamaged }: ReaderParts): Reader {
  /** Nobody waits for it: what it was to remove is a miss with or without it. */
  function discard(key: string, row: FoundRow): void {
    try {
      database.run((tables) => tables.removeFrame(key, row.frame))
    } catch {}
  }

  function refuse(key: string, row: FoundRow, error: unknown): undefined {
    const frameError = error instanceof FrameError ? error : undefined
    onDamaged(frameError?.reason ?? 'not-a-frame')
    if (!frameError?.mayBeReadElsewhere) discard(key, row)
  }

  function accept(key: string, row: FoundRow, entry: Entry): Entry | undefined {
    if (entry.deleteAt > clock.now()) return entry
    onExpired(row.bytes)
    discard(key, row)
    return undefined
  }

  function entryOf(key: string, row: FoundRow | undefined): Awaitable<Entry | undefined> {
    if (!row) return undefined
    try {
      if (!(row.frame instanceof Uint8Array)) throw new FrameError('not-a-frame', 'The value is no bytes.')
      const entry = decode(row.frame, key)
      if (!isThenable(entry)) return accept(key, row, entry)
      return entry.then(
        (decoded) => accept(key, row, decoded),
        (error: unknown) => refuse(key, row, error),
      )
    } catch (error) {
      return refuse(key, row, error)
    }
  }

  return {
    read(key) {
      if (database.closed) return undefined
      return entryOf(
        key,
        database.run((tables) => tables.read(key)),
      )
    },
    readMany(keys) {
      if (database.closed) return keys.map(() => undefined)
      const rows = database.run((tables) => tables.readMany(keys))
      return keys.map((key, index) => entryOf(key, rows[index]))
    },
  }
}
