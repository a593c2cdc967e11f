/** Any function as an embedder. */

import { checkNames } from '../checks.js'
import { checkEmbedder } from '../semantic/embedders/check.js'
import type { Calibration, Embedder } from '../semantic/ports.js'

/** One vector a text, in their order; as `Embedder.embed`. */
export type EmbedFunction = Embedder['embed']

export interface FunctionEmbedderOptions {
  /** Length of every vector. @default that of the first */
  readonly dimensions?: number | undefined
  /** Most texts of one call. @default 64 */
  readonly maxBatch?: number | undefined
  /** True where a vector costs less than a millisecond and nothing else: it is computed anew rather than kept. @default false */
  readonly cheap?: boolean | undefined
  /** How its cosines are to be read. @default learnt from the traffic */
  readonly calibration?: Calibration | undefined
}

/**
 * @param id model and version: 1 to 100 of `A-Za-z0-9:._/-`. To be changed whenever vectors change
 * @example functionEmbedder('cohere:embed-v4.0', async (texts) => (await cohere.embed({ texts })).embeddings)
 * @throws OptionError
 */
export function functionEmbedder(id: string, embed: EmbedFunction, options: FunctionEmbedderOptions = {}): Embedder {
  checkNames(options, ['dimensions', 'maxBatch', 'cheap', 'calibration'])
  const { dimensions, maxBatch, cheap, calibration } = options
  const embedder: Embedder = {
    id,
    dimensions,
    maxBatch,
    cheap,
    calibration,
    embed: typeof embed === 'function' ? (texts, ...more) => (texts.length === 0 ? [] : embed(texts, ...more)) : embed,
  }
  checkEmbedder('embedder', embedder)
  return embedder
}
