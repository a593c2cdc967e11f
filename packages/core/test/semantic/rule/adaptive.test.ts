import { describe, expect, it } from 'vitest'
import { type AdaptiveOptions, createAdaptivePolicy } from '../../../src/semantic/rule/adaptive.js'
import { FEATURE_NAMES, FEATURES_VERSION } from '../../../src/semantic/rule/features.js'
import type { Candidate, DecisionPolicy, Outcome } from '../../../src/semantic/rule/policy.js'
import { cpuTime } from '../../cpu-time.js'
import { coefficientsWith, drawCandidate, featuresWith, finish, normal, runStream, seeded, TRUTH } from './streams.js'

const PRIOR = { version: FEATURES_VERSION, coefficients: coefficientsWith(TRUTH) }

function policyOf(given: Partial<AdaptiveOptions> = {}): DecisionPolicy {
  let time = 0
  const options = { maxErrorRate: 0.02, basis: 'requests', z: 2, prior: PRIOR, random: seeded(77), now: () => time++, by: 'a' } as const
  return createAdaptivePolicy({ ...options, ...given })
}

function trained(given: Partial<AdaptiveOptions> = {}, requests = 3000): DecisionPolicy {
  const policy = policyOf(given)
  runStream(policy, { requests, random: seeded(5) })
  return policy
}

const GOOD: Candidate = { features: featuresWith({ cosine: 3, margin: 2, jaccard: 1 }), similarity: 0.95, entryId: 'good' }
const BAD: Candidate = { features: featuresWith({ cosine: -3, margin: -2, jaccard: -1 }), similarity: 0.2, entryId: 'bad' }

describe('decisions', () => {
  it('are to ask at first, with the probability by the prior', () => {
    const decision = policyOf().decide(GOOD)
    expect(decision).toMatchObject({ action: 'ask', threshold: Number.POSITIVE_INFINITY, error: undefined, auditRate: 1 })
    expect(decision.probability).toBeCloseTo(1 / (1 + Math.exp(-(1 + 7.5 + 4 + 2))), 6)
    expect(policyOf({ prior: undefined }).decide(GOOD).probability).toBe(0.5)
    expect(policyOf().decide(undefined)).toMatchObject({ action: 'ask', probability: undefined })
  })

  it('serve what is above the threshold, but for a share that is audited', () => {
    const policy = trained()
    const counts = { serve: 0, audit: 0, ask: 0 }
    for (let request = 0; request < 1000; request++) counts[policy.decide(GOOD).action]++
    const { auditRate, error, threshold } = policy.decide(GOOD)
    expect(counts.ask).toBe(0)
    expect(auditRate).toBeGreaterThanOrEqual(0.05)
    expect(Math.abs(counts.audit / 1000 - auditRate)).toBeLessThan(0.03)
    expect(error).toBeGreaterThan(0)
    expect(error).toBe(policy.inspect().error)
    expect(threshold).toBe(policy.inspect().threshold)
    expect(policy.decide(BAD)).toMatchObject({ action: 'ask', error: undefined, auditRate: 1 })
  })

  it('are audited less the more was learnt', () => {
    const few = trained({}, 300).decide(GOOD).auditRate
    const many = trained({}, 4000).decide(GOOD).auditRate
    expect(few).toBeGreaterThan(0.2)
    expect(few).toBeLessThanOrEqual(0.5)
    expect(many).toBe(0.05)
  })
})

