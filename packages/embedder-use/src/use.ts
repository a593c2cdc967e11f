/** Vectors of meaning and wording. */

import { type Calibration, createHashEmbedder, type Embedder, EmbedderError, OptionError } from '@llm-cache/core'
import { type LoadModel, loadModel, type UseModel } from './model.js'

export interface UseEmbedderOptions {
  /** Share of wording in the cosine, from 0 to 1; the rest is meaning. @default 0.4 */
  readonly hashWeight?: number | undefined
}

/**
 * Universal Sentence Encoder Lite (Cer et al., 2018; English, 512 dimensions) beside the built-in hash embedder (1024): a cosine is
 * `1 - hashWeight` times that of the meaning and `hashWeight` times that of the wording. Texts that are not in Latin letters are
 * all the same to the encoder, and compared by wording alone.
 *
 * The model is loaded with the first text (0.2 to 0.4 s, about 200 MB of memory) and then takes 5 to 20 ms of the event loop a text.
 *
 * @throws OptionError; with a text EmbedderError where the model cannot be loaded
 */
export function useEmbedder(options: UseEmbedderOptions = {}, load: LoadModel = loadModel): Embedder {
  for (const name of Object.keys(options))
    if (name !== 'hashWeight') throw new OptionError('ERR_OPTION_UNKNOWN', name, `Unknown option "${name}"; valid: "hashWeight"`)
  const hashWeight = options.hashWeight ?? 0.4
  if (typeof hashWeight !== 'number' || !(hashWeight >= 0 && hashWeight <= 1))
    throw new OptionError('ERR_OPTION_INVALID', 'hashWeight', 'hashWeight must be a number from 0 to 1.')
  const hash = createHashEmbedder()
  let model: Promise<UseModel> | undefined
  // One chunk at a time, each in a turn of its own: the encoder never lets anybody else in while it computes.
  let last: Promise<unknown> = Promise.resolve()

  async function open(): Promise<UseModel> {
    model ??= load()
    try {
      return await model
    } catch (error) {
      // Tried again with the next text.
      model = undefined
      throw new EmbedderError('failed', 'Universal Sentence Encoder Lite could not be loaded.', { cause: error })
    }
  }

  async function embed(texts: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    const vectors: Float32Array[] = []
    for (let at = 0; at < texts.length; at += CHUNK) {
      await nextTurn()
      signal?.throwIfAborted()
      vectors.push(...(await embedChunk(texts.slice(at, at + CHUNK))))
    }
    return vectors
  }

  async function embedChunk(texts: readonly string[]): Promise<Float32Array[]> {
    const wording = (await hash.embed(texts)) as readonly Float32Array[]
    const readable = texts.filter(isReadable)
    const meaning = readable.length > 0 ? await (await open()).embed(readable) : []
    let next = 0
    return texts.map((text, at) => mixed(isReadable(text) ? meaning[next++] : undefined, wording[at] as Float32Array, hashWeight))
  }

  return {
    id: `use-lite:0.2.0:${hash.id}:${hashWeight}`,
    dimensions: MEANING + WORDING,
    maxBatch: 16,
    ...(hashWeight === 0.4 && { calibration: CALIBRATION }),
    embed(texts, signal) {
      const work = last.then(() => embed(texts, signal))
      last = work.catch(() => undefined)
      return work
    },
    async close() {
      await last
      const opened = model
      model = undefined
      await opened?.then(
        (loaded) => loaded.close(),
        () => undefined,
      )
    },
  }
}

/** Vectors of length 1, scaled so that the cosine of two results is the weighted mean of both cosines. */
function mixed(meaning: readonly number[] | undefined, wording: Float32Array, hashWeight: number): Float32Array {
  const vector = new Float32Array(MEANING + WORDING)
  if (!meaning) {
    vector.set(wording, MEANING)
    return vector
  }
  const [ofMeaning, ofWording] = [Math.sqrt(1 - hashWeight) / Math.hypot(...meaning), Math.sqrt(hashWeight)]
  for (let at = 0; at < MEANING; at++) vector[at] = (meaning[at] as number) * ofMeaning
  for (let at = 0; at < WORDING; at++) vector[MEANING + at] = (wording[at] as number) * ofWording
  return vector
}

/** True where the encoder has pieces for most of the letters. */
function isReadable(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0
  return letters > 0 && latin >= letters * LEAST_LATIN
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const MEANING = 512
const WORDING = 1024
/** Texts of one computation: more are hardly cheaper, and keep everybody else waiting. */
const CHUNK = 4
const LEAST_LATIN = 0.8
// Of each question's nearest among 3,000 of Banking77, CLINC150 and HWU64 each, the mean of the three: nearestNeighbours in bench/lib.
const CALIBRATION: Calibration = { median: 0.72, scale: 0.16, threshold: 0.92 }
