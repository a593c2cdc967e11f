import OpenAI, { AzureOpenAI } from 'openai'
import OpenAiV6 from 'openai-v6'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openAiEmbedder } from '../../src/embedders/openai.js'
import { OptionError, PeerMissingError } from '../../src/errors.js'
import { guardEmbedder } from '../../src/semantic/embedders/guarded.js'
import type { ModelUsage } from '../../src/semantic/ports.js'
import { createManualClock, createModelServer, embedderContract, type ModelServer } from '../../src/testing/index.js'

let server: ModelServer
const baseURL = (): string => `${server.url}/v1`
const bodies = (): readonly Record<string, unknown>[] => server.calls.map((call) => call.body as Record<string, unknown>)
const thrown = async (work: unknown): Promise<unknown> => Promise.resolve(work).catch((error: unknown) => error)

beforeAll(async () => {
  server = await createModelServer()
})
beforeEach(() => server.reset())
afterAll(() => server.close())

embedderContract({ describe, it }, 'openai', () => ({ embedder: openAiEmbedder({ baseURL: baseURL() }) }))
embedderContract({ describe, it }, 'openai with a client of version 7', () => ({
  embedder: openAiEmbedder({ client: new OpenAI({ baseURL: baseURL(), apiKey: 'k' }), dimensions: 256 }),
}))
embedderContract({ describe, it }, 'openai with a client of version 6', () => ({
  embedder: openAiEmbedder({ client: new OpenAiV6({ baseURL: baseURL(), apiKey: 'k' }), model: 'some-model' }),
}))

