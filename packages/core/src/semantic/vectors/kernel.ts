/** The work on signatures: in WebAssembly, and in JavaScript where there is none or where compiling it is forbidden. */

import { fromBase64 } from '#platform'
import { HAMMING_WASM } from './hamming.generated.js'
import { BLOCK_REST, FOUND_BYTES, HALF_BYTES, QUERY, SIGNATURE_BITS, SIGNATURE_BYTES } from './layout.js'

/** What hamming.wat exports; both kinds do the same, to the bit. Addresses and lengths in bytes. */
export interface Kernel {
  readonly kind: 'wasm' | 'scalar'
  /** Changes when the memory grows. */
  memory(): ArrayBuffer
  /** Makes the memory at least so large. */
  grow(bytes: number): void
  /**
   * Of a block's first `count` signatures, those whose first half has a distance of at most `high` to the query's: writes their positions,
   * from `position` on, and their distances to `out`, and returns where the next one goes.
   */
  near(at: number, count: number, position: number, high: number, out: number): number
  /**
   * Writes the signature of a vector to where the query's lies. At `at` lie four times `size` (a power of two from 512 on) f32: the vector,
   * whose place is used up, its centre, and the random signs of the first and of the second round, each 1 or -1.
   */
  sign(at: number, size: number): void
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
    const { memory, near, sign } = exports
    return {
      kind: 'wasm',
      memory: () => memory.buffer,
      grow(bytes) {
        const missing = bytes - memory.buffer.byteLength
        if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
      },
      near,
      sign,
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
    near(at, count, position, high, out) {
      let next = out
      for (let index = 0; index < count; index++) {
        const half = difference(at + index * HALF_BYTES, QUERY)
        if (half > high) continue
        words[next / 4] = position + index
        halves[next / 2 + 2] = half
        halves[next / 2 + 3] = half + difference(at + BLOCK_REST + index * HALF_BYTES, QUERY + HALF_BYTES)
        next += FOUND_BYTES
      }
      return next
    },
    sign(at, size) {
      const parts = floats.subarray(at / 4, at / 4 + size)
      const [centre, first, second] = [1, 2, 3].map((number) => floats.subarray(at / 4 + number * size, at / 4 + (number + 1) * size))
      if (!centre || !first || !second) return
      for (let place = 0; place < size; place++) {
        parts[place] = ((parts[place] as number) - (centre[place] as number)) * (first[place] as number)
      }
      transform(parts, size)
      for (let place = 0; place < size; place++) parts[place] = (parts[place] as number) * (second[place] as number)
      for (let place = SIGNATURE_BITS; place < size; place++) {
        const target = place % SIGNATURE_BITS
        parts[target] = (parts[target] as number) + (parts[place] as number)
      }
      transform(parts, SIGNATURE_BITS)
      words.fill(0, QUERY / 4, (QUERY + SIGNATURE_BYTES) / 4)
      for (let bit = 0; bit < SIGNATURE_BITS; bit++) {
        const isNegative = (parts[bit] as number) < 0 || Object.is(parts[bit], -0)
        if (!isNegative) words[QUERY / 4 + (bit >> 5)] = (words[QUERY / 4 + (bit >> 5)] as number) | (1 << (bit & 31))
      }
    },
  }
}

/** Walsh-Hadamard transform of the first `size` parts in place, without its factor. `size` is a power of two. */
function transform(parts: Float32Array, size: number): void {
  for (let step = 1; step < size; step *= 2) {
    for (let start = 0; start < size; start += step * 2) {
      for (let place = start; place < start + step; place++) {
        const a = parts[place] as number
        const b = parts[place + step] as number
        parts[place] = a + b
        parts[place + step] = a - b
      }
    }
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
      readonly near: Kernel['near']
      readonly sign: Kernel['sign']
    }
  }
}

const PAGE = 65_536
