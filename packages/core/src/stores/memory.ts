/** The store inside the process: live entries, bounded by number and bytes. Synchronous, nothing is encoded. */

import { checkNames, countOf } from '../checks.js'
import type { PriceTable } from '../cost/cost.js'
import { type Entry, entryBytes, LEAST_ENTRY_BYTES } from '../entry/entry.js'
import { OptionError } from '../errors.js'
import { systemClock } from '../lib/clock.js'
import { describeValue } from '../lib/nearest.js'
import type { CacheStore, Clock } from '../ports.js'
import { createCostAwareTable } from './cost-aware.js'
import { createListeners } from './listeners.js'
import { createLruTable } from './lru.js'
import { DEFAULT_MAX_ENTRY_BYTES } from './options.js'
import type { EntryTable, EvictionListener, TableBounds } from './table.js'
import { createValuation } from './value.js'

export interface MemoryStoreOptions {
  /** Most entries held. @default 5000 */
  readonly maxEntries?: number | undefined
  /** Most bytes held, as `entryBytes` counts them: what entries take in memory, about. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number | undefined
  /** Largest entry in bytes; larger ones are refused. @default an eighth of maxBytes, 8 MiB at the most */
  readonly maxEntryBytes?: number | undefined
  /**
   * What goes when there is no room. `lru`: the least recently used. `cost`: what saves least money, or else time, for its bytes
   * and by how often it is asked for; an entry that is worth less than what would have to go is refused. Entries past their time
   * go first.
   *
   * @default 'lru'
   */
  readonly eviction?: EvictionPolicy | undefined
  /** For `eviction: 'cost'`: prices of your own, before the list prices. @default none */
  readonly prices?: PriceTable | undefined
  /** For expiry. @default the system's */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

export type EvictionPolicy = 'lru' | 'cost'

/**
 * Both bounds hold at every moment. Entries past their `deleteAt` go when they are asked for, or when there is need of room.
 *
 * @throws OptionError on bounds that are not positive integers, an entry bound above the total, another policy, or unknown options
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): CacheStore {
  checkNames(options, ['maxEntries', 'maxBytes', 'maxEntryBytes', 'eviction', 'prices', 'clock'])
  const { maxEntryBytes, ...bounds } = resolveBounds(options)
  const clock = options.clock ?? systemClock()
  const listeners = createListeners()
  // Not `<=`: an entry without a valid time must not live for ever.
  const isGone = (entry: Entry): boolean => !(entry.deleteAt > clock.now())
  const table = openTable(
    options,
    bounds,
    () => clock.now(),
    (entry) => {
      listeners.emit({ type: 'entry-evicted', store: NAME, reason: isGone(entry) ? 'expired' : 'space', bytes: entryBytes(entry) })
    },
  )

  return {
    name: NAME,
    limits: { maxEntryBytes, maxBytes: bounds.maxBytes },
    synchronous: true,
    inMemory: true,
    get(key) {
      const entry = table.get(key)
      if (!entry || !isGone(entry)) return entry
      table.delete(key)
      listeners.emit({ type: 'entry-evicted', store: NAME, reason: 'expired', bytes: entryBytes(entry) })
      return undefined
    },
    peek(key) {
      const entry = table.peek(key)
      return entry && !isGone(entry) ? entry : undefined
    },
    set(entry) {
      if (entryBytes(entry) <= maxEntryBytes && !isGone(entry)) return table.set(entry)
      // What was there before is older than what was just refused.
      table.delete(entry.key)
      return false
    },
    delete: (key) => table.delete(key),
    clear: () => table.clear(),
    size: () => ({ entries: table.entries, bytes: table.bytes }),
    close: () => table.clear(),
    listen: listeners.add,
    // A list of its own: entries come and go while it is read.
    keys: (prefix) => Array.from(table.keys()).filter((key) => key.startsWith(prefix)),
  }
}

function openTable(options: MemoryStoreOptions, bounds: TableBounds, now: () => number, evicted: EvictionListener): EntryTable {
  const { eviction = 'lru', prices } = options
  if (eviction === 'lru') return createLruTable(bounds, evicted)
  if (eviction === 'cost') return createCostAwareTable({ ...bounds, now, valuation: createValuation(prices) }, evicted)
  throw new OptionError('ERR_OPTION_INVALID', 'eviction', `eviction must be 'lru' or 'cost', not ${describeValue(eviction)}.`)
}

function resolveBounds(options: MemoryStoreOptions): TableBounds & { readonly maxEntryBytes: number } {
  const maxEntries = countOf('maxEntries', options.maxEntries, DEFAULT_MAX_ENTRIES, 1, LARGEST_MAX_ENTRIES)
  const maxBytes = countOf('maxBytes', options.maxBytes, DEFAULT_MAX_BYTES)
  const usual = Math.max(1, Math.min(DEFAULT_MAX_ENTRY_BYTES, Math.floor(maxBytes / 8)))
  const maxEntryBytes = countOf('maxEntryBytes', options.maxEntryBytes, usual)
  if (maxEntryBytes > maxBytes) {
    throw new OptionError('ERR_OPTION_INVALID', 'maxEntryBytes', `maxEntryBytes (${maxEntryBytes}) is more than maxBytes (${maxBytes}).`)
  }
  // Tables allocate for this number at once; more than this never fit into the bytes.
  const possible = Math.max(1, Math.floor(maxBytes / LEAST_ENTRY_BYTES))
  return { maxEntries: Math.min(maxEntries, possible), maxBytes, maxEntryBytes }
}

const NAME = 'memory'
const DEFAULT_MAX_ENTRIES = 5000
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024
// A Map holds 2 ** 24 keys and no more.
const LARGEST_MAX_ENTRIES = 10_000_000
