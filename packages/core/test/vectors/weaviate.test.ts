import { createWeaviateVectorIndex, type WeaviateIndexClient, type WeaviateVectorIndexOptions } from '@llm-cache/core/weaviate'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { vectorIndexContract } from '../../src/testing/vector-index-contract.js'
import type { WeaviateModule } from '../../src/vectors/weaviate-client.js'
import { startFakeWeaviate } from './fake-weaviate.js'

const { default: weaviate } = (await import('weaviate-client')) as unknown as WeaviateModule
const { LLM_CACHE_WEAVIATE_URL, LLM_CACHE_WEAVIATE_GRPC_URL, LLM_CACHE_WEAVIATE_API_KEY } = process.env
const vector = Float32Array.of(1, 0, 0)
const deleteAt = Date.now() + 3_600_000

function connect(url: string, grpcUrl: string): Promise<WeaviateIndexClient> {
  const [http, grpc] = [new URL(url), new URL(grpcUrl)]
  return weaviate.connectToCustom({
    httpHost: http.hostname,
    httpPort: Number(http.port),
    grpcHost: grpc.hostname,
    grpcPort: Number(grpc.port),
  })
}

vectorIndexContract(
  { describe, it },
  {
    name: 'weaviate, the wire contract',
    async create({ clock }) {
      const { url, grpcUrl, classes, close } = await startFakeWeaviate()
      const client = await connect(url, grpcUrl)
      const theirs = ['LlmCacheVectors', 'LlmCacheVectors_8x', 'Theirs_8']
      return {
        index: createWeaviateVectorIndex({ client, clock }),
        foreign: {
          async plant() {
            for (const name of theirs) {
              const properties = [{ name: 'namespace', dataType: ['text'] }]
              await client.collections.createFromSchema({
                class: name,
                vectorizer: 'none',
                vectorIndexConfig: { distance: 'cosine' },
                properties,
              })
              await client.collections.get(name).data.insertMany([{ properties: { namespace: 'lc1.t.n' }, vectors: Array(8).fill(1) }])
            }
          },
          isThere: () => theirs.every((name) => classes.get(name)?.objects.size === 1),
        },
        async dispose() {
          await client.close()
          await close()
        },
      }
    },
  },
)

describe.skipIf(!LLM_CACHE_WEAVIATE_URL)('a real Weaviate', () => {
  vectorIndexContract(
    { describe, it },
    {
      name: 'weaviate',
      async create({ clock }) {
        const options = { url: LLM_CACHE_WEAVIATE_URL, grpcUrl: LLM_CACHE_WEAVIATE_GRPC_URL, apiKey: LLM_CACHE_WEAVIATE_API_KEY }
        return { index: createWeaviateVectorIndex({ ...options, collection: `Test_${Math.random().toString(36).slice(2)}`, clock }) }
      },
    },
  )
})

describe('the index in Weaviate', () => {
  it('makes a collection for each number of dimensions, and brings its key', async () => {
    const { url, grpcUrl, classes, close } = await startFakeWeaviate('secret')
    const index = createWeaviateVectorIndex({ url, grpcUrl, apiKey: 'secret', collection: 'Mine' })
    await index.add('lc1.p.n', [{ id: 'a', vector, deleteAt: deleteAt + 0.5 }])
    await index.add('lc1.p.m', [{ id: 'a', vector: Float32Array.of(1, 0), deleteAt }])
    expect([...classes.keys()]).toEqual(['Mine_3', 'Mine_2'])
    const [object] = classes.get('Mine_3')?.objects.values() ?? []
    expect(object?.properties).toEqual({ namespace: 'lc1.p.n', key: 'a', deleteAt: deleteAt + 1 })
    await index.close()
    const stranger = createWeaviateVectorIndex({ url, grpcUrl, apiKey: 'wrong' })
    const error = await Promise.resolve(stranger.add('n', [{ id: 'a', vector, deleteAt }])).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'failed' })
    expect(`${error} ${(error as Error).cause}`).not.toContain('wrong')
    await stranger.close()
    await close()
  })

  it('clears more than a request removes', async () => {
    const { url, grpcUrl, classes, close } = await startFakeWeaviate()
    const index = createWeaviateVectorIndex({ url, grpcUrl })
    const items = Array.from({ length: 700 }, (_, at) => ({ id: `v${at}`, vector, deleteAt }))
    await index.add('lc1.t.n', items)
    await index.add('lc1.tu.n', [{ id: 'a', vector, deleteAt }])
    await index.clear('lc1.t.')
    expect(classes.get('LlmCacheVectors_3')?.objects.size).toBe(1)
    await index.close()
    await close()
  })

  it('removes objects that have expired, once a minute', async () => {
    const { url, grpcUrl, classes, close } = await startFakeWeaviate()
    const clock = createManualClock(Date.now())
    const index = createWeaviateVectorIndex({ url, grpcUrl, clock })
    await index.add('n', [{ id: 'a', vector, deleteAt: clock.now() + 10 }])
    clock.advance(59_999)
    await index.add('n', [{ id: 'b', vector, deleteAt: clock.now() + 100_000 }])
    expect(classes.get('LlmCacheVectors_3')?.objects.size).toBe(2)
    clock.advance(1)
    await index.add('n', [{ id: 'c', vector, deleteAt: clock.now() + 100_000 }])
    expect(classes.get('LlmCacheVectors_3')?.objects.size).toBe(2)
    await index.close()
    await close()
  })

  it('says what is wrong: not there, too slow, closed', async () => {
    const index = createWeaviateVectorIndex({ url: 'http://127.0.0.1:1' })
    await expect(index.search('n', vector, { k: 1 })).rejects.toMatchObject({ code: 'ERR_VECTOR_INDEX', reason: 'failed' })
    await index.close()
    const clock = createManualClock()
    const never = {
      collections: { createFromSchema: () => undefined, get: () => ({}), listAll: () => new Promise(() => undefined) },
    } as unknown as WeaviateIndexClient
    const late = createWeaviateVectorIndex({ client: never, timeoutMs: 100, clock })
    const cleared = Promise.resolve(late.remove('n', ['a'])).catch((thrown: unknown) => thrown)
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(200)
    clock.advance(200)
    expect(await cleared).toMatchObject({ reason: 'timeout' })
    await late.close()
    await expect(late.search('n', vector, { k: 1 })).rejects.toMatchObject({ reason: 'closed' })
  })

  it.each([
    [{}, 'client'],
    [{ client: {} }, 'client'],
    [{ client: {}, url: 'http://a' }, 'client'],
    [{ url: 'nowhere' }, 'url'],
    [{ url: 'http://a', grpcUrl: 'nowhere' }, 'grpcUrl'],
    [{ url: 'http://a', apiKey: '' }, 'apiKey'],
    [{ url: 'http://a', collection: 'small' }, 'collection'],
    [{ url: 'http://a', timeoutMs: 0 }, 'timeoutMs'],
    [{ url: 'http://a', host: 'a' }, 'host'],
  ])('refuses wrong options by name: %j', (options, option) => {
    expect(() => createWeaviateVectorIndex(options as WeaviateVectorIndexOptions)).toThrow(OptionError)
    expect(() => createWeaviateVectorIndex(options as WeaviateVectorIndexOptions)).toThrow(expect.objectContaining({ option }))
  })
})
