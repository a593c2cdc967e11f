import { describe, expect, it } from 'vitest'
import { createAdaptivePolicy } from '../../../src/semantic/rule/adaptive.js'
import type { ErrorBasis } from '../../../src/semantic/rule/bound.js'
import { FEATURES_VERSION } from '../../../src/semantic/rule/features.js'
import type { DecisionPolicy } from '../../../src/semantic/rule/policy.js'
import { coefficientsWith, runStream, seeded, TRUTH } from './streams.js'

const PRIOR = { version: FEATURES_VERSION, coefficients: coefficientsWith({ ...TRUTH, one: -1 }) }
const REQUESTS = 6000

/** Where `CI` is set all of them, by hand the first half. */
const seeds = (...all: readonly number[]): readonly number[] => (process.env.CI ? all : all.slice(0, all.length >> 1))

interface Given {
  readonly seed: number
  readonly basis?: ErrorBasis
  readonly maxErrorRate?: number
  readonly z?: number
  readonly prior?: typeof PRIOR | undefined
}

function policyOf({ seed, basis = 'hits', maxErrorRate = 0.02, z = 2, ...rest }: Given): DecisionPolicy {
  const prior = 'prior' in rest ? rest.prior : PRIOR
  let time = 0
  return createAdaptivePolicy({ basis, maxErrorRate, z, prior, random: seeded(seed + 1000), now: () => time++, by: 'a' })
}

/** What chance adds to errors of which so many are to be expected. */
function atMost(expected: number): number {
  return expected + 2.5 * Math.sqrt(expected)
}

describe.each([
  ['with a prior', PRIOR],
  ['without a prior', undefined],
])('the adaptive policy %s', (_, prior) => {
  it.each(seeds(1, 2, 3, 4, 5))('keeps a bound of one in fifty hits, seed %i', (seed) => {
    const { hits, wrong } = runStream(policyOf({ seed, prior }), { requests: REQUESTS, random: seeded(seed) })
    expect(wrong).toBeLessThanOrEqual(atMost(0.02 * hits))
    expect(hits / REQUESTS).toBeGreaterThan(0.03)
  })

  it.each(seeds(1, 2, 3, 4, 5))('keeps a bound of one in a hundred requests, seed %i', (seed) => {
    const policy = policyOf({ seed, prior, basis: 'requests', maxErrorRate: 0.01 })
    const { hits, wrong } = runStream(policy, { requests: REQUESTS, random: seeded(seed) })
    expect(wrong).toBeLessThanOrEqual(0.01 * REQUESTS)
    expect(hits / REQUESTS).toBeGreaterThan(0.12)
  })
})

