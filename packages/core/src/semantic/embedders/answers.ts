/** What an embedder answered, checked. */

import { EmbedderError, type VectorError } from '../../errors.js'
import type { Embedder } from '../ports.js'
import { unitVector } from './vectors.js'

/** A vector of length 1, or why there is none. */
export type Checked = Float32Array | VectorError | EmbedderError

export interface AnswerCheck {
  /** Length of the embedder's vectors: declared, else as the first one had it. */
  readonly dimensions: number | undefined
  /**
   * One vector or error for each of `count` texts.
   * @throws EmbedderError where the answer is not a list of `count`; VectorError where none of the vectors can be used
   */
  check(answer: unknown, count: number): Checked[]
}

export function createAnswerCheck(embedder: Pick<Embedder, 'id' | 'dimensions'>): AnswerCheck {
  let dimensions = embedder.dimensions

  function checkOne(values: unknown): Checked {
    if (!isArrayLike(values)) return new EmbedderError('unusable', `Embedder ${embedder.id} answered with something that is no vector.`)
    try {
      const vector = unitVector(values, dimensions)
      dimensions ??= vector.length
      return vector
    } catch (error) {
      return error as VectorError
    }
  }

  return {
    get dimensions() {
      return dimensions
    },
    check(answer, count) {
      if (!Array.isArray(answer)) throw new EmbedderError('unusable', `Embedder ${embedder.id} answered with something that is no list.`)
      if (answer.length !== count)
        throw new EmbedderError('wrong-count', `Embedder ${embedder.id} answered with ${answer.length} vectors for ${count} texts.`)
      const checked = answer.map(checkOne)
      const first = checked[0]
      if (first instanceof Error && checked.every((one) => one instanceof Error)) throw first
      return checked
    },
  }
}

function isArrayLike(value: unknown): value is ArrayLike<number> {
  return typeof value === 'object' && value !== null && Number.isSafeInteger((value as { length?: unknown }).length)
}
