/**
 * A store on any Keyv instance (5.6 or 6) or bare Keyv storage adapter, a `Map` included.
 *
 * One value a key: a short ASCII tag and the frame in base64. Keyv 5 corrupts `Uint8Array` and turns nested Buffers into
 * objects; ASCII text survives every serialisation of both versions. Times are checked here: what Keyv does with its own
 * `ttl` only frees the space.
 */

import { fromBase64, toBase64 } from '#platform'
import { type Entry, entryBytes } from '../entry/entry.js'
import { decodeFrame, encodeFrame } from '../entry/frame.js'
import { FrameError } from '../errors.js'
import { systemClock } from '../lib/clock.js'
import type { CacheStore, Clock, KeyvLike } from '../ports.js'
import { clearKeyv } from './keyv-clear.js'
import { watchKeyv } from './keyv-watch.js'
import { createListeners } from './listeners.js'
import { DEFAULT_MAX_ENTRY_BYTES, rejectUnknown, resolveCount } from './options.js'

export interface KeyvStoreOptions {
  /** Label in events and statistics. @default 'keyv' */
  readonly name?: string | undefined
  /** Largest entry in bytes; larger ones are refused. Base64 makes them a third longer on their way. @default 8 MiB */
  readonly maxEntryBytes?: number | undefined
  /** For expiry. @default the system's */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/**
 * Reads and writes reject when the adapter does, and also when Keyv reported an error while they ran and came back with
 * nothing to show: Keyv swallows most failures. Wrap it with `guardStore`.
 *
 * - `clear` clears the Keyv namespace. Adapters that match keys by a pattern (Redis, Valkey) reach further than that: the
 *   namespace `t` also clears `t::u`. A namespace with `*`, `?`, `[`, `]` or `\` is therefore not cleared at all: it throws.
 *   Without a namespace everything in the adapter goes that carries none. Of a `Map` only entries of ours go.
 * - `close` lets go of `keyv` and leaves it open: who opened it closes it.
 *
 * @throws OptionError when maxEntryBytes is not a positive integer, or on unknown options
 */
export function createKeyvStore(keyv: KeyvLike, options: KeyvStoreOptions = {}): CacheStore {
  rejectUnknown(options, ['name', 'maxEntryBytes', 'clock'])
  const name = options.name ?? 'keyv'
  const maxEntryBytes = resolveCount('maxEntryBytes', options.maxEntryBytes, DEFAULT_MAX_ENTRY_BYTES)
  const clock = options.clock ?? systemClock()
  const listeners = createListeners()
  const watch = watchKeyv(keyv, () => listeners.emit({ type: 'store-failed', store: name, operation: 'connection', reason: 'error' }))

  /** Nobody waits for it: what it was to remove is a miss with or without it. */
  function discard(key: string): void {
    watch.call(() => keyv.delete(key)).catch(() => {})
  }

  function read(value: unknown, key: string): Entry | undefined {
    try {
      return parseValue(value, key)
    } catch (error) {
      const reason = error instanceof FrameError ? error.reason : 'not-a-frame'
      listeners.emit({ type: 'entry-damaged', store: name, reason })
      // Another version of this library may be running next to this one: leave it its entries.
      if (reason !== 'version') discard(key)
      return undefined
    }
  }

  return {
    name,
    limits: { maxEntryBytes },
    async get(key) {
      const { value, clean } = await watch.call(() => keyv.get(key))
      if (value === undefined || value === null) {
        if (!clean) throw new Error('Keyv reported an error while reading.')
        return undefined
      }
      const entry = read(value, key)
      if (!entry) return undefined
      watch.works()
      if (entry.deleteAt > clock.now()) return entry
      listeners.emit({ type: 'entry-evicted', store: name, reason: 'expired', bytes: entryBytes(entry) })
      discard(key)
      return undefined
    },
    async set(entry) {
      // For Keyv 0, negative and NaN mean for ever; Redis wants whole milliseconds.
      const ttl = Math.ceil(entry.deleteAt - clock.now())
      if (entryBytes(entry) > maxEntryBytes || !(ttl >= 1)) {
        // What was there before is older than what was just refused.
        await watch.call(() => keyv.delete(entry.key))
        return false
      }
      const text = formatValue(entry)
      const { value, clean } = await watch.call(() => keyv.set(entry.key, text, ttl))
      // Out of memory, read-only: `set` answers true all the same, only the error event tells.
      if (!clean) throw new Error('Keyv reported an error while writing.')
      if (value === false) {
        listeners.emit({ type: 'store-failed', store: name, operation: 'set', reason: 'refused' })
        return false
      }
      watch.works()
      return true
    },
    async delete(key) {
      const { value, clean } = await watch.call(() => keyv.delete(key))
      if (!clean) throw new Error('Keyv reported an error while deleting.')
      return value === true
    },
    async clear() {
      const { clean } = await watch.call(() => clearKeyv(keyv, isOurs))
      if (!clean) throw new Error('Keyv reported an error while clearing.')
    },
    size: () => undefined,
    close: watch.close,
    listen: listeners.add,
  }
}

/** True for anything with the four methods that every Keyv instance and storage adapter has. */
export function isKeyvLike(value: unknown): value is KeyvLike {
  if (typeof value !== 'object' || value === null) return false
  const { get, set, delete: remove, clear } = value as Record<string, unknown>
  return [get, set, remove, clear].every((method) => typeof method === 'function')
}

function formatValue(entry: Entry): string {
  return TAG + toBase64(encodeFrame(entry))
}

function parseValue(value: unknown, key: string): Entry {
  if (!isOurs(value)) throw new FrameError('not-a-frame', 'The value is not one of ours.')
  return decodeFrame(fromBase64(value.slice(TAG.length)), key)
}

function isOurs(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(TAG)
}

const TAG = 'llm-cache:'
