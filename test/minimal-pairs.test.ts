import { describe, expect, it } from 'vitest'
import { minimalPairs, paraphrases } from '../bench/lib/minimal-pairs.mjs'
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
