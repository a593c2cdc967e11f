/** A binary heap whose items know their places, so that any of them can be moved or removed in logarithmic time. */
export interface Heap<T> {
  /** The item of the lowest rank. */
  top(): T | undefined
  push(item: T, rank: number): void
  /** Gives the item at `place` another rank. */
  move(place: number, rank: number): void
  /** Takes out the item at `place`. */
  remove(place: number): void
  /** The rank of the item at `place`; NaN where there is none. */
  rankAt(place: number): number
  clear(): void
}

/** @param moved told whenever an item has a new place */
export function createHeap<T>(moved: (item: T, place: number) => void): Heap<T> {
  const items: T[] = []
  // Apart from the items: comparing reads this array alone.
  const ranks: number[] = []

  function rankAt(place: number): number {
    return ranks[place] ?? Number.NaN
  }

  function put(place: number, item: T, rank: number): void {
    items[place] = item
    ranks[place] = rank
    moved(item, place)
  }

  /** Moves what is at `from` to `to`. */
  function shift(from: number, to: number): void {
    put(to, items[from] as T, rankAt(from))
  }

  /** Finds the place for `item`, beginning at the hole `start`. */
  function settle(start: number, item: T, rank: number): void {
    let place = start
    while (place > 0) {
      const above = (place - 1) >> 1
      if (!(rank < rankAt(above))) break
      shift(above, place)
      place = above
    }
    for (let below = 2 * place + 1; below < items.length; below = 2 * place + 1) {
      if (rankAt(below + 1) < rankAt(below)) below++
      if (!(rankAt(below) < rank)) break
      shift(below, place)
      place = below
    }
    put(place, item, rank)
  }

  return {
    top: () => items[0],
    rankAt,
    push(item, rank) {
      items.push(item)
      ranks.push(rank)
      settle(items.length - 1, item, rank)
    },
    move(place, rank) {
      const item = items[place]
      if (item !== undefined) settle(place, item, rank)
    },
    remove(place) {
      const last = items.pop()
      const rank = ranks.pop()
      if (last !== undefined && rank !== undefined && place < items.length) settle(place, last, rank)
    },
    clear() {
      items.length = 0
      ranks.length = 0
    },
  }
}
