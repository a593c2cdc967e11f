/** The vectors of up to 256 slots. One that is mostly zeros, as a hashed text is, is kept as its other parts and their places. */

import { BLOCK_SIZE } from './layout.js'
import { dot } from './unit.js'

export interface Page {
  /** Size of what it holds, in words of four bytes. */
  readonly capacity: number
  /** Copies a vector of the page's dimensions. @returns words of four bytes that it takes */
  set(index: number, vector: Float32Array): number
  drop(index: number): void
  /** A copy. */
  read(index: number): Float32Array
  /** Dot product with `query`. */
  dot(index: number, query: Float32Array): number
}

/** @param room words of four bytes that are likely to be needed */
export function createPage(dimensions: number, room: number): Page {
  /** Of each vector its parts, or those that are not zero and then their places, two a word. */
  let words = new Float32Array(room)
  let places = new Uint16Array(words.buffer)
  const starts: number[] = []
  /** How many parts each vector has; 0 where there is none. */
  const counts: number[] = []
  let end = 0
  /** Words before the end that are nobody's. */
  let unused = 0

  const sizeOf = (count: number): number => (count === dimensions ? count : count + Math.ceil(count / 2))

  function drop(index: number): void {
    if (index >= counts.length) return
    unused += sizeOf(counts[index] as number)
    counts[index] = 0
  }

  /** Closes gaps, and grows where that is not enough. */
  function makeRoom(size: number): void {
    const needed = end - unused + size
    const larger = Math.min(BLOCK_SIZE * dimensions, Math.ceil(needed * GROWTH))
    const packed = new Float32Array(needed * GAPS > words.length ? Math.max(larger, words.length) : words.length)
    end = 0
    unused = 0
    for (const [index, count] of counts.entries()) {
      const start = starts[index] as number
      packed.set(words.subarray(start, start + sizeOf(count)), end)
      starts[index] = end
      end += sizeOf(count)
    }
    words = packed
    places = new Uint16Array(words.buffer)
  }

  function write(vector: Float32Array, start: number, count: number): void {
    if (count === dimensions) {
      words.set(vector, start)
      return
    }
    let part = start
    let place = (start + count) * 2
    for (let at = 0; at < dimensions; at++) {
      if (vector[at] === 0) continue
      words[part++] = vector[at] as number
      places[place++] = at
    }
  }

  return {
    get capacity() {
      return words.length
    },
    set(index, vector) {
      for (let at = counts.length; at <= index; at++) starts[at] = counts[at] = 0
      const parts = countParts(vector)
      const count = parts * SPARSE > dimensions ? dimensions : parts
      const size = sizeOf(count)
      if (size !== sizeOf(counts[index] as number)) {
        drop(index)
        if (end + size > words.length) makeRoom(size)
        starts[index] = end
        counts[index] = count
        end += size
      }
      write(vector, starts[index] as number, count)
      return size
    },
    drop,
    read(index) {
      const start = starts[index] as number
      const count = counts[index] as number
      if (count === dimensions) return words.slice(start, start + count)
      const vector = new Float32Array(dimensions)
      for (let at = 0; at < count; at++) vector[places[(start + count) * 2 + at] as number] = words[start + at] as number
      return vector
    },
    dot(index, query) {
      const start = starts[index] as number
      const count = counts[index] as number
      if (count === dimensions) return dot(query, words, start)
      // Looked up once.
      const parts = words
      const where = places
      const end = start + count
      let a = 0
      let b = 0
      let c = 0
      let d = 0
      let at = start
      let place = end * 2
      for (; at + 3 < end; at += 4, place += 4) {
        a += (parts[at] as number) * (query[where[place] as number] as number)
        b += (parts[at + 1] as number) * (query[where[place + 1] as number] as number)
        c += (parts[at + 2] as number) * (query[where[place + 2] as number] as number)
        d += (parts[at + 3] as number) * (query[where[place + 3] as number] as number)
      }
      for (; at < end; at++, place++) a += (parts[at] as number) * (query[where[place] as number] as number)
      return a + b + (c + d)
    },
  }
}

function countParts(vector: Float32Array): number {
  let count = 0
  for (let at = 0; at < vector.length; at++) if (vector[at] !== 0) count++
  return count
}

/** A vector is kept without its zeros where at most one part in so many is another number: from there on the detour costs what it saves. */
const SPARSE = 4
const GROWTH = 1.5
/** Gaps are closed in place where they are a fifth and more. */
const GAPS = 1.25