describe('a rejection', () => {
  function reject(policy: DecisionPolicy, candidate: Candidate): void {
    policy.learn({ candidate, decision: { ...policy.decide(candidate), action: 'serve' }, same: false, rejected: true })
  }

  it('lowers trust at once, in what is like it', () => {
    const policy = trained()
    const before = policy.decide(GOOD)
    reject(policy, GOOD)
    expect(finish(policy)).toBeGreaterThan(0)
    expect(policy.decide(GOOD).probability).toBeLessThan(before.probability as number)
    expect(policy.inspect().error ?? 1).toBeGreaterThan(0)
  })

  it('weighs more than a judge', () => {
    const rejected = trained()
    const judged = trained()
    const decision = { ...judged.decide(GOOD), action: 'audit', auditRate: 1 } as const
    // Enough of other labels that both refit.
    for (const policy of [rejected, judged])
      for (let count = 0; count < 300; count++) policy.learn({ candidate: BAD, decision: policy.decide(BAD), same: false })
    judged.learn({ candidate: GOOD, decision, same: false })
    reject(rejected, GOOD)
    finish(judged)
    finish(rejected)
    expect(rejected.decide(GOOD).probability).toBeLessThan(judged.decide(GOOD).probability as number)
  })

  it('of many in a row stops it', () => {
    const policy = trained()
    for (let count = 0; count < 10 && !policy.inspect().paused; count++) reject(policy, GOOD)
    expect(policy.inspect()).toMatchObject({ paused: 'drift', threshold: Number.POSITIVE_INFINITY })
    expect(policy.decide(GOOD).action).toBe('ask')
  })

  it('now and then does not, where no more are rejected than are to be expected', () => {
    const policy = policyOf()
    const random = seeded(8)
    for (let request = 0; request < 3000; request++) {
      const { candidate, right } = drawCandidate(random)
      const same = random() < right
      const decision = policy.decide(candidate)
      // Each wrong answer is rejected: twenty times as many as the audits find.
      if (decision.action === 'serve') policy.served?.(candidate, decision)
      if (decision.action !== 'serve') policy.learn({ candidate, decision, same })
      else if (!same) policy.learn({ candidate, decision, same, rejected: true })
      if (request % 50 === 0) finish(policy)
      if (request % 50 === 0) expect(policy.inspect().paused).not.toBe('drift')
    }
  })
})

describe('what one caller alone finds wrong', () => {
  const by = (caller: string, candidate = GOOD): Candidate => ({ ...candidate, caller })
  function reject(policy: DecisionPolicy, caller: string | undefined): void {
    policy.learn({ candidate: GOOD, decision: SERVED, same: false, rejected: true, caller })
  }
  function askWrong(policy: DecisionPolicy, caller: string | undefined): void {
    const decision = { ...SERVED, action: 'ask', probability: 0.9 } as const
    policy.learn({ candidate: GOOD, decision, same: false, caller })
  }
  function auditWrong(policy: DecisionPolicy, caller: string | undefined): void {
    policy.learn({ candidate: GOOD, decision: { ...SERVED, action: 'audit' }, same: false, caller })
  }
  const SERVED = { action: 'serve', probability: 0.99, threshold: 0.9, error: 0.02, auditRate: 0.05 } as const
  const ways: readonly (readonly [string, typeof reject])[] = [
    ['rejections', reject],
    ['answers that seemed likely', askWrong],
    ['audits', auditWrong],
  ]

  it.each(ways)('stops it for that caller and nobody else: %s', (_, wrong) => {
    const policy = trained()
    for (let count = 0; count < 8; count++) wrong(policy, 'mallory')
    expect(policy.inspect().paused).toBeUndefined()
    expect(policy.decide(by('mallory'))).toMatchObject({ action: 'ask', threshold: Number.POSITIVE_INFINITY, auditRate: 1 })
    expect(policy.preview?.(by('mallory')).action).toBe('ask')
    expect(policy.preview?.(by('bob')).action).toBe('serve')
    expect(policy.preview?.(GOOD).action).toBe('serve')
    // Nothing of it is left for the others to complete.
    for (let count = 0; count < 50; count++) wrong(policy, 'mallory')
    for (let count = 0; count < 3; count++) wrong(policy, 'bob')
    expect(policy.inspect().paused).toBeUndefined()
  })

  it.each(ways)('stops it for all as soon as others find the same: %s', (_, wrong) => {
    const policy = trained()
    const callers = ['ann', 'bob', 'carol', 'dave']
    for (let count = 0; count < 8 && !policy.inspect().paused; count++) wrong(policy, callers[count % callers.length])
    expect(policy.inspect()).toMatchObject({ paused: 'drift', threshold: Number.POSITIVE_INFINITY, labels: 100 })
  })

  it.each(ways)('stops it for all where nobody knows who it is: %s', (_, wrong) => {
    const policy = trained()
    for (let count = 0; count < 8; count++) wrong(policy, undefined)
    expect(policy.inspect().paused).toBe('drift')
  })

  it('ends after 250 labels', () => {
    const policy = trained()
    while (policy.preview?.(by('mallory')).action === 'serve') reject(policy, 'mallory')
    const judged = (): void => policy.learn({ candidate: BAD, decision: policy.decide(BAD), same: false, caller: 'bob' })
    for (let count = 1; count < 250; count++) judged()
    expect(policy.preview?.(by('mallory')).action).toBe('ask')
    for (let count = 0; count < 10; count++) judged()
    expect(policy.preview?.(by('mallory')).action).toBe('serve')
  })

  it('goes on for as long as what would be sent there is wrong', () => {
    const policy = trained()
    while (policy.preview?.(by('mallory')).action === 'serve') reject(policy, 'mallory')
    const judged = (candidate: Candidate, same: boolean, caller: string): void =>
      policy.learn({ candidate, decision: policy.decide({ ...candidate, caller }), same, caller })
    for (let count = 0; count < 200; count++) judged(BAD, false, 'bob')
    judged(BAD, false, 'mallory')
    judged(GOOD, false, 'mallory')
    for (let count = 0; count < 249; count++) judged(BAD, false, 'bob')
    expect(policy.preview?.(by('mallory')).action).toBe('ask')
    judged(GOOD, true, 'mallory')
    judged(BAD, false, 'mallory')
    expect(policy.preview?.(by('mallory')).action).toBe('serve')
  })

  it('stops it for all when a second one finds enough for an alarm of their own', () => {
    const policy = trained()
    for (let count = 0; count < 6; count++) reject(policy, 'ann')
    expect(policy.inspect().paused).toBeUndefined()
    for (let count = 0; count < 6; count++) reject(policy, 'bob')
    expect(policy.inspect().paused).toBe('drift')
    expect(policy.inspect().labels).toBeLessThan(103)
  })

  it('stops it for all where there was nobody else for 250 labels', () => {
    const policy = trained()
    const judged = (caller: string): void => policy.learn({ candidate: BAD, decision: policy.decide(BAD), same: false, caller })
    judged('bob')
    for (let count = 0; count < 250; count++) judged('ann')
    for (let count = 0; count < 6; count++) reject(policy, 'ann')
    expect(policy.inspect().paused).toBe('drift')
  })
})

