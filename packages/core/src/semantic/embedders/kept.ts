/** Vectors that were paid for, by the digest of their text. */

import { LRUCache } from 'lru-cache'
import { sha256 } from '#platform'

export interface KeptVectors {
  get(text: string): Float32Array | undefined
  set(text: string, vector: Float32Array): void
  clear(): void
}

/** The least recently used make room. */
export function createKeptVectors(maxEntries: number, maxBytes: number): KeptVectors {
  const vectors = new LRUCache<string, Float32Array>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: (vector) => vector.byteLength + ENTRY_BYTES,
  })
  return {
    get: (text) => vectors.get(sha256(text)),
    set: (text, vector) => void vectors.set(sha256(text), vector),
    clear: () => vectors.clear(),
  }
}

/** Digest, array and the list's own links. */
const ENTRY_BYTES = 250
