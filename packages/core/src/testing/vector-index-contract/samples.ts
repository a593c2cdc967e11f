/** Vectors and namespaces for the contract of vector indexes. */

import assert from 'node:assert/strict'
import { VectorError } from '../../errors.js'
import type { VectorMatch } from '../../semantic/ports.js'

export function idsOf(matches: readonly VectorMatch[]): string[] {
  return matches.map(({ id }) => id)
}

export function assertClose(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is about ${expected}`)
}

export function isVectorError(reason: VectorError['reason']): (error: unknown) => boolean {
  return (error) => error instanceof VectorError && error.reason === reason
}

export function scaled(vector: readonly number[], factor: number): number[] {
  return vector.map((part) => part * factor)
}

export function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, part, at) => sum + part * (b[at] as number), 0)
}

/** A direction in the plane of the first two of eight dimensions. */
export function towards(degrees: number): number[] {
  const angle = (degrees * Math.PI) / 180
  return [Math.cos(angle), Math.sin(angle), 0, 0, 0, 0, 0, 0]
}

/** A direction at random. */
export function unit(next: () => number, dimensions: number): number[] {
  // The sum of three is round enough.
  const parts = Array.from({ length: dimensions }, () => next() + next() + next() - 1.5)
  return scaled(parts, 1 / Math.hypot(...parts))
}

/** Numbers from 0 to 1, always the same ones. */
export function random(seed: number): () => number {
  let state = seed + 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

export const NAMESPACE = 'lc1.p.n'
export const EAST: readonly number[] = towards(0)
export const NORTH: readonly number[] = towards(90)
export const NORTH_EAST: readonly number[] = towards(45)
export const WEST: readonly number[] = towards(180)
/** Namespaces that are easily taken for each other. */
export const AWKWARD: readonly string[] = [
  'lc1.t.n',
  'lc1.t.n2',
  'lc1.tu.n',
  'lc1.t-u.n',
  'lc1.T.n',
  'lc1.p_q.n',
  'lc1.pxq.n',
  'lc1.p.q.n',
  'lc1-t.n',
  'lc10.t.n',
  'lc1.t.N',
]
