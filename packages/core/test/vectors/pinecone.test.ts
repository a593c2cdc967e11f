import { createPineconeVectorIndex, type PineconeIndexClient, type PineconeVectorIndexOptions } from '@llm-cache/core/pinecone'
import { Pinecone } from '@pinecone-database/pinecone'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { vectorIndexContract } from '../../src/testing/vector-index-contract.js'
import { startFakePinecone } from './fake-pinecone.js'

/** A serverless index with the metric cosine and 96 dimensions. */
const { LLM_CACHE_PINECONE_API_KEY, LLM_CACHE_PINECONE_HOST } = process.env
const apiKey = 'pc-test'
const vector = new Float32Array(96).fill(1)
const deleteAt = Date.now() + 3_600_000

for (const how of ['an index', 'a key'] as const) {
  vectorIndexContract(
    { describe, it },
    {
      name: `pinecone, the wire contract, from ${how}`,
      dimensions: 96,
      async create({ clock }) {
        const server = await startFakePinecone(96, apiKey)
        const index = new Pinecone({ apiKey }).index({ host: server.url })
        return {
          index: createPineconeVectorIndex({ ...(how === 'a key' ? { apiKey, host: server.url } : { index }), clock }),
          foreign: {
            async plant() {
              for (const namespace of ['theirs', 'llm-cache', 'llm-cach:lc1.t.n'])
                await index.upsert({ records: [{ id: 'x', values: [...vector] }], namespace })
            },
            isThere: () => ['theirs', 'llm-cache', 'llm-cach:lc1.t.n'].every((name) => server.namespaces.has(name)),
          },
          dispose: () => server.close(),
        }
      },
    },
  )
}

describe.skipIf(!LLM_CACHE_PINECONE_API_KEY)('a real Pinecone', () => {
  vectorIndexContract(
    { describe, it },
    {
      name: 'pinecone',
      dimensions: 96,
      tolerance: 1e-3,
      // It says itself that it takes a while.
      settle: () => new Promise((resolve) => setTimeout(resolve, 15_000)),
      async create({ clock }) {
        const prefix = `test-${Math.random().toString(36).slice(2)}:`
        const options = { apiKey: LLM_CACHE_PINECONE_API_KEY, host: LLM_CACHE_PINECONE_HOST, prefix }
        return {
          index: createPineconeVectorIndex({ ...options, clock }),
          dispose: async () => createPineconeVectorIndex(options).clear(''),
        }
      },
    },
  )
})

describe('the index in Pinecone', () => {
  it('keeps requests under two megabytes', async () => {
    const server = await startFakePinecone(3072, apiKey)
    const index = createPineconeVectorIndex({ apiKey, host: server.url })
    const wide = Float32Array.from({ length: 3072 }, (_, at) => Math.sin(at * 1.1))
    await index.add(
      'n',
      Array.from({ length: 80 }, (_, at) => ({ id: `v${at}`, vector: wide, deleteAt })),
    )
    const sizes = server.calls.filter(({ path }) => path === '/vectors/upsert').map(({ headers }) => Number(headers['content-length']))
    expect(server.namespaces.get('llm-cache:n')?.size).toBe(80)
    expect(Math.max(...sizes)).toBeGreaterThan(1_000_000)
    expect(Math.max(...sizes)).toBeLessThan(2_000_000)
    await server.close()
  })

  it('removes what has expired, once a minute, when others are added', async () => {
    const server = await startFakePinecone(96, apiKey)
    const clock = createManualClock(Date.now())
    const index = createPineconeVectorIndex({ apiKey, host: server.url, clock })
    await index.add('n', [{ id: 'a', vector, deleteAt: clock.now() + 10 }])
    clock.advance(59_999)
    await index.add('n', [{ id: 'b', vector, deleteAt: clock.now() + 100_000 }])
    expect(server.namespaces.get('llm-cache:n')?.size).toBe(2)
    clock.advance(1)
    await index.add('n', [{ id: 'c', vector, deleteAt: clock.now() + 100_000 }])
    expect(server.namespaces.get('llm-cache:n')?.size).toBe(2)
    await server.close()
  })

  it('says what is wrong: not allowed, too slow, closed; and shows no key', async () => {
    const server = await startFakePinecone(96, apiKey)
    const stranger = createPineconeVectorIndex({ apiKey: 'pc-other', host: server.url })
    const error = await Promise.resolve(stranger.search('n', vector, { k: 1 })).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'failed' })
    expect(`${error} ${(error as Error).cause}`).not.toContain('pc-other')
    const clock = createManualClock()
    const never = new Proxy({}, { get: () => () => new Promise(() => undefined) }) as unknown as PineconeIndexClient
    const late = createPineconeVectorIndex({ index: never, timeoutMs: 100, clock })
    const found = Promise.resolve(late.search('n', vector, { k: 1 })).catch((thrown: unknown) => thrown)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    clock.advance(200)
    clock.advance(200)
    expect(await found).toMatchObject({ reason: 'timeout' })
    await late.close()
    await expect(late.search('n', vector, { k: 1 })).rejects.toMatchObject({ reason: 'closed' })
    await server.close()
  })

  it.each([
    [{}, 'index'],
    [{ index: {} }, 'index'],
    [{ index: {}, apiKey }, 'index'],
    [{ apiKey: 5, host: 'http://a' }, 'apiKey'],
    [{ apiKey }, 'host'],
    [{ apiKey, host: 'http://a', prefix: 'a b' }, 'prefix'],
    [{ apiKey, host: 'http://a', timeoutMs: 0.5 }, 'timeoutMs'],
    [{ apiKey, host: 'http://a', name: 'a' }, 'name'],
  ])('refuses wrong options by name', (options, option) => {
    expect(() => createPineconeVectorIndex(options as PineconeVectorIndexOptions)).toThrow(OptionError)
    expect(() => createPineconeVectorIndex(options as PineconeVectorIndexOptions)).toThrow(expect.objectContaining({ option }))
  })
})
