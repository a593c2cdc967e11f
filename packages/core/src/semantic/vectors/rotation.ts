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
    transform(parts, size)
    for (let at = 0; at < size; at++) parts[at] = (parts[at] as number) * (second[at] as number)
    // Of the second transform the first 512 are wanted: those of the sums of all parts that lie 512 apart.
    for (let at = SIGNATURE_BITS; at < size; at++)
      parts[at % SIGNATURE_BITS] = (parts[at % SIGNATURE_BITS] as number) + (parts[at] as number)
    transform(parts, SIGNATURE_BITS)
    for (let word = 0; word < SIGNATURE_BITS / 32; word++) {
      let bits = 0
      for (let bit = 0; bit < 32; bit++) if ((parts[word * 32 + bit] as number) >= 0) bits |= 1 << bit
      out[word] = bits
    }
  }
}

/** Walsh-Hadamard transform of the first `size` parts in place, without its factor. `size` is a power of two from 4 on. */
function transform(parts: Float64Array, size: number): void {
  let step = 1
  // Two rounds at once: half the reading and writing.
  for (; step * 4 <= size; step *= 4) {
    for (let start = 0; start < size; start += step * 4) {
      for (let at = start; at < start + step; at++) {
        const a = parts[at] as number
        const b = parts[at + step] as number
        const c = parts[at + step * 2] as number
        const d = parts[at + step * 3] as number
        parts[at] = a + b + (c + d)
        parts[at + step] = a - b + (c - d)
        parts[at + step * 2] = a + b - (c + d)
        parts[at + step * 3] = a - b - (c - d)
      }
    }
  }
  if (step === size) return
  for (let at = 0; at < step; at++) {
    const a = parts[at] as number
    const b = parts[at + step] as number
    parts[at] = a + b
    parts[at + step] = a - b
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
