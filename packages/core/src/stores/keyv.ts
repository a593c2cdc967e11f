/**
 * A store on any Keyv instance (5.6 or 6) or bare Keyv storage adapter, a `Map` included.
 *
 * One ASCII text a key (keyv-value.ts). Keyv 5 corrupts `Uint8Array` and turns nested Buffers into objects; text survives every
 * serialisation of both versions. Times are checked here: what Keyv does with its own `ttl` only frees the space.
 */

import { checkNames, countOf } from '../checks.js'
import { type Entry, entryBytes } from '../entry/entry.js'
import { decodeFrame, encodeFrame } from '../entry/frame.js'
import { FrameError } from '../errors.js'
import { systemClock } from '../lib/clock.js'
import type { CacheStore, Clock, EntryCodec, KeyvLike } from '../ports.js'
import { clearKeyv } from './keyv-clear.js'
import { createKeyvLister } from './keyv-keys.js'
import { checkNamespace, type KeyvLimits } from './keyv-limits.js'
import { formatValue, isAbsent, isBare, parseValue } from './keyv-value.js'
import { isInProcess, tellsTheTruth, type Verification, verifiedDelete, verifyWrite } from './keyv-verify.js'
import { watchKeyv } from './keyv-watch.js'
import { createListeners } from './listeners.js'
import { DEFAULT_MAX_ENTRY_BYTES } from './options.js'

