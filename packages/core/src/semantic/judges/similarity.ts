/** Compares answers by what their vectors have in common, and by what must not differ however like the vectors are. */

import { checkNames, checkObject, numberOf, wrongValue } from '../../checks.js'
import { EmbedderError } from '../../errors.js'
import type { Embedder, Judge } from '../ports.js'
import { MAX_CHARACTERS } from '../text/normalise.js'
import { conflictOf } from './conflicts.js'

export interface SimilarityJudgeOptions {
  /** Any embedder; that of the prompts will do. Sentence embedders only: a lexical one takes other words for another answer. */
  readonly embedder: Pick<Embedder, 'embed'>
  /** Cosine from which on two answers are the same. Belongs to the embedder. @default 0.9 */
  readonly same?: number
  /** Cosine up to which they are different. @default 0.6 */
  readonly different?: number
}

/** Name of every `similarityJudge`. */
export const SIMILARITY_JUDGE = 'embedding'

/**
 * 'same' from the cosine `same` on, 'different' up to `different`, in between it cannot tell. Never 'same' where numbers, names,
 * negation, direction, code or language are in conflict; short answers in which they are ('Yes.', 'No.') are 'different'.
 * Of answers longer than 4000 characters the rest is not looked at, and they are never 'same'. Costs one call of the embedder with two
 * texts.
 *
 * @throws OptionError for wrong options
 */
export function similarityJudge(options: SimilarityJudgeOptions): Judge {
  checkObject('options', options)
  checkNames(options, ['embedder', 'same', 'different'])
  const { embedder } = options
  if (typeof embedder?.embed !== 'function') throw wrongValue('embedder', embedder, 'an object with a function embed')
  const same = numberOf('same', options.same, 0.9, -1, 1)
  const different = numberOf('different', options.different, 0.6, -1, 1)
  if (different >= same) throw wrongValue('different', different, `below same (${same})`)

  return {
    name: SIMILARITY_JUDGE,
    async judge({ answers: [a, b], signal }) {
      const conflict = conflictOf(a.text, b.text)
      if (conflict === 'different') return 'different'
      const cosine = cosineOf(await embedder.embed([a.text.slice(0, MAX_CHARACTERS), b.text.slice(0, MAX_CHARACTERS)], signal))
      if (cosine >= same) return conflict === 'none' || conflict === 'contained' ? 'same' : undefined
      return cosine <= different && conflict !== 'contained' ? 'different' : undefined
    },
  }
}

function cosineOf(vectors: readonly ArrayLike<number>[]): number {
  const [a, b] = vectors
  if (!a || !b || vectors.length !== 2)
    throw new EmbedderError('wrong-count', 'The embedder of similarityJudge did not answer with one vector a text.')
  let product = 0
  let left = 0
  let right = 0
  for (let index = 0; index < a.length; index += 1) {
    const x = a[index] as number
    const y = b[index] as number
    product += x * y
    left += x * x
    right += y * y
  }
  const cosine = product / Math.sqrt(left * right)
  if (a.length === b.length && Number.isFinite(cosine)) return cosine
  throw new EmbedderError(
    'unusable',
    'The embedder of similarityJudge answered with vectors of length zero, of different lengths, or not of numbers.',
  )
}