describe('the embedder of OpenAI', () => {
  it.each([
    [{}, 'openai:text-embedding-3-small:1536', 1536],
    [{ dimensions: 512 }, 'openai:text-embedding-3-small:512', 512],
    [{ model: 'text-embedding-3-large' }, 'openai:text-embedding-3-large:3072', 3072],
    [{ model: 'text-embedding-ada-002' }, 'openai:text-embedding-ada-002:1536', 1536],
    [{ model: 'BAAI/bge-m3', dimensions: 1024 }, 'openai:BAAI/bge-m3:1024', 1024],
    [{ model: 'bge-m3' }, 'openai:bge-m3', undefined],
  ])('%j is %s', (options, id, dimensions) => {
    expect(openAiEmbedder({ apiKey: 'k', ...options })).toMatchObject({ id, dimensions })
  })

  it('tells models apart whose names an id cannot hold', () => {
    const ids = ['@cf/baai/bge', '#cf/baai/bge', 'm'.repeat(200), `${'m'.repeat(200)}n`].map(
      (model) => openAiEmbedder({ apiKey: 'k', model }).id,
    )
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9:._/-]{1,100}$/)
  })

  it('asks with the key, for the dimensions, and for numbers where the API may not know base64', async () => {
    const embedder = openAiEmbedder({ apiKey: 'sk-mine', baseURL: `${baseURL()}/`, dimensions: 64 })
    const [vector] = await embedder.embed(['a'])
    expect(vector).toHaveLength(64)
    expect(bodies()).toEqual([{ model: 'text-embedding-3-small', input: ['a'], dimensions: 64, encoding_format: 'float' }])
    expect(server.calls[0]?.headers.authorization).toBe('Bearer sk-mine')
  })

  it.each(['https://api.openai.com/v1', 'https://eu.api.openai.com/v1', undefined])(
    'leaves the encoding to the client at %s',
    async (address) => {
      const asked: unknown[] = []
      const client = {
        ...(address && { baseURL: address }),
        embeddings: { create: async (body: unknown) => ({ data: [{ index: 0, embedding: [asked.push(body)] }] }) },
      }
      await openAiEmbedder({ client }).embed(['a'])
      expect(asked).toEqual([{ model: 'text-embedding-3-small', input: ['a'] }])
    },
  )

  it('says what each reply was billed for, by the model that it names', async () => {
    const told: ModelUsage[] = []
    await openAiEmbedder({ baseURL: baseURL() }).embed(['a private question'], undefined, (usage) => told.push(usage))
    expect(told).toEqual([{ usage: { inputTokens: expect.any(Number) }, model: 'text-embedding-3-small', provider: 'openai' }])
    expect(told[0]?.usage.inputTokens).toBeGreaterThan(0)
    const client = { embeddings: { create: async () => ({ data: [{ index: 0, embedding: [1] }] }) } }
    await openAiEmbedder({ client }).embed(['a'], undefined, (usage) => told.push(usage))
    expect(told).toHaveLength(1)
  })

  it('puts vectors in the order of their index', async () => {
    const data = [2, 0, 1].map((index) => ({ index, embedding: [index] }))
    const client = { embeddings: { create: async () => ({ data }) } }
    expect(await openAiEmbedder({ client }).embed(['a', 'b', 'c'])).toEqual([[0], [1], [2]])
    expect(data.map(({ index }) => index)).toEqual([2, 0, 1])
  })

  it('takes clients of both versions and of Azure', () => {
    const azure = new AzureOpenAI({ apiKey: 'k', endpoint: 'https://x.openai.azure.com', apiVersion: '2024-10-21' })
    for (const client of [new OpenAI({ apiKey: 'k' }), new OpenAiV6({ apiKey: 'k' }), azure])
      expect(openAiEmbedder({ client }).id).toBe('openai:text-embedding-3-small:1536')
  })

  it('asks once where it fails: the next text asks again', async () => {
    server.failNext('rate-limit')
    const embedder = openAiEmbedder({ baseURL: baseURL() })
    expect(await thrown(embedder.embed(['a']))).toMatchObject({ status: 429 })
    expect(server.callCount()).toBe(1)
    expect(await embedder.embed(['a'])).toHaveLength(1)
  })

  it('is given up with the signal', async () => {
    server.failNext('hang')
    const controller = new AbortController()
    const asked = thrown(openAiEmbedder({ baseURL: baseURL() }).embed(['a'], controller.signal))
    await server.waitForCalls(1)
    controller.abort()
    expect(await asked).toMatchObject({ name: 'Error', message: 'Request was aborted.' })
    await server.until((calls) => calls[0]?.aborted === true)
  })

  it.each([
    ['wrong-dimension', 'dimension'],
    ['malformed-json', 'failed'],
    ['server-error', 'failed'],
    ['error-frame', 'failed'],
    ['hang', 'timeout'],
  ] as const)('guarded, %s is an error of ours: %s', async (fault, reason) => {
    const clock = createManualClock()
    const safe = guardEmbedder(openAiEmbedder({ baseURL: baseURL() }), { clock, timeoutMs: 100 })
    server.failNext(fault)
    const asked = thrown(safe.embed('a private question'))
    await server.waitForCalls(1)
    if (fault === 'hang') clock.advance(100)
    const error = await asked
    expect(error).toMatchObject({ reason })
    expect(String(error)).not.toContain('private')
    await safe.close()
  })

  it('says what to install, and tries again', async () => {
    let installed = false
    const load = async (): Promise<typeof import('openai')> => {
      if (!installed) throw new PeerMissingError('openai', 'npm install openai')
      return import('openai')
    }
    const embedder = openAiEmbedder({ baseURL: baseURL() }, load)
    expect(await thrown(embedder.embed(['a']))).toBeInstanceOf(PeerMissingError)
    installed = true
    expect(await embedder.embed(['a'])).toHaveLength(1)
  })

  it.each([
    [{ modle: 'x' }, 'modle'],
    [{ model: '' }, 'model'],
    [{ apiKey: '' }, 'apiKey'],
    [{ apiKey: 7 }, 'apiKey'],
    [{ apiKey: 'k', baseURL: 'localhost:1234' }, 'baseURL'],
    [{ apiKey: 'k', dimensions: 0 }, 'dimensions'],
    [{ apiKey: 'k', dimensions: 2000 }, 'dimensions'],
    [{ apiKey: 'k', model: 'text-embedding-ada-002', dimensions: 512 }, 'dimensions'],
    [{ client: {} }, 'client'],
    [{ client: null }, 'client'],
    [{ client: { embeddings: { create: (): unknown => undefined } }, apiKey: 'k' }, 'apiKey'],
    [{ client: { embeddings: { create: (): unknown => undefined } }, baseURL: 'http://x' }, 'baseURL'],
  ])('refuses %j', (options, option) => {
    expect(() => openAiEmbedder(options as object)).toThrow(expect.objectContaining({ name: 'OptionError', option }))
  })

  it('wants a key where there is none, and never shows one', () => {
    const key = process.env.OPENAI_API_KEY
    delete process.env.OPENAI_API_KEY
    try {
      expect(() => openAiEmbedder()).toThrow(OptionError)
      expect(() => openAiEmbedder({ baseURL: 'http://127.0.0.1:1' })).not.toThrow()
      process.env.OPENAI_API_KEY = 'sk-env'
      expect(() => openAiEmbedder()).not.toThrow()
    } finally {
      if (key === undefined) delete process.env.OPENAI_API_KEY
      else process.env.OPENAI_API_KEY = key
    }
  })
})
