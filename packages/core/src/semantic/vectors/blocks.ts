/** The memory of an index's signatures, in blocks that its namespaces take and give back, and the search among them. */

import type { Kernel } from './kernel.js'
import {
  BLOCK_BYTES,
  BLOCK_REST,
  BLOCK_SIZE,
  BLOCKS,
  FOUND,
  FOUND_BYTES,
  HALF_BITS,
  HALF_BYTES,
  HALF_HISTOGRAM,
  HISTOGRAM,
  MAX_FOUND,
  QUERY,
  SIGNATURE_BITS,
} from './layout.js'

export interface SignatureBlocks {
  readonly kernel: Kernel
  /** Address of a block that is nobody else's. */
  take(): number
  give(block: number): void
  /** Address of memory that is nobody else's, for good. @param bytes a multiple of 16 */
  reserve(bytes: number): number
  read(block: number, index: number, signature: Uint32Array): void
  write(block: number, index: number, signature: Uint32Array): void
  /**
   * Compares `query` with the first `count` signatures of `blocks`: their first halves, and all of those whose first half has a distance of
   * at most `high`; of fewer where these are more than 4096, of more where these are fewer than `wanted`. The result holds until the next call.
   */
  compare(query: Uint32Array, blocks: readonly number[], count: number, high: number, wanted: number): Near
}

/** Signatures near a query. */
export interface Near {
  /** Of each one its position and its distance. */
  readonly found: Uint32Array
  /** Least distance that at least `wanted` of them have or are under; the largest where there are fewer. */
  reach(wanted: number): number
  /** Most distance, at most `high`, that no more than `most` of them have or are under; at least that of the nearest. */
  within(high: number, most: number): number
}

export function createSignatureBlocks(kernel: Kernel): SignatureBlocks {
  const free: number[] = []
  let end = BLOCKS

  function reserve(bytes: number): number {
    const at = end
    kernel.grow(at + bytes)
    end += bytes
    return at
  }

  const half = (at: number): Uint32Array => new Uint32Array(kernel.memory(), at, HALF_BYTES / 4)
  const first = (block: number, index: number): Uint32Array => half(block + index * HALF_BYTES)
  const second = (block: number, index: number): Uint32Array => half(block + BLOCK_REST + index * HALF_BYTES)

  return {
    kernel,
    take: () => free.pop() ?? reserve(BLOCK_BYTES),
    give: (block) => free.push(block),
    reserve,
    read(block, index, signature) {
      signature.set(first(block, index))
      signature.set(second(block, index), HALF_BYTES / 4)
    },
    write(block, index, signature) {
      first(block, index).set(signature.subarray(0, HALF_BYTES / 4))
      second(block, index).set(signature.subarray(HALF_BYTES / 4))
    },
    compare(query, blocks, count, high, wanted) {
      const memory = kernel.memory()
      new Uint32Array(memory, QUERY, query.length).set(query)
      const halves = new Uint32Array(memory, HALF_HISTOGRAM, HALF_BITS + 1).fill(0)
      const least = new Uint16Array(blocks.length)
      const sizeOf = (at: number): number => Math.min(BLOCK_SIZE, count - at * BLOCK_SIZE)
      for (let at = 0; at < blocks.length; at++) least[at] = kernel.distances(blocks[at] as number, sizeOf(at))
      const histogram = new Uint32Array(memory, HISTOGRAM, SIGNATURE_BITS + 1).fill(0)
      const limit = Math.max(reachOf(halves, wanted), withinOf(halves, high, MAX_FOUND))
      let out = FOUND
      for (let at = 0; at < blocks.length && out < FOUND + MAX_FOUND * FOUND_BYTES; at++) {
        if ((least[at] as number) <= limit) out = kernel.collect(blocks[at] as number, sizeOf(at), at * BLOCK_SIZE, limit, out)
      }
      return {
        found: new Uint32Array(memory, FOUND, (out - FOUND) / 4),
        reach: (some) => reachOf(histogram, some),
        within: (most, number) => withinOf(histogram, most, number),
      }
    },
  }
}

function reachOf(histogram: Uint32Array, wanted: number): number {
  let distance = 0
  for (let seen = histogram[0] as number; seen < wanted && distance < histogram.length - 1; ) seen += histogram[++distance] as number
  return distance
}

function withinOf(histogram: Uint32Array, high: number, most: number): number {
  let seen = 0
  for (let distance = 0; distance <= high; distance++) {
    const before = seen
    seen += histogram[distance] as number
    if (seen > most && before > 0) return distance - 1
  }
  return high
}
