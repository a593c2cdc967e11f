/**
 * Logistic regression with a ridge toward a prior (maximum a posteriori under a normal prior), by Newton's method. The work comes in
 * slices: the caller decides when to go on, so that the event loop is never held for long.
 */

export interface Example {
  /** The first is 1: the intercept. */
  readonly x: ArrayLike<number>
  readonly correct: boolean
  readonly weight: number
}

/** How many examples' worth a coefficient is drawn to its prior, above 0: the same for all, or one a coefficient. */
export type Ridge = number | Float64Array

export interface FitOptions {
  /** Where the coefficients are drawn to, and where the search begins unless `start` says otherwise. */
  readonly prior: Float64Array
  readonly ridge: Ridge
  readonly start?: Float64Array | undefined
  readonly maxSteps?: number | undefined
}

/** Probability that `x` is correct under the coefficients `beta`. */
export function probability(beta: Float64Array, x: ArrayLike<number>): number {
  let sum = 0
  for (let index = 0; index < beta.length; index++) sum += (beta[index] as number) * (x[index] as number)
  return 1 / (1 + Math.exp(-sum))
}

/** Coefficients, as many as the prior has. Yields after every 25 examples (some 20 us). */
export function* fitLogistic(examples: readonly Example[], options: FitOptions): Generator<void, Float64Array> {
  const { prior, ridge, start = prior, maxSteps = 8 } = options
  const size = prior.length
  const beta = Float64Array.from(start)
  const hessian = new Float64Array(size * size)
  const gradient = new Float64Array(size)
  for (let step = 0; step < maxSteps; step++) {
    hessian.fill(0)
    gradient.fill(0)
    for (let from = 0; from < examples.length; from += SLICE) {
      accumulate(examples, from, Math.min(from + SLICE, examples.length), beta, gradient, hessian)
      yield
    }
    for (let index = 0; index < size; index++) {
      gradient[index] = (gradient[index] as number) - ridgeAt(ridge, index) * ((beta[index] as number) - (prior[index] as number))
      hessian[index * size + index] = (hessian[index * size + index] as number) + ridgeAt(ridge, index)
    }
    const move = solve(hessian, gradient)
    let largest = 0
    for (let index = 0; index < size; index++) {
      beta[index] = (beta[index] as number) + (move[index] as number)
      largest = Math.max(largest, Math.abs(move[index] as number))
    }
    if (largest < TOLERANCE) break
  }
  return beta
}

/**
 * The lower triangle L of which L L^T is the curvature of the fit at `beta`: the inverse of the coefficients' covariance (Laplace's
 * approximation). Yields as `fitLogistic` does.
 */
export function* factorOf(examples: readonly Example[], beta: Float64Array, ridge: Ridge): Generator<void, Float64Array> {
  const size = beta.length
  const hessian = new Float64Array(size * size)
  const gradient = new Float64Array(size)
  for (let from = 0; from < examples.length; from += SLICE) {
    accumulate(examples, from, Math.min(from + SLICE, examples.length), beta, gradient, hessian)
    yield
  }
  for (let index = 0; index < size; index++)
    hessian[index * size + index] = (hessian[index * size + index] as number) + ridgeAt(ridge, index)
  return triangleOf(hessian, size)
}

/** x^T H^-1 x, where `factor` is that of H: the variance of the score of x. */
export function lengthBy(factor: Float64Array, x: ArrayLike<number>): number {
  const size = x.length
  const solved = new Float64Array(size)
  let sum = 0
  for (let row = 0; row < size; row++) {
    let rest = x[row] as number
    for (let k = 0; k < row; k++) rest -= (factor[row * size + k] as number) * (solved[k] as number)
    const part = rest / (factor[row * size + row] as number)
    solved[row] = part
    sum += part * part
  }
  return sum
}

/**
 * The probability of each example by the model that would have been fitted without it, to first order (Rad and Maleki, "A scalable
 * estimate of the out-of-sample prediction error via approximate leave-one-out cross-validation", 2020). Yields as `fitLogistic` does.
 */
export function* leftOut(examples: readonly Example[], beta: Float64Array, ridge: Ridge): Generator<void, Float64Array> {
  const factor = yield* factorOf(examples, beta, ridge)
  const probabilities = new Float64Array(examples.length)
  for (const [index, { x, correct, weight }] of examples.entries()) {
    if (index % SLICE === 0) yield
    const p = probability(beta, x)
    const reach = lengthBy(factor, x)
    const kept = Math.max(LEAST_KEPT, 1 - reach * weight * p * (1 - p))
    const score = Math.log(Math.max(TINY, p) / Math.max(TINY, 1 - p)) - (reach * weight * ((correct ? 1 : 0) - p)) / kept
    probabilities[index] = 1 / (1 + Math.exp(-score))
  }
  return probabilities
}

function ridgeAt(ridge: Ridge, index: number): number {
  return typeof ridge === 'number' ? ridge : (ridge[index] as number)
}

function accumulate(
  examples: readonly Example[],
  from: number,
  to: number,
  beta: Float64Array,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  const size = beta.length
  for (let index = from; index < to; index++) {
    const { x, correct, weight } = examples[index] as Example
    const p = probability(beta, x)
    const slope = weight * ((correct ? 1 : 0) - p)
    const curve = weight * Math.max(p * (1 - p), LEAST_CURVE)
    for (let row = 0; row < size; row++) {
      const value = x[row] as number
      if (value === 0) continue
      gradient[row] = (gradient[row] as number) + slope * value
      for (let column = 0; column <= row; column++) {
        const at = row * size + column
        hessian[at] = (hessian[at] as number) + curve * value * (x[column] as number)
      }
    }
  }
}

/** The lower triangle L of which L L^T is `matrix`, symmetric and positive definite, of which the lower half is given (Cholesky). */
function triangleOf(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size)
  const at = (row: number, column: number): number => lower[row * size + column] as number
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column] as number
      for (let k = 0; k < column; k++) sum -= at(row, k) * at(column, k)
      lower[row * size + column] = row === column ? Math.sqrt(Math.max(sum, LEAST_PIVOT)) : sum / at(column, column)
    }
  }
  return lower
}

/** `matrix` x = `right`, `matrix` as `triangleOf` takes it. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const size = right.length
  const lower = triangleOf(matrix, size)
  const at = (row: number, column: number): number => lower[row * size + column] as number
  const result = Float64Array.from(right)
  for (let row = 0; row < size; row++) {
    let sum = result[row] as number
    for (let k = 0; k < row; k++) sum -= at(row, k) * (result[k] as number)
    result[row] = sum / at(row, row)
  }
  for (let row = size - 1; row >= 0; row--) {
    let sum = result[row] as number
    for (let k = row + 1; k < size; k++) sum -= at(k, row) * (result[k] as number)
    result[row] = sum / at(row, row)
  }
  return result
}

/** A hundred took 14 ms of a new process, before they are compiled. */
const SLICE = 25
const TOLERANCE = 1e-4
const LEAST_CURVE = 1e-6
const LEAST_PIVOT = 1e-9
const TINY = 1e-12
/** Share of itself that an example leaves to the others, at the least. */
const LEAST_KEPT = 0.1
