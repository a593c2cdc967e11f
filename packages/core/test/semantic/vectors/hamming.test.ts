import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { generate } from '../../../../../scripts/generate-hamming.mjs'
import { createSignatureBlocks, type Near } from '../../../src/semantic/vectors/blocks.js'
import { openKernel } from '../../../src/semantic/vectors/kernel.js'
import { createSign } from '../../../src/semantic/vectors/rotation.js'
import { gaussian, unitVector } from './vectors.js'

const next = gaussian(1)
const signature = (): Uint32Array => Uint32Array.from({ length: 16 }, () => Math.floor(next() * 2 ** 31))
/** `from` with its first `count` bits changed. */
const changed = (from: Uint32Array, count: number): Uint32Array =>
  from.map((word, at) => {
    const bits = Math.min(32, Math.max(0, count - at * 32))
    return word ^ (bits === 32 ? -1 : (1 << bits) - 1)
  })

const ones = (word: number): number => [...(word >>> 0).toString(2)].filter((bit) => bit === '1').length
const distance = (a: Uint32Array, b: Uint32Array): number => a.reduce((sum, word, at) => sum + ones(word ^ (b[at] as number)), 0)
const pairsOf = ({ count, positions, distances }: Near): number[][] =>
  Array.from({ length: count }, (_, at) => [positions[at] as number, distances[at] as number])

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('the kernel', () => {
  it('is what hamming.wat says', async () => {
    const file = readFileSync(new URL('../../../src/semantic/vectors/hamming.generated.ts', import.meta.url), 'utf8')
    expect(file).toBe(await generate())
  })

  it('is WebAssembly where there is any, and JavaScript otherwise', () => {
    expect(openKernel(true).kind).toBe('wasm')
    expect(openKernel(false).kind).toBe('scalar')
    vi.stubGlobal('WebAssembly', undefined)
    expect(openKernel(true).kind).toBe('scalar')
    vi.stubGlobal('WebAssembly', {
      Module: class {
        constructor() {
          throw new Error('Wasm code generation disallowed by embedder')
        }
      },
    })
    expect(openKernel(true).kind).toBe('scalar')
  })

  it.each([true, false])('finds signatures by their distance (WebAssembly: %s)', (webAssembly) => {
    const blocks = createSignatureBlocks(openKernel(webAssembly))
    const query = signature()
    const taken = [blocks.take(), blocks.take(), blocks.take()]
    // Position p has distance p, up to 512, and again 0 from 513 on.
    const count = 600
    for (let at = 0; at < count; at++) blocks.write(taken[at >> 8] as number, at & 255, changed(query, at % 513))
    // Those of 256 and more differ in the whole of the first half; of 0 to 86 there are two, of 87 to 512 one.
    const nearest = Array.from({ length: 256 + 87 }, (_, at) => (at < 174 ? [(at >> 1) + (at % 2) * 513, at >> 1] : [at - 87, at - 87]))
    expect(pairsOf(blocks.compare(query, taken, count, 255, 1, 1000))).toEqual(nearest)
    expect(pairsOf(blocks.compare(query, taken, count, 255, 1, 100))).toEqual(nearest.slice(0, 100))
    expect(pairsOf(blocks.compare(query, taken, count, 1, 0, 1000))).toEqual(nearest.slice(0, 4))
    // All of them, where those within the limit are too few.
    expect(blocks.compare(query, taken, count, 0, 2, 1000).count).toBe(2)
    expect(pairsOf(blocks.compare(query, taken, count, 0, 3, 1000)).slice(0, nearest.length)).toEqual(nearest)
    expect(blocks.compare(query, taken, count, 0, 3, 1000).count).toBe(count)
    expect(blocks.compare(query, taken, count, 256, 0, 1000).count).toBe(count)
  })

  it('does the same in both kinds', () => {
    const both = [true, false].map((webAssembly) => createSignatureBlocks(openKernel(webAssembly)))
    const query = signature()
    const signatures = Array.from({ length: 1000 }, signature)
    const found = both.map((blocks) => {
      const taken = Array.from({ length: 4 }, () => blocks.take())
      for (const [at, words] of signatures.entries()) blocks.write(taken[at >> 8] as number, at & 255, words)
      // What an earlier query found lies where this one writes.
      blocks.compare(query, taken, 1000, 256, 0, 1000)
      return [990, 993, 1000].map((count) => pairsOf(blocks.compare(query, taken, count, 120, 100, 1000)))
    })
    expect(found[0]).toEqual(found[1])
    expect(found[0]?.[0]).toEqual(
      signatures
        .slice(0, 990)
        .map((words, at) => [at, distance(words, query), distance(words.subarray(0, 8), query.subarray(0, 8))] as const)
        .filter(([, , half]) => half <= 120)
        .sort((a, b) => a[1] - b[1])
        .map(([at, whole]) => [at, whole]),
    )
  })

  it('makes the same signatures in both kinds, to the bit', () => {
    for (const dimensions of [8, 300, 512, 1500]) {
      const vector = Float32Array.from({ length: dimensions }, () => next())
      const centre = Float32Array.from({ length: dimensions }, () => next() / 4)
      const [wasm, scalar] = [true, false].map((webAssembly) => {
        const signature = new Uint32Array(16)
        const sign = createSign(dimensions, createSignatureBlocks(openKernel(webAssembly)))
        sign(centre, vector, signature)
        sign(vector, centre, signature)
        return signature
      })
      expect(wasm).toEqual(scalar)
      const opposite = new Uint32Array(16)
      createSign(dimensions, createSignatureBlocks(openKernel(true)))(centre, vector, opposite)
      expect(distance(wasm as Uint32Array, opposite)).toBe(512)
    }
  })

  it('makes signatures that differ by the angle', () => {
    const sign = createSign(1024, createSignatureBlocks(openKernel(true)))
    const [a, b, c] = [0, 1, 2].map(() => unitVector(next, 1024)) as [Float32Array, Float32Array, Float32Array]
    const signatureOf = (vector: Float32Array): Uint32Array => {
      const out = new Uint32Array(16)
      sign(vector, c, out)
      return out
    }
    // Seen from c, all of them at a right angle, a and b are 60 degrees apart.
    expect(Math.abs(distance(signatureOf(a), signatureOf(b)) - 512 / 3)).toBeLessThan(55)
    expect(distance(signatureOf(a), signatureOf(a))).toBe(0)
  })

  it.each([true, false])('finds no more than there is room for (WebAssembly: %s)', (webAssembly) => {
    const blocks = createSignatureBlocks(openKernel(webAssembly))
    const query = signature()
    const taken = Array.from({ length: 20 }, () => blocks.take())
    for (let at = 0; at < 5120; at++) blocks.write(taken[at >> 8] as number, at & 255, query)
    expect(pairsOf(blocks.compare(query, taken, 5120, 256, 1, 5000))).toEqual(Array.from({ length: 4096 }, (_, at) => [at, 0]))
    const first = new Uint32Array(16)
    blocks.read(taken[0] as number, 0, first)
    expect(first).toEqual(query)
    for (let at = 4; at < 5120; at++) blocks.write(taken[at >> 8] as number, at & 255, changed(query, 1))
    // Fewer where there are more than fit: the nearest are among them.
    expect(pairsOf(blocks.compare(query, taken, 5120, 256, 1, 5000))).toEqual([0, 1, 2, 3].map((at) => [at, 0]))
  })

  it('takes blocks that were given back before it grows', () => {
    const kernel = openKernel(true)
    const blocks = createSignatureBlocks(kernel)
    const taken = Array.from({ length: 50 }, () => blocks.take())
    const size = kernel.memory().byteLength
    for (const block of taken) blocks.give(block)
    expect(new Set(Array.from({ length: 50 }, () => blocks.take()))).toEqual(new Set(taken))
    expect(kernel.memory().byteLength).toBe(size)
  })
})