export interface KeyvStoreOptions extends KeyvLimits {
  /** Label in events and statistics. @default 'keyv' */
  readonly name?: string | undefined
  /**
   * Largest entry in bytes; larger ones are refused. Base64 makes them a third longer on their way.
   * @default 8 MiB, or what fits into `maxValueBytes` uncompressed
   */
  readonly maxEntryBytes?: number | undefined
  /**
   * Whether to read back what was written and deleted, and to fail where it is not so. Costs a round trip a write.
   * @default true, unless nothing can go wrong unnoticed: a `Map`, or `throwOnErrors` set on both Keyv and adapter
   */
  readonly verifyWrites?: boolean | undefined
  /** For expiry. @default the system's */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/**
 * Reads and writes reject when the adapter does, when Keyv reported an error while they ran and came back with nothing to show (Keyv
 * swallows most failures), and when what was written is not there. Wrap it with `guardStore`.
 *
 * - `clear` takes the entries under the Keyv namespace one by one. Where the adapter cannot list its keys its own `clear` is called;
 *   that throws where it would reach further than the namespace.
 * - `close` lets go of `keyv` and leaves it open: who opened it closes it.
 *
 * @throws OptionError when a limit is not a positive integer or the namespace is too long for the backend, or on unknown options
 * @example createKeyvStore(new Keyv(new KeyvMemcache('localhost:11211')), KEYV_LIMITS.memcache)
 */
export function createKeyvStore(keyv: KeyvLike, options: KeyvStoreOptions = {}): CacheStore {
  checkNames(options, OPTIONS)
  const name = options.name ?? 'keyv'
  const maxValueBytes = countOf('maxValueBytes', options.maxValueBytes, Number.MAX_SAFE_INTEGER)
  const maxEntryBytes = countOf(
    'maxEntryBytes',
    options.maxEntryBytes,
    Math.min(DEFAULT_MAX_ENTRY_BYTES, Math.floor((maxValueBytes * 3) / 4)),
  )
  const maxTtl = countOf('maxTtl', options.maxTtl, Number.MAX_SAFE_INTEGER)
  checkNamespace(keyv, countOf('maxNamespaceBytes', options.maxNamespaceBytes, Number.MAX_SAFE_INTEGER))
  const verify = options.verifyWrites ?? !tellsTheTruth(keyv)
  const clock = options.clock ?? systemClock()
  const bare = isBare(keyv)
  const lister = createKeyvLister(keyv)
  const listeners = createListeners()
  const watch = watchKeyv(keyv, () => listeners.emit({ type: 'store-failed', store: name, operation: 'connection', reason: 'error' }))
  let codec: EntryCodec = { encode: encodeFrame, decode: decodeFrame }

  /** `work`, whose silent failure is one too. */
  async function call(doing: string, work: () => unknown): Promise<unknown> {
    const { value, clean } = await watch.call(work)
    if (!clean) throw new Error(`Keyv reported an error while ${doing}.`)
    return value
  }

  const verification: Verification = {
    read: (key) => call('reading back', () => keyv.get(key)),
    storedAt: async (value, key) => {
      try {
        return (await codec.decode(parseValue(value), key)).storedAt
      } catch {
        return undefined
      }
    },
  }

  const write = (key: string, text: string, ttl: number): Promise<unknown> => call('writing', () => keyv.set(key, text, ttl))
  const erase = (key: string): Promise<unknown> => call('deleting', () => keyv.delete(key))
  const remove = (key: string): Promise<unknown> => (verify ? verifiedDelete(verification, key, erase) : erase(key))

  /** Removals that nobody waits for but the next write of the same key, which they must not take with them. */
  const discarding = new Map<string, Promise<void>>()

  /** What it is to remove is a miss with or without it. */
  function discard(key: string): void {
    if (discarding.size >= MAX_DISCARDING || discarding.has(key)) return
    const done = watch
      .call(() => keyv.delete(key))
      .then(
        () => {},
        () => {},
      )
    discarding.set(
      key,
      done.then(() => void discarding.delete(key)),
    )
  }

  async function read(value: unknown, key: string): Promise<Entry | undefined> {
    try {
      return await codec.decode(parseValue(value), key)
    } catch (error) {
      const frameError = error instanceof FrameError ? error : undefined
      listeners.emit({ type: 'entry-damaged', store: name, reason: frameError?.reason ?? 'not-a-frame' })
      if (!frameError?.mayBeReadElsewhere) discard(key)
      return undefined
    }
  }

  return {
    name,
    local: isInProcess(keyv),
    limits: { maxEntryBytes, ...(options.maxTtl !== undefined && { maxTtlMs: maxTtl }) },
    async get(key) {
      const { value, clean } = await watch.call(() => keyv.get(key), 'read')
      if (isAbsent(value)) {
        if (!clean) throw new Error('Keyv reported an error while reading.')
        return undefined
      }
      const entry = await read(value, key)
      if (!entry) return undefined
      watch.works()
      if (entry.deleteAt > clock.now()) return entry
      listeners.emit({ type: 'entry-evicted', store: name, reason: 'expired', bytes: entryBytes(entry) })
      discard(key)
      return undefined
    },
    async set(entry) {
      const { key, storedAt } = entry
      await discarding.get(key)
      // For Keyv 0, negative and NaN mean for ever; Redis wants whole milliseconds.
      const ttl = Math.min(Math.ceil(entry.deleteAt - clock.now()), maxTtl)
      const fits = entryBytes(entry) <= maxEntryBytes && ttl >= 1
      const text = fits ? formatValue(await codec.encode(entry), bare) : undefined
      if (text === undefined || text.length > maxValueBytes) {
        // What was there before is older than what was just refused.
        await remove(key)
        return false
      }
      for (let attempt = 1; ; attempt++) {
        // Out of memory, read-only: `set` answers true all the same.
        if ((await write(key, text, ttl)) === false) {
          listeners.emit({ type: 'store-failed', store: name, operation: 'set', reason: 'refused' })
          return false
        }
        if (!verify || ttl < VERIFIABLE_MS) break
        const outcome = await verifyWrite(verification, key, text, storedAt)
        if (outcome === 'there') break
        if (outcome === 'lost' || attempt > 1) throw new Error('What was written is not there.')
      }
      watch.works()
      return true
    },
    async delete(key) {
      return (await remove(key)) === true
    },
    async clear() {
      await call('clearing', () => clearKeyv({ keyv, lister, remove, clearsAll: options.clearsAll === true, verify }))
    },
    size: () => undefined,
    close: watch.close,
    listen: listeners.add,
    useCodec(given) {
      codec = given
    },
    ...(lister && {
      async *keys(prefix: string) {
        if (!(await call('listing', lister.works))) throw new Error('This backend does not list its keys.')
        const list = lister.list(prefix)
        try {
          // Step by step: @keyv/postgres reports an error and ends the list as if it were complete.
          for (;;) {
            const { done, value } = (await call('listing', () => list.next())) as IteratorResult<string, void>
            if (done === true) return
            yield value as string
          }
        } finally {
          await list.return()
        }
      },
    }),
  }
}

/** True for anything with the four methods that every Keyv instance and storage adapter has. */
export function isKeyvLike(value: unknown): value is KeyvLike {
  if (typeof value !== 'object' || value === null) return false
  const { get, set, delete: remove, clear } = value as Record<string, unknown>
  return [get, set, remove, clear].every((method) => typeof method === 'function')
}

const OPTIONS = ['name', 'maxEntryBytes', 'maxValueBytes', 'maxTtl', 'maxNamespaceBytes', 'clearsAll', 'verifyWrites', 'clock']
const MAX_DISCARDING = 1000
/** Memcached counts in seconds: what lives shorter than this may be gone before it is read back. In ms. */
const VERIFIABLE_MS = 2000