describe('what was asked for', () => {
  const asked = (probability: number): Outcome => ({
    candidate: GOOD,
    decision: { action: 'ask', probability, threshold: 0.9, error: undefined, auditRate: 1 },
    same: false,
  })
  /** One that has no doubts left of its own word. */
  function calm(): DecisionPolicy {
    const policy = trained()
    for (let count = 0; count < 50; count++) policy.learn({ ...asked(0.5), same: true })
    return policy
  }

  it('and seemed likely stops it where it is wrong more often than it seemed to be', () => {
    for (const [probability, most] of [
      [0.5, 30],
      [0.9, 8],
    ] as const) {
      const policy = calm()
      for (let count = 1; count < most; count++) policy.learn(asked(probability))
      expect(policy.inspect().paused).toBeUndefined()
      policy.learn(asked(probability))
      expect(policy.inspect().paused).toBe('drift')
    }
  })

  it('and seemed unlikely, or is as often wrong as it seemed to be, does not', () => {
    const policy = calm()
    for (let count = 0; count < 200; count++) policy.learn(asked(0.49))
    for (let count = 0; count < 200; count++) policy.learn({ ...asked(0.5), same: count % 2 === 0 })
    expect(policy.inspect().paused).toBeUndefined()
  })
})

describe('what is old', () => {
  it('says less of errors than what is new: half as much after 1,500 labels', () => {
    const errorWith = (isWrong: (label: number) => boolean): number => {
      const policy = policyOf({ maxErrorRate: 0.2 })
      const random = seeded(4)
      for (let count = 0; count < 3000; count++) {
        const features = featuresWith({ cosine: 1 + 0.3 * normal(random), margin: normal(random) })
        policy.learn({ candidate: { ...GOOD, features }, decision: ASKED, same: !isWrong(count) })
      }
      finish(policy)
      return policy.inspect().error as number
    }
    const ASKED = { action: 'ask', probability: 0.4, threshold: 0.9, error: undefined, auditRate: 1 } as const
    const old = errorWith((label) => label < 1500 && label % 25 === 0)
    const recent = errorWith((label) => label >= 1500 && label % 25 === 0)
    expect(recent / old).toBeGreaterThan(1.5)
    expect(recent / old).toBeLessThan(2.5)
  })
})

