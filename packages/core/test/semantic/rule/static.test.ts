import { describe, expect, it } from 'vitest'
import { wilson } from '../../../src/lib/wilson.js'
import type { Candidate, DecisionPolicy } from '../../../src/semantic/rule/policy.js'
import { createStaticPolicy } from '../../../src/semantic/rule/static.js'
import { featuresWith, seeded } from './streams.js'

function candidate(similarity: number): Candidate {
  return { features: featuresWith({}), similarity, entryId: 'entry' }
}

describe('createStaticPolicy', () => {
  it('serves from its threshold on', () => {
    const policy = createStaticPolicy({ threshold: 0.9, auditRate: 0, random: () => 0.5, by: 'a' })
    expect(policy.decide(candidate(0.9)).action).toBe('serve')
    expect(policy.decide(candidate(0.899)).action).toBe('ask')
    expect(policy.decide(undefined)).toMatchObject({ action: 'ask', threshold: 0.9, auditRate: 1 })
  })

  it('audits its share of what it would serve, and reports what these say', () => {
    const policy = createStaticPolicy({ threshold: 0.9, auditRate: 0.2, random: seeded(1), by: 'a' })
    expect(policy.inspect()).toMatchObject({ labels: 0, audits: 0, error: undefined })
    let audits = 0
    for (let request = 0; request < 1000; request++) {
      const decision = policy.decide(candidate(0.95))
      if (decision.action === 'serve') continue
      policy.learn({ candidate: candidate(0.95), decision, same: audits++ % 4 !== 0 })
    }
    expect(audits).toBeGreaterThan(150)
    expect(audits).toBeLessThan(250)
    const low = policy.decide(candidate(0.5))
    policy.learn({ candidate: candidate(0.5), decision: low, same: false })
    const { error, auditedWrong } = policy.inspect()
    expect(policy.inspect()).toMatchObject({ labels: audits + 1, audits, threshold: 0.9, paused: undefined })
    expect(auditedWrong).toBe(Math.ceil(audits / 4))
    expect(error).toBe(wilson(auditedWrong, audits).high)
    expect(error).toBeGreaterThan(0.25)
    expect(error).toBeLessThan(0.33)
    expect(policy.decide(candidate(0.95)).error).toBe(error)
  })

  const counting = (by: string, threshold = 0.9): DecisionPolicy => createStaticPolicy({ threshold, auditRate: 0, random: () => 0.5, by })
  const teach = (policy: DecisionPolicy, labels: number, same = true, similarity = 0.95): void => {
    for (let time = 0; time < labels; time++) {
      policy.learn({ candidate: candidate(similarity), decision: policy.decide(candidate(similarity)), same })
    }
  }

  it('promises little while there are few audits, though none found an error', () => {
    const policy = counting('a')
    teach(policy, 1)
    expect(policy.decide(candidate(0.95)).error).toBeCloseTo(0.79, 2)
    teach(policy, 99)
    expect(policy.decide(candidate(0.95)).error).toBeCloseTo(0.037, 3)
  })

  it('adds up what processes counted, and counts nothing twice, however often it comes', () => {
    const [first, second, restarted] = [counting('a'), counting('b'), counting('c')]
    teach(first, 10)
    teach(first, 2, false)
    teach(second, 5, true, 0.5)
    for (let time = 0; time < 3; time++) {
      expect(first.merge(second.save())).toBe(true)
      expect(second.merge(first.save())).toBe(true)
    }
    teach(first, 1, false)
    for (let time = 0; time < 2; time++) expect(restarted.merge(first.save())).toBe(true)
    // What was saved before the last label takes nothing back.
    expect(restarted.merge(second.save())).toBe(true)
    expect(restarted.inspect()).toMatchObject({ labels: 18, audits: 13, auditedWrong: 3, error: wilson(3, 13).high })
    expect(second.inspect()).toMatchObject({ labels: 17, audits: 12, auditedWrong: 2 })
  })

  it('keeps a bounded number of processes, its own among them', () => {
    const own = counting('own')
    teach(own, 1)
    for (let at = 0; at < 500; at++) {
      const other = counting(`other-${at}`)
      teach(other, 1 + (at % 50))
      own.merge(other.save())
    }
    expect(own.save().length).toBeLessThan(5000)
    const before = own.inspect().labels
    teach(own, 1)
    expect(own.inspect().labels).toBe(before + 1)
    expect(counting('next').merge(own.save())).toBe(true)
  })

  it.each([
    ['no JSON', '{'],
    ['what another policy saved', '{"vcache":1,"entries":[]}'],
    ['another threshold', '{"static":1,"threshold":0.8,"processes":[["b",[5,1,0]]]}'],
    ['counts that are none', '{"static":1,"threshold":0.9,"processes":[["b",[5,1,-1]]]}'],
    ['more audits than labels', '{"static":1,"threshold":0.9,"processes":[["b",[1,5,0]]]}'],
    [
      'a list too long',
      JSON.stringify({ static: 1, threshold: 0.9, processes: Array.from({ length: 101 }, (_, at) => [`${at}`, [1, 0, 0]]) }),
    ],
  ])('reads nothing of %s', (_, saved) => {
    const policy = counting('a')
    expect(policy.merge(saved)).toBe(false)
    expect(policy.inspect().labels).toBe(0)
  })
})
