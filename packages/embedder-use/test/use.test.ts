import { createHashEmbedder, EmbedderError } from '@llm-cache/core'
import { embedderContract } from '@llm-cache/core/testing'
import { describe, expect, it } from 'vitest'
import { useEmbedder } from '../src/index.js'
import { loadModel, type UseModel } from '../src/model.js'

/** A model that counts; its meaning of a text is its length. */
function counting(): {
  readonly load: () => Promise<UseModel>
  readonly counts: { loads: number; failures: number; closes: number; batches: number[] }
} {
  const counts = { loads: 0, failures: 0, closes: 0, batches: [] as number[] }
  return {
    counts,
    load: async () => {
      counts.loads += 1
      if (counts.failures-- > 0) throw new Error('no such file')
      return {
        embed: async (texts) => {
          counts.batches.push(texts.length)
          return texts.map((text) => Array.from({ length: 512 }, (_, at) => (at === text.length % 512 ? 2 : 0)))
        },
        close: () => {
          counts.closes += 1
        },
      }
    },
  }
}

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, at) => sum + value * (b[at] as number), 0)
const thrown = async (work: unknown): Promise<unknown> => Promise.resolve(work).catch((error: unknown) => error)

// One model for all rules; the last test here loads and frees one of its own.
const shared = loadModel()
const load = async (): Promise<UseModel> => ({ embed: (await shared).embed, close: () => undefined })
embedderContract({ describe, it }, 'universal sentence encoder and hash', () => ({ embedder: useEmbedder({}, load) }))
embedderContract({ describe, it }, 'universal sentence encoder alone', () => ({ embedder: useEmbedder({ hashWeight: 0 }, load) }))

describe('the universal sentence encoder', () => {
  it('finds the same meaning in other words nearer than other meaning in the same words', async () => {
    const texts = ['How old are you?', 'What is your age?', 'How tall are you?']
    const [question, same, other] = (await useEmbedder({}, load).embed(texts)) as readonly [Float32Array, Float32Array, Float32Array]
    const [hashed, sameHashed, otherHashed] = (await createHashEmbedder().embed(texts)) as readonly [
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    expect(cosine(question, same)).toBeGreaterThan(cosine(question, other))
    expect(cosine(hashed, sameHashed)).toBeLessThan(cosine(hashed, otherHashed))
  })

  it('loads and frees its weights', async () => {
    const embedder = useEmbedder()
    expect(await embedder.embed(['How do I reset my password?'])).toMatchObject([{ length: 1536 }])
    await embedder.close?.()
    expect(await embedder.embed(['How do I reset my password?'])).toHaveLength(1)
    await embedder.close?.()
  })
})

describe('the mixture', () => {
  it.each([0, 0.25, 0.4, 1])('has a cosine of both, wording with the weight %j', async (hashWeight) => {
    const texts = ['same letters one', 'same letters two', 'another length altogether']
    const [a, b, c] = (await useEmbedder({ hashWeight }, counting().load).embed(texts)) as readonly [
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    const [x, y, z] = (await createHashEmbedder().embed(texts)) as readonly [Float32Array, Float32Array, Float32Array]
    expect(cosine(a, a)).toBeCloseTo(1, 5)
    expect(cosine(a, b)).toBeCloseTo(1 - hashWeight + hashWeight * cosine(x, y), 5)
    expect(cosine(a, c)).toBeCloseTo(hashWeight * cosine(x, z), 5)
  })

  it('has the weight in its id, and a calibration where it was measured', () => {
    expect(useEmbedder()).toMatchObject({ id: 'use-lite:0.2.0:hash:1:1024:0.4', dimensions: 1536 })
    expect(useEmbedder().calibration).toBeDefined()
    expect(useEmbedder({ hashWeight: 0.5 }).id).not.toBe(useEmbedder().id)
    expect(useEmbedder({ hashWeight: 0.5 }).calibration).toBeUndefined()
  })

  it('compares what the encoder cannot read by its wording alone', async () => {
    const { load: loadCounted, counts } = counting()
    const texts = ['東京の明日の天気は？', '銀行口座を閉鎖したい', '', '12345', 'Ünïcödé läßt sich lesen']
    const vectors = (await useEmbedder({}, loadCounted).embed(texts)) as readonly Float32Array[]
    const hashed = (await createHashEmbedder().embed(texts)) as readonly Float32Array[]
    expect(counts.batches).toEqual([1])
    for (const at of [0, 1, 2, 3]) expect(cosine(vectors[at] as Float32Array, vectors[at] as Float32Array)).toBeCloseTo(1, 5)
    expect(cosine(vectors[0] as Float32Array, vectors[1] as Float32Array)).toBeCloseTo(
      cosine(hashed[0] as Float32Array, hashed[1] as Float32Array),
      5,
    )
  })
})

describe('loading and computing', () => {
  it('happens once, in small pieces between which others have their turn', async () => {
    const { load: loadCounted, counts } = counting()
    const embedder = useEmbedder({}, loadCounted)
    let turns = 0
    const count = (): void => {
      turns += 1
      if (counts.batches.length < 8) setImmediate(count)
    }
    setImmediate(count)
    const texts = Array.from({ length: 16 }, (_, at) => `question ${at}`)
    await Promise.all([embedder.embed(texts), embedder.embed(texts)])
    expect(counts.loads).toBe(1)
    expect(counts.batches).toEqual(Array(8).fill(4))
    expect(turns).toBeGreaterThan(7)
  })

  it('fails with an error of ours, and is tried again', async () => {
    const { load: loadCounted, counts } = counting()
    counts.failures = 1
    const embedder = useEmbedder({}, loadCounted)
    const error = await thrown(embedder.embed(['a question']))
    expect(error).toBeInstanceOf(EmbedderError)
    expect(error).toMatchObject({ reason: 'failed', cause: { message: 'no such file' } })
    expect(await embedder.embed(['a question'])).toHaveLength(1)
  })

  it('stops with the signal', async () => {
    const { load: loadCounted, counts } = counting()
    const controller = new AbortController()
    const asked = thrown(useEmbedder({}, loadCounted).embed(Array(16).fill('a question'), controller.signal))
    while (counts.batches.length === 0) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    expect(await asked).toMatchObject({ name: 'AbortError' })
    expect(counts.batches.length).toBeLessThan(4)
  })

  it('frees the model once, after what still runs', async () => {
    const { load: loadCounted, counts } = counting()
    const embedder = useEmbedder({}, loadCounted)
    const asked = embedder.embed(['a question'])
    await Promise.all([embedder.close?.(), embedder.close?.()])
    await asked
    await embedder.close?.()
    expect(counts.closes).toBe(1)
  })

  it.each([
    [{ hashweight: 1 }, 'hashweight'],
    [{ hashWeight: 2 }, 'hashWeight'],
    [{ hashWeight: Number.NaN }, 'hashWeight'],
    [{ hashWeight: '0.4' }, 'hashWeight'],
  ])('refuses %j', (options, option) => {
    expect(() => useEmbedder(options as object)).toThrow(expect.objectContaining({ name: 'OptionError', option }))
  })
})
