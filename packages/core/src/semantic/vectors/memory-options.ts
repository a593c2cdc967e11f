/** The options of the index in memory, checked and with their defaults. */

import { booleanOf, checkNames, countOf, functionOf } from '../../checks.js'
import { systemClock } from '../../lib/clock.js'
import type { Clock } from '../../ports.js'

export interface MemoryVectorIndexOptions {
  /** Most vectors held, in all namespaces together; those that were added first go first. @default 100_000 */
  readonly maxVectors?: number | undefined
  /**
   * Most bytes held, about: four a dimension (six a part that is not zero, where at most a quarter are others), and some 300 for each
   * vector and 600 for each namespace. At least 1 MiB.
   * @default 268_435_456 (256 MiB)
   */
  readonly maxBytes?: number | undefined
  /** False: WebAssembly is not even tried. Where it is not to be had, or has no SIMD, JavaScript does the same some ten times slower. @default true */
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
  checkNames(options, ['maxVectors', 'maxBytes', 'webAssembly', 'onEvicted', 'clock'])
  return {
    maxVectors: countOf('maxVectors', options.maxVectors, DEFAULT_MAX_VECTORS, 1, MOST_VECTORS),
    maxBytes: countOf('maxBytes', options.maxBytes, DEFAULT_MAX_BYTES, LEAST_MAX_BYTES),
    webAssembly: booleanOf('webAssembly', options.webAssembly, true),
    onEvicted: functionOf('onEvicted', options.onEvicted) ?? (() => undefined),
    clock: options.clock ?? systemClock(),
  }
}

const DEFAULT_MAX_VECTORS = 100_000
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
// The largest vector that is taken has 64 KiB.
const LEAST_MAX_BYTES = 1024 * 1024
/** A Map holds 2 ** 24 keys and no more. */
const MOST_VECTORS = 10_000_000