describe('what is withheld', () => {
  const policyWithLots = (): { policy: DecisionPolicy; lots: () => number } => {
    let drawn = 0
    const random = seeded(77)
    const policy = trained({
      random() {
        drawn++
        return random()
      },
    })
    return { policy, lots: () => drawn }
  }

  it('is seen for certain where it would be served, and no lot is drawn', () => {
    const { policy, lots } = policyWithLots()
    const before = lots()
    for (let count = 0; count < 50; count++)
      expect(policy.decide({ ...GOOD, withheld: true })).toMatchObject({ action: 'audit', auditRate: 1 })
    expect(policy.decide({ ...BAD, withheld: true })).toMatchObject({ action: 'ask', auditRate: 1 })
    expect(lots()).toBe(before)
  })

  it('is a request as one without a candidate to the bound', () => {
    const after = (candidate: Candidate | undefined): unknown => {
      const policy = trained()
      for (let count = 0; count < 2000; count++) policy.decide(candidate)
      reject(policy)
      finish(policy)
      return policy.inspect()
    }
    const reject = (policy: DecisionPolicy): void =>
      policy.learn({ candidate: BAD, decision: { ...policy.decide(BAD), action: 'serve' }, same: false, rejected: true })
    expect(after({ ...GOOD, withheld: true })).toEqual(after(undefined))
    expect(after(GOOD)).not.toEqual(after(undefined))
  })

  it('makes no rejection rarer than it is: only what was sent counts', () => {
    const rejected = (send: boolean): number => {
      const policy = trained()
      const decision = { ...policy.decide(GOOD), action: 'serve' } as const
      for (let count = 1; ; count++) {
        for (let hit = 0; hit < 40; hit++) {
          policy.decide(GOOD)
          if (send) policy.served?.(GOOD, decision)
        }
        policy.learn({ candidate: GOOD, decision, same: false, rejected: true })
        if (policy.inspect().paused === 'drift') return count
        if (count === 20) return Number.POSITIVE_INFINITY
      }
    }
    expect(rejected(false)).toBeLessThan(7)
    expect(rejected(true)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('what it learnt', () => {
  it('is carried over a restart: it serves from the first request on', () => {
    const before = trained()
    const after = policyOf({ by: 'b', random: () => 0.9 })
    expect(after.merge(before.save())).toBe(true)
    finish(after)
    expect(after.inspect().labels).toBe(before.inspect().labels)
    expect(after.inspect().audits).toBe(before.inspect().audits)
    expect(after.decide(GOOD)).toMatchObject({ action: 'serve', auditRate: 0.05 })
    expect(after.decide(BAD).action).toBe('ask')
  })

  it('is that of two processes, each counted once', () => {
    const one = policyOf()
    const other = policyOf({ by: 'b', random: seeded(78) })
    runStream(one, { requests: 200, random: seeded(1) })
    runStream(other, { requests: 200, random: seeded(2) })
    const [first, second] = [one.inspect().labels, other.inspect().labels]
    for (let round = 0; round < 3; round++) {
      expect(one.merge(other.save())).toBe(true)
      expect(other.merge(one.save())).toBe(true)
    }
    expect(one.inspect().labels).toBe(first + second)
    expect(other.inspect().labels).toBe(first + second)
  })

  it('lets a process serve that has learnt nothing itself', () => {
    const alone = policyOf({ by: 'b', prior: undefined })
    runStream(alone, { requests: 100, random: seeded(3) })
    expect(alone.decide(GOOD).action).toBe('ask')
    alone.merge(trained({ prior: undefined }).save())
    finish(alone)
    expect(['serve', 'audit']).toContain(alone.decide(GOOD).action)
  })

  it('asks for work only where something was new', () => {
    const policy = trained()
    const saved = policy.save()
    expect(policy.merge(saved)).toBe(true)
    expect(policy.work?.()).toBeUndefined()
  })

  it('is refused as a whole where it is damaged', () => {
    const policy = trained()
    const before = policy.inspect()
    expect(policy.merge(trained().save().slice(0, -5))).toBe(false)
    expect(policy.inspect()).toEqual(before)
  })

  it('does not come back from another process after it has failed', () => {
    const policy = trained()
    const other = policyOf({ by: 'b' })
    other.merge(policy.save())
    finish(other)
    const old = other.save()
    while (!policy.inspect().paused) policy.learn({ candidate: GOOD, decision: { ...policy.decide(GOOD), action: 'audit' }, same: false })
    policy.merge(old)
    expect(policy.inspect()).toMatchObject({ labels: 100, paused: 'drift' })
    other.merge(policy.save())
    expect(other.inspect()).toMatchObject({ labels: 100, paused: 'drift' })
    expect(other.decide(GOOD).action).toBe('ask')
    finish(other)
    expect(other.inspect().paused).toBe('drift')
  })

  it('is not enough after a restart where it was not before, when it had failed', () => {
    const policy = trained()
    while (!policy.inspect().paused) policy.learn({ candidate: GOOD, decision: { ...policy.decide(GOOD), action: 'audit' }, same: false })
    const after = policyOf({ by: 'b' })
    after.merge(policy.save())
    expect(after.inspect()).toMatchObject({ labels: 100, paused: 'drift' })
    for (let count = 101; count <= 250; count++) {
      expect(after.work?.()).toBeUndefined()
      after.learn({ candidate: GOOD, decision: after.decide(GOOD), same: true })
    }
    expect(finish(after)).toBeGreaterThan(0)
    expect(after.inspect().paused).not.toBe('drift')
  })

  it('holds at most 6,000 labels', () => {
    const policy = policyOf()
    for (let count = 0; count < 6100; count++) policy.learn({ candidate: BAD, decision: policy.decide(BAD), same: false })
    expect(policy.inspect().labels).toBe(6000)
  })
})

describe('work', () => {
  it('is due with 50 labels and a prior, and with 250 without', () => {
    const dueAfter = (policy: DecisionPolicy): number => {
      for (let count = 1; ; count++) {
        policy.learn({ candidate: BAD, decision: policy.decide(BAD), same: false })
        if (policy.work?.()) return count
      }
    }
    expect(dueAfter(policyOf())).toBe(50)
    expect(dueAfter(policyOf({ prior: undefined }))).toBe(250)
  })

  it('comes in slices of at most 10 ms, however much was learnt', () => {
    const policy = policyOf()
    const random = seeded(6)
    for (let count = 0; count < 6000; count++) {
      const { candidate, right } = drawCandidate(random)
      policy.learn({ candidate, decision: policy.decide(candidate), same: random() < right })
    }
    const times: number[] = []
    const work = policy.work?.()
    for (let done = false; !done; ) {
      const begun = process.cpuUsage()
      done = work?.next().done ?? true
      times.push(cpuTime(begun))
    }
    expect(times.length).toBeGreaterThan(100)
    // The collector and other work on the machine may fall into a few of them.
    expect(times.sort((a, b) => b - a)[4]).toBeLessThan(10)
  })

  it('that is overtaken by drift changes nothing any more', () => {
    const policy = trained()
    for (let count = 0; count < 300; count++) policy.learn({ candidate: BAD, decision: policy.decide(BAD), same: false })
    const work = policy.work?.()
    work?.next()
    while (!policy.inspect().paused) policy.learn({ candidate: GOOD, decision: { ...policy.decide(GOOD), action: 'audit' }, same: false })
    while (!work?.next().done);
    expect(policy.inspect()).toMatchObject({ paused: 'drift', threshold: Number.POSITIVE_INFINITY })
    expect(policy.decide(GOOD).probability).toBe(policyOf().decide(GOOD).probability)
  })

  it('may be interrupted by requests', () => {
    const policy = trained()
    for (let count = 0; count < 300; count++) policy.learn({ candidate: BAD, decision: policy.decide(BAD), same: false })
    const [before, work] = [policy.decide(GOOD), policy.work?.()]
    for (let slice = 0; slice < 20; slice++) {
      work?.next()
      expect(policy.decide(GOOD)).toMatchObject({ probability: before.probability, threshold: before.threshold })
      policy.learn({ candidate: BAD, decision: policy.decide(BAD), same: false })
    }
    while (!work?.next().done);
    expect(policy.decide(GOOD).probability).not.toBe(before.probability)
  })
})

describe('inspect', () => {
  it('tells what it goes by, feature by feature', () => {
    expect(policyOf().inspect()).toMatchObject({ labels: 0, audits: 0, auditedWrong: 0, paused: 'learning', error: undefined })
    const { coefficients } = policyOf().inspect()
    expect(Object.keys(coefficients ?? {})).toEqual(FEATURE_NAMES)
    expect(coefficients?.cosine).toBeCloseTo(TRUTH.cosine, 12)
    const { error, paused, threshold, labels, audits, auditedWrong } = trained().inspect()
    expect(paused).toBeUndefined()
    expect(threshold).toBeGreaterThan(0.5)
    expect(threshold).toBeLessThan(1)
    expect(error).toBeGreaterThan(0)
    // 2 % of all requests are more of those that are hits.
    expect(error).toBeLessThan(0.2)
    expect(audits).toBeGreaterThan(50)
    expect(auditedWrong).toBeLessThan(0.2 * audits)
    expect(labels).toBeGreaterThan(audits)
  })

  it('tells that a prior belongs to other features', () => {
    expect(() => policyOf({ prior: { version: FEATURES_VERSION, coefficients: [1, 2] } })).toThrow(RangeError)
    expect(() => policyOf({ prior: { ...PRIOR, version: FEATURES_VERSION + 1 } })).toThrow(
      `version ${FEATURES_VERSION} has ${FEATURE_NAMES.length} coefficients`,
    )
  })
})
