/** The store: entries in Redis, and what processes do together there. */

import { createHash, randomBytes } from 'node:crypto'
import type { Fence, Sharing, StoreEvent } from '@llm-cache/core'
import { type CacheStore, decodeFrame, type Entry, type EntryCodec, encodeFrame, entryBytes, FrameError } from '@llm-cache/core'
import { createBus } from './bus.js'
import type { RedisClient, RedisConnectionOptions } from './client.js'
import { openConnection } from './connection.js'
import { createCounters } from './counters.js'
import { pause } from './deadline.js'
import { createBudget } from './flights/context.js'
import { createFlights } from './flights/coordinator.js'
import { flightTiming } from './flights/timing.js'
import { checkGlob, keyNames } from './keys.js'
import { errorStartsWith } from './link.js'
import { type RedisStoreOptions, resolveOptions } from './options.js'
import { createOutage } from './outage.js'
import { inBatches, scanKeys } from './scan.js'
import { DELETE, DISCARD, FENCED_SET, SET } from './scripts.js'
import { createSubscriber } from './subscriber.js'

export interface RedisStore extends CacheStore {
  readonly sharing: Required<Sharing>
  get(key: string): Promise<Entry | undefined>
  set(entry: Entry, fence?: Fence): Promise<boolean>
  /** Whoever is answering the key meanwhile can store its answer no more. */
  delete(key: string): Promise<boolean>
  /** Deletes what `keys('')` lists. The journal of invalidations and the counters stay; streams of flights go by themselves. */
  clear(): Promise<void>
  /**
   * The cache keys that have an entry, or a flight whose answer could still be stored: `delete` each of them and nothing is
   * left. Found by SCAN on a connection of its own.
   */
  keys(prefix: string): AsyncIterable<string>
  getMany(keys: readonly string[]): Promise<readonly (Entry | undefined)[]>
  /** Rejects when not one of several could be written; otherwise says for each whether it is there. */
  setMany(entries: readonly Entry[]): Promise<readonly boolean[]>
  size(): undefined
  /**
   * Deletes everything whose cache key matches the glob (`*`, `?`, `[a-z]`, `\` before what is meant literally), in this
   * namespace alone, and tells the memories of all processes, key by key. Resolves with the number of entries that were there.
   *
   * @throws RangeError when the pattern is malformed; what Redis throws when not everything could be removed or told
   */
  deleteMatching(pattern: string): Promise<number>
  listen(listener: (event: StoreEvent) => void): void
  useCodec(codec: EntryCodec): void
  close(): Promise<void>
}

/**
 * A store on Redis 6.2 and later or Valkey, standalone or cluster, for as many processes as there are.
 *
 * Calls reject when Redis does; no call waits for a connection that is down. They have no deadline of their own: the cache
 * guards them. A client that was given is left open by `close`, one that the store opened for a URL is closed.
 *
 * @param client of the package `redis` or `@redis/client`, connected or not; or a URL, or `createClient`'s options with a URL
 * @throws OptionError on a wrong client or option
 *
 * @example
 * const cache = createLlmCache({ store: createRedisStore('redis://localhost:6379') })
 */
