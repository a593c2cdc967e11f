/** Files for databases, and a look into them past the store. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Connection, loadDriver } from '../../src/disk/driver.js'
import type { Entry } from '../../src/entry/entry.js'
import type { CacheStore, StoreEvent } from '../../src/ports.js'

export interface TemporaryFile {
  readonly folder: string
  readonly path: string
  remove(): void
}

// These tests open and close hundreds of files; waiting for a disk proves nothing in them.
const IN_MEMORY = existsSync('/dev/shm')

export function temporaryFile(): TemporaryFile {
  const folder = mkdtempSync(join(IN_MEMORY ? '/dev/shm' : tmpdir(), 'llm-cache-disk-'))
  return { folder, path: join(folder, 'cache.db'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export interface RawFile {
  readonly connection: Connection
  frame(key: string): Buffer | undefined
  plant(key: string, value: unknown): void
  close(): void
}

/** Another connection to the file, as another program has it. */
export function openRaw(path: string): RawFile {
  const connection = loadDriver().open(path)
  connection.exec('PRAGMA busy_timeout = 2000')
  return {
    connection,
    frame: (key) => {
      const row = connection.prepare('SELECT frame FROM entries WHERE key = ?').get(key) as { frame: Uint8Array } | undefined
      return row && Buffer.from(row.frame)
    },
    plant: (key, value) => {
      connection
        .prepare(
          `INSERT INTO entries (key, bytes, delete_at, cost, hits, used_at, frame) VALUES (?, 1000, 9e15, 1, 0, 0, ?)
           ON CONFLICT (key) DO UPDATE SET frame = excluded.frame`,
        )
        .run(key, bindable(value))
    },
    close: () => void connection.close(),
  }
}

function bindable(value: unknown): Buffer | number | string {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : JSON.stringify(value)
}

export function listenTo(store: CacheStore): StoreEvent[] {
  const events: StoreEvent[] = []
  store.listen?.((event) => events.push(event))
  return events
}

export async function collect<T>(items: Iterable<T> | AsyncIterable<T> | undefined): Promise<T[]> {
  const all: T[] = []
  for await (const item of items ?? []) all.push(item)
  return all
}

export async function keysOf(store: CacheStore, prefix = ''): Promise<string[]> {
  return collect(store.keys?.(prefix))
}

export function sameEntry(a: Entry | undefined, b: Entry): boolean {
  return a !== undefined && a.id === b.id && a.key === b.key && Buffer.from(a.body).equals(b.body)
}
