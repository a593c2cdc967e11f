/** `@llm-cache/core/pgvector`: a vector index in PostgreSQL with the extension pgvector. */

import { checkNames, countOf, wrongValue } from '../checks.js'
import { OptionError, VectorError, VectorIndexError } from '../errors.js'
import type { VectorIndex, VectorMatch } from '../semantic/ports.js'
import { toUnitVector } from '../semantic/vectors/unit.js'
import { clamped, createBatch, finiteTime, pieces } from './batch.js'
import { createCalls } from './calls.js'
import { checkOneOf, loadPeer, resolveServerOptions, type ServerIndexOptions } from './options.js'
import { type PgVectorStatements, pgVectorStatements } from './pgvector-statements.js'

/** The part of a `Pool` of the package `pg` that is used. */
export interface PgPool {
  query(text: string, values?: unknown[]): Promise<PgResult>
  connect(): Promise<PgPoolClient>
}

export interface PgPoolClient {
  query(text: string, values?: unknown[]): Promise<PgResult>
  release(destroy?: boolean): void
}

export interface PgResult {
  readonly rows: readonly unknown[]
  readonly rowCount: number | null
}

export interface PgVectorIndexOptions extends ServerIndexOptions {
  /** A `Pool` of the package `pg`; it stays yours. Either this or `connectionString`. */
  readonly pool?: PgPool | undefined
  /** The index opens a pool of its own with it, and closes it. */
  readonly connectionString?: string | undefined
  /** Most connections of that pool. @default 5 */
  readonly maxConnections?: number | undefined
  /** The table, `name` or `schema.name`; made at the first call, if it is not there. @default 'llm_cache_vectors' */
  readonly table?: string | undefined
  /**
   * `hnsw`: an approximate index for each number of dimensions (at most 2000), worth its upkeep where single namespaces have tens of
   * thousands of vectors; needs pgvector 0.8. `none`: all vectors of the namespace are compared.
   *
   * @default 'none'
   */
  readonly index?: 'none' | 'hnsw' | undefined
}

/**
 * One table for all namespaces, with a row for each vector. Rows that have expired are not found; some are removed with every call
 * of `add`.
 *
 * @throws OptionError on wrong or unknown options. Calls reject with a PeerMissingError where `pg` is to be loaded and is not installed
 *
 * @example
 * const index = createPgVectorIndex({ connectionString: process.env.DATABASE_URL })
 */
