/** The compression algorithms by the names that options use, and the option itself. */

import { checkNames, invalid, wrongValue } from '../checks.js'
import type { BodyCoding } from '../entry/entry.js'
import { describeValue, didYouMean } from '../lib/nearest.js'

export type CompressionAlgorithm = 'gzip' | 'brotli' | 'zstd' | 'lz4'

/** How stored bodies are compressed. `auto` measures them and takes what costs least. */
export type CompressionOption = CompressionAlgorithm | 'auto' | false | CompressionOptions

export interface CompressionOptions {
  readonly algorithm: CompressionAlgorithm | 'auto'
  /** Bodies of fewer bytes stay as they are. @default 1024 */
  readonly threshold?: number | undefined
  /** Of the algorithm's own scale: gzip 1-9, brotli 0-11, zstd 1-19; lz4 and auto have none. @default gzip 6, brotli 4, zstd 3 */
  readonly level?: number | undefined
}

export interface ResolvedCompression {
  readonly algorithm: CompressionAlgorithm | 'auto' | 'none'
  readonly threshold: number
  readonly level: number | undefined
}

export const ALGORITHMS: readonly CompressionAlgorithm[] = ['gzip', 'brotli', 'zstd', 'lz4']

export const CODING_OF: Readonly<Record<CompressionAlgorithm, BodyCoding>> = { gzip: 'gzip', brotli: 'br', zstd: 'zstd', lz4: 'lz4' }

/** Higher zstd levels need windows that RFC 9659 does not let a client have to provide. */
const LEVELS: Readonly<Record<CompressionAlgorithm, readonly [least: number, most: number] | undefined>> = {
  gzip: [1, 9],
  brotli: [0, 11],
  zstd: [1, 19],
  lz4: undefined,
}

const DEFAULT_THRESHOLD = 1024
const CHOICES: readonly (CompressionAlgorithm | 'auto')[] = [...ALGORITHMS, 'auto']
const FIELDS: readonly string[] = ['algorithm', 'threshold', 'level']

/** @throws OptionError naming `compression` or the part of it that is wrong */
export function resolveCompression(option: unknown): ResolvedCompression {
  if (option === undefined || option === false) return { algorithm: 'none', threshold: DEFAULT_THRESHOLD, level: undefined }
  if (typeof option !== 'object' || option === null || Array.isArray(option))
    return { algorithm: algorithmOf('compression', option), threshold: DEFAULT_THRESHOLD, level: undefined }
  checkNames(option, FIELDS, 'compression')
  const { algorithm, threshold, level } = option as Partial<Record<keyof CompressionOptions, unknown>>
  const resolved = algorithmOf('compression.algorithm', algorithm)
  return {
    algorithm: resolved,
    threshold: thresholdOf(threshold),
    level: levelOf(resolved, level),
  }
}

function algorithmOf(option: string, value: unknown): CompressionAlgorithm | 'auto' {
  const found = CHOICES.find((choice) => choice === value)
  if (found !== undefined) return found
  const list = CHOICES.map((choice) => `'${choice}'`).join(', ')
  throw invalid(option, `is ${describeValue(value)}; it must be one of ${list}${option === 'compression' ? ' or false' : ''}${hint(value)}`)
}

function hint(value: unknown): string {
  return typeof value === 'string' ? didYouMean(value === 'br' ? 'brotli' : value, CHOICES) : ''
}

function thresholdOf(value: unknown): number {
  if (value === undefined) return DEFAULT_THRESHOLD
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw wrongValue('compression.threshold', value, 'a whole number of bytes')
}

function levelOf(algorithm: CompressionAlgorithm | 'auto', value: unknown): number | undefined {
  if (value === undefined) return undefined
  const range = algorithm === 'auto' ? undefined : LEVELS[algorithm]
  if (!range) throw invalid('compression.level', `does not exist for '${algorithm}'`)
  if (typeof value === 'number' && Number.isInteger(value) && value >= range[0] && value <= range[1]) return value
  throw invalid(
    'compression.level',
    `is ${describeValue(value)}; for '${algorithm}' it must be a whole number from ${range[0]} to ${range[1]}`,
  )
}
