import { describe, expect, it } from 'vitest'
import { createPage } from '../../../src/semantic/vectors/page.js'
import { dot } from '../../../src/semantic/vectors/unit.js'
import { gaussian } from './vectors.js'

const next = gaussian(31)
const draw = (dimensions: number, parts: number): Float32Array => {
  const vector = new Float32Array(dimensions)
  for (let at = 0; at < parts; at++) vector[Math.floor(Math.abs(next()) * 1e6) % dimensions] = next()
  return vector
}

describe('a page of vectors', () => {
  it.each([64, 67, 1024])('gives back what it was given, whatever was replaced and dropped (%i dimensions)', (dimensions) => {
    const page = createPage(dimensions, 0)
    const held = new Map<number, Float32Array>()
    const query = draw(dimensions, dimensions)
    for (let turn = 0; turn < 2000; turn++) {
      const index = Math.floor(Math.abs(next()) * 1e6) % 256
      if (next() > 1) {
        page.drop(index)
        held.delete(index)
      } else {
        // Mostly zeros, full, and around where a full one begins.
        const vector = draw(dimensions, [1, dimensions / 8, dimensions / 8 + 1, dimensions / 3, dimensions * 3][turn % 5] as number)
        page.set(index, vector)
        held.set(index, vector)
      }
      if (turn % 100 > 0) continue
      for (const [at, vector] of held) {
        if (page.read(at).some((part, place) => part !== vector[place])) expect.fail(`${at} is another one`)
        expect(page.dot(at, query)).toBeCloseTo(dot(query, vector, 0), 3)
      }
    }
    expect(page.capacity).toBeLessThanOrEqual(256 * dimensions)
  })

  it('takes six bytes a part of what is mostly zeros, four a dimension of the rest, and leaves little room unused', () => {
    const page = createPage(1024, 0)
    const sparse = new Float32Array(1024).fill(1, 100, 175)
    expect(page.set(0, sparse)).toBe(75 + 38)
    expect(page.set(1, new Float32Array(1024).fill(1, 0, 256))).toBe(256 + 128)
    expect(page.set(1, new Float32Array(1024).fill(1, 0, 257))).toBe(1024)
    for (let turn = 0; turn < 3000; turn++) page.set(turn % 256, sparse)
    expect(page.capacity).toBeLessThan(256 * 113 * 2)
    // What takes as much as the one before takes its place.
    const full = createPage(64, 0)
    for (let turn = 0; turn < 512; turn++) full.set(turn % 256, draw(64, 1000))
    expect(full.capacity).toBe(256 * 64)
  })
})
