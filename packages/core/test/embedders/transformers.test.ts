import { describe, expect, it } from 'vitest'
import { transformersEmbedder } from '../../src/embedders/transformers.js'
import { PeerMissingError, VectorError } from '../../src/errors.js'
import { guardEmbedder } from '../../src/semantic/embedders/guarded.js'
import { createHashEmbedder } from '../../src/semantic/embedders/hash.js'
import { createManualClock, embedderContract } from '../../src/testing/index.js'

type Load = NonNullable<Parameters<typeof transformersEmbedder>[1]>
type Extractor = Awaited<ReturnType<Awaited<ReturnType<Load>>['pipeline']>>

const HASH = createHashEmbedder({ dimensions: 128 })
const MODEL = { model: 'test/tiny' }
const thrown = async (work: unknown): Promise<unknown> => Promise.resolve(work).catch((error: unknown) => error)

/** The library's interface as its version 4 has it, without its half gigabyte: one tensor for all texts, a tokenizer that counts. */
function library(): { readonly load: Load; readonly pipelines: unknown[][]; readonly counts: { disposed: number; failures: number } } {
  const pipelines: unknown[][] = []
  const counts = { disposed: 0, failures: 0 }
  const extract = async (texts: string[]): Promise<{ data: Float32Array; dims: number[] }> => {
    const vectors = (await HASH.embed(texts)) as readonly Float32Array[]
    return { data: Float32Array.from(vectors.flatMap((vector) => [...vector])), dims: [texts.length, 128] }
  }
  const tokenizer = { model_max_length: 512, encode: (text: string) => text.split(/\s+/) }
  const dispose = async (): Promise<void> => {
    counts.disposed += 1
  }
  const pipeline = async (...all: unknown[]): Promise<Extractor> => {
    pipelines.push(all)
    if (counts.failures-- > 0) throw new Error('fetch failed')
    return Object.assign(extract, { tokenizer, dispose })
  }
  return { pipelines, counts, load: async () => ({ pipeline }) }
}

embedderContract({ describe, it }, 'transformers', () => ({ embedder: transformersEmbedder(MODEL, library().load) }))

describe('the embedder of transformers', () => {
  it('says what to install, where nothing is', async () => {
    const error = await thrown(transformersEmbedder().embed(['a']))
    expect(error).toBeInstanceOf(PeerMissingError)
    expect(error).toMatchObject({
      peer: '@huggingface/transformers',
      message: expect.stringContaining('npm install @huggingface/transformers'),
    })
  })

  it.each([
    [{}, 'transformers:Xenova/all-MiniLM-L6-v2:384', 384],
    [{ dtype: 'q8' }, 'transformers:Xenova/all-MiniLM-L6-v2/q8:384', 384],
    [{ model: 'Xenova/bge-small-en-v1.5' }, 'transformers:Xenova/bge-small-en-v1.5:384', 384],
    [{ model: 'mine', localPath: '/models/mine' }, 'transformers:mine', undefined],
  ])('%j is %s', (options, id, dimensions) => {
    expect(transformersEmbedder(options)).toMatchObject({ id, dimensions })
  })

  it('loads once, with the first text', async () => {
    const { load, pipelines } = library()
    const embedder = transformersEmbedder({ ...MODEL, cacheDir: '/cache', dtype: 'q8' }, load)
    expect(pipelines).toEqual([])
    await Promise.all([embedder.embed(['a']), embedder.embed(['b'])])
    expect(pipelines).toEqual([['feature-extraction', 'test/tiny', { cache_dir: '/cache', dtype: 'q8' }]])
  })

  it('downloads nothing where there is a path', async () => {
    const { load, pipelines } = library()
    await transformersEmbedder({ ...MODEL, localPath: '/models/tiny' }, load).embed(['a'])
    expect(pipelines).toEqual([['feature-extraction', '/models/tiny', { local_files_only: true }]])
  })

  it('tries again what could not be loaded', async () => {
    const { load, counts } = library()
    counts.failures = 1
    const embedder = transformersEmbedder(MODEL, load)
    expect(await thrown(embedder.embed(['a']))).toMatchObject({ message: 'fetch failed' })
    expect(await embedder.embed(['a'])).toHaveLength(1)
  })

  it('gives a text that the model would cut no vector, and the others theirs', async () => {
    const safe = guardEmbedder(transformersEmbedder(MODEL, library().load), { clock: createManualClock() })
    const outcomes = await Promise.allSettled(['short', 'word '.repeat(600), 'a'.repeat(5000)].map(async (text) => safe.embed(text)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: expect.any(VectorError) })
  })

  it('refuses a tensor of another shape', async () => {
    const extractor = Object.assign(async () => ({ data: new Float32Array(6), dims: [2, 4] }), { tokenizer: { encode: () => [] } })
    const embedder = transformersEmbedder(MODEL, async () => ({ pipeline: async () => extractor }))
    expect(await thrown(embedder.embed(['a', 'b']))).toMatchObject({ reason: 'unusable', message: expect.stringContaining('2 x 4') })
  })

  it('frees the model once', async () => {
    const { load, counts } = library()
    const embedder = transformersEmbedder(MODEL, load)
    await embedder.embed(['a'])
    await Promise.all([embedder.close?.(), embedder.close?.()])
    expect(counts.disposed).toBe(1)
  })

  it.each([
    [{ localPath: '/models/mine' }, 'model'],
    [{ model: 7 }, 'model'],
    [{ dtype: '' }, 'dtype'],
    [{ cachedir: '/x' }, 'cachedir'],
  ])('refuses %j', (options, option) => {
    expect(() => transformersEmbedder(options as object)).toThrow(expect.objectContaining({ name: 'OptionError', option }))
  })
})
