/** The order in which items arrived, over all namespaces of an index. */

import type { Item } from './namespace.js'

export interface Arrival extends Iterable<Item> {
  readonly oldest: Item | undefined
  readonly count: number
  /** As the newest, wherever it was before. */
  push(item: Item): void
  drop(item: Item): void
  clear(): void
}

/** A list that goes through the items themselves: putting in and taking out do not depend on how many there are. */
export function createArrival(): Arrival {
  let oldest: Item | undefined
  let newest: Item | undefined
  let count = 0

  function drop(item: Item): void {
    if (item.older) item.older.newer = item.newer
    else oldest = item.newer
    if (item.newer) item.newer.older = item.older
    else newest = item.older
    item.older = undefined
    item.newer = undefined
    count -= 1
  }

  return {
    get oldest() {
      return oldest
    },
    get count() {
      return count
    },
    push(item) {
      if (item === oldest || item.older) drop(item)
      item.older = newest
      if (newest) newest.newer = item
      else oldest = item
      newest = item
      count += 1
    },
    drop,
    *[Symbol.iterator]() {
      for (let item = oldest; item; item = item.newer) yield item
    },
    clear() {
      oldest = undefined
      newest = undefined
      count = 0
    },
  }
}
