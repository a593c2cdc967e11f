/**
 * Signatures: the signs of a vector's parts after a random rotation. The share of signs in which two vectors differ is, on the average,
 * the angle between them over pi (Goemans and Williamson 1995; Charikar 2002, "Similarity estimation techniques from rounding
 * algorithms"), however unevenly the vectors' own parts are spread.
 */

import type { SignatureBlocks } from './blocks.js'
import { QUERY, SIGNATURE_BITS } from './layout.js'

/** Writes the signature of `vector - centre`, 512 bits, to `out`, and to where the query's lies. */
export type Sign = (vector: Float32Array, centre: Float32Array, out: Uint32Array) => void

/**
 * Two rounds of random signs and a Walsh-Hadamard transform, which is close to a random rotation and takes n log n steps (Ailon and
 * Chazelle 2006). The same for the same number of dimensions, always: signatures are kept.
 */
export function createSign(dimensions: number, blocks: SignatureBlocks): Sign {
  const { kernel } = blocks
  let size = SIGNATURE_BITS
  while (size < dimensions) size *= 2
  const random = randomBits(SEED)
  const first = Float32Array.from({ length: size }, () => (random() ? 1 : -1))
  const second = Float32Array.from({ length: size }, () => (random() ? 1 : -1))
  const address = blocks.reserve(size * 16)
  const view = (number: number): Float32Array => new Float32Array(kernel.memory(), address + number * size * 4, size)
  view(2).set(first)
  view(3).set(second)
  return (vector, centre, out) => {
    const parts = view(0)
    parts.set(vector)
    parts.fill(0, dimensions)
    view(1).set(centre)
    kernel.sign(address, size)
    out.set(new Uint32Array(kernel.memory(), QUERY, out.length))
  }
}

/** Bits of xorshift32. G. Marsaglia 2003. */
function randomBits(seed: number): () => boolean {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state & 0x10000) !== 0
  }
}

const SEED = 0x9e3779b9 | 0
