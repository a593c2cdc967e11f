import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ollamaEmbedder } from '../../src/embedders/ollama.js'
import { guardEmbedder } from '../../src/semantic/embedders/guarded.js'
import { createManualClock, createModelServer, embedderContract, type ModelServer } from '../../src/testing/index.js'

let server: ModelServer
const embedder = (): ReturnType<typeof ollamaEmbedder> => ollamaEmbedder({ model: 'nomic-embed-text', baseURL: server.url })
const thrown = async (work: unknown): Promise<unknown> => Promise.resolve(work).catch((error: unknown) => error)

beforeAll(async () => {
  server = await createModelServer()
})
beforeEach(() => server.reset())
afterAll(() => server.close())

embedderContract({ describe, it }, 'ollama', () => ({ embedder: embedder() }))

describe('the embedder of Ollama', () => {
  it('asks for whole texts', async () => {
    await embedder().embed(['a', 'b'])
    expect(server.calls.map(({ path, body }) => ({ path, body }))).toEqual([
      { path: '/api/embed', body: { model: 'nomic-embed-text', input: ['a', 'b'], truncate: false } },
    ])
    expect(await thrown(embedder().embed(['a'.repeat(10_000)]))).toMatchObject({
      name: 'EmbedderError',
      message: expect.stringMatching(/status 400/),
    })
  })

  it.each([
    ['nomic-embed-text', 768],
    ['all-minilm', 384],
    ['all-minilm:22m', 384],
    ['mxbai-embed-large', undefined],
  ])('knows %s: %s dimensions', (model, dimensions) => {
    expect(ollamaEmbedder({ model }).dimensions).toBe(dimensions)
    expect(ollamaEmbedder({ model }).id).toBe(dimensions === undefined ? `ollama:${model}` : `ollama:${model}:${dimensions}`)
  })

  it.each([
    ['rate-limit', /status 429/],
    ['server-error', /status 500/],
    ['error-frame', /without embeddings/],
  ] as const)('fails with %s', async (fault, message) => {
    server.failNext(fault)
    expect(await thrown(embedder().embed(['a']))).toMatchObject({ name: 'EmbedderError', message: expect.stringMatching(message) })
  })

  it('tells how to get a model', async () => {
    const empty = createServer((_request, response) => response.writeHead(404).end('{"error":"model not found"}'))
    await new Promise<void>((resolve) => empty.listen(0, '127.0.0.1', resolve))
    const { port } = empty.address() as AddressInfo
    try {
      const lost = ollamaEmbedder({ model: 'm', baseURL: `http://127.0.0.1:${port}` })
      expect(await thrown(lost.embed(['a']))).toMatchObject({ message: expect.stringMatching(/status 404.*ollama pull m/) })
    } finally {
      empty.close()
    }
  })

  it.each([
    ['wrong-dimension', 'dimension'],
    ['malformed-json', 'failed'],
    ['cut', 'failed'],
    ['hang', 'timeout'],
  ] as const)('guarded, %s is an error of ours: %s', async (fault, reason) => {
    const clock = createManualClock()
    const safe = guardEmbedder(embedder(), { clock, timeoutMs: 100 })
    server.failNext(fault)
    const asked = thrown(safe.embed('a'))
    await server.waitForCalls(1)
    if (fault === 'hang') clock.advance(100)
    expect(await asked).toMatchObject({ reason })
    if (fault === 'hang') await server.until((calls) => calls[0]?.aborted === true)
    await safe.close()
  })

  it.each([
    [{}, 'model'],
    [{ model: 'm', baseUrl: 'http://x' }, 'baseUrl'],
    [{ model: 'm', baseURL: '127.0.0.1:11434' }, 'baseURL'],
  ])('refuses %j', (options, option) => {
    expect(() => ollamaEmbedder(options as { model: string })).toThrow(expect.objectContaining({ name: 'OptionError', option }))
  })
})
