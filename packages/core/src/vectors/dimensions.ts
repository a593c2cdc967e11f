/** The dimensions that namespaces are known to have: what was seen once need not be asked for again. */

import { LRUCache } from 'lru-cache'
import { atMost } from '../lib/at-most.js'

export interface DimensionsMemo {
  get(namespace: string): number | undefined
  set(namespace: string, dimensions: number): void
  clear(): void
}

export function createDimensionsMemo(): DimensionsMemo {
  const known = new LRUCache<string, number>(atMost(MOST))
  return {
    get: (namespace) => known.get(namespace),
    set: (namespace, dimensions) => void known.set(namespace, dimensions),
    clear: () => known.clear(),
  }
}

const MOST = 10_000
