import { createRedisVectorIndex } from '@llm-cache/redis'
import { createClient, createCluster } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import { vectorIndexContract } from '../../../packages/core/src/testing/vector-index-contract.js'
import { serverVersions, startServer } from '../../support/redis-versions.js'
import { SLACK_MS, startCluster } from './support.js'

const versions = serverVersions()
const version8 = versions.find(({ name }) => name === 'redis-8')
const others = versions.filter(({ name }) => name !== 'redis-8')
const vector = Float32Array.of(1, 0)
const deleteAt = Date.now() + 3_600_000

describe.skipIf(!version8)('vectors in Redis 8', async () => {
  if (!version8) return
  const server = await startServer(version8.command)
  const client = await createClient({ url: server.url }).connect()
  const resp3 = await createClient({ url: server.url, RESP: 3 }).connect()
  afterAll(async () => {
    client.destroy()
    resp3.destroy()
    await server.stop()
  })

  let made = 0
  const openings = { 'a URL': () => server.url, 'a client': () => client, 'a client of RESP 3': () => resp3 } as const
  for (const [what, open] of Object.entries(openings)) {
    vectorIndexContract(
      { describe, it },
      {
        name: `redis, from ${what}`,
        async create({ clock }) {
          const prefix = `t${++made}*[`
          const theirs = [`t${made}:{lc1.t.n}`, `${prefix}x:{lc1.t.n}`, `t${made}x[:{lc1.t.n}`]
          return {
            index: createRedisVectorIndex(open(), { prefix, clock }),
            foreign: {
              plant: async () => void (await client.mSet(theirs.flatMap((key) => [key, 'x']))),
              isThere: async () => (await client.exists(theirs)) === theirs.length,
            },
          }
        },
      },
    )
  }
  vectorIndexContract(
    { describe, it },
    {
      name: 'redis, int8',
      tolerance: 0.012,
      create: async ({ clock }) => ({ index: createRedisVectorIndex(server.url, { prefix: `q${++made}`, quantization: 'int8', clock }) }),
    },
  )

  it('go with the one that lives longest', async () => {
    const index = createRedisVectorIndex(client, { prefix: 'life' })
    await index.add('n', [
      { id: 'a', vector, deleteAt },
      { id: 'b', vector, deleteAt: deleteAt + 60_000 },
      { id: 'c', vector, deleteAt: deleteAt - 30_000 },
    ])
    for (const key of ['life:{n}', 'life:{n}:t']) expect(await client.pExpireTime(key)).toBe(deleteAt + 60_000)
    await index.add('n', [{ id: 'b', vector, deleteAt: Number.POSITIVE_INFINITY }])
    expect(await index.search('n', vector, { k: 5 })).toHaveLength(3)
    await index.close()
  })

  it('are removed once they have expired, when others are added', async () => {
    let now = Date.now()
    const clock = { now: () => now, monotonic: () => now, schedule: () => () => undefined }
    const index = createRedisVectorIndex(client, { prefix: 'sweep', clock })
    await index.add(
      'n',
      Array.from({ length: 150 }, (_, at) => ({ id: `v${at}`, vector, deleteAt: now + 1000 })),
    )
    now += 1000
    await index.add('n', [{ id: 'a', vector, deleteAt: now + 1000 }])
    await index.add('n', [{ id: 'b', vector, deleteAt: now + 1000 }])
    expect(await client.sendCommand(['VCARD', 'sweep:{n}'])).toBe(2)
    expect(await client.zCard('sweep:{n}:t')).toBe(2)
    await index.close()
  })

  it('are found by other processes', async () => {
    const [one, other] = [createRedisVectorIndex(server.url, { prefix: 'both' }), createRedisVectorIndex(client, { prefix: 'both' })]
    await one.add('n', [{ id: 'a', vector, deleteAt }])
    expect(await other.search('n', vector, { k: 1 })).toEqual([{ id: 'a', similarity: 1 }])
    await other.clear('n')
    expect(await one.search('n', vector, { k: 1 })).toEqual([])
    await Promise.all([one.close(), other.close()])
  })

  it('are waited for no longer than allowed', async () => {
    const frozen = await startServer(version8.command)
    const index = createRedisVectorIndex(frozen.url, { timeoutMs: 200 })
    await index.add('n', [{ id: 'a', vector, deleteAt }])
    frozen.pause()
    const at = performance.now()
    await expect(index.search('n', vector, { k: 1 })).rejects.toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'timeout' })
    expect(performance.now() - at).toBeLessThan(200 + SLACK_MS)
    frozen.resume()
    await index.close()
    await expect(index.search('n', vector, { k: 1 })).rejects.toMatchObject({ reason: 'closed' })
    await expect(index.clear('')).rejects.toMatchObject({ reason: 'closed' })
    await frozen.stop()
  })

  it('cannot be had where the key is something else, and the error shows neither ids nor vectors', async () => {
    await client.set('wrong:{n}', 'x')
    const index = createRedisVectorIndex(client, { prefix: 'wrong' })
    const error = await Promise.resolve(index.add('n', [{ id: 'secret-id', vector, deleteAt }])).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'failed' })
    expect(`${error} ${(error as Error).cause}`).not.toContain('secret-id')
    await index.close()
  })
})

describe.skipIf(!version8)('vectors in a cluster of Redis 8', async () => {
  if (!version8) return
  const nodes = await startCluster(version8.command, 2)
  const cluster = await createCluster({ rootNodes: [{ url: nodes[0]?.url ?? '' }] }).connect()
  afterAll(async () => {
    cluster.destroy()
    await Promise.all(nodes.map((node) => node.stop()))
  })

  let made = 0
  vectorIndexContract(
    { describe, it },
    { name: 'redis cluster', create: async ({ clock }) => ({ index: createRedisVectorIndex(cluster, { prefix: `c${++made}`, clock }) }) },
  )
})

describe.each(others)('$name has no vector sets', ({ command }) => {
  it('and says which server has', async () => {
    const server = await startServer(command)
    const index = createRedisVectorIndex(server.url)
    const expected = { code: 'ERR_VECTOR_INDEX', reason: 'unsupported', message: expect.stringContaining('Redis 8') }
    await expect(index.add('n', [{ id: 'a', vector, deleteAt }])).rejects.toMatchObject(expected)
    await expect(index.search('n', vector, { k: 1 })).rejects.toMatchObject(expected)
    expect(await Promise.resolve(index.remove('n', ['a'])).catch(({ cause }: Error) => cause)).toBe(undefined)
    await index.close()
    await server.stop()
  })
})
