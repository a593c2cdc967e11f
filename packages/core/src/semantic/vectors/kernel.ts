/** The work on signatures: in WebAssembly, and in JavaScript where there is none or where compiling it is forbidden. */

import { fromBase64 } from '#platform'
import { HAMMING_WASM } from './hamming.generated.js'
import { BLOCK_DISTANCES, BLOCK_REST, FOUND_BYTES, HALF_BITS, HALF_BYTES, HALF_HISTOGRAM, HISTOGRAM, QUERY } from './layout.js'

/** What hamming.wat exports; both kinds do the same, to the bit. Addresses and lengths in bytes. */
export interface Kernel {
  readonly kind: 'wasm' | 'scalar'
  /** Changes when the memory grows. */
  memory(): ArrayBuffer
  /** Makes the memory at least so large. */
  grow(bytes: number): void
  /**
   * Writes the distances of the first halves of a block's first `count` signatures to the query's, counts them in their histogram, returns
   * the least.
   */
  distances(at: number, count: number): number
  /**
   * Writes the positions, from `position` on, and the whole distances of those whose first half has a distance of at most `high`, counts
   * these in their histogram, and returns where the next one goes.
   */
  collect(at: number, count: number, position: number, high: number, out: number): number
  /** Walsh-Hadamard transform in place of `size` (a power of two from 8 on) f32, without its factor. */
  transform(at: number, size: number): void
}

/** @param webAssembly false: never try */
export function openKernel(webAssembly: boolean): Kernel {
  return (webAssembly ? openWasm() : undefined) ?? openScalar()
}

/** Undefined where there is no WebAssembly with SIMD, or where a policy (CSP, Cloudflare Workers) forbids to compile it. */
function openWasm(): Kernel | undefined {
  const { WebAssembly } = globalThis as { WebAssembly?: Compiler }
  if (!WebAssembly) return undefined
  try {
    // Under 4 KiB, so that browsers compile it at once.
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fromBase64(HAMMING_WASM)))
    const { memory, distances, collect, transform } = exports
    return {
      kind: 'wasm',
      memory: () => memory.buffer,
      grow(bytes) {
        const missing = bytes - memory.buffer.byteLength
        if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
      },
      distances,
      collect,
      transform,
    }
  } catch {
    return undefined
  }
}

function openScalar(): Kernel {
  let memory = new ArrayBuffer(PAGE)
  let words = new Uint32Array(memory)
  let halves = new Uint16Array(memory)
  let floats = new Float32Array(memory)

  /** Ones among the 256 bits in which two places differ. */
  function difference(a: number, b: number): number {
    let count = 0
    for (let word = 0; word < HALF_BYTES / 4; word++) count += bitCount((words[a / 4 + word] as number) ^ (words[b / 4 + word] as number))
    return count
  }

  function countIn(histogram: number, distance: number): void {
    words[histogram / 4 + distance] = (words[histogram / 4 + distance] as number) + 1
  }

  return {
    kind: 'scalar',
    memory: () => memory,
    grow(bytes) {
      if (bytes <= memory.byteLength) return
      const larger = new Uint32Array(Math.ceil(Math.max(bytes, memory.byteLength * 1.5) / 8) * 2)
      larger.set(words)
      words = larger
      memory = larger.buffer
      halves = new Uint16Array(memory)
      floats = new Float32Array(memory)
    },
    distances(at, count) {
      let least = HALF_BITS
      for (let index = 0; index < count; index++) {
        const distance = difference(at + index * HALF_BYTES, QUERY)
        halves[(at + BLOCK_DISTANCES) / 2 + index] = distance
        countIn(HALF_HISTOGRAM, distance)
        if (distance < least) least = distance
      }
      return least
    },
    collect(at, count, position, high, out) {
      let next = out
      for (let index = 0; index < count; index++) {
        const half = halves[(at + BLOCK_DISTANCES) / 2 + index] as number
        if (half > high) continue
        const distance = half + difference(at + BLOCK_REST + index * HALF_BYTES, QUERY + HALF_BYTES)
        words[next / 4] = position + index
        words[next / 4 + 1] = distance
        countIn(HISTOGRAM, distance)
        next += FOUND_BYTES
      }
      return next
    },
    transform(at, size) {
      const end = at / 4 + size
      for (let step = 1; step < size; step *= 2) {
        for (let start = at / 4; start < end; start += step * 2) {
          for (let place = start; place < start + step; place++) {
            const a = floats[place] as number
            const b = floats[place + step] as number
            floats[place] = a + b
            floats[place + step] = a - b
          }
        }
      }
    },
  }
}

/** Ones among 32 bits. H. S. Warren, Hacker's Delight, section 5-1. */
function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** The part of `WebAssembly` that is used; the platform's types are not among core's. */
interface Compiler {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
      readonly distances: Kernel['distances']
      readonly collect: Kernel['collect']
      readonly transform: Kernel['transform']
    }
  }
}

const PAGE = 65_536
