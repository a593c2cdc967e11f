import { describe, expect, it } from 'vitest'
import { createSharedStats } from '../../src/observe/shared-stats.js'
import { createManualClock } from '../../src/testing/manual-clock.js'

const zero = { hits: 0, collapsed: 0, misses: 0, stored: 0, saved: { inputTokens: 0, outputTokens: 0, usd: 0, originMs: 0 } }

function store(): { sums: Record<string, number>; down: boolean; counters: Parameters<typeof createSharedStats>[0] } {
  const made = {
    sums: {} as Record<string, number>,
    down: false,
    counters: {
      async add(deltas: Readonly<Record<string, number>>) {
        if (made.down) return false
        for (const [name, delta] of Object.entries(deltas)) made.sums[name] = (made.sums[name] ?? 0) + delta
        return true
      },
      read: async () => (made.down ? undefined : made.sums),
    },
  }
  return made
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('statistics of all processes', () => {
  it('add up, whatever each has told before', async () => {
    const clock = createManualClock()
    const shared = store()
    const counts = [zero, zero]
    const reporters = counts.map((_, index) => createSharedStats(shared.counters, { clock, own: () => counts[index] ?? zero }))
    counts[0] = { ...zero, hits: 3, misses: 1 }
    clock.advance(5000)
    await turn()
    expect(shared.sums).toEqual({ hits: 3, misses: 1 })
    counts[0] = { ...zero, hits: 5, misses: 1, saved: { ...zero.saved, usd: 0.5 } }
    counts[1] = { ...zero, hits: 1, misses: 3 }
    await reporters[1]?.read()
    expect(await reporters[0]?.read()).toMatchObject({ hits: 6, misses: 4, hitRate: 0.6, savedUsd: 0.5, stored: 0 })
    await Promise.all(reporters.map((reporter) => reporter.close()))
    expect(clock.pending()).toBe(0)
  })

  it('lose nothing while the store is down', async () => {
    const clock = createManualClock()
    const shared = store()
    let hits = 1
    const reporter = createSharedStats(shared.counters, { clock, own: () => ({ ...zero, hits }) })
    shared.down = true
    expect(await reporter.read()).toBeUndefined()
    hits = 4
    clock.advance(5000)
    await turn()
    shared.down = false
    expect(await reporter.read()).toMatchObject({ hits: 4 })
    hits = 5
    await reporter.close()
    expect(shared.sums.hits).toBe(5)
  })
})
