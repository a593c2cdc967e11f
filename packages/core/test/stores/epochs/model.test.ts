import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Breakage, plan, run } from './model.js'

const RUNS = process.env.CI ? 10_000 : 500

describe('invalidation in any interleaving', () => {
  it(
    'loses nothing and brings nothing back',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), plan, (scheduler, planned) => run(scheduler, planned)),
        { numRuns: RUNS },
      )
    },
    process.env.CI ? 1_200_000 : 120_000,
  )

  it.each<Breakage>(['marks are lost', 'stamps come from the end', 'nobody asks again'])(
    'is found out where %s',
    async (breakage) => {
      const outcome = await fc.check(
        fc.asyncProperty(fc.scheduler(), plan, (scheduler, planned) => run(scheduler, planned, breakage)),
        { numRuns: 3000, seed: 7, endOnFailure: true },
      )
      expect(outcome.failed).toBe(true)
      expect(String(outcome.errorInstance)).toContain('which was invalidated')
    },
    120_000,
  )
})
