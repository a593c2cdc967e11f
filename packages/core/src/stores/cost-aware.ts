/**
 * Entries of which the one that saves least for its room goes first: GreedyDual-Size with frequency (Cherkasova: Improving WWW
 * Proxies Performance with Greedy-Dual-Size-Frequency Caching Policy, HP Labs 1998) behind an admission gate as TinyLFU's.
 *
 * An entry's rank is `floor + frequency * worth / room`; the lowest goes, and the floor rises to its rank, so that what is no longer
 * asked for is overtaken in time. Every operation takes logarithmic time, but for a halving of the sketch once in ten requests
 * an entry.
 */

import { type Entry, entryBytes } from '../entry/entry.js'
import { createHeap } from './heap.js'
import { createFrequencySketch, hashKey } from './sketch.js'
import type { EntryTable, EvictionListener, TableBounds } from './table.js'
import type { Valuation } from './value.js'

export interface CostAwareOptions extends TableBounds {
  readonly valuation: Valuation
  /** ms since the epoch: entries past their time go before all others. */
  readonly now: () => number
}

interface Slot {
  readonly entry: Entry
  readonly bytes: number
  readonly hash: number
  /** USD that a hit saves, by the bytes it takes. */
  readonly density: number
  /** Places in the two heaps. */
  byRank: number
  byTime: number
}

interface Victim {
  readonly slot: Slot
  readonly rank: number
}

export function createCostAwareTable(options: CostAwareOptions, evicted: EvictionListener): EntryTable {
  const { maxEntries, maxBytes, valuation, now } = options
  // An entry takes a share of each bound; what counts is the larger one.
  const leastRoom = maxBytes / maxEntries
  const slots = new Map<string, Slot>()
  const ranks = createHeap<Slot>((slot, place) => {
    slot.byRank = place
  })
  const times = createHeap<Slot>((slot, place) => {
    slot.byTime = place
  })
  const sketch = createFrequencySketch(maxEntries)
  let bytes = 0
  let floor = 0
  let requests = 0

  function count(hash: number): void {
    sketch.add(hash)
    requests++
    if (requests < REQUESTS_PER_ENTRY * Math.max(slots.size, LEAST_SAMPLE)) return
    requests = 0
    sketch.halve()
  }

  /** USD a byte that `slot` saves, by how often it is asked for. */
  function yieldOf(slot: Slot): number {
    return Math.max(1, sketch.estimate(slot.hash)) * slot.density
  }

  function insert(slot: Slot): void {
    slots.set(slot.entry.key, slot)
    bytes += slot.bytes
    ranks.push(slot, floor + yieldOf(slot))
    times.push(slot, slot.entry.deleteAt)
  }

  function remove(slot: Slot): void {
    ranks.remove(slot.byRank)
    forget(slot)
  }

  /** As `remove`, of what is not in the order of ranks any more. */
  function forget(slot: Slot): void {
    slots.delete(slot.entry.key)
    bytes -= slot.bytes
    times.remove(slot.byTime)
  }

  function fits(more: number): boolean {
    return slots.size < maxEntries && bytes + more <= maxBytes
  }

  /** Takes out what is past its time, as far as `more` bytes need it. */
  function expire(more: number, gone: Entry[]): void {
    const time = now()
    for (let first = times.top(); first && !fits(more) && !(first.entry.deleteAt > time); first = times.top()) {
      remove(first)
      gone.push(first.entry)
    }
  }

  /** The first few, lowest first, of those that would have to go for `more` bytes, taken out of the order of ranks. */
  function takeVictims(more: number): Victim[] {
    const victims: Victim[] = []
    let freed = 0
    for (let slot = ranks.top(); slot && victims.length < MOST_VICTIMS; slot = ranks.top()) {
      if (victims.length > 0 && bytes - freed + more <= maxBytes) break
      victims.push({ slot, rank: ranks.rankAt(0) })
      freed += slot.bytes
      ranks.remove(0)
    }
    return victims
  }

  function evict({ slot, rank }: Victim, gone: Entry[]): void {
    floor = Math.max(floor, rank)
    forget(slot)
    gone.push(slot.entry)
  }

  /** Makes room for `slot` if it is worth what has to go for it, of which the first few speak for all. */
  function contend(slot: Slot, gone: Entry[]): boolean {
    const victims = takeVictims(slot.bytes)
    let saved = 0
    let freed = 0
    for (const victim of victims) {
      saved += yieldOf(victim.slot) * victim.slot.bytes
      freed += victim.slot.bytes
    }
    const wins = yieldOf(slot) * freed > saved * NEWCOMERS_HANDICAP
    for (const victim of victims) {
      if (wins) evict(victim, gone)
      else ranks.push(victim.slot, victim.rank)
    }
    while (wins && !fits(slot.bytes)) for (const victim of takeVictims(slot.bytes)) evict(victim, gone)
    return wins
  }

  return {
    get(key) {
      const slot = slots.get(key)
      const hash = slot ? slot.hash : hashKey(key)
      count(hash)
      if (!slot) return undefined
      ranks.move(slot.byRank, floor + yieldOf(slot))
      return slot.entry
    },
    peek: (key) => slots.get(key)?.entry,
    set(entry) {
      const before = slots.get(entry.key)
      if (before) remove(before)
      const size = entryBytes(entry)
      const density = valuation(entry) / Math.max(size, leastRoom)
      const slot: Slot = { entry, bytes: size, hash: before ? before.hash : hashKey(entry.key), density, byRank: 0, byTime: 0 }
      const gone: Entry[] = []
      if (!fits(size)) expire(size, gone)
      const enters = fits(size) || contend(slot, gone)
      if (enters) insert(slot)
      for (const other of gone) evicted(other)
      return enters
    },
    delete(key) {
      const slot = slots.get(key)
      if (slot) remove(slot)
      return slot !== undefined
    },
    clear() {
      slots.clear()
      ranks.clear()
      times.clear()
      sketch.clear()
      bytes = 0
      floor = 0
      requests = 0
    },
    keys: () => slots.keys(),
    get entries() {
      return slots.size
    },
    get bytes() {
      return bytes
    },
  }
}

// TinyLFU's sample: ten requests an entry, then all counts are halved.
const REQUESTS_PER_ENTRY = 10
const LEAST_SAMPLE = 100
const MOST_VICTIMS = 16
// A newcomer was asked for once, so far. At 1 fewer scans pass, but traffic that moves on quickly loses up to a third
// (bench/findings.md).
const NEWCOMERS_HANDICAP = 0.5
