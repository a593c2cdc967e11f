/** The signatures of one namespace: which of its vectors are worth comparing with a query. */

import type { Comparison, SignatureBlocks } from './blocks.js'
import { BLOCK_SIZE, SIGNATURE_BITS } from './layout.js'
import type { Sign } from './rotation.js'
import { dot } from './unit.js'

/** What signatures of a namespace are made from. They stay comparable as long as it stays the same. */
export interface Centre {
  /** What embedders give all of their texts in common: it is taken off, so that all of a signature's bits tell texts apart. */
  readonly vector: Float32Array
  /** Largest dot product of a vector of the namespace with it. */
  readonly reach: number
}

export interface SignedVectors {
  readonly centre: Centre
  /** Signatures held. */
  readonly count: number
  /** Signs one more. */
  push(vector: Float32Array): void
  /** Takes one more as it was signed with the same centre. */
  restore(signature: Uint32Array): void
  set(index: number, vector: Float32Array): void
  /** Puts the last one in the place of the one at `index`. */
  remove(index: number): void
  /** A copy. */
  signature(index: number): Uint32Array
  compare(query: Float32Array): Comparison
  /**
   * Most distance that a vector has whose cosine with the query of the last `compare` is at least `similarity`, but for three in a
   * hundred thousand. Under half a right angle's cosine, as seen from the centre, it does not go.
   */
  bound(similarity: number): number
  /** Gives its memory back. */
  close(): void
}

/** @param sign of the same number of dimensions as the centre */
export function createSignedVectors(blocks: SignatureBlocks, sign: Sign, centre: Centre): SignedVectors {
  const taken: number[] = []
  const centreSquare = dot(centre.vector, centre.vector, 0)
  const scratch = new Uint32Array(SIGNATURE_BITS / 32)
  let { reach } = centre
  let count = 0
  /** Dot product of the query with the centre. */
  let queryReach = 0

  const at = (index: number): Uint32Array => blocks.signature(taken[Math.floor(index / BLOCK_SIZE)] as number, index % BLOCK_SIZE)
  const grow = (): Uint32Array => {
    if (count % BLOCK_SIZE === 0) taken.push(blocks.take())
    return at(count++)
  }
  function write(target: Uint32Array, vector: Float32Array): void {
    sign(vector, centre.vector, target)
    reach = Math.max(reach, dot(centre.vector, vector, 0))
  }

  return {
    get centre() {
      return { vector: centre.vector, reach }
    },
    get count() {
      return count
    },
    push: (vector) => write(grow(), vector),
    restore: (signature) => grow().set(signature),
    set: (index, vector) => write(at(index), vector),
    remove(index) {
      count -= 1
      if (index !== count) at(index).set(at(count))
      if (count % BLOCK_SIZE === 0) blocks.give(taken.pop() as number)
    },
    signature: (index) => at(index).slice(),
    compare(query) {
      queryReach = dot(centre.vector, query, 0)
      sign(query, centre.vector, scratch)
      return blocks.compare(scratch, taken, count)
    },
    bound(similarity) {
      const cosine = Math.max(LEAST_COSINE, centredCosine(similarity, centreSquare, queryReach, reach))
      const share = Math.acos(Math.min(1, cosine)) / Math.PI
      const deviation = Math.sqrt(SIGNATURE_BITS * share * (1 - share))
      return Math.min(SIGNATURE_BITS, Math.ceil(SIGNATURE_BITS * share + DEVIATIONS * deviation))
    },
    close() {
      for (const block of taken.splice(0)) blocks.give(block)
      count = 0
    },
  }
}

/**
 * Least cosine, seen from the centre, of a query and a vector x with |x| = 1 whose own cosine is `similarity`: over a = x.centre it is
 * (similarity - a - q.centre + |centre|^2) / (|x - centre| |q - centre|) with |x - centre|^2 = 1 - 2a + |centre|^2, which falls up to
 * a = 1 + q.centre - similarity and rises after it.
 */
function centredCosine(similarity: number, centreSquare: number, queryReach: number, reach: number): number {
  const a = Math.min(reach, 1 + queryReach - similarity)
  const product = similarity - a - queryReach + centreSquare
  const lengths = Math.sqrt((1 - 2 * a + centreSquare) * (1 - 2 * queryReach + centreSquare))
  return product > 0 && lengths > 0 ? product / lengths : -1
}

/** Standard deviations of the distance above its mean. */
const DEVIATIONS = 4
/** Under this, seen from the centre, vectors have little in common, and there are too many of them to compare them all. */
const LEAST_COSINE = 0.5
