/** The signatures of one namespace: which of its vectors are worth comparing with a query. */

import type { Near, SignatureBlocks } from './blocks.js'
import { BLOCK_SIZE, HALF_BITS, SIGNATURE_BITS } from './layout.js'
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
  /** Those with a cosine of at least `similarity` to the query, as far as signatures can tell, and others; from `wanted` to `most`. */
  near(query: Float32Array, similarity: number, wanted: number, most: number): Near
  /**
   * Most distance that a vector has whose cosine with the query of the last `near` is at least `similarity`, but for three in a
   * hundred thousand. It does not go under a cosine of 0.55, as seen from the centre.
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

  const blockOf = (index: number): number => taken[Math.floor(index / BLOCK_SIZE)] as number
  const read = (index: number): Uint32Array => {
    blocks.read(blockOf(index), index % BLOCK_SIZE, scratch)
    return scratch
  }
  const write = (index: number, signature: Uint32Array): void => blocks.write(blockOf(index), index % BLOCK_SIZE, signature)
  const grow = (): number => {
    if (count % BLOCK_SIZE === 0) taken.push(blocks.take())
    return count++
  }
  function put(index: number, vector: Float32Array): void {
    sign(vector, centre.vector, scratch)
    write(index, scratch)
    reach = Math.max(reach, dot(centre.vector, vector, 0))
  }
  /** Most distance among `bits` of the signature. */
  function bound(bits: number, similarity: number): number {
    const cosine = Math.max(LEAST_COSINE, centredCosine(similarity, centreSquare, queryReach, reach))
    const share = Math.acos(Math.min(1, cosine)) / Math.PI
    const deviation = Math.sqrt(bits * share * (1 - share))
    return Math.min(bits, Math.ceil(bits * share + DEVIATIONS * deviation))
  }

  return {
    get centre() {
      return { vector: centre.vector, reach }
    },
    get count() {
      return count
    },
    push: (vector) => put(grow(), vector),
    restore: (signature) => write(grow(), signature),
    set: put,
    remove(index) {
      count -= 1
      if (index !== count) write(index, read(count))
      if (count % BLOCK_SIZE === 0) blocks.give(taken.pop() as number)
    },
    signature: (index) => read(index).slice(),
    near(query, similarity, wanted, most) {
      queryReach = dot(centre.vector, query, 0)
      sign(query, centre.vector, scratch)
      return blocks.compare(scratch, taken, count, bound(HALF_BITS, similarity), wanted, most)
    },
    bound: (similarity) => bound(SIGNATURE_BITS, similarity),
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
const LEAST_COSINE = 0.55
