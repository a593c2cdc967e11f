import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { generate } from '../../../../../scripts/generate-hamming.mjs'
import { createSignatureBlocks } from '../../../src/semantic/vectors/blocks.js'
import { openKernel } from '../../../src/semantic/vectors/kernel.js'
import { gaussian } from './vectors.js'

const next = gaussian(1)
const signature = (): Uint32Array => Uint32Array.from({ length: 16 }, () => Math.floor(next() * 2 ** 31))
/** `from` with its first `count` bits changed. */
const changed = (from: Uint32Array, count: number): Uint32Array =>
  from.map((word, at) => {
    const bits = Math.min(32, Math.max(0, count - at * 32))
    return word ^ (bits === 32 ? -1 : (1 << bits) - 1)
  })

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
    for (let at = 0; at < count; at++) blocks.signature(taken[Math.floor(at / 256)] as number, at % 256).set(changed(query, at % 513))
    const { reach, within, positions } = blocks.compare(query, taken, count)
    expect(reach(2)).toBe(0)
    expect(reach(3)).toBe(1)
    expect(reach(87 * 2)).toBe(86)
    expect(reach(10_000)).toBe(512)
    expect(within(50, 1000)).toBe(50)
    expect(within(50, 20)).toBe(9)
    expect(within(50, 1)).toBe(0)
    expect([...positions(-1, 2)]).toEqual([0, 1, 2, 513, 514, 515])
    expect([...positions(2, 3)]).toEqual([3, 516])
    expect([...positions(510, 512)]).toEqual([511, 512])
    expect(positions(-1, 512).length).toBe(count)
  })

  it('does the same in both kinds', () => {
    const both = [true, false].map((webAssembly) => createSignatureBlocks(openKernel(webAssembly)))
    const query = signature()
    const signatures = Array.from({ length: 1000 }, signature)
    let near = 0
    const found = both.map((blocks) => {
      const taken = Array.from({ length: 4 }, () => blocks.take())
      for (const [at, words] of signatures.entries()) blocks.signature(taken[at >> 8] as number, at & 255).set(words)
      const { reach, positions } = blocks.compare(query, taken, signatures.length)
      near = positions(-1, reach(100)).length
      return [reach(100), [...positions(-1, reach(100))], [...positions(reach(100), reach(200))]]
    })
    expect(found[0]).toEqual(found[1])
    expect(found[0]?.[1]).toHaveLength(near)
    expect(near).toBeGreaterThanOrEqual(100)
  })

  it.each([true, false])('gives no more positions than there is room for (WebAssembly: %s)', (webAssembly) => {
    const blocks = createSignatureBlocks(openKernel(webAssembly))
    const query = signature()
    const taken = Array.from({ length: 20 }, () => blocks.take())
    for (let at = 0; at < 5120; at++) blocks.signature(taken[at >> 8] as number, at & 255).set(query)
    const first = blocks.signature(taken[0] as number, 0).slice()
    const { positions } = blocks.compare(query, taken, 5120)
    expect(positions(-1, 0)).toEqual(Uint32Array.from({ length: 3839 }, (_, at) => at))
    expect(blocks.signature(taken[0] as number, 0)).toEqual(first)
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
