/**
 * Sliding freshness: a hit that finds less than half of an answer's lifetime left gives it a whole one again, up to a bound that counts
 * from its storing. The entry is written once more with later times, same id, same bytes; never in place of a newer one, and never
 * after it was removed.
 */

import { LRUCache } from 'lru-cache'
import type { Entry } from '../entry/entry.js'
import { remainingMs } from '../freshness.js'
import { atMost } from '../lib/at-most.js'
import type { FlightLease } from '../sharing.js'
import type { EngineContext } from './context.js'
import { errorName } from './emitter.js'
import type { Rule } from './resolve.js'

export interface Sliding {
  /** `entry` goes out fresh, by the rules of `rule`. Waits for nothing and never throws. */
  hit(entry: Entry, rule: Rule): void
}

const MAX_TOUCHING = 1000
const MAX_RESTING = 10_000
/** Share of the lifetime for which a key that was tried is left alone. */
const REST_SHARE = 0.1

export function createSliding(context: EngineContext, isClosed: () => boolean): Sliding {
  const { store, flights, marks, clock, emitter } = context
  const touching = new Set<string>()
  const resting = new LRUCache<string, number>(atMost(MAX_RESTING))

  function hit(entry: Entry, { slidingMs }: Rule): void {
    const { ttlMs } = entry.meta
    if (slidingMs === undefined || ttlMs === undefined) return
    const now = clock.now()
    const left = remainingMs(entry, now)
    if (!(left > 0 && left < ttlMs / 2)) return
    const staleAt = Math.min(now + ttlMs, entry.storedAt + slidingMs)
    if (!(staleAt > entry.staleAt) || touching.size >= MAX_TOUCHING || touching.has(entry.key) || isClosed()) return
    if ((resting.get(entry.key) ?? Number.NEGATIVE_INFINITY) > clock.monotonic()) return
    resting.set(entry.key, clock.monotonic() + ttlMs * REST_SHARE)
    const touched: Entry = { ...entry, staleAt, deleteAt: entry.deleteAt + (staleAt - entry.staleAt) }
    if (store.synchronous) {
      // In one go: nothing comes between the look and the write.
      if (!isThere(touched)) return
      void store.set(touched)
      context.semantic?.prolonged(touched)
      return
    }
    void touch(touched, entry.staleAt)
  }

  /** Whether the tiers that answer at once have nothing else, and nobody is asking for a new answer. */
  function isThere({ key, id }: Entry): boolean {
    const near = store.peek(key, () => false)
    return flights.get(key) === undefined && (near.kind === 'found' ? near.entry.id === id : !store.synchronous)
  }

  async function touch(touched: Entry, before: number): Promise<void> {
    const { key } = touched
    touching.add(key)
    // What is removed meanwhile spoils it.
    const flight = flights.open(key, { shared: false, timeoutMs: 0, maxBytes: 0 })
    try {
      const joining = store.peers.coordinates ? await store.peers.join(key) : undefined
      if (joining?.kind === 'follow') {
        joining.flight.cancel()
        return
      }
      const lease = joining?.lease
      try {
        if (lease || !store.peers.coordinates) await write(touched, before, lease, () => flight.doubts(touched))
      } finally {
        await lease?.close()
      }
    } catch (error) {
      emitter.emit({ type: 'internal-error', at: clock.now(), where: 'sliding', errorName: errorName(error) })
    } finally {
      flight.done()
      touching.delete(key)
    }
  }

  async function write(touched: Entry, before: number, lease: FlightLease | undefined, isDoubted: () => boolean): Promise<void> {
    const { key, id } = touched
    const write = marks.writeOf(key)
    // Where another process has done it, that one comes into the memory in front.
    const found = await store.get(key, (other) => other.id === id && other.staleAt > before)
    if (found.kind !== 'found' || found.entry.id !== id) return
    if (found.fresh) return context.semantic?.prolonged(found.entry)
    if (isDoubted() || marks.writeOf(key) !== write || !isThere(touched) || (lease && !lease.held) || isClosed()) return
    // A tier whose own time is short keeps its entries for no longer, also when they are stale.
    const deleteAt = Math.max(touched.deleteAt, touched.staleAt + found.entry.deleteAt - found.entry.staleAt)
    if ((await store.set({ ...touched, deleteAt }, lease, false)) === 'stored') context.semantic?.prolonged(touched)
  }

  return { hit }
}