export function createPgVectorIndex(options: PgVectorIndexOptions): VectorIndex {
  checkOneOf(options, ['pool', 'connectionString'])
  checkNames(options, ['pool', 'connectionString', 'maxConnections', 'table', 'index', 'timeoutMs', 'clock'])
  const { pool: given, connectionString, table = 'llm_cache_vectors', index = 'none' } = options
  if (given !== undefined && typeof given?.connect !== 'function') throw wrongValue('pool', given, 'a Pool of the package pg')
  if (given === undefined && (typeof connectionString !== 'string' || connectionString === '')) {
    // Never shown: it has a password.
    throw new OptionError('ERR_OPTION_INVALID', 'connectionString', 'connectionString must be text.')
  }
  if (typeof table !== 'string' || !TABLE.test(table)) throw wrongValue('table', table, 'a name of a table, with or without its schema')
  if (index !== 'none' && index !== 'hnsw') throw wrongValue('index', index, "'none' or 'hnsw'")
  if (given && options.maxConnections !== undefined)
    throw wrongValue('maxConnections', options.maxConnections, 'left to the pool that was given')
  const maxConnections = countOf('maxConnections', options.maxConnections, 5, 1, 1000)
  const { timeoutMs, clock } = resolveServerOptions(options)
  const calls = createCalls({ clock, timeoutMs, server: 'PostgreSQL', translate })
  const statements = pgVectorStatements(table)
  /** Numbers of dimensions that have an HNSW index. */
  const indexed = new Set<number>()
  let own: Promise<OwnPool> | undefined
  let prepared: Promise<void> | undefined

  async function pool(): Promise<PgPool> {
    own ??= given ? undefined : openPool({ connectionString: connectionString as string, max: maxConnections, timeoutMs })
    return given ?? ((await own) as OwnPool)
  }

  /** The pool, once the table is there. */
  async function ready(): Promise<PgPool> {
    const ours = await pool()
    prepared ??= prepareTable(ours, statements)
    try {
      await prepared
    } catch (error) {
      // The next call tries again.
      prepared = undefined
      throw error
    }
    return ours
  }

  /** What hangs at the first statement must not hold up all that come later. */
  async function run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await calls.run(work)
    } catch (error) {
      if (error instanceof VectorIndexError && error.reason === 'timeout') prepared = undefined
      throw error
    }
  }

  async function makeIndex(ours: PgPool, dimensions: number): Promise<void> {
    if (index === 'none' || dimensions > MOST_INDEXED || indexed.has(dimensions)) return
    await ours.query(statements.createIndex(dimensions))
    indexed.add(dimensions)
  }

  async function remove(namespace: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await run(async () => (await ready()).query(statements.remove, [namespace, ids]))
  }

  return {
    name: 'pgvector',
    shared: true,
    async add(namespace, items) {
      const now = clock.now()
      const { items: live, dimensions, expired } = createBatch(items, now)
      for (const some of pieces(live, ADDED_AT_ONCE)) {
        await run(async () => {
          const ours = await ready()
          await makeIndex(ours, dimensions)
          const columns = [some.map(({ id }) => id), some.map(({ deleteAt }) => finiteTime(deleteAt)), some.map(textOf)]
          const { rowCount } = await ours.query(statements.add, [namespace, dimensions, now, ...columns])
          if (rowCount === 0) throw new VectorError('dimension', 'The vectors of the namespace have other dimensions.')
          await ours.query(statements.sweep, [now, SWEPT_AT_ONCE])
        })
      }
      await remove(namespace, expired)
    },
    async search(namespace, vector, { k, minSimilarity = -1, exact = false }) {
      const unit = toUnitVector(vector)
      const values = [namespace, unit.length, textOf({ vector: unit }), clock.now(), k]
      const isIndexed = index === 'hnsw' && unit.length <= MOST_INDEXED
      const { rows } = await run(async () => {
        const ours = await ready()
        if (!isIndexed) return ours.query(statements.search(unit.length), values)
        return transaction(ours, exact ? statements.withoutIndex : statements.withIndex(k), statements.search(unit.length), values)
      })
      return (rows as VectorMatch[])
        .map(({ id, similarity }) => ({ id, similarity: clamped(similarity) }))
        .filter(({ similarity }) => similarity >= minSimilarity)
    },
    remove,
    async clear(prefix) {
      await run(async () => (await ready()).query(statements.clear, [prefix]))
    },
    size: () => undefined,
    close: () => calls.close(async () => (await own)?.end()),
  }
}

async function transaction(pool: PgPool, settings: string, text: string, values: unknown[]): Promise<PgResult> {
  const client = await pool.connect()
  let isClean = false
  try {
    await client.query(`begin; ${settings}`)
    const result = await client.query(text, values)
    await client.query('commit')
    isClean = true
    return result
  } finally {
    client.release(!isClean)
  }
}

async function prepareTable(pool: PgPool, { create, version }: PgVectorStatements): Promise<void> {
  await pool.query(create)
  const { rows } = await pool.query(version)
  if ((rows[0] as { readonly current: boolean } | undefined)?.current === true) return
  throw new VectorIndexError('version', 'The table belongs to another version of the vector index, or to something else: name another one.')
}

interface OwnPool extends PgPool {
  on(event: 'error', listener: () => void): unknown
  end(): Promise<void>
}

async function openPool({ timeoutMs, ...settings }: { connectionString: string; max: number; timeoutMs: number }): Promise<OwnPool> {
  const { default: pg } = await loadPeer('pg', () => import('pg'))
  const pool: OwnPool = new pg.Pool({ ...settings, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs, allowExitOnIdle: true })
  // An idle connection that breaks is an error event; the next query says what is wrong.
  pool.on('error', () => undefined)
  return pool
}

/** SQLSTATE to what it means here. https://www.postgresql.org/docs/current/errcodes-appendix.html */
function translate(error: unknown): Error | undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  const text = typeof message === 'string' ? message : ''
  if (
    code === '0A000' ||
    code === '58P01' ||
    (code === '42501' && text.includes('extension')) ||
    (code === '42704' && text.includes('vector'))
  )
    return new VectorIndexError('unsupported', 'PostgreSQL has no pgvector here: install it and run CREATE EXTENSION vector.', {
      cause: error,
    })
  return undefined
}

function textOf({ vector }: { readonly vector: Float32Array }): string {
  return `[${vector.join(',')}]`
}

const TABLE = /^(?:[A-Za-z_][A-Za-z0-9_]{0,49}\.)?[A-Za-z_][A-Za-z0-9_]{0,49}$/
const ADDED_AT_ONCE = 200
const SWEPT_AT_ONCE = 500
/** Dimensions that pgvector's HNSW takes. */
const MOST_INDEXED = 2000
