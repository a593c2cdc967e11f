import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { minimalPairs, paraphrases } from '../bench/lib/minimal-pairs.mjs'
import { writtenPairs } from '../bench/lib/written-pairs.mjs'
import { createHashEmbedder } from '../packages/core/src/semantic/embedders/hash.js'
import { compareTexts } from '../packages/core/src/semantic/text/compare.js'
import { createFrequencies } from '../packages/core/src/semantic/text/frequencies.js'
import { profileOf } from '../packages/core/src/semantic/text/profile.js'

type Pair = { kind: string; texts: string[] }

const compare = ({ texts: [fresh = '', old = ''] }: Pair) => compareTexts(profileOf(fresh), profileOf(old), createFrequencies())

/** Marked by a feature that says: something else is asked for. */
function isMarked(pair: Pair): boolean {
  const found = compare(pair)
  const marks =
    found.numberConflict + found.negation + found.antonym + found.entityConflict + found.reversed + found.substitution + found.question
  return found.vetoes.length > 0 || marks > 0
}

const share = (pairs: Pair[], counts: (pair: Pair) => boolean): number => pairs.filter(counts).length / pairs.length
const isRefused = (pair: Pair): boolean => compare(pair).vetoes.length > 0

describe.each([1, 7, 4711])('pairs by rule, seed %i', (seed) => {
  const different: Pair[] = minimalPairs(seed, 150)
  const same: Pair[] = paraphrases(seed, 200)

  it('are plenty, and each is two texts', () => {
    expect(different.length).toBeGreaterThanOrEqual(2000)
    expect(minimalPairs(seed, 150)).toEqual(different)
  })

  it('of minimal pairs 94 % are refused and 97 % at least marked', () => {
    expect(share(different, isRefused)).toBeGreaterThan(0.94)
    expect(share(different, isMarked)).toBeGreaterThan(0.97)
  })

  it.each([
    'negation',
    'numbers',
    'units',
    'dates',
    'money',
    'direction',
    'versions',
    'code',
    'quotes',
    'identifiers',
    'tiers',
    'languages',
  ])('of those that differ in %s 97 % are refused', (kind) => {
    expect(
      share(
        different.filter((pair) => pair.kind === kind),
        isRefused,
      ),
    ).toBeGreaterThanOrEqual(0.97)
  })

  it('of paraphrases fewer than 3 % are refused', () => {
    expect(share(same, isRefused)).toBeLessThan(0.03)
  })
})

describe('pairs by hand', () => {
  const pairs: { different: Pair[]; same: Pair[] } = writtenPairs()
  const embedder = createHashEmbedder()

  function isAlike({ texts }: Pair): boolean {
    const [a, b] = embedder.embed(texts) as readonly ArrayLike<number>[]
    return Array.from(a ?? []).reduce((sum, value, at) => sum + value * (b?.[at] ?? 0), 0) >= 0.85
  }

  it('are plenty, many of them as like as those that a threshold would take for one', () => {
    expect(pairs.different.length).toBeGreaterThan(600)
    expect(pairs.same.length).toBeGreaterThan(150)
    expect(pairs.different.filter(isAlike).length).toBeGreaterThan(200)
  })

  it('of those with a cosine of 0.85 and more that want two answers at most 3 % pass, of all at most 6 %', () => {
    const alike = pairs.different.filter(isAlike)
    expect(alike.length * (1 - share(alike, isRefused))).toBeLessThanOrEqual(alike.length * 0.03)
    expect(1 - share(pairs.different, isRefused)).toBeLessThanOrEqual(0.06)
  })

  it('of paraphrases at most 6 % are refused', () => {
    expect(share(pairs.same, isRefused)).toBeLessThanOrEqual(0.06)
  })

  it('are refused from both sides alike', () => {
    for (const { kind, texts } of [...pairs.different, ...pairs.same])
      expect(isRefused({ kind, texts: texts.toReversed() }), texts.join(' | ')).toBe(isRefused({ kind, texts }))
  })
})

it('every module of the benches finds what it imports', () => {
  const folder = new URL('../bench/', import.meta.url)
  const files = ['', 'lib/'].flatMap((under) =>
    readdirSync(new URL(under, folder))
      .filter((name) => name.endsWith('.mjs'))
      .map((name) => new URL(under + name, folder)),
  )
  expect(files.length).toBeGreaterThan(20)
  for (const file of files)
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g))
      if (!path.includes('/dist/')) expect(existsSync(new URL(path, file)), `${file.pathname}: ${path}`).toBe(true)
})
