/** The work on signatures: in WebAssembly, and in JavaScript where there is none or where compiling it is forbidden. */

import { fromBase64 } from '#platform'
import { HAMMING_WASM } from './hamming.generated.js'
import { BLOCK_DISTANCES, HISTOGRAM, QUERY, SIGNATURE_BITS, SIGNATURE_BYTES } from './layout.js'

/** What hamming.wat exports; both kinds do the same. Addresses and lengths in bytes. */
export interface Kernel {
  readonly kind: 'wasm' | 'scalar'
  /** Changes when the memory grows. */
  memory(): ArrayBuffer
  /** Makes the memory at least so large. */
  grow(bytes: number): void
  /** Writes the distances of a block's first `count` signatures to the query, counts them in the histogram, returns the least. */
  distances(at: number, count: number): number
  /** Writes the positions, from `position` on, whose distance is above `low` and at most `high`; returns where the next one goes. */
  collect(at: number, count: number, position: number, low: number, high: number, out: number): number
}

/** @param webAssembly false: never try */
export function openKernel(webAssembly: boolean): Kernel {
  return (webAssembly ? openWasm() : undefined) ?? openScalar()
}

/** Undefined where there is no WebAssembly, or where a policy (CSP, Cloudflare Workers) forbids to compile it. */
function openWasm(): Kernel | undefined {
  const { WebAssembly } = globalThis as { WebAssembly?: Compiler }
  if (!WebAssembly) return undefined
  try {
    // Under 4 KiB, so that browsers compile it at once.
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fromBase64(HAMMING_WASM)))
    const { memory, distances, collect } = exports
    return {
      kind: 'wasm',
      memory: () => memory.buffer,
      grow(bytes) {
        const missing = bytes - memory.buffer.byteLength
        if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
      },
      distances,
      collect,
    }
  } catch {
    return undefined
  }
}

function openScalar(): Kernel {
  let memory = new ArrayBuffer(PAGE)
  let words = new Uint32Array(memory)
  let halves = new Uint16Array(memory)
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
    },
    distances(at, count) {
      let least = SIGNATURE_BITS
      for (let index = 0; index < count; index++) {
        const from = (at + index * SIGNATURE_BYTES) / 4
        let distance = 0
        for (let word = 0; word < SIGNATURE_BYTES / 4; word++)
          distance += bitCount((words[from + word] as number) ^ (words[QUERY / 4 + word] as number))
        halves[(at + BLOCK_DISTANCES) / 2 + index] = distance
        words[HISTOGRAM / 4 + distance] = (words[HISTOGRAM / 4 + distance] as number) + 1
        if (distance < least) least = distance
      }
      return least
    },
    collect(at, count, position, low, high, out) {
      let next = out
      for (let index = 0; index < count; index++) {
        const distance = halves[(at + BLOCK_DISTANCES) / 2 + index] as number
        if (distance <= low || distance > high) continue
        words[next / 4] = position + index
        next += 4
      }
      return next
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
    }
  }
}

const PAGE = 65_536
