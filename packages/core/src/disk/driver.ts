/** SQLite as the runtime has it: `node:sqlite`, or else the optional peer `better-sqlite3`. Only what both have in common. */

import { createRequire } from 'node:module'
import process from 'node:process'
import { PeerMissingError } from '../errors.js'

export interface Statement {
  get(...values: SqlValue[]): unknown
  all(...values: SqlValue[]): unknown[]
  run(...values: SqlValue[]): { readonly changes: number | bigint }
}

export interface Connection {
  prepare(sql: string): Statement
  exec(sql: string): unknown
  close(): unknown
}

export type SqlValue = string | number | bigint | Uint8Array | null

export interface Driver {
  readonly name: DriverName
  /** Opens the file at an absolute path; SQLite makes it if need be. */
  open(path: string): Connection
}

export type DriverName = 'node:sqlite' | 'better-sqlite3'

/**
 * The driver of this name; without one, the first that there is.
 *
 * @throws PeerMissingError when there is none
 */
export function loadDriver(name?: DriverName): Driver {
  const driver = (name !== 'better-sqlite3' && nodeDriver()) || (name !== 'node:sqlite' && peerDriver())
  if (driver) return driver
  throw new PeerMissingError(
    'better-sqlite3',
    'The disk store needs SQLite: run Node 22.13 or later, which has it built in, or install better-sqlite3 (npm install better-sqlite3).',
  )
}

// Asked for at run time: as an import, Node 20 and bundlers that do not know it would fail on it.
function nodeDriver(): Driver | undefined {
  const builtin = builtinModule('node:sqlite') as { DatabaseSync?: new (path: string) => Connection } | undefined
  const Database = builtin?.DatabaseSync
  return Database && { name: 'node:sqlite', open: (path) => new Database(path) }
}

function builtinModule(id: string): unknown {
  try {
    return (process as { getBuiltinModule?: (id: string) => unknown }).getBuiltinModule?.(id)
  } catch {
    return undefined
  }
}

function peerDriver(): Driver | undefined {
  try {
    const Database = createRequire(import.meta.url)('better-sqlite3') as new (path: string) => Connection
    return { name: 'better-sqlite3', open: (path) => new Database(path) }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** What a driver's error says about the file. `damage`: its content is not what SQLite or the schema wants. */
export type SqlFailure = 'damage' | 'busy' | 'readonly' | 'other'

export function failureOf(error: unknown): SqlFailure {
  if (typeof error !== 'object' || error === null) return 'other'
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  // node:sqlite: an integer beyond what a number holds. None of ours is.
  if (code === 'ERR_OUT_OF_RANGE') return 'damage'
  const number = typeof errcode === 'number' ? errcode : typeof code === 'string' ? numberOf(code) : undefined
  if (number === undefined) return 'other'
  if (DAMAGE.has(number) || DAMAGE.has(number & 0xff)) return 'damage'
  return BUSY.has(number & 0xff) ? 'busy' : (number & 0xff) === READONLY ? 'readonly' : 'other'
}

/** From better-sqlite3's `SQLITE_CORRUPT_INDEX` to the number. */
function numberOf(code: string): number | undefined {
  const name = Object.keys(CODES).find((name) => code === name || code.startsWith(`${name}_`))
  return name === undefined ? undefined : CODES[name]
}

/** https://www.sqlite.org/rescode.html. The more special ones come first. */
const CODES: Readonly<Record<string, number>> = {
  SQLITE_IOERR_SHORT_READ: 522,
  SQLITE_IOERR_CORRUPTFS: 8458,
  SQLITE_ERROR: 1,
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: 8,
  SQLITE_CORRUPT: 11,
  SQLITE_PROTOCOL: 15,
  SQLITE_SCHEMA: 17,
  SQLITE_CONSTRAINT: 19,
  SQLITE_MISMATCH: 20,
  SQLITE_FORMAT: 24,
  SQLITE_NOTADB: 26,
}
// The statements are fixed and known to work: an error (1) in one of them means that the schema is not what it was.
const DAMAGE: ReadonlySet<number> = new Set([1, 11, 17, 19, 20, 24, 26, 522, 8458])
const BUSY: ReadonlySet<number> = new Set([5, 6, 15])
const READONLY = 8
