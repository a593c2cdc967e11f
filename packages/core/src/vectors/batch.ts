/** What is done to items before a server sees them. */

import { VectorError } from '../errors.js'
import type { VectorItem } from '../semantic/ports.js'
import { toUnitVector } from '../semantic/vectors/unit.js'

export interface Batch {
  /** With vectors of length 1 and of one dimension; of those with the same id the last. Sorted by id: two batches never wait for each other. */
  readonly items: readonly VectorItem[]
  readonly dimensions: number
  /** Ids of those that have expired already, or have no valid time: what was there before is older. */
  readonly expired: readonly string[]
}

/** @throws VectorError for a vector that cannot be used */
export function createBatch(given: readonly VectorItem[], now: number): Batch {
  const byId = new Map<string, VectorItem>()
  for (const { id, vector, deleteAt } of given) byId.set(id, { id, vector: toUnitVector(vector), deleteAt })
  const dimensions = given[0]?.vector.length ?? 0
  if (given.some(({ vector }) => vector.length !== dimensions)) {
    throw new VectorError('dimension', 'The vectors of one namespace have different dimensions.')
  }
  const all = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  return {
    items: all.filter(({ deleteAt }) => deleteAt > now),
    dimensions,
    // Not `<=`: what has no valid time must not live for ever.
    expired: all.filter(({ deleteAt }) => !(deleteAt > now)).map(({ id }) => id),
  }
}

/** `all` in pieces of at most `size`. */
export function* pieces<T>(all: readonly T[], size: number): Generator<readonly T[], void, void> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}

/** A cosine as a server says it, which may be a rounding error over 1. */
export function clamped(similarity: number): number {
  return Math.max(-1, Math.min(1, similarity))
}

/** `deleteAt` as a number that every server takes: at most the last millisecond that a Date knows. */
export function finiteTime(deleteAt: number): number {
  return Math.min(deleteAt, 8.64e15)
}
