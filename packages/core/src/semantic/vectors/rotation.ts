/**
 * Signatures: the signs of a vector's parts after a random rotation. The share of signs in which two vectors differ is, on the average,
 * the angle between them over pi (Goemans and Williamson 1995; Charikar 2002, "Similarity estimation techniques from rounding
 * algorithms"), however unevenly the vectors' own parts are spread.
 */

import { SIGNATURE_BITS } from './layout.js'

/** Writes the signature of `vector - centre`, 512 bits, to `out`. */
export type Sign = (vector: ArrayLike<number>, centre: ArrayLike<number>, out: Uint32Array) => void

/**
 * Two rounds of random signs and a Walsh-Hadamard transform, which is close to a random rotation and takes n log n steps (Ailon and
 * Chazelle 2006). The same for the same number of dimensions, always: signatures are kept.
 */
export function createSign(dimensions: number): Sign {
  let size = SIGNATURE_BITS
  while (size < dimensions) size *= 2
  const random = randomBits(SEED)
  const first = Float64Array.from({ length: size }, () => (random() ? 1 : -1))
  const second = Float64Array.from({ length: size }, () => (random() ? 1 : -1))
  const parts = new Float64Array(size)
  return (vector, centre, out) => {
    for (let at = 0; at < dimensions; at++) parts[at] = ((vector[at] as number) - (centre[at] as number)) * (first[at] as number)
    parts.fill(0, dimensions)
    transform(parts)
    for (let at = 0; at < size; at++) parts[at] = (parts[at] as number) * (second[at] as number)
    transform(parts)
    for (let word = 0; word < SIGNATURE_BITS / 32; word++) {
      let bits = 0
      for (let bit = 0; bit < 32; bit++) if ((parts[word * 32 + bit] as number) >= 0) bits |= 1 << bit
      out[word] = bits
    }
  }
}

/** Walsh-Hadamard transform in place, without its factor. The length is a power of two. */
function transform(parts: Float64Array): void {
  for (let half = 1; half < parts.length; half *= 2) {
    for (let start = 0; start < parts.length; start += half * 2) {
      for (let at = start; at < start + half; at++) {
        const a = parts[at] as number
        const b = parts[at + half] as number
        parts[at] = a + b
        parts[at + half] = a - b
      }
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
