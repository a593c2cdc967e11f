/**
 * What is known of models beforehand. Calibrations are estimates from what others published about the cosines of short questions, for
 * lack of a measurement of our own: a threshold of your own, or the adaptive policy, which learns, is better.
 */

import type { Calibration } from '../semantic/ports.js'

export interface KnownModel {
  /** Pattern of its name. */
  readonly name: RegExp
  readonly dimensions: number
  /** It takes fewer dimensions, where asked for them. */
  readonly shortens?: boolean
  readonly calibration: Calibration
}

export function knownModel(model: string): KnownModel | undefined {
  return MODELS.find(({ name }) => name.test(model))
}

const MODELS: readonly KnownModel[] = [
  { name: /^text-embedding-3-small$/, dimensions: 1536, shortens: true, calibration: { median: 0.65, scale: 0.17, threshold: 0.88 } },
  { name: /^text-embedding-3-large$/, dimensions: 3072, shortens: true, calibration: { median: 0.64, scale: 0.17, threshold: 0.87 } },
  { name: /^text-embedding-ada-002$/, dimensions: 1536, calibration: { median: 0.9, scale: 0.05, threshold: 0.97 } },
  { name: /(^|\/)all-minilm(-l6-v2|:22m|:latest)?$/i, dimensions: 384, calibration: { median: 0.66, scale: 0.19, threshold: 0.9 } },
  { name: /(^|\/)all-mpnet-base-v2$/i, dimensions: 768, calibration: { median: 0.66, scale: 0.19, threshold: 0.9 } },
  { name: /(^|\/)bge-small-en(-v1\.5)?$/i, dimensions: 384, calibration: { median: 0.83, scale: 0.09, threshold: 0.95 } },
  { name: /(^|\/)bge-base-en(-v1\.5)?$/i, dimensions: 768, calibration: { median: 0.83, scale: 0.09, threshold: 0.95 } },
  {
    name: /(^|\/)nomic-embed-text(-v1(\.5)?|:latest|:v1\.5)?$/i,
    dimensions: 768,
    calibration: { median: 0.78, scale: 0.11, threshold: 0.93 },
  },
]
