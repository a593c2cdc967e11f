/** The store's options, checked once. */

import { type Clock, OptionError } from '@llm-cache/core'
import { didYouMean } from './nearest.js'

export interface RedisStoreOptions {
  /**
   * Begins every Redis key of this store. Everything that shares entries shares it; `{` and `}` are not allowed in it, since
   * they decide where a cluster keeps a key.
   * @default 'llm-cache'
   */
  readonly namespace?: string | undefined
  /** Label in events and statistics: lower-case letters, digits and hyphens. @default 'redis' */
  readonly name?: string | undefined
  /** Largest entry in bytes; larger ones are refused, and larger answers are not passed on to other processes. @default 8 MiB */
  readonly maxEntryBytes?: number | undefined
  /** Longest time for which a dead or frozen leader of a flight goes unnoticed, in ms; at least 100. @default 3000 */
  readonly leaseMs?: number | undefined
  /** Longest time after which an invalidation has reached every process, even when its push was lost, in ms; at least 20. @default 1000 */
  readonly boundMs?: number | undefined
  /** For expiry and timers. @default the system's */
  readonly clock?: Clock | undefined
}

export interface ResolvedOptions {
  readonly namespace: string
  readonly name: string
  readonly maxEntryBytes: number
  readonly leaseMs: number
  readonly boundMs: number
  readonly clock: Clock
}

/** @throws OptionError naming the first wrong or unknown option */
export function resolveOptions(options: RedisStoreOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object')
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) {
      throw new OptionError('ERR_OPTION_UNKNOWN', name, `Unknown option ${JSON.stringify(name.slice(0, 60))}${didYouMean(name, KNOWN)}`)
    }
  }
  const namespace = options.namespace ?? 'llm-cache'
  if (typeof namespace !== 'string' || namespace.length < 1 || namespace.length > 128 || /[{}]/.test(namespace)) {
    throw invalid('namespace', 'a text of 1 to 128 characters without { and }')
  }
  const name = options.name ?? 'redis'
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(name)) {
    throw invalid('name', 'a label of lower-case letters, digits and hyphens')
  }
  return {
    namespace,
    name,
    maxEntryBytes: count('maxEntryBytes', options.maxEntryBytes, 8 * 1024 * 1024, 1, MAX_ENTRY_BYTES),
    leaseMs: count('leaseMs', options.leaseMs, 3000, 100, 3_600_000),
    boundMs: count('boundMs', options.boundMs, 1000, 20, 3_600_000),
    clock: options.clock ?? systemClock,
  }
}

function count(option: string, value: unknown, usual: number, least: number, most: number): number {
  if (value === undefined) return usual
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw invalid(option, `a whole number from ${least} to ${most}`)
}

function invalid(option: string, wanted: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} must be ${wanted}.`)
}

const KNOWN: readonly string[] = ['namespace', 'name', 'maxEntryBytes', 'leaseMs', 'boundMs', 'clock']
// Redis takes values of up to 512 MB (proto-max-bulk-len); the frame adds headers.
const MAX_ENTRY_BYTES = 500 * 1024 * 1024

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(ms, callback) {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
