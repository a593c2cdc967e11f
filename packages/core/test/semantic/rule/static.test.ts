import { describe, expect, it } from 'vitest'
import type { Candidate } from '../../../src/semantic/rule/policy.js'
import { createStaticPolicy } from '../../../src/semantic/rule/static.js'
import { featuresWith, seeded } from './streams.js'

function candidate(similarity: number): Candidate {
  return { features: featuresWith({}), similarity, entryId: 'entry' }
}

describe('createStaticPolicy', () => {
  it('serves from its threshold on', () => {
    const policy = createStaticPolicy({ threshold: 0.9, auditRate: 0, random: () => 0.5 })
    expect(policy.decide(candidate(0.9)).action).toBe('serve')
    expect(policy.decide(candidate(0.899)).action).toBe('ask')
    expect(policy.decide(undefined)).toMatchObject({ action: 'ask', threshold: 0.9, auditRate: 1 })
  })

  it('audits its share of what it would serve, and reports what these say', () => {
    const policy = createStaticPolicy({ threshold: 0.9, auditRate: 0.2, random: seeded(1) })
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
    expect(error).toBeCloseTo(0.25, 2)
    expect(policy.decide(candidate(0.95)).error).toBe(error)
  })

  it('has nothing to carry over', () => {
    const policy = createStaticPolicy({ threshold: 0.9, auditRate: 0, random: () => 0.5 })
    expect(policy.merge(policy.save())).toBe(true)
    expect(policy.work).toBeUndefined()
  })
})
