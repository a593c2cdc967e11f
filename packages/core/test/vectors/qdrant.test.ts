import { createQdrantVectorIndex, type QdrantVectorIndexOptions } from '@llm-cache/core/qdrant'
import { QdrantClient } from '@qdrant/js-client-rest'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { vectorIndexContract } from '../../src/testing/vector-index-contract.js'
import { startFakeQdrant } from './fake-qdrant.js'

const { LLM_CACHE_QDRANT_URL, LLM_CACHE_QDRANT_API_KEY } = process.env
const vector = Float32Array.of(1, 0, 0)
const deleteAt = Date.now() + 3_600_000

for (const how of ['a client', 'a URL'] as const) {
  vectorIndexContract(
    { describe, it },
    {
      name: `qdrant, the wire contract, from ${how}`,
      async create({ clock }) {
        const server = await startFakeQdrant()
        const client = new QdrantClient({ url: server.url, checkCompatibility: false })
        return {
          index: createQdrantVectorIndex({ ...(how === 'a URL' ? { url: server.url } : { client }), clock }),
          foreign: {
            async plant() {
              for (const name of ['llm_cache_vectors', 'llm_cache_vectors_8x', 'their_8']) {
                await client.createCollection(name, { vectors: { size: 8, distance: 'Cosine' } })
                await client.upsert(name, {
                  wait: true,
                  points: [{ id: crypto.randomUUID(), vector: Array(8).fill(1), payload: { delete_at: 1 } }],
                })
              }
            },
            isThere: () =>
              ['llm_cache_vectors', 'llm_cache_vectors_8x', 'their_8'].every((name) => server.collections.get(name)?.points.size === 1),
          },
          dispose: () => server.close(),
        }
      },
    },
  )
}

describe.skipIf(!LLM_CACHE_QDRANT_URL)('a real Qdrant', () => {
  vectorIndexContract(
    { describe, it },
    {
      name: 'qdrant',
      async create({ clock }) {
        const collection = `test_${Math.random().toString(36).slice(2)}`
        const client = new QdrantClient({
          url: LLM_CACHE_QDRANT_URL ?? '',
          ...(LLM_CACHE_QDRANT_API_KEY && { apiKey: LLM_CACHE_QDRANT_API_KEY }),
        })
        return {
          index: createQdrantVectorIndex({ client, collection, clock }),
          async dispose() {
            const { collections } = await client.getCollections()
            for (const { name } of collections) if (name.startsWith(`${collection}_`)) await client.deleteCollection(name)
          },
        }
      },
    },
  )
})

