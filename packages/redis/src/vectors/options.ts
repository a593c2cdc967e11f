/** The options of the vector index, checked once. */

import { type Clock, OptionError } from '@llm-cache/core'
import { didYouMean } from '../nearest.js'
import { systemClock } from '../options.js'

export interface RedisVectorIndexOptions {
  /**
   * Begins every Redis key of this index. Everything that shares vectors shares it; `{` and `}` are not allowed in it, since they decide
   * where a cluster keeps a key.
   * @default 'llm-cache:vectors'
   */
  readonly prefix?: string | undefined
  /** `int8`: a quarter of the memory, and similarities that are off by up to about 0.01. @default 'none' */
  readonly quantization?: 'none' | 'int8' | undefined
  /** Longest time that a call waits for Redis, in ms. @default 2000 */
  readonly timeoutMs?: number | undefined
  /** For expiry and timers. @default the system's */
  readonly clock?: Clock | undefined
}

export interface VectorSettings {
  readonly prefix: string
  /** The word for it that VADD knows. */
  readonly quantization: 'NOQUANT' | 'Q8'
  readonly timeoutMs: number
  readonly clock: Clock
}

/** @throws OptionError naming the first wrong or unknown option */
export function resolveVectorOptions(options: RedisVectorIndexOptions): VectorSettings {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object')
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) {
      throw new OptionError('ERR_OPTION_UNKNOWN', name, `Unknown option ${JSON.stringify(name.slice(0, 60))}${didYouMean(name, KNOWN)}`)
    }
  }
  const { prefix = 'llm-cache:vectors', quantization = 'none', timeoutMs = 2000, clock = systemClock } = options
  if (typeof prefix !== 'string' || prefix.length < 1 || prefix.length > 128 || /[{}]/.test(prefix)) {
    throw invalid('prefix', 'a text of 1 to 128 characters without { and }')
  }
  if (quantization !== 'none' && quantization !== 'int8') throw invalid('quantization', `'none' or 'int8'`)
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw invalid('timeoutMs', `a whole number from 1 to ${MAX_TIMEOUT_MS}`)
  }
  return { prefix, quantization: quantization === 'int8' ? 'Q8' : 'NOQUANT', timeoutMs, clock }
}

function invalid(option: string, wanted: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} must be ${wanted}.`)
}

const KNOWN: readonly string[] = ['prefix', 'quantization', 'timeoutMs', 'clock']
const MAX_TIMEOUT_MS = 3_600_000
