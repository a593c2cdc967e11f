import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate, DecisionPolicy } from '../../../src/semantic/rule/policy.js'
import { createVCachePolicy } from '../../../src/semantic/rule/vcache.js'
import { featuresWith, seeded, sigmoid } from './streams.js'

function candidate(similarity: number, entryId = 'entry'): Candidate {
  return { features: featuresWith({}), similarity, entryId }
}

function learn(policy: DecisionPolicy, labels: readonly (readonly [similarity: number, same: boolean])[], entryId = 'entry'): void {
  for (const [similarity, same] of labels) {
    const decision = { action: 'ask', probability: undefined, threshold: 1, error: undefined, auditRate: 1 } as const
    policy.learn({ candidate: candidate(similarity, entryId), decision, same })
  }
}

function policyOf(maxErrorRate: number, random = () => 0, by = 'a', from = 0): DecisionPolicy {
  let time = from
  return createVCachePolicy({ maxErrorRate, random, by, now: () => time++ })
}

/** Chance of asking. */
const chanceAt = (policy: DecisionPolicy, similarity: number): number => policy.decide(candidate(similarity)).auditRate

const CLEAR = [...Array.from({ length: 20 }, () => [0.9, true] as const), ...Array.from({ length: 20 }, () => [0.5, false] as const)]

