/** The options of the index in memory, checked and with their defaults. */

import { OptionError } from '../../errors.js'
import { systemClock } from '../../lib/clock.js'
import { describeValue } from '../../lib/nearest.js'
import type { Clock } from '../../ports.js'
import { rejectUnknown, resolveCount } from '../../stores/options.js'

export interface MemoryVectorIndexOptions {
  /** Most vectors held, in all namespaces together; those that were added first go first. @default 100_000 */
  readonly maxVectors?: number | undefined
  /**
   * Most bytes held, about: four a dimension, and some 300 for each vector and 600 for each namespace. At least 1 MiB.
   * @default 268_435_456 (256 MiB)
   */
  readonly maxBytes?: number | undefined
  /** False: WebAssembly is not even tried. Where it is not to be had, JavaScript does the same some ten times slower. @default true */
  readonly webAssembly?: boolean | undefined
  /** Called for each vector that had to go for want of room. What it throws is dropped. @default none */
  readonly onEvicted?: ((evicted: EvictedVector) => void) | undefined
  /** For expiry. @default the system's */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

export interface EvictedVector {
  readonly namespace: string
  readonly id: string
}

export interface MemorySettings {
  readonly maxVectors: number
  readonly maxBytes: number
  readonly webAssembly: boolean
  readonly onEvicted: (evicted: EvictedVector) => void
  readonly clock: Pick<Clock, 'now'>
}

/** @throws OptionError naming the wrong or unknown option */
export function resolveMemoryOptions(options: MemoryVectorIndexOptions): MemorySettings {
  rejectUnknown(options, ['maxVectors', 'maxBytes', 'webAssembly', 'onEvicted', 'clock'])
  const { webAssembly = true, onEvicted = () => undefined } = options
  if (typeof webAssembly !== 'boolean') throw invalid('webAssembly', 'true or false', webAssembly)
  if (typeof onEvicted !== 'function') throw invalid('onEvicted', 'a function', onEvicted)
  const maxBytes = resolveCount('maxBytes', options.maxBytes, DEFAULT_MAX_BYTES)
  if (maxBytes < LEAST_MAX_BYTES) throw invalid('maxBytes', `a whole number from ${LEAST_MAX_BYTES} on`, maxBytes)
  return {
    maxVectors: resolveCount('maxVectors', options.maxVectors, DEFAULT_MAX_VECTORS, MOST_VECTORS),
    maxBytes,
    webAssembly,
    onEvicted,
    clock: options.clock ?? systemClock(),
  }
}

function invalid(option: string, wanted: string, value: unknown): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} must be ${wanted}, not ${describeValue(value)}.`)
}

const DEFAULT_MAX_VECTORS = 100_000
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
// The largest vector that is taken has 64 KiB.
const LEAST_MAX_BYTES = 1024 * 1024
/** A Map holds 2 ** 24 keys and no more. */
const MOST_VECTORS = 10_000_000
