/**
 * Signatures: the signs of a vector's parts after a random rotation. The share of signs in which two vectors differ is, on the average,
 * the angle between them over pi (Goemans and Williamson 1995; Charikar 2002, "Similarity estimation techniques from rounding
 * algorithms"), however unevenly the vectors' own parts are spread.
 */

import type { SignatureBlocks } from './blocks.js'
import { SIGNATURE_BITS } from './layout.js'

/** Writes the signature of `vector - centre`, 512 bits, to `out`. */
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
  const address = blocks.reserve(size * 4)
  return (vector, centre, out) => {
    const parts = new Float32Array(kernel.memory(), address, size)
    for (let at = 0; at < dimensions; at++) parts[at] = ((vector[at] as number) - (centre[at] as number)) * (first[at] as number)
    parts.fill(0, dimensions)
    kernel.transform(address, size)
    for (let at = 0; at < SIGNATURE_BITS; at++) parts[at] = (parts[at] as number) * (second[at] as number)
    // Of the second transform the first 512 are wanted: those of the sums of all parts that lie 512 apart.
    for (let from = SIGNATURE_BITS; from < size; from += SIGNATURE_BITS) {
      for (let at = 0; at < SIGNATURE_BITS; at++)
        parts[at] = (parts[at] as number) + (parts[from + at] as number) * (second[from + at] as number)
    }
    kernel.transform(address, SIGNATURE_BITS)
    const bits = new Int32Array(kernel.memory(), address, SIGNATURE_BITS)
    for (let word = 0; word < SIGNATURE_BITS / 32; word++) {
      let signs = 0
      for (let bit = 0; bit < 32; bit++) signs |= ((bits[word * 32 + bit] as number) >>> 31) << bit
      out[word] = ~signs
    }
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