export function createRedisStore(client: RedisClient | RedisConnectionOptions | string, options: RedisStoreOptions = {}): RedisStore {
  const { namespace, name, maxEntryBytes, leaseMs, boundMs, clock } = resolveOptions(options)
  const names = keyNames(namespace)
  const listeners: ((event: StoreEvent) => void)[] = []
  const outage = createOutage(() => emit({ type: 'store-failed', store: name, operation: 'connection', reason: 'error' }))
  const connection = openConnection(client, outage, clock)
  const { link } = connection
  const subscriber = createSubscriber(() => connection.pubSub())
  const flights = createFlights({
    link,
    names,
    subscriber,
    clock,
    timing: flightTiming(leaseMs),
    codec: () => codec,
    maxBytes: maxEntryBytes + OVERHEAD_BYTES,
    budget: createBudget(4 * (maxEntryBytes + OVERHEAD_BYTES)),
  })
  const {
    bus,
    tellAll,
    close: closeBus,
  } = createBus({
    link,
    names,
    subscriber,
    clock,
    boundMs,
    processId: randomBytes(12).toString('base64url'),
  })
  let codec: EntryCodec | undefined
  let closing: Promise<void> | undefined

  function emit(event: StoreEvent): void {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch {}
    }
  }

  /**
   * Removes what was found, if it is there: the connection may have changed it, or mistaken another key's for it. Nobody waits for
   * it: it is a miss with or without it.
   * @param value undefined: no string
   */
  function discard(key: string, value: Uint8Array | undefined): undefined {
    const digest = value ? createHash('sha1').update(value).digest('hex') : ''
    link.run(DISCARD, [names.entry(key)], digest).catch(() => {})
  }

  function damaged(key: string, error: unknown, value: Uint8Array | undefined): undefined {
    const frameError = error instanceof FrameError ? error : undefined
    emit({ type: 'entry-damaged', store: name, reason: frameError?.reason ?? 'not-a-frame' })
    link.check()
    if (!frameError?.mayBeReadElsewhere) discard(key, value)
  }

  async function read(value: unknown, key: string): Promise<Entry | undefined> {
    if (value === null) return undefined
    if (!(value instanceof Uint8Array)) throw link.garbled()
    let entry: Entry
    try {
      entry = codec ? await codec.decode(value, key) : decodeFrame(value, key)
    } catch (error) {
      return damaged(key, error, value)
    }
    if (entry.deleteAt > clock.now()) return entry
    emit({ type: 'entry-evicted', store: name, reason: 'expired', bytes: entryBytes(entry) })
    return discard(key, value)
  }

  async function get(key: string): Promise<Entry | undefined> {
    let value: unknown
    try {
      value = await link.bytes(names.entry(key), 'GET', names.entry(key))
    } catch (error) {
      if (errorStartsWith(error, 'WRONGTYPE')) return damaged(key, error, undefined)
      throw error
    }
    return read(value, key)
  }

  async function set(entry: Entry, fence?: Fence): Promise<boolean> {
    const { key } = entry
    const at = names.entry(key)
    const ttl = Math.ceil(entry.deleteAt - clock.now())
    const refused = entryBytes(entry) > maxEntryBytes || !(ttl >= 1 && ttl <= MAX_TTL_MS)
    // What was there before is older than what was just refused.
    if (refused && !fence) await link.text(at, 'DEL', at)
    if (refused && fence) await link.run(FENCED_SET, [at, names.fence(key)], `${fence.token}`, '0', '')
    if (refused) return false
    const frame = codec ? await codec.encode(entry) : encodeFrame(entry)
    if (fence) return (await link.run(FENCED_SET, [at, names.fence(key)], `${fence.token}`, `${ttl}`, frame)) === 1
    return (await link.run(SET, [at], `${ttl}`, frame)) === 1
  }

  async function remove(key: string): Promise<boolean> {
    return (await link.run(DELETE, [names.entry(key), names.lock(key), names.fence(key)])) === 1
  }

  /** @param onRemoved what follows for each key that was listed, with or without an entry */
  async function removeAll(pattern: string, onRemoved?: (key: string) => Promise<void>): Promise<number> {
    let removed = 0
    await inBatches(scanKeys(connection, names, pattern, clock), async (key) => {
      try {
        if (await remove(key)) removed += 1
      } finally {
        // It may have gone all the same.
        await onRemoved?.(key)
      }
    })
    return removed
  }

  return {
    name,
    limits: { maxEntryBytes },
    sharing: { flights: flights.coordinator, bus, counters: createCounters(link, names) },
    get,
    set,
    delete: remove,
    keys: (prefix) => scanKeys(connection, names, names.beginning(prefix), clock),
    async getMany(keys) {
      if (keys.length === 0) return []
      // One command where one node has them all; otherwise as many as keys, in one go a node.
      if (!link.single) return Promise.all(keys.map(get))
      const [first] = keys as readonly [string]
      const values = (await link.bytes(names.entry(first), 'MGET', ...keys.map(names.entry))) as unknown
      if (!Array.isArray(values) || values.length !== keys.length) throw link.garbled()
      return Promise.all(keys.map((key, index) => read(values[index], key)))
    },
    async setMany(entries) {
      const results = await Promise.allSettled(entries.map((entry) => set(entry)))
      const failed = results.filter((result) => result.status === 'rejected')
      if (failed[0] && failed.length === results.length) throw failed[0].reason
      if (failed.length > 0) emit({ type: 'store-failed', store: name, operation: 'set', reason: 'error' })
      return results.map((result) => result.status === 'fulfilled' && result.value)
    },
    async clear() {
      await removeAll(names.beginning(''))
    },
    deleteMatching: async (pattern) => removeAll(names.matching(checkGlob(pattern)), (key) => tellAll({ kind: 'changed', key })),
    size: () => undefined,
    listen(listener) {
      listeners.push(listener)
    },
    useCodec(given) {
      codec = given
    },
    close() {
      closing ??= (async () => {
        closeBus()
        await Promise.race([flights.close(), pause(clock, CLOSE_MS)])
        await connection.close()
      })()
      return closing
    },
  }
}

/** Heads and framing of an answer, above the entry that it becomes. */
const OVERHEAD_BYTES = 64 * 1024
// Ten thousand years; Redis refuses what overflows 64 bits.
const MAX_TTL_MS = 315_576_000_000_000
const CLOSE_MS = 500
