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
   * Those of the first `count` signatures of `blocks` that are nearest to `query`, of all whose first half has a distance of at most
   * `high`; where these are more than 4096, of those whose first halves are nearest, and where they are fewer than `wanted`, of all.
   *
   * @param most how many at the most
   */
  compare(query: Uint32Array, blocks: readonly number[], count: number, high: number, wanted: number, most: number): Near
}

/** Signatures near a query, the nearest first. It holds until the next one is looked for. */
export interface Near {
  readonly count: number
  /** Of each of the first `count`. */
  readonly positions: Uint32Array
  readonly distances: Uint16Array
}

export function createSignatureBlocks(kernel: Kernel): SignatureBlocks {
  const free: number[] = []
  let end = BLOCKS
  // What each search needs: to allocate it costs more than to fill it.
  const nearer = new Uint32Array(SIGNATURE_BITS + 2)
  let positions = new Uint32Array(0)
  let distances = new Uint16Array(0)

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
    compare(query, blocks, count, high, wanted, most) {
      new Uint32Array(kernel.memory(), QUERY, query.length).set(query)
      const found = scan(blocks, count, high)
      return nearestFirst(found < wanted && high < HALF_BITS ? scan(blocks, count, HALF_BITS) : found, most)
    },
  }

  /** Writes to memory which signatures have a first half with a distance of at most `high`; of too many the nearer ones. @returns how many */
  function scan(blocks: readonly number[], count: number, high: number): number {
    let limit = high
    let found = 0
    for (let at = 0; at < blocks.length && found < MAX_FOUND; at++) {
      const start = at * BLOCK_SIZE
      const end = kernel.near(blocks[at] as number, Math.min(BLOCK_SIZE, count - start), start, limit, FOUND + found * FOUND_BYTES)
      found = (end - FOUND) / FOUND_BYTES
      if (found < MAX_FOUND) continue
      limit = withinOf(found, limit, MAX_FOUND / 2)
      found = keepWithin(kernel.memory(), found, limit)
    }
    return Math.min(found, MAX_FOUND)
  }

  /** Most distance of a first half, at most `high`, that no more than `most` have or are under; at least that of the nearest. */
  function withinOf(found: number, high: number, most: number): number {
    countNearer(new Uint16Array(kernel.memory(), FOUND, found * 4), HALF, HALF_BITS)
    for (let distance = 0; distance <= high; distance++) {
      if ((nearer[distance + 1] as number) > most && (nearer[distance] as number) > 0) return distance - 1
    }
    return high
  }

  /** Of each distance from 0 to `bits`, and one more, how many of those found are nearer. */
  function countNearer(halves: Uint16Array, place: number, bits: number): void {
    nearer.fill(0)
    for (let at = place; at < halves.length; at += 4) {
      const after = (halves[at] as number) + 1
      nearer[after] = (nearer[after] as number) + 1
    }
    for (let distance = 1; distance <= bits + 1; distance++) {
      nearer[distance] = (nearer[distance] as number) + (nearer[distance - 1] as number)
    }
  }

  function nearestFirst(found: number, most: number): Near {
    const words = new Uint32Array(kernel.memory(), FOUND, found * 2)
    const halves = new Uint16Array(kernel.memory(), FOUND, found * 4)
    countNearer(halves, WHOLE, SIGNATURE_BITS)
    const count = Math.min(found, most)
    if (count > positions.length) {
      positions = new Uint32Array(count)
      distances = new Uint16Array(count)
    }
    for (let at = 0; at < found; at++) {
      const distance = halves[at * 4 + WHOLE] as number
      const place = nearer[distance] as number
      if (place >= count) continue
      nearer[distance] = place + 1
      positions[place] = words[at * 2] as number
      distances[place] = distance
    }
    return { count, positions, distances }
  }
}

/** Takes those whose first half has a distance of at most `limit` to the beginning. @returns how many they are */
function keepWithin(memory: ArrayBuffer, found: number, limit: number): number {
  const words = new Uint32Array(memory, FOUND, found * 2)
  const halves = new Uint16Array(memory, FOUND, found * 4)
  let kept = 0
  for (let at = 0; at < found; at++) {
    if ((halves[at * 4 + HALF] as number) > limit) continue
    words[kept * 2] = words[at * 2] as number
    words[kept * 2 + 1] = words[at * 2 + 1] as number
    kept++
  }
  return kept
}

/** Of the four u16 of each one found, those that are its distances. */
const HALF = 2
const WHOLE = 3
