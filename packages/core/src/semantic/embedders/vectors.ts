/** Vectors as the semantic layer keeps them: 32-bit floats of length 1. */

import { VectorError } from '../../errors.js'

/**
 * A copy of `values` with length 1.
 *
 * @param dimensions length of the array that is expected; any where undefined
 * @throws VectorError on another dimension, on parts that are no finite numbers, and where all parts are zero
 */
export function unitVector(values: ArrayLike<number>, dimensions?: number): Float32Array {
  if (dimensions !== undefined && values.length !== dimensions)
    throw new VectorError('dimension', `A vector has ${values.length} dimensions where ${dimensions} are expected.`)
  const squares = sumOfSquares(values, 1)
  // Squares of very large and very small numbers leave the range of a float: scaled by the largest part they do not.
  const largest = squares > SMALLEST && squares < LARGEST ? 1 : largestOf(values)
  if (largest === 0) throw new VectorError('zero', 'A vector has length zero.')
  if (!Number.isFinite(largest)) throw new VectorError('not-finite', 'A vector has parts that are not finite numbers.')
  if (values instanceof Float32Array && Math.abs(squares - 1) < UNIT_TOLERANCE) return values.slice()
  const length = Math.sqrt(largest === 1 ? squares : sumOfSquares(values, largest))
  const unit = new Float32Array(values.length)
  for (let at = 0; at < unit.length; at++) unit[at] = (values[at] as number) / largest / length
  return unit
}

/** NaN where any part is no number. */
function sumOfSquares(values: ArrayLike<number>, divisor: number): number {
  let sum = 0
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (typeof value !== 'number') return Number.NaN
    sum += (value / divisor) ** 2
  }
  return sum
}

/** NaN where any part is no number. */
function largestOf(values: ArrayLike<number>): number {
  let largest = 0
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (typeof value !== 'number') return Number.NaN
    largest = Math.max(largest, Math.abs(value))
  }
  return largest
}

const UNIT_TOLERANCE = 1e-6
const SMALLEST = 1e-200
const LARGEST = 1e200
