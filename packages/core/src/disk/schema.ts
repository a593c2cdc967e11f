/** The schema, and what is found in a file: nothing, a cache of this version, or something else. */

import { OptionError } from '../errors.js'
import { type Connection, failureOf } from './driver.js'
import { APPLICATION_ID, mayWrite } from './file.js'

/** Raised with every change of the tables; kept in `PRAGMA user_version` and once more in the table `llm_cache`. */
export const SCHEMA_VERSION = 1

/** The file cannot be used and is to be made anew. */
export class UnusableFile extends Error {
  override readonly name: string = 'UnusableFile'
  readonly reason: 'damaged' | 'older'

  constructor(reason: UnusableFile['reason'], options?: ErrorOptions) {
    super(`The database is ${reason}.`, options)
    this.reason = reason
  }
}

/**
 * Sets a fresh connection up and makes the tables if there are none.
 *
 * @throws UnusableFile, OptionError for another application's database or a newer version's; anything else may pass by itself
 */
export function setUp(connection: Connection, path: string): void {
  try {
    connection.exec(`PRAGMA busy_timeout = ${OPENING_TIMEOUT_MS}`)
    if (isNew(connection)) {
      // Both only work while there is no table; the id is then in the file itself before anything goes to the log.
      connection.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = ${APPLICATION_ID}`)
    } else {
      check(connection)
    }
    connection.exec(PRAGMAS)
    transact(connection, () => {
      if (isEmpty(connection)) connection.exec(TABLES)
    })
    check(connection)
    count(connection)
    connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  } catch (error) {
    const failure = failureOf(error)
    // The header can say "read-only" itself, which it never does in a sound file of ours.
    if (failure === 'damage' || (failure === 'readonly' && mayWrite(path))) throw new UnusableFile('damaged', { cause: error })
    throw error
  }
}

/** Runs `work` as one transaction: no other writer comes between, or, with DEFERRED, it reads everything as of one moment. */
export function transact<T>(connection: Pick<Connection, 'exec'>, work: () => T, kind: 'IMMEDIATE' | 'DEFERRED' = 'IMMEDIATE'): T {
  connection.exec(`BEGIN ${kind}`)
  try {
    const result = work()
    connection.exec('COMMIT')
    return result
  } catch (error) {
    try {
      connection.exec('ROLLBACK')
    } catch {}
    throw error
  }
}

/** @throws UnusableFile when there are no tables any more */
function isNew(connection: Connection): boolean {
  const [empty, pages] = transact(
    connection,
    () => [isEmpty(connection), readValue(connection, 'SELECT page_count AS value FROM pragma_page_count')],
    'DEFERRED',
  )
  if (empty && Number(pages) > 1) throw new UnusableFile('damaged')
  return empty === true
}

function isEmpty(connection: Connection): boolean {
  return readValue(connection, 'SELECT count(*) AS value FROM sqlite_schema') === 0
}

/** Neither version is believed alone: one flipped bit must not look like a newer cache, or like somebody else's database. */
function check(connection: Connection): void {
  const ours = readValue(connection, "SELECT count(*) AS value FROM sqlite_schema WHERE type = 'table' AND name = 'llm_cache'") === 1
  if (readValue(connection, 'SELECT application_id AS value FROM pragma_application_id') !== APPLICATION_ID) {
    if (ours) throw new UnusableFile('damaged')
    throw new OptionError('ERR_OPTION_INVALID', 'path', 'path names the database of another application: give a file of the cache’s own.')
  }
  const version = readValue(connection, 'SELECT user_version AS value FROM pragma_user_version')
  if (!ours || version !== readValue(connection, 'SELECT version AS value FROM llm_cache WHERE id = 1')) throw new UnusableFile('damaged')
  if (version === SCHEMA_VERSION) return
  if (typeof version !== 'number' || version < SCHEMA_VERSION) throw new UnusableFile('older')
  throw new OptionError(
    'ERR_OPTION_INVALID',
    'path',
    `path names a cache of a later version (schema ${version}, ${SCHEMA_VERSION} is understood): give another path.`,
  )
}

/** The counters, counted once more. */
function count(connection: Connection): void {
  const { entries, bytes } = connection
    .prepare('SELECT count(*) AS entries, total(bytes) AS bytes FROM entries INDEXED BY by_value')
    .get() as {
    entries: number
    bytes: number
  }
  const kept = connection.prepare('SELECT entries, bytes FROM llm_cache WHERE id = 1').get() as { entries: unknown; bytes: unknown }
  if (kept.entries === entries && kept.bytes === bytes) return
  connection.prepare('UPDATE llm_cache SET entries = ?, bytes = CAST(? AS INTEGER) WHERE id = 1').run(entries, bytes)
}

function readValue(connection: Connection, sql: string): unknown {
  return (connection.prepare(sql).get() as { value: unknown } | undefined)?.value
}

// Waiting blocks the process, so it is short; opening happens once.
const BUSY_TIMEOUT_MS = 50
const OPENING_TIMEOUT_MS = 1000

/**
 * NORMAL: in WAL mode no write can damage the file, a power cut may undo the latest ones. secure_delete: what is deleted
 * is overwritten. The log is cut back to 4 MiB whenever it starts over.
 */
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA secure_delete = ON;
  PRAGMA journal_size_limit = 4194304;
  PRAGMA temp_store = MEMORY;
  PRAGMA cell_size_check = ON;
  PRAGMA trusted_schema = OFF;
`

/** The frame comes last: what stands before it is read without reading it. Triggers keep the counters, whoever writes. */
const TABLES = `
  CREATE TABLE llm_cache (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
  INSERT INTO llm_cache VALUES (1, ${SCHEMA_VERSION}, 0, 0);
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    delete_at REAL NOT NULL,
    cost REAL NOT NULL,
    hits INTEGER NOT NULL,
    used_at REAL NOT NULL,
    value REAL AS ((1 + hits) * cost / bytes),
    frame BLOB NOT NULL
  );
  CREATE INDEX by_value ON entries (value, used_at, id, bytes);
  CREATE INDEX by_delete_at ON entries (delete_at);
  CREATE TRIGGER entry_added AFTER INSERT ON entries BEGIN
    UPDATE llm_cache SET entries = entries + 1, bytes = bytes + new.bytes WHERE id = 1;
  END;
  CREATE TRIGGER entry_removed AFTER DELETE ON entries BEGIN
    UPDATE llm_cache SET entries = entries - 1, bytes = bytes - old.bytes WHERE id = 1;
  END;
  CREATE TRIGGER entry_resized AFTER UPDATE OF bytes ON entries BEGIN
    UPDATE llm_cache SET bytes = bytes + new.bytes - old.bytes WHERE id = 1;
  END;
  PRAGMA user_version = ${SCHEMA_VERSION};
`
