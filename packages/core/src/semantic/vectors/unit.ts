/** What every index does to a vector before it uses it. */

import { VectorError } from '../../errors.js'

/**
 * `vector` at length 1, copied where its length is another one. Similarities are cosines, whatever the embedder's vectors are.
 *
 * @throws VectorError where it has no part, parts that are no finite numbers, or the length zero
 */
export function toUnitVector(vector: Float32Array): Float32Array {
  const sum = dot(vector, vector, 0)
  if (!Number.isFinite(sum)) throw new VectorError('not-finite', 'A vector has parts that are not finite numbers.')
  if (sum < LEAST) throw new VectorError('zero', 'A vector has the length zero.')
  if (Math.abs(sum - 1) < TOLERATED) return vector
  const scale = 1 / Math.sqrt(sum)
  return vector.map((part) => part * scale)
}

/** @throws VectorError where `dimensions` are not those that the namespace's vectors have */
export function checkDimensions(dimensions: number, held: number): void {
  if (dimensions === held) return
  throw new VectorError('dimension', `A vector has ${dimensions} dimensions; those of its namespace have ${held}.`)
}

/** Dot product of `query` and the vector that begins at `offset` of `vectors`: their cosine, where both have length 1. */
export function dot(query: Float32Array, vectors: Float32Array, offset: number): number {
  const whole = query.length & ~3
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  for (let at = 0; at < whole; at += 4) {
    a += (query[at] as number) * (vectors[offset + at] as number)
    b += (query[at + 1] as number) * (vectors[offset + at + 1] as number)
    c += (query[at + 2] as number) * (vectors[offset + at + 2] as number)
    d += (query[at + 3] as number) * (vectors[offset + at + 3] as number)
  }
  for (let at = whole; at < query.length; at++) a += (query[at] as number) * (vectors[offset + at] as number)
  return a + b + (c + d)
}

// Squares of lengths. Under the first a float has no digits left to divide.
const LEAST = 1e-30
const TOLERATED = 1e-6
