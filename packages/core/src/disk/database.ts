/** The connection: opened when needed, closed once, and made anew together with its file when that turns out to be damaged. */

import { LlmCacheError } from '../errors.js'
import { type Connection, type Driver, failureOf, loadDriver } from './driver.js'
import { clearAway, identify, prepareFile, removeFiles } from './file.js'
import { setUp, UnusableFile } from './schema.js'
import { prepareTables, type Tables } from './tables.js'

export interface Database {
  /**
   * Runs `work`, once more on a new database if it met damage. What it throws otherwise passes.
   *
   * @throws Error after `close`, and while the file cannot be opened
   */
  run<T>(work: (tables: Tables) => T): T
  /** Opens the file under the path if another one took its place since (another process found it damaged). */
  follow(): void
  readonly closed: boolean
  /** Runs `last` if there is a connection, then closes it. Idempotent, never throws. */
  close(last: (tables: Tables) => void): void
}

/**
 * Opens the file at once; where that fails for a reason that may pass (no space, locked), later uses try again.
 *
 * @param onDamage called when a damaged file was replaced by a new one
 * @throws OptionError when the path cannot be used, PeerMissingError without SQLite
 */
export function openDatabase(path: string, onDamage: () => void, driver: Driver = loadDriver()): Database {
  let open: OpenFile | undefined
  let closed = false

  function connect(): OpenFile {
    if (closed) throw new Error('The disk store is closed.')
    if (open) return open
    try {
      open = openFile(path, driver)
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error
      clearAway(path)
      open = openFile(path, driver)
      if (error.reason === 'damaged') onDamage()
    }
    return open
  }

  function disconnect(): void {
    const last = open
    open = undefined
    try {
      last?.connection.close()
    } catch {}
  }

  /** Unless another process did so already. */
  function replace(identity: string | undefined): void {
    disconnect()
    if (identity === undefined || identify(path) !== identity) return
    refuseLaterVersion()
    removeFiles(path)
    onDamage()
  }

  /** What looks like damage may be what a later version made of the tables. @throws OptionError if so */
  function refuseLaterVersion(): void {
    try {
      openFile(path, driver).connection.close()
    } catch (error) {
      if (isLasting(error)) throw error
    }
  }

  try {
    connect()
  } catch (error) {
    if (isLasting(error)) throw error
  }

  return {
    run(work) {
      const { tables, identity } = connect()
      try {
        return work(tables)
      } catch (error) {
        if (failureOf(error) !== 'damage') throw error
        replace(identity)
        return work(connect().tables)
      }
    },
    follow() {
      if (open && identify(path) !== open.identity) disconnect()
    },
    get closed() {
      return closed
    },
    close(last) {
      if (closed) return
      closed = true
      try {
        if (open) last(open.tables)
      } catch {}
      disconnect()
    },
  }
}

interface OpenFile {
  readonly connection: Connection
  readonly tables: Tables
  readonly identity: string | undefined
}

function openFile(path: string, driver: Driver): OpenFile {
  prepareFile(path)
  let connection: Connection | undefined
  try {
    connection = driver.open(path)
    const identity = identify(path)
    setUp(connection, path)
    return { connection, tables: prepareTables(connection), identity }
  } catch (error) {
    try {
      connection?.close()
    } catch {}
    if (failureOf(error) === 'damage') throw new UnusableFile('damaged', { cause: error })
    throw error
  }
}

function isLasting(error: unknown): boolean {
  return error instanceof LlmCacheError
}