describe('the index in Qdrant', () => {
  it('makes a collection for each number of dimensions, with indexes on what it filters by', async () => {
    const server = await startFakeQdrant({ apiKey: 'secret' })
    const index = createQdrantVectorIndex({ url: server.url, apiKey: 'secret', collection: 'mine' })
    await index.add('lc1.p.n', [{ id: 'a', vector, deleteAt }])
    await index.add('lc1.p.m', [{ id: 'a', vector: Float32Array.of(1, 0), deleteAt }])
    expect([...server.collections.keys()]).toEqual(['mine_3', 'mine_2'])
    expect(Object.fromEntries(server.collections.get('mine_3')?.fields ?? [])).toEqual({
      namespace: 'keyword',
      partition: 'keyword',
      delete_at: 'float',
    })
    const [point] = server.collections.get('mine_3')?.points.values() ?? []
    expect(point?.payload).toEqual({ namespace: 'lc1.p.n', partition: 'lc1.p.', id: 'a', delete_at: deleteAt })
    await index.close()
    await server.close()
  })

  it('asks once about the dimensions of a namespace, and is found by other processes', async () => {
    const server = await startFakeQdrant()
    const [one, other] = [createQdrantVectorIndex({ url: server.url }), createQdrantVectorIndex({ url: server.url })]
    await one.add('lc1.p.n', [{ id: 'a', vector, deleteAt }])
    await one.add('lc1.p.m', [{ id: 'a', vector: Float32Array.of(1, 0), deleteAt }])
    const before = server.calls.length
    await one.add('lc1.p.n', [{ id: 'b', vector, deleteAt }])
    expect(server.calls.slice(before).map(({ path }) => path)).toEqual(['/collections/llm_cache_vectors_3/points'])
    expect(await other.search('lc1.p.n', vector, { k: 5 })).toHaveLength(2)
    await expect(other.add('lc1.p.n', [{ id: 'c', vector: Float32Array.of(1, 0), deleteAt }])).rejects.toMatchObject({
      reason: 'dimension',
    })
    await other.remove('lc1.p.n', ['a'])
    expect(await one.search('lc1.p.n', vector, { k: 5 })).toHaveLength(1)
    await server.close()
  })

  it('removes points that have expired, once a minute', async () => {
    const server = await startFakeQdrant()
    const clock = createManualClock(Date.now())
    const index = createQdrantVectorIndex({ url: server.url, clock })
    await index.add('n', [{ id: 'a', vector, deleteAt: clock.now() + 10 }])
    clock.advance(10)
    await index.add('n', [{ id: 'b', vector, deleteAt: clock.now() + 100_000 }])
    expect(server.collections.get('llm_cache_vectors_3')?.points.size).toBe(2)
    clock.advance(60_000)
    await index.add('n', [{ id: 'c', vector, deleteAt: clock.now() + 100_000 }])
    expect(server.collections.get('llm_cache_vectors_3')?.points.size).toBe(2)
    await server.close()
  })

  it('says what is wrong: too old, not allowed, not there, too slow, closed', async () => {
    const old = await startFakeQdrant({ hasFacets: false, apiKey: 'right' })
    const index = createQdrantVectorIndex({ url: old.url, apiKey: 'right' })
    await index.add('lc1.p.n', [{ id: 'a', vector, deleteAt }])
    await expect(index.clear('lc1.p.')).rejects.toMatchObject({ reason: 'unsupported', message: expect.stringContaining('1.12') })
    const stranger = createQdrantVectorIndex({ url: old.url, apiKey: 'wrong' })
    await expect(stranger.add('n', [{ id: 'a', vector, deleteAt }])).rejects.toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'failed' })
    await old.close()
    await expect(index.search('n', vector, { k: 1 })).rejects.toMatchObject({ reason: 'failed' })
    const clock = createManualClock()
    const never = new Proxy({}, { get: () => () => new Promise(() => undefined) }) as unknown as QdrantClient
    const late = createQdrantVectorIndex({ client: never, timeoutMs: 100, clock })
    const found = Promise.resolve(late.search('n', vector, { k: 1 })).catch((error: unknown) => error)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    clock.advance(200)
    clock.advance(200)
    expect(await found).toMatchObject({ reason: 'timeout' })
    await late.close()
    await expect(late.search('n', vector, { k: 1 })).rejects.toMatchObject({ reason: 'closed' })
  })

  it.each([
    [{}, 'client'],
    [{ url: 'http://a', client: {} }, 'client'],
    [{ client: {} }, 'client'],
    [{ url: 'nowhere' }, 'url'],
    [{ url: 'http://a', apiKey: 5 }, 'apiKey'],
    [{ url: 'http://a', collection: 'a b' }, 'collection'],
    [{ url: 'http://a', timeoutMs: -1 }, 'timeoutMs'],
    [{ url: 'http://a', collections: 'a' }, 'collections'],
  ])('refuses wrong options by name: %j', (options, option) => {
    expect(() => createQdrantVectorIndex(options as QdrantVectorIndexOptions)).toThrow(OptionError)
    expect(() => createQdrantVectorIndex(options as QdrantVectorIndexOptions)).toThrow(expect.objectContaining({ option }))
  })
})
