/** The store inside the process: an LRU of live entries, bounded by entries and bytes. Synchronous, nothing is encoded. */

import { LRUCache } from 'lru-cache'
import { type Entry, entryBytes } from '../entry/entry.js'
import { OptionError } from '../errors.js'
import { systemClock } from '../lib/clock.js'
import type { CacheStore, Clock } from '../ports.js'
import { createListeners } from './listeners.js'
import { DEFAULT_MAX_ENTRY_BYTES, rejectUnknown, resolveCount } from './options.js'

export interface MemoryStoreOptions {
  /** Most entries held. @default 5000 */
  readonly maxEntries?: number | undefined
  /** Most bytes held, as `entryBytes` counts them. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number | undefined
  /** Largest entry in bytes; larger ones are refused. @default an eighth of maxBytes, 8 MiB at the most */
  readonly maxEntryBytes?: number | undefined
  /** For expiry. @default the system's */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/**
 * The least recently used entry goes first when either bound would be exceeded; both hold at every moment. Entries past
 * their `deleteAt` go when they are asked for or when their turn comes.
 *
 * @throws OptionError on bounds that are not positive integers, an entry bound above the total, or unknown options
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): CacheStore {
  rejectUnknown(options, ['maxEntries', 'maxBytes', 'maxEntryBytes', 'clock'])
  const { maxEntries, maxBytes, maxEntryBytes } = resolveBounds(options)
  const clock = options.clock ?? systemClock()
  const listeners = createListeners()
  // Not `<=`: an entry without a valid time must not live for ever.
  const isGone = (entry: Entry): boolean => !(entry.deleteAt > clock.now())

  const entries = new LRUCache<string, Entry>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: entryBytes,
    // After, not during: a listener that asks for size() sees the bounds hold.
    disposeAfter: (entry, _key, reason) => {
      if (reason !== 'evict') return
      listeners.emit({ type: 'entry-evicted', store: NAME, reason: isGone(entry) ? 'expired' : 'space', bytes: entryBytes(entry) })
    },
  })

  return {
    name: NAME,
    limits: { maxEntryBytes },
    synchronous: true,
    inMemory: true,
    get(key) {
      const entry = entries.get(key)
      if (!entry || !isGone(entry)) return entry
      entries.delete(key)
      listeners.emit({ type: 'entry-evicted', store: NAME, reason: 'expired', bytes: entryBytes(entry) })
      return undefined
    },
    set(entry) {
      if (entryBytes(entry) > maxEntryBytes || isGone(entry)) {
        // What was there before is older than what was just refused.
        entries.delete(entry.key)
        return false
      }
      entries.set(entry.key, entry)
      return true
    },
    delete: (key) => entries.delete(key),
    clear: () => entries.clear(),
    size: () => ({ entries: entries.size, bytes: entries.calculatedSize }),
    close: () => entries.clear(),
    listen: listeners.add,
  }
}

interface Bounds {
  readonly maxEntries: number
  readonly maxBytes: number
  readonly maxEntryBytes: number
}

function resolveBounds(options: MemoryStoreOptions): Bounds {
  const maxEntries = resolveCount('maxEntries', options.maxEntries, DEFAULT_MAX_ENTRIES, LARGEST_MAX_ENTRIES)
  const maxBytes = resolveCount('maxBytes', options.maxBytes, DEFAULT_MAX_BYTES)
  const usual = Math.max(1, Math.min(DEFAULT_MAX_ENTRY_BYTES, Math.floor(maxBytes / 8)))
  const maxEntryBytes = resolveCount('maxEntryBytes', options.maxEntryBytes, usual)
  if (maxEntryBytes > maxBytes) {
    throw new OptionError('ERR_OPTION_INVALID', 'maxEntryBytes', `maxEntryBytes (${maxEntryBytes}) is more than maxBytes (${maxBytes}).`)
  }
  return { maxEntries, maxBytes, maxEntryBytes }
}

const NAME = 'memory'
const DEFAULT_MAX_ENTRIES = 5000
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024
// The LRU allocates its tables at once, some 30 bytes an entry.
const LARGEST_MAX_ENTRIES = 10_000_000
