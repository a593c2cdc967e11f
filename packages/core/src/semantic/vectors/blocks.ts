/** The memory of an index's signatures, in blocks that its namespaces take and give back, and the search among them. */

import type { Kernel } from './kernel.js'
import { BLOCK_BYTES, BLOCK_SIZE, BLOCKS, HISTOGRAM, MAX_POSITIONS, POSITIONS, QUERY, SIGNATURE_BITS, SIGNATURE_BYTES } from './layout.js'

export interface SignatureBlocks {
  /** Address of a block that is nobody else's. */
  take(): number
  give(block: number): void
  /** A signature of a block, to be read or written at once: growing memory takes it away. */
  signature(block: number, index: number): Uint32Array
  /** Compares `query` with the first `count` signatures of `blocks`. The result holds until the next call. */
  compare(query: Uint32Array, blocks: readonly number[], count: number): Comparison
}

export interface Comparison {
  /** Least distance that at least `wanted` signatures have or are under; the largest where there are fewer. */
  reach(wanted: number): number
  /** Most distance, at most `high`, that no more than `most` signatures have or are under; at least that of the nearest. */
  within(high: number, most: number): number
  /** Positions of signatures with a distance above `low` and at most `high`, 3839 at the most. Valid until the next call. */
  positions(low: number, high: number): Uint32Array
}

export function createSignatureBlocks(kernel: Kernel): SignatureBlocks {
  const free: number[] = []
  let end = BLOCKS

  function compare(query: Uint32Array, blocks: readonly number[], count: number): Comparison {
    const memory = kernel.memory()
    new Uint32Array(memory, QUERY, query.length).set(query)
    const histogram = new Uint32Array(memory, HISTOGRAM, SIGNATURE_BITS + 1).fill(0)
    const least = new Uint16Array(blocks.length)
    const sizeOf = (at: number): number => Math.min(BLOCK_SIZE, count - at * BLOCK_SIZE)
    for (let at = 0; at < blocks.length; at++) least[at] = kernel.distances(blocks[at] as number, sizeOf(at))
    return {
      reach(wanted) {
        let distance = 0
        for (let seen = histogram[0] as number; seen < wanted && distance < SIGNATURE_BITS; ) seen += histogram[++distance] as number
        return distance
      },
      within(high, most) {
        let seen = 0
        for (let distance = 0; distance <= high; distance++) {
          const before = seen
          seen += histogram[distance] as number
          if (seen > most && before > 0) return distance - 1
        }
        return high
      },
      positions(low, high) {
        let out = POSITIONS
        for (let at = 0; at < blocks.length && out < POSITIONS + MAX_POSITIONS * 4; at++) {
          if ((least[at] as number) <= high) out = kernel.collect(blocks[at] as number, sizeOf(at), at * BLOCK_SIZE, low, high, out)
        }
        return new Uint32Array(memory, POSITIONS, Math.min((out - POSITIONS) / 4, MAX_POSITIONS))
      },
    }
  }

  return {
    take() {
      const given = free.pop()
      if (given !== undefined) return given
      const block = end
      kernel.grow(block + BLOCK_BYTES)
      end += BLOCK_BYTES
      return block
    },
    give: (block) => free.push(block),
    signature: (block, index) => new Uint32Array(kernel.memory(), block + index * SIGNATURE_BYTES, SIGNATURE_BYTES / 4),
    compare,
  }
}
