/** From the `store` option to a store. */

import { OptionError } from '../errors.js'
import type { CacheStore, Clock, KeyvLike } from '../ports.js'
import { createKeyvStore, isKeyvLike } from './keyv.js'
import { createMemoryStore, type MemoryStoreOptions } from './memory.js'

/**
 * The store that `option` is or describes; without one, memory. The bounds on entries and bytes are the memory store's
 * alone, the one on a single entry holds for Keyv too.
 *
 * @throws OptionError naming what was given instead of a store, or a wrong bound
 */
export function openStore(
  option: KeyvLike | CacheStore | undefined,
  memoryOptions: Omit<MemoryStoreOptions, 'clock'>,
  clock: Pick<Clock, 'now'>,
): CacheStore {
  if (option === undefined) return createMemoryStore({ ...memoryOptions, clock })
  if (isCacheStore(option)) return option
  if (isKeyvLike(option)) return createKeyvStore(option, { maxEntryBytes: memoryOptions.maxEntryBytes, clock })
  throw new OptionError(
    'ERR_OPTION_INVALID',
    'store',
    `store must be a Keyv instance, a Keyv storage adapter or a CacheStore, not ${describe(option)}.`,
  )
}

/** Told by its shape: the methods of the port, with its name and limits. */
function isCacheStore(value: unknown): value is CacheStore {
  if (!isKeyvLike(value)) return false
  const { name, limits, size, close } = value as object as Partial<CacheStore>
  return (
    typeof name === 'string' &&
    typeof size === 'function' &&
    typeof close === 'function' &&
    typeof limits === 'object' &&
    limits !== null &&
    typeof limits.maxEntryBytes === 'number'
  )
}

/** Never the value itself: a URL carries its password. */
function describe(value: unknown): string {
  if (typeof value === 'string') return 'a string (for a URL: new Keyv(new KeyvRedis(url)))'
  if (Array.isArray(value)) return 'an array (one store is taken)'
  if (value === null) return 'null'
  if (typeof value === 'function') return `a function (an instance is wanted: new ${value.name || 'Keyv'}(...))`
  if (typeof value !== 'object') return `a ${typeof value}`
  if (value instanceof Promise) return 'a Promise (await it first)'
  const made: unknown = (value as { constructor?: unknown }).constructor
  const name = typeof made === 'function' && made !== Object ? `a ${made.name}` : 'an object'
  return `${name} without get, set, delete and clear (a Redis client goes into new KeyvRedis(client))`
}
