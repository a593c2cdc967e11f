import { PGlite } from '@electric-sql/pglite'
import { vector as extension } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { createPgVectorIndex, type PgVectorIndexOptions } from '@llm-cache/core/pgvector'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { vectorIndexContract } from '../../src/testing/vector-index-contract.js'

/** PostgreSQL compiled to WebAssembly, reached by the real client; a real server where there is one. */
const { LLM_CACHE_PGVECTOR_URL } = process.env
const database = LLM_CACHE_PGVECTOR_URL ? undefined : await PGlite.create({ extensions: { vector: extension } })
const server = database && new PGLiteSocketServer({ db: database, port: 0, maxConnections: 20 })
await server?.start()
const connectionString = LLM_CACHE_PGVECTOR_URL ?? `postgresql://postgres@${server?.getServerConn()}/postgres`
// In WebAssembly there is one session, whatever connects: statements of two connections would mix.
const single = { connectionString, maxConnections: 1 }
const pool = new pg.Pool({ connectionString, max: 1 })
const vector = Float32Array.of(1, 0, 0)
const deleteAt = Date.now() + 3_600_000
let made = 0

afterAll(async () => {
  await pool.query(`drop table if exists ${Array.from({ length: made }, (_, at) => `test_${at + 1}`).join(', ')}`)
  await pool.end()
  await server?.stop()
  await database?.close()
})

const kinds: Readonly<Record<string, () => Partial<PgVectorIndexOptions>>> = {
  'a pool': () => ({ pool }),
  'a connection string': () => single,
  'a pool, with HNSW': () => ({ pool, index: 'hnsw' }),
}
for (const [name, options] of Object.entries(kinds)) {
  vectorIndexContract(
    { describe, it },
    {
      name: `pgvector, from ${name}`,
      async create({ clock }) {
        const table = `test_${++made}`
        return {
          index: createPgVectorIndex({ ...options(), table, timeoutMs: 20_000, clock: { ...clock, schedule: () => () => undefined } }),
        }
      },
    },
  )
}

describe('the index in PostgreSQL', () => {
  it('is shared, and lives on', async () => {
    const table = `test_${++made}`
    const [one, other] = [createPgVectorIndex({ pool, table }), createPgVectorIndex({ pool, table })]
    // Both make the table.
    await Promise.all([one.add('n', [{ id: 'a', vector, deleteAt }]), other.add('n', [{ id: 'b', vector, deleteAt }])])
    expect((await other.search('n', vector, { k: 5 })).map(({ id }) => id).sort()).toEqual(['a', 'b'])
    await one.close()
    const next = createPgVectorIndex({ ...single, table })
    expect(await next.search('n', vector, { k: 5 })).toHaveLength(2)
    await Promise.all([other.close(), next.close()])
    await expect(next.search('n', vector, { k: 5 })).rejects.toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'closed' })
  })

  it('removes rows that have expired when others are added', async () => {
    const table = `test_${++made}`
    const clock = createManualClock(Date.now())
    const index = createPgVectorIndex({ pool, table, clock })
    const items = Array.from({ length: 30 }, (_, at) => ({ id: `v${at}`, vector, deleteAt: clock.now() + 10 }))
    await index.add('n', items)
    clock.advance(10)
    await index.add('m', [{ id: 'a', vector, deleteAt }])
    expect((await pool.query(`select count(*)::int as count from ${table}`)).rows).toEqual([{ count: 1 }])
    await index.close()
  })

  it('makes an index for each number of dimensions, and uses it', async () => {
    const table = `test_${++made}`
    const index = createPgVectorIndex({ pool, table, index: 'hnsw' })
    await index.add('n', [{ id: 'a', vector, deleteAt }])
    await index.add('m', [{ id: 'a', vector: Float32Array.of(1, 0), deleteAt }])
    await index.add('k', [{ id: 'a', vector: new Float32Array(2001).fill(1), deleteAt }])
    const { rows } = await pool.query('select indexname from pg_indexes where tablename = $1 order by 1', [table])
    expect(rows.map(({ indexname }) => indexname)).toEqual([`${table}_delete_at`, `${table}_hnsw_2`, `${table}_hnsw_3`, `${table}_pkey`])
    expect(await index.search('k', new Float32Array(2001).fill(1), { k: 1 })).toHaveLength(1)
    await index.close()
  })

  it('takes a table in a schema, and leaves one of somebody else alone', async () => {
    await pool.query('create schema if not exists elsewhere')
    const table = `test_${++made}`
    const index = createPgVectorIndex({ pool, table: `elsewhere.${table}` })
    await index.add('n', [{ id: 'a', vector, deleteAt }])
    expect((await pool.query(`select count(*)::int as count from elsewhere.${table}`)).rows).toEqual([{ count: 1 }])
    await pool.query(`comment on table elsewhere.${table} is 'llm-cache vectors 99'`)
    const later = createPgVectorIndex({ pool, table: `elsewhere.${table}` })
    await expect(later.search('n', vector, { k: 1 })).rejects.toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'version' })
    await pool.query('drop schema elsewhere cascade')
    await Promise.all([index.close(), later.close()])
  })

  it('says so where there is no pgvector', async () => {
    const plain = await PGlite.create()
    const bare = new PGLiteSocketServer({ db: plain, port: 0, maxConnections: 4 })
    await bare.start()
    const index = createPgVectorIndex({ connectionString: `postgresql://postgres@${bare.getServerConn()}/postgres` })
    await expect(index.search('n', vector, { k: 1 })).rejects.toMatchObject({
      reason: 'unsupported',
      message: expect.stringContaining('CREATE EXTENSION vector'),
    })
    await index.close()
    await bare.stop()
    await plain.close()
  })

  it('waits no longer than allowed, and works once the server does', async () => {
    const clock = createManualClock(Date.now())
    let answers = false
    const slow = {
      query: (text: string, values?: unknown[]) => (answers ? pool.query(text, values) : new Promise<never>(() => undefined)),
      connect: () => pool.connect(),
    }
    const index = createPgVectorIndex({ pool: slow, table: `test_${++made}`, timeoutMs: 300, clock })
    const found = index.search('n', vector, { k: 1 })
    void Promise.resolve(found).catch(() => undefined)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    clock.advance(301)
    clock.advance(301)
    await expect(found).rejects.toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'timeout' })
    answers = true
    await index.close()
  })

  it('fails where nobody listens, and shows no password', async () => {
    const index = createPgVectorIndex({ connectionString: 'postgresql://user:secret@127.0.0.1:1/db' })
    const error = await Promise.resolve(index.search('n', vector, { k: 1 })).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'failed' })
    expect(`${error} ${(error as Error).cause}`).not.toContain('secret')
    await index.close()
  })

  it.each([
    [{}, 'pool'],
    [{ pool, connectionString }, 'pool'],
    [{ pool: {} }, 'pool'],
    [{ connectionString: 5 }, 'connectionString'],
    [{ pool, maxConnections: 2 }, 'maxConnections'],
    [{ connectionString, maxConnections: 0 }, 'maxConnections'],
    [{ pool, table: 'a"b' }, 'table'],
    [{ pool, table: '' }, 'table'],
    [{ pool, index: 'ivf' }, 'index'],
    [{ pool, timeoutMs: 0 }, 'timeoutMs'],
    [{ pool, tables: 'a' }, 'tables'],
  ])('refuses wrong options by name', (options, option) => {
    expect(() => createPgVectorIndex(options as PgVectorIndexOptions)).toThrow(OptionError)
    expect(() => createPgVectorIndex(options as PgVectorIndexOptions)).toThrow(expect.objectContaining({ option }))
  })
})
