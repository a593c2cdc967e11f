/** From the `store` option to stores. */

import { checkNames, invalid } from '../checks.js'
import { type Duration, parseDuration } from '../lib/duration.js'
import { describeValue } from '../lib/nearest.js'
import type { CacheStore, Clock, EntryCodec, KeyvLike } from '../ports.js'
import { createKeyvStore, isKeyvLike } from './keyv.js'
import { createMemoryStore, type MemoryStoreOptions } from './memory.js'

/** A store with what holds for it as one tier of several. */
export interface TierOptions {
  readonly store: KeyvLike | CacheStore
  /** Label in events, statistics and `Cache-Status`: lower-case letters, digits and '-'. @default the store's own name */
  readonly name?: string | undefined
  /** Longest time that an entry stays in this tier; the entry's own lifetime ends it sooner. @default the entry's lifetime */
  readonly ttl?: Duration | undefined
  /** How long one call of this store may take. @default the cache's `storeTimeout` */
  readonly timeout?: Duration | undefined
}

export type StoreOption = KeyvLike | CacheStore | TierOptions

/** A store that was opened, with its place in the row. */
export interface OpenedTier {
  readonly name: string
  readonly store: CacheStore
  /** In ms; Infinity where nothing was said. */
  readonly ttlMs: number
  /** In ms; undefined where nothing was said. */
  readonly timeoutMs: number | undefined
}

export interface OpenedTiers {
  readonly opened: readonly OpenedTier[]
  /** The stores are closed: another cache may open them. */
  release(): void
}

/** Stores that belong to a cache: two would fight over its codec, its events and its end. Holds nothing that is not in use. */
const taken = new WeakSet<CacheStore>()

export interface OpenOptions {
  /** Bounds of the memory store that is opened where no store is given; `maxEntryBytes` holds for Keyv too. */
  readonly memory: Omit<MemoryStoreOptions, 'clock'>
  readonly clock: Pick<Clock, 'now'>
  readonly codec: EntryCodec
  /** Everything outside this process is to be encrypted. */
  readonly encrypted: boolean
}

const MAX_TIERS = 8

/**
 * The stores that `option` is or describes, in their order; without one, memory. Names are made unique: 'keyv', 'keyv-2'.
 *
 * @throws OptionError naming what was given instead of a store, a store of another cache, or one that cannot encrypt where it must
 */
export function openStores(option: StoreOption | readonly StoreOption[] | undefined, options: OpenOptions): OpenedTiers {
  const opened = openAll(option, options)
  for (const { store } of opened) taken.add(store)
  return {
    opened,
    release() {
      for (const { store } of opened) taken.delete(store)
    },
  }
}

function openAll(option: StoreOption | readonly StoreOption[] | undefined, options: OpenOptions): readonly OpenedTier[] {
  const { memory, clock } = options
  if (option === undefined) {
    return [{ name: 'memory', store: createMemoryStore({ ...memory, clock }), ttlMs: Number.POSITIVE_INFINITY, timeoutMs: undefined }]
  }
  if (!Array.isArray(option)) return [open(option as StoreOption, 'store', options)]
  if (option.length === 0 || option.length > MAX_TIERS) {
    throw invalid('store', `is a list of ${option.length}; it takes 1 to ${MAX_TIERS} stores, the nearest first`)
  }
  const names = new Set<string>()
  const seen = new Set<unknown>()
  return option.map((one: StoreOption, index) => {
    const tier = open(one, `store[${index}]`, options)
    if (seen.has(tier.store) || seen.has(one)) throw invalid(`store[${index}]`, 'is in the list already')
    seen.add(tier.store).add(one)
    let name = tier.name
    for (let count = 2; names.has(name); count++) name = `${tier.name}-${count}`
    names.add(name)
    return { ...tier, name }
  })
}

function open(option: StoreOption, path: string, options: OpenOptions): OpenedTier {
  if (!isTierOptions(option)) {
    const store = storeOf(option, path, options)
    return { name: store.name, store, ttlMs: Number.POSITIVE_INFINITY, timeoutMs: undefined }
  }
  checkNames(option, ['store', 'name', 'ttl', 'timeout'], path)
  const store = storeOf(option.store, `${path}.store`, options)
  const { name = store.name } = option
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,40}$/.test(name)) {
    throw invalid(`${path}.name`, `is ${describeValue(name)}; it must be lower-case letters, digits and '-'`)
  }
  return {
    name,
    store,
    ttlMs: durationOf(`${path}.ttl`, option.ttl) ?? Number.POSITIVE_INFINITY,
    timeoutMs: durationOf(`${path}.timeout`, option.timeout),
  }
}

function storeOf(option: unknown, path: string, { memory, clock, codec, encrypted }: OpenOptions): CacheStore {
  const store = isCacheStore(option)
    ? option
    : isKeyvLike(option)
      ? createKeyvStore(option, { maxEntryBytes: memory.maxEntryBytes, clock })
      : undefined
  if (!store) throw invalid(path, `must be a Keyv instance, a Keyv storage adapter or a CacheStore, not ${describe(option)}`)
  if (taken.has(store)) {
    throw invalid(
      path,
      'belongs to another cache already. Share the cache instead: llmCache(cache, { ttl: ... }) gives each route its own rules',
    )
  }
  if (store.useCodec) store.useCodec(codec)
  else if (encrypted && !store.inMemory) {
    throw invalid(path, `is a store (${store.name}) that cannot encrypt: it has no useCodec() and does not say that it is inMemory`)
  }
  return store
}

function isTierOptions(value: unknown): value is TierOptions {
  return typeof value === 'object' && value !== null && !isKeyvLike(value) && 'store' in value
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

function durationOf(option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  const ms = parseDuration(value)
  if (ms !== undefined && ms >= 1) return ms
  throw invalid(option, `is ${describeValue(value)}; it must be a number of ms or text with a unit such as '90s' or '1h'`)
}

/** Never the value itself: a URL carries its password. */
function describe(value: unknown): string {
  if (typeof value === 'string') return 'a string (for a URL: createRedisStore(url) of @llm-cache/redis, or new Keyv(new KeyvRedis(url)))'
  if (Array.isArray(value)) return 'a list within the list'
  if (value === null) return 'null'
  if (typeof value === 'function') return `a function (an instance is wanted: new ${value.name || 'Keyv'}(...))`
  if (typeof value !== 'object') return `a ${typeof value}`
  if (value instanceof Promise) return 'a Promise (await it first)'
  const made: unknown = (value as { constructor?: unknown }).constructor
  const name = typeof made === 'function' && made !== Object ? `a ${made.name}` : 'an object'
  return `${name} without get, set, delete and clear (a Redis client goes into new KeyvRedis(client) or createRedisStore(client))`
}
