import { describe, expect, it } from 'vitest'
import { createLearners, type Learners } from '../../src/semantic/learners.js'
import type { DecisionPolicy, Outcome } from '../../src/semantic/rule/policy.js'
import type { Records } from '../../src/stores/records.js'
import { createManualClock } from '../../src/testing/manual-clock.js'

const OUTCOME = { same: true } as Outcome

/** Counts its labels; what is saved is the count, and what is merged is added. */
function counting(steps: () => Iterator<void> | undefined = () => undefined): DecisionPolicy {
  let labels = 0
  return {
    name: 'counting',
    decide: () => ({ action: 'ask', probability: undefined, threshold: 1, error: undefined, auditRate: 1 }),
    learn: () => void labels++,
    work: steps,
    inspect: () => ({ labels, audits: 0, auditedWrong: 0, threshold: 1, error: undefined, paused: undefined }),
    save: () => `${labels}`,
    merge(text) {
      if (!/^[0-9]+$/.test(text)) return false
      labels = Math.max(labels, Number(text))
      return true
    },
  }
}

function memoryOf(): Records & { readonly texts: Map<string, string>; down: boolean } {
  const texts = new Map<string, string>()
  return {
    texts,
    down: false,
    lasting: true,
    async read(key) {
      const text = texts.get(key)
      return this.down ? undefined : text === undefined ? [] : [text]
    },
    async write(key, text) {
      texts.set(key, text)
      return true
    },
  }
}

const NONE: Records = { lasting: false, read: async () => [], write: async () => false }

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

function labelsOf(learners: Learners, domain: string): number | undefined {
  return learners.inspect().find((each) => each.domain === domain)?.labels
}

describe('learners', () => {
  it('lose nothing that was learnt to a thousand invented models, whether they are only asked for or answer once', () => {
    const learners = createLearners({ create: () => counting(), version: 'v', records: NONE, clock: createManualClock() })
    const own = Array.from({ length: 150 }, (_, at) => `own-${at}`)
    for (const domain of own) for (let time = 0; time < 3; time++) learners.learn(domain, OUTCOME)
    for (let at = 0; at < 1000; at++) learners.of(`asked-${at}`)
    for (let at = 0; at < 1000; at++) learners.learn(`answered-${at}`, OUTCOME)
    expect(own.map((domain) => labelsOf(learners, domain))).toEqual(own.map(() => 3))
    expect(learners.inspect().length).toBeLessThanOrEqual(250)
  })

  it('let a new one in where all places are taken, once it has learnt more than another', () => {
    const learners = createLearners({ create: () => counting(), version: 'v', records: NONE, clock: createManualClock() })
    for (let at = 0; at < 200; at++) for (let time = 0; time < 2; time++) learners.learn(`first-${at}`, OUTCOME)
    for (let time = 0; time < 5; time++) learners.learn('late', OUTCOME)
    for (let at = 0; at < 1000; at++) learners.of(`asked-${at}`)
    expect(labelsOf(learners, 'late')).toBe(5)
  })

  it('write nothing where what others wrote could not be read, and write it later', async () => {
    const records = memoryOf()
    const learners = createLearners({ create: () => counting(), version: 'v', records, clock: createManualClock() })
    records.texts.set('lc0.semantic.v.d', '7000')
    records.down = true
    for (let time = 0; time < 50; time++) learners.learn('d', OUTCOME)
    await settled()
    expect([...records.texts.values()]).toEqual(['7000'])
    records.down = false
    await learners.close()
    expect([...records.texts.values()]).toEqual(['7000'])
    expect(labelsOf(learners, 'd')).toBe(7000)
  })

  it('write at the end what could not be written before', async () => {
    const records = memoryOf()
    const learners = createLearners({ create: () => counting(), version: 'v', records, clock: createManualClock() })
    records.down = true
    for (let time = 0; time < 50; time++) learners.learn('d', OUTCOME)
    await settled()
    expect(records.texts.size).toBe(0)
    records.down = false
    await learners.close()
    expect([...records.texts.values()]).toEqual(['50'])
  })

  it('go on with the work that is due as soon as what was learnt is read', async () => {
    const records = memoryOf()
    const clock = createManualClock()
    records.texts.set('lc0.semantic.v.d', '300')
    let worked = 0
    function* steps(): Generator<void, void> {
      worked++
      yield
      worked++
    }
    const learners = createLearners({ create: () => counting(steps), version: 'v', records, clock })
    learners.of('d')
    await settled()
    clock.advance(1)
    expect(worked).toBe(2)
  })
})