describe('the adaptive policy', () => {
  it('keeps its bounds on average', () => {
    const results = [11, 12, 13, 14, 15].map((seed) => runStream(policyOf({ seed }), { requests: REQUESTS, random: seeded(seed) }))
    const sum = (of: 'hits' | 'wrong'): number => results.reduce((total, result) => total + result[of], 0)
    expect(sum('wrong')).toBeLessThanOrEqual(0.02 * sum('hits'))
    expect(sum('hits')).toBeGreaterThan(0.08 * results.length * REQUESTS)
  })

  it('serves more the more errors are allowed and the less confidence is asked for', () => {
    const hits = (given: Partial<Given>): number => {
      const results = [1, 2].map((seed) =>
        runStream(policyOf({ seed, basis: 'requests', ...given }), { requests: 4000, random: seeded(seed) }),
      )
      return results.reduce((total, result) => total + result.hits, 0)
    }
    expect(hits({ maxErrorRate: 0.05 })).toBeGreaterThan(1.1 * hits({ maxErrorRate: 0.01 }))
    expect(hits({ maxErrorRate: 0.01, z: 0 })).toBeGreaterThan(1.02 * hits({ maxErrorRate: 0.01, z: 3 }))
  })

  it('serves within a few hundred requests with a prior, and without one not before 250 labels', () => {
    for (const seed of [1, 2, 3]) {
      const given = { seed, basis: 'requests' } as const
      const [soon] = runStream(policyOf(given), { requests: 500, random: seeded(seed) }).served
      const [late] = runStream(policyOf({ ...given, prior: undefined }), { requests: 1500, random: seeded(seed) }).served
      expect(soon).toBeLessThan(300)
      // One in ten requests has no candidate, hence no label.
      expect(late).toBeGreaterThan(260)
      expect(late).toBeLessThan(700)
    }
  })

  it('is not misled for long by a prior that is wrong', () => {
    const wrong = { version: FEATURES_VERSION, coefficients: coefficientsWith({ one: 3, cosine: -2, trigrams: 2 }) }
    for (const seed of seeds(1, 2, 3)) {
      const policy = policyOf({ seed, prior: wrong, basis: 'requests', maxErrorRate: 0.01 })
      const result = runStream(policy, { requests: REQUESTS, random: seeded(seed) })
      expect(result.wrong).toBeLessThanOrEqual(0.01 * REQUESTS)
      expect(result.served.filter((request) => request > REQUESTS / 2).length / REQUESTS).toBeGreaterThan(0.03)
    }
  })

  it('raises no false alarm: streams that stay as they are never stop it for drift', () => {
    for (const seed of seeds(21, 22, 23, 24, 25, 26, 27, 28, 29, 30)) {
      const policy = policyOf({ seed })
      const random = seeded(seed)
      for (let part = 0; part < 30; part++) {
        runStream(policy, { requests: 200, random })
        expect(policy.inspect().paused, `seed ${seed}`).not.toBe('drift')
      }
    }
  })

  it.each(seeds(1, 2, 3))('stops when answers change, learns anew, and serves again (seed %i)', (seed) => {
    const policy = policyOf({ seed, basis: 'requests', maxErrorRate: 0.02 })
    const random = seeded(seed)
    const before = runStream(policy, { requests: 4000, random })
    const served = before.hits / before.requests
    expect(served).toBeGreaterThan(0.1)
    // What was kept no longer answers anything.
    const changed = runStream(policy, { requests: 1500, random, isRight: () => false })
    expect(changed.served.filter((request) => request >= 250).length).toBeLessThanOrEqual(3)
    expect(changed.served.filter((request) => request >= 750)).toEqual([])
    expect(changed.wrong).toBeLessThan(1.5 * served * 250)
    expect(policy.inspect().threshold).toBeGreaterThan(0.99)
    const after = runStream(policy, { requests: 6000, random })
    const late = after.served.filter((request) => request >= 3000).length / 3000
    // It takes the failures for no less true than what came before and after.
    expect(late).toBeGreaterThan(0.25 * served)
    expect(after.wrong).toBeLessThanOrEqual(0.02 * after.requests)
  })

  it('stops hardly later where the requests are of one or two callers more than of others', () => {
    const wrongWith = (callerOf: (random: number) => string | undefined): number =>
      seeds(1, 2, 3, 4, 5, 6).reduce((sum, seed) => {
        const policy = policyOf({ seed, basis: 'requests', maxErrorRate: 0.02 })
        const random = seeded(seed)
        const who = seeded(seed + 50)
        const caller = (): string | undefined => callerOf(who())
        runStream(policy, { requests: 4000, random, caller })
        return sum + runStream(policy, { requests: 2500, random, caller, isRight: () => false }).wrong
      }, 0)
    const unknown = wrongWith(() => undefined)
    expect(wrongWith(() => 'one')).toBe(unknown)
    expect(wrongWith((random) => `${Math.floor(random * 20)}`)).toBe(unknown)
    for (const share of [0.5, 0.95]) expect(wrongWith((random) => (random < share ? 'ann' : 'bob'))).toBeLessThan(2 * unknown)
  })

  it.each(seeds(1, 2, 3))('learns anew where half of the answers change for the worse (seed %i)', (seed) => {
    const policy = policyOf({ seed })
    const random = seeded(seed)
    runStream(policy, { requests: 4000, random })
    const changed = runStream(policy, { requests: 4000, random, isRight: (right) => random() < right * 0.5 })
    expect(changed.failed.filter((request) => request >= 2000).length).toBeLessThan(20)
  })

  it.each(seeds(1, 2, 3))('keeps its bound where judges err (seed %i)', (seed) => {
    const random = seeded(seed)
    const judge = (same: boolean): boolean => (random() < (same ? 0.05 : 0.02) ? !same : same)
    const policy = policyOf({ seed, basis: 'requests', maxErrorRate: 0.02 })
    const { hits, wrong } = runStream(policy, { requests: REQUESTS, random, judge })
    expect(wrong).toBeLessThanOrEqual(0.02 * REQUESTS)
    expect(hits).toBeGreaterThan(0.05 * REQUESTS)
  })

  it('serves nothing where no judge ever tells', () => {
    const { hits } = runStream(policyOf({ seed: 1 }), { requests: 1000, random: seeded(1), judge: () => undefined })
    expect(hits).toBe(0)
  })

  it('serves nothing where nothing is good enough', () => {
    const policy = policyOf({ seed: 1 })
    const { hits } = runStream(policy, { requests: 3000, random: seeded(1), isRight: () => false })
    expect(hits).toBe(0)
    expect(policy.inspect()).toMatchObject({ paused: 'bound', threshold: Number.POSITIVE_INFINITY, error: undefined })
  })
})
