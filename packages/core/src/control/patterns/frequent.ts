/**
 * The most frequent items of a stream in bounded memory, later ones counting more. Misra and Gries' algorithm in batches: when twice
 * the items wanted are held, what the median weighs is taken off all, and what has nothing left goes (Anderson, Bevan, Lang, Liberty,
 * Rhodes, Thaler: A High-Performance Algorithm for Identifying Frequent Items in Data Streams, IMC 2017), on weights that grow with
 * time (Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009).
 */

export interface FrequentItems<T> {
  /** Counts one more of `id` and gives its value, made anew where it is not held. `nowMs`: ms since the epoch. */
  add(id: string, nowMs: number, make: () => T): T
  get(id: string): T | undefined
  /** All that are held, the heaviest first. `recent`: how many lately, each counting half after one half-life; never too high. */
  heaviest(nowMs: number): { readonly id: string; readonly value: T; readonly recent: number }[]
  delete(id: string): void
  ids(): Iterable<string>
}

export interface FrequentOptions<T> {
  /** Items wanted; up to twice as many are held. */
  readonly items: number
  readonly halfLifeMs: number
  /** Told of each that is let go. */
  readonly onDropped: (value: T) => void
}

interface Counter<T> {
  readonly value: T
  /** In weights of the landmark. */
  weight: number
}

export function createFrequentItems<T>({ items, halfLifeMs, onDropped }: FrequentOptions<T>): FrequentItems<T> {
  const counters = new Map<string, Counter<T>>()
  let landmark: number | undefined

  /** What one request weighs now. */
  function weightAt(nowMs: number): number {
    landmark ??= nowMs
    if (nowMs - landmark > MOST_HALVINGS * halfLifeMs) rescale(nowMs)
    // A clock that was set back: not less than at the landmark, or it would count for nothing.
    return 2 ** (Math.max(0, nowMs - landmark) / halfLifeMs)
  }

  function rescale(nowMs: number): void {
    const factor = 2 ** (((landmark as number) - nowMs) / halfLifeMs)
    landmark = nowMs
    for (const counter of counters.values()) counter.weight *= factor
  }

  function drop(id: string): void {
    const counter = counters.get(id)
    if (counters.delete(id) && counter) onDropped(counter.value)
  }

  function prune(): void {
    const weights = Float64Array.from(counters.values(), ({ weight }) => weight).sort()
    const cut = weights[weights.length - items - 1] as number
    for (const [id, counter] of counters) {
      counter.weight -= cut
      if (counter.weight <= 0) drop(id)
    }
  }

  return {
    add(id, nowMs, make) {
      const weight = weightAt(nowMs)
      const known = counters.get(id)
      if (known) {
        known.weight += weight
        return known.value
      }
      if (counters.size >= 2 * items) prune()
      const value = make()
      counters.set(id, { value, weight })
      return value
    },
    get: (id) => counters.get(id)?.value,
    heaviest(nowMs) {
      const now = weightAt(nowMs)
      return [...counters].map(([id, { value, weight }]) => ({ id, value, recent: weight / now })).sort((a, b) => b.recent - a.recent)
    },
    delete: drop,
    ids: () => counters.keys(),
  }
}

/** A double holds 2^1023; long before that it is begun anew. */
const MOST_HALVINGS = 500
