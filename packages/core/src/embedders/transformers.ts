/// <reference path="./transformers-module.d.ts" />

/** Embeddings of models that run in this process, through `@huggingface/transformers`. */

import { checkNames } from '../checks.js'
import { EmbedderError, OptionError, PeerMissingError } from '../errors.js'
import type { Embedder } from '../semantic/ports.js'
import { knownModel } from './models.js'
import { embedderId } from './naming.js'
import { textOf } from './options.js'

export interface TransformersEmbedderOptions {
  /** Name of a feature-extraction model with ONNX weights; needed beside `localPath`. @default 'Xenova/all-MiniLM-L6-v2' */
  readonly model?: string | undefined
  /** Absolute path of a folder with the model's files (config.json, tokenizer.json, onnx/model.onnx). Then nothing is ever downloaded. */
  readonly localPath?: string | undefined
  /** Folder for what is downloaded. @default the library's */
  readonly cacheDir?: string | undefined
  /** Precision of the weights: 'fp32', 'fp16', 'q8', 'q4'. @default the library's for this runtime */
  readonly dtype?: string | undefined
}

/**
 * Mean of the last layer, at length 1. The library and the model are loaded with the first text, and the model is downloaded then unless it
 * lies in `localPath` or `cacheDir`. A text that is longer than the model reads has no vector: cut, it would look like others.
 *
 * @throws OptionError; with the first text PeerMissingError where `@huggingface/transformers` is not installed
 */
export function transformersEmbedder(options: TransformersEmbedderOptions = {}, load: LoadTransformers = loadTransformers): Embedder {
  checkNames(options, ['model', 'localPath', 'cacheDir', 'dtype'])
  const model = textOf('model', options.model, 'Xenova/all-MiniLM-L6-v2')
  const known = knownModel(model)
  if (options.localPath !== undefined && options.model === undefined)
    throw new OptionError('ERR_OPTION_INVALID', 'model', "model must name what lies in localPath: it is part of the embedder's id.")
  for (const name of ['localPath', 'cacheDir', 'dtype'] as const) if (options[name] !== undefined) textOf(name, options[name])
  const { localPath, cacheDir, dtype } = options
  let extractor: Promise<FeatureExtractor> | undefined

  async function open(): Promise<FeatureExtractor> {
    const { pipeline } = await load()
    return pipeline('feature-extraction', localPath ?? model, {
      ...(localPath !== undefined && { local_files_only: true }),
      ...(cacheDir !== undefined && { cache_dir: cacheDir }),
      ...(dtype !== undefined && { dtype }),
    })
  }

  return {
    id: embedderId('transformers', dtype === undefined ? model : `${model}/${dtype}`, known?.dimensions),
    dimensions: known?.dimensions,
    maxBatch: 32,
    calibration: known?.calibration,
    async embed(texts) {
      if (texts.length === 0) return []
      extractor ??= open()
      // What could not be loaded is tried again: a download may fail.
      const extract = await extractor.catch((error: unknown) => {
        extractor = undefined
        throw error
      })
      const { data, dims } = await extract([...texts], { pooling: 'mean', normalize: true })
      const dimensions = dims.at(-1) ?? 0
      if (dims[0] !== texts.length || data.length !== texts.length * dimensions)
        throw new EmbedderError('unusable', `The model answered with a tensor of ${dims.join(' x ')}.`)
      return texts.map((text, at) =>
        isCut(text, extract.tokenizer) ? new Float32Array(dimensions) : data.slice(at * dimensions, (at + 1) * dimensions),
      )
    },
    async close() {
      const opened = extractor
      extractor = undefined
      await (await opened?.catch(() => undefined))?.dispose?.()
    },
  }
}

/** What is used of the library's pipeline. */
interface FeatureExtractor {
  (
    texts: string[],
    options: { pooling: 'mean'; normalize: true },
  ): Promise<{ readonly data: Float32Array; readonly dims: readonly number[] }>
  readonly tokenizer: { readonly model_max_length?: number; encode(text: string): { readonly length: number } }
  dispose?(): Promise<unknown>
}
type TransformersModule = {
  readonly pipeline: (task: 'feature-extraction', model: string, options: Readonly<Record<string, unknown>>) => Promise<FeatureExtractor>
}
type LoadTransformers = () => Promise<TransformersModule>

/** True where the model reads only the beginning of `text`. No token is counted where there are too few bytes for so many. */
function isCut(text: string, tokenizer: FeatureExtractor['tokenizer']): boolean {
  const most = tokenizer.model_max_length ?? Number.POSITIVE_INFINITY
  return text.length * MAX_TOKENS_A_UNIT + MARKS > most && tokenizer.encode(text).length > most
}

/** Bytes of a UTF-16 unit. */
const MAX_TOKENS_A_UNIT = 3
/** Tokens put around a text. */
const MARKS = 2

async function loadTransformers(): Promise<TransformersModule> {
  try {
    return (await import('@huggingface/transformers')) as unknown as TransformersModule
  } catch (error) {
    const message = 'transformersEmbedder needs the package @huggingface/transformers: npm install @huggingface/transformers'
    throw new PeerMissingError('@huggingface/transformers', message, { cause: error })
  }
}
