/** The best so far of a search. */

import type { VectorMatch } from '../ports.js'

export interface NearestItems<T> {
  /** Similarity from which on an item is among the wanted. */
  readonly floor: number
  /** Whether as many as wanted were found. */
  readonly full: boolean
  offer(item: T, similarity: number): void
  /** Best first. */
  matches(idOf: (item: T) => string): readonly VectorMatch[]
}

/** The `k` most similar of those offered whose similarity is at least `minSimilarity`. */
export function createNearestItems<T>(k: number, minSimilarity: number): NearestItems<T> {
  const items: T[] = []
  const similarities: number[] = []
  return {
    get floor() {
      return similarities.length === k ? (similarities[k - 1] as number) : minSimilarity
    },
    get full() {
      return similarities.length === k
    },
    offer(item, similarity) {
      const count = similarities.length
      if (similarity < minSimilarity || (count === k && similarity <= (similarities[k - 1] as number))) return
      let at = Math.min(count, k - 1)
      for (; at > 0 && (similarities[at - 1] as number) < similarity; at--) {
        similarities[at] = similarities[at - 1] as number
        items[at] = items[at - 1] as T
      }
      similarities[at] = similarity
      items[at] = item
    },
    // Rounding may take a cosine a little over 1.
    matches: (idOf) => items.map((item, at) => ({ id: idOf(item), similarity: Math.max(-1, Math.min(1, similarities[at] as number)) })),
  }
}
