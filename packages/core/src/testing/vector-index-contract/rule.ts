/** What a rule of the contract of vector indexes is given. */

import type { Awaitable } from '../../ports.js'
import type { VectorIndex, VectorMatch } from '../../semantic/ports.js'
import type { ManualClock } from '../manual-clock.js'

/** By what they say. */
export type Rules = Readonly<Record<string, (check: Check) => Promise<void>>>

/** The index under test, empty, and what lies behind it. */
export interface VectorIndexSubject {
  readonly index: VectorIndex
  /** Something of another application in the same backend that `clear` must leave alone. */
  readonly foreign?: { plant(): Awaitable<void>; isThere(): Awaitable<boolean> }
  /** Frees what `create` opened. Called once, after the test and after `index.close`. */
  dispose?(): Awaitable<void>
}

export interface Check extends VectorIndexSubject {
  readonly clock: ManualClock
  readonly tolerance: number
  /** With zeros at its end, where the index takes vectors of one length alone. */
  vector(parts: ArrayLike<number>): Float32Array
  readonly hasOneLength: boolean
  settle(): Promise<void>
  /** Adds vectors by id, for an hour. */
  add(namespace: string, vectors: Readonly<Record<string, ArrayLike<number>>>): Promise<void>
  /** The ten nearest, unless told otherwise. */
  find(
    namespace: string,
    vector: ArrayLike<number>,
    query?: { readonly k?: number; readonly minSimilarity?: number; readonly exact?: boolean },
  ): Promise<readonly VectorMatch[]>
}