describe('createVCachePolicy', () => {
  it.each([1, 2, 3, 4, 5])('keeps its bound on many askers of a few entries (seed %i)', (seed) => {
    const random = seeded(seed)
    const policy = policyOf(0.05, seeded(seed + 50))
    let hits = 0
    let wrong = 0
    const requests = 4000
    for (let request = 0; request < requests; request++) {
      const entry = Math.floor(random() * 12)
      const similarity = 0.4 + 0.6 * random()
      const asked = candidate(similarity, `e${entry}`)
      const same = random() < sigmoid(30 * (similarity - 0.6 - entry / 50))
      const decision = policy.decide(asked)
      if (decision.action === 'ask') policy.learn({ candidate: asked, decision, same })
      else {
        hits++
        if (!same) wrong++
      }
    }
    expect(wrong / requests).toBeLessThanOrEqual(0.05)
    expect(hits / requests).toBeGreaterThan(0.15)
  })

  it('asks less the nearer the prompt is', () => {
    const label = fc.tuple(
      fc.integer({ min: 20, max: 100 }).map((value) => value / 100),
      fc.boolean(),
    )
    fc.assert(
      fc.property(fc.array(label, { maxLength: 20 }), fc.constantFrom(0.01, 0.05, 0.2), (labels, maxErrorRate) => {
        const policy = policyOf(maxErrorRate)
        learn(policy, labels)
        const chances = [0, 0.2, 0.4, 0.6, 0.8, 0.9, 1].map((similarity) => chanceAt(policy, similarity))
        for (const [index, chance] of chances.entries()) {
          expect(chance).toBeGreaterThanOrEqual(0)
          expect(chance).toBeLessThanOrEqual(1)
          if (index > 0) expect(chance).toBeLessThanOrEqual((chances[index - 1] as number) + 1e-9)
        }
      }),
    )
  })

  it('asks less the more errors are allowed', () => {
    const chances = [0.001, 0.01, 0.05, 0.2].map((maxErrorRate) => {
      const policy = policyOf(maxErrorRate)
      learn(policy, CLEAR)
      return chanceAt(policy, 0.8)
    })
    expect(chances).toEqual([...chances].sort((a, b) => b - a))
    expect(chances[0]).toBeGreaterThan(chances[3] as number)
  })

  it('serves what is like labels that all were right, and not what is unlike them', () => {
    const policy = policyOf(0.05)
    learn(
      policy,
      Array.from({ length: 30 }, () => [0.8, true] as const),
    )
    expect(chanceAt(policy, 0.9)).toBeLessThan(0.2)
    expect(chanceAt(policy, 0.4)).toBeGreaterThan(0.8)
  })

  it('knows nothing of an entry that it has less than three labels of', () => {
    const policy = policyOf(0.2)
    learn(policy, CLEAR, 'another')
    learn(policy, [
      [0.9, true],
      [0.9, true],
    ])
    expect(policy.decide(candidate(1))).toMatchObject({ action: 'ask', auditRate: 1 })
    expect(policy.decide(undefined)).toMatchObject({ action: 'ask', probability: undefined })
  })

  it('acts by its chance', () => {
    const random = seeded(3)
    const policy = policyOf(0.05, random)
    learn(policy, CLEAR.slice(10, 30))
    const chance = chanceAt(policy, 0.82)
    expect(chance).toBeGreaterThan(0.02)
    expect(chance).toBeLessThan(0.98)
    let asked = 0
    for (let request = 0; request < 2000; request++) if (policy.decide(candidate(0.82)).action === 'ask') asked++
    expect(Math.abs(asked / 2000 - chance)).toBeLessThan(0.05)
  })

  const WRONG = Array.from({ length: 3 }, () => [0.9, false] as const)

  it('is that of two processes, each label counted once, also of an entry that both know', () => {
    const policy = policyOf(0.05)
    learn(policy, CLEAR)
    learn(policy, CLEAR.slice(0, 20), 'second')
    const other = policyOf(0.05, undefined, 'b')
    learn(other, WRONG, 'second')
    const both = policyOf(0.05)
    learn(both, [...CLEAR.slice(0, 20), ...WRONG], 'second')
    for (let round = 0; round < 3; round++) {
      expect(other.merge(policy.save())).toBe(true)
      expect(policy.merge(other.save())).toBe(true)
    }
    for (const each of [policy, other]) {
      expect(each.inspect().labels).toBe(63)
      expect(chanceAt(each, 0.8)).toBeCloseTo(chanceAt(policy, 0.8), 10)
      expect(each.decide(candidate(0.95, 'second')).auditRate).toBeCloseTo(both.decide(candidate(0.95, 'second')).auditRate, 10)
    }
    // One with less than three labels is known where both together have them.
    const [one, two] = [policyOf(0.05), policyOf(0.05, undefined, 'b')]
    learn(one, CLEAR.slice(0, 2), 'third')
    learn(two, CLEAR.slice(0, 2), 'third')
    expect(two.decide(candidate(0.9, 'third')).auditRate).toBe(1)
    two.merge(one.save())
    expect(two.decide(candidate(0.9, 'third')).auditRate).toBeLessThan(1)
  })

  it('counts none again that it has let go, whichever way it comes back', () => {
    const policy = policyOf(0.05)
    learn(policy, CLEAR.slice(0, 30))
    const old = policy.save()
    const other = policyOf(0.05, undefined, 'b')
    other.merge(old)
    learn(policy, CLEAR.slice(0, 20))
    for (const saved of [old, other.save(), policy.save()]) policy.merge(saved)
    expect(policy.inspect().labels).toBe(50)
    other.merge(policy.save())
    expect(other.inspect().labels).toBe(50)
  })

  it('goes on learning, and being learnt from, where the clock of another process is ahead or wrong', () => {
    const day = 24 * 60 * 60 * 1000
    const [ahead, wrong, policy, fourth] = [
      policyOf(0.05, undefined, 'b', day / 2),
      policyOf(0.05, undefined, 'c', 40 * day),
      policyOf(0.05),
      policyOf(0.05, undefined, 'd'),
    ]
    for (const each of [ahead, wrong]) learn(each, CLEAR)
    policy.merge(ahead.save())
    learn(policy, CLEAR)
    expect(fourth.merge(policy.save())).toBe(true)
    expect(fourth.inspect().labels).toBe(40)
    expect(policy.inspect().labels).toBe(80)
    expect(policy.merge(wrong.save())).toBe(true)
    expect(policy.inspect().labels).toBe(80)
  })

  it.each([
    '',
    'null',
    '{"vcache":1,"processes":["a"],"entries":[]}',
    '{"vcache":2,"entries":[]}',
    '{"vcache":2,"processes":["a"],"entries":{}}',
    '{"vcache":2,"processes":["a"],"entries":[["a",["x",1,1]]]}',
    '{"vcache":2,"processes":["a"],"entries":[["a",[0.9,1,null]]]}',
    '{"vcache":2,"processes":["a"],"entries":[["a",[0.9,0.5,1]]]}',
    '{"vcache":2,"processes":["a"],"entries":[["a",[0.9,3,1]]]}',
    '{"vcache":2,"processes":["a"],"entries":[["a",[0.9,1]]]}',
    '{"vcache":2,"processes":["a"],"entries":[[1,[]]]}',
  ])('refuses %j', (saved) => {
    const policy = policyOf(0.05)
    expect(policy.merge(saved)).toBe(false)
    expect(policy.inspect().labels).toBe(0)
  })

  it('holds at most 10,000 entries and saves at most 40 labels of each', () => {
    const policy = policyOf(0.05)
    for (let entry = 0; entry < 10_050; entry++) learn(policy, [[0.9, true]], `e${entry}`)
    learn(
      policy,
      Array.from({ length: 60 }, () => [0.9, true] as const),
      'last',
    )
    const { entries } = JSON.parse(policy.save()) as { entries: [string, number[]][] }
    expect(entries).toHaveLength(10_000)
    expect(entries.find(([id]) => id === 'last')?.[1]).toHaveLength(120)
    expect(entries.some(([id]) => id === 'e0')).toBe(false)
  })

  it('tells what it goes by', () =>
    expect(policyOf(0.05).inspect()).toEqual({ labels: 0, audits: 0, auditedWrong: 0, threshold: 0, error: 0.05, paused: undefined }))
})
