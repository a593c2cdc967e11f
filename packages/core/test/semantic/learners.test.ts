import { describe, expect, it } from 'vitest'
import { sha256 } from '#platform'
import { createLearners, type Learners } from '../../src/semantic/learners.js'
import type { DecisionPolicy, Outcome } from '../../src/semantic/rule/policy.js'
import type { Records } from '../../src/stores/records.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { completion, harness, open, record } from '../engine/support.js'
import { ask, bold, SKY, SKY_AGAIN, settled as settledCache } from './support.js'

const OUTCOME = { same: true } as Outcome

/** Where what a policy learnt of the domain `d` is kept. */
const recordOf = (policy: string, version = 0): string => `lc0.semantic.v.${sha256(`${policy} ${version}`).slice(0, 8)}.d`

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

  it('read what was saved in slices, with turns of others between long ones, and close when all is read', async () => {
    const records = memoryOf()
    records.texts.set(recordOf('counting'), '7')
    const clock = createManualClock()
    let turns = 0
    let under = true
    const passing = (): void => {
      turns++
      if (under) setImmediate(passing)
    }
    setImmediate(passing)
    const seen: number[] = []
    const policy = counting()
    const merging = function* (text: string): Generator<void, boolean> {
      for (let slice = 0; slice < 6; slice++) {
        seen.push(turns)
        clock.advance(3)
        yield
      }
      return policy.merge(text)
    }
    const learners = createLearners({ create: () => ({ ...policy, merging }), version: 'v', records, clock })
    learners.of('d')
    await learners.close()
    under = false
    expect(seen).toHaveLength(6)
    expect(new Set(seen).size).toBeGreaterThanOrEqual(3)
    expect(labelsOf(learners, 'd')).toBe(7)
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
    records.texts.set(recordOf('counting'), '7000')
    records.down = true
    for (let time = 0; time < 50; time++) learners.learn('d', OUTCOME)
    await settled()
    expect([...records.texts.values()]).toEqual(['7000'])
    records.down = false
    await learners.close()
    expect([...records.texts.values()]).toEqual(['7000'])
    expect(labelsOf(learners, 'd')).toBe(7000)
  })

  it('read anew what others wrote, and not what they wrote themselves', async () => {
    const records = memoryOf()
    const policy = counting()
    const merged: string[] = []
    const create = (): DecisionPolicy => ({ ...policy, merge: (text) => merged.push(text) > 0 && policy.merge(text) })
    const learners = createLearners({ create, version: 'v', records, clock: createManualClock() })
    for (let time = 0; time < 150; time++) {
      learners.learn('d', OUTCOME)
      await settled()
    }
    expect([...records.texts.values()]).toEqual(['150'])
    expect(merged).toEqual([])
    records.texts.set(recordOf('counting'), '170')
    for (let time = 0; time < 100; time++) {
      learners.learn('d', OUTCOME)
      await settled()
    }
    expect(merged).toEqual(['170'])
    await learners.close()
    expect([...records.texts.values()]).toEqual(['250'])
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

  it.each([
    ['is written where the store is back a second later', true, ['1']],
    ['is given up where it is not', false, []],
  ])('try to save what was learnt last once more when they are closed: it %s', async (_, isBack, texts) => {
    const records = memoryOf()
    const clock = createManualClock()
    const learners = createLearners({ create: () => counting(), version: 'v', records, clock })
    learners.learn('d', OUTCOME)
    records.down = true
    let isClosed = false
    const closing = learners.close().then(() => {
      isClosed = true
    })
    await settled()
    clock.advance(999)
    await settled()
    expect(isClosed).toBe(false)
    records.down = !isBack
    clock.advance(1)
    await closing
    expect([...records.texts.values()]).toEqual(texts)
  })

  it('do not wait for a store that takes no writes when they are closed', async () => {
    const written: string[] = []
    const records: Records = {
      lasting: true,
      read: async () => [],
      write: (_, text) => new Promise(() => void written.push(text)),
    }
    const learners = createLearners({ create: () => counting(), version: 'v', records, clock: createManualClock() })
    for (let time = 0; time < 120; time++) {
      learners.learn('d', OUTCOME)
      await settled()
    }
    // One write at a time waits in the store's queue, and the last one has everything.
    expect(written).toEqual(['50'])
    await learners.close()
    expect(written).toEqual(['50', '120'])
  })

  it('go on with the work that is due as soon as what was learnt is read', async () => {
    const records = memoryOf()
    const clock = createManualClock()
    records.texts.set(recordOf('counting'), '300')
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

describe('a policy that throws', () => {
  function fail(): never {
    throw new RangeError('What is my balance?')
  }

  function failing(
    part: Partial<DecisionPolicy>,
    given: { readonly create?: () => DecisionPolicy; readonly records?: Records } = {},
  ): { learners: Learners; errors: unknown[]; clock: ReturnType<typeof createManualClock> } {
    const errors: unknown[] = []
    const clock = createManualClock()
    const create = given.create ?? (() => ({ ...counting(), ...part }))
    const onFailed = (error: unknown): void => void errors.push(error)
    return { learners: createLearners({ create, version: 'v', records: given.records ?? NONE, clock, onFailed }), errors, clock }
  }

  it('when it is saved is told of, and saved when it does not', async () => {
    const records = memoryOf()
    let broken = true
    const policy = counting()
    const { learners, errors } = failing({}, { records, create: () => ({ ...policy, save: () => (broken ? fail() : policy.save()) }) })
    for (let time = 0; time < 50; time++) learners.learn('d', OUTCOME)
    await settled()
    expect(errors).toHaveLength(1)
    expect(learners.export()).toEqual({})
    expect(errors).toHaveLength(2)
    broken = false
    for (let time = 0; time < 50; time++) learners.learn('d', OUTCOME)
    await settled()
    expect([...records.texts.values()]).toEqual(['100'])
    broken = true
    learners.learn('d', OUTCOME)
    await learners.close()
    expect(errors).toHaveLength(3)
  })

  it('keeps what policies of another name or form have learnt, and tells of what cannot be read', async () => {
    const records = memoryOf()
    records.texts.set(recordOf('counting'), 'nonsense')
    records.texts.set(recordOf('counting', 1), '300')
    const { learners, errors } = failing({ version: 2 }, { records })
    for (let label = 0; label < 50; label++) learners.learn('d', OUTCOME)
    await settled()
    expect(errors).toEqual([])
    expect(Object.fromEntries(records.texts)).toEqual({
      [recordOf('counting')]: 'nonsense',
      [recordOf('counting', 1)]: '300',
      [recordOf('counting', 2)]: '50',
    })
    const other = failing({}, { records })
    other.learners.of('d')
    await settled()
    expect(other.errors).toMatchObject([{ name: 'UnreadableLearningError' }])
  })

  it('when what was saved is added is told of, and goes on with what it has', async () => {
    const records = memoryOf()
    records.texts.set(recordOf('counting'), '7')
    const { learners, errors } = failing({ merge: fail }, { records })
    learners.of('d')
    await settled()
    expect(errors).toHaveLength(1)
    expect(learners.import({ d: '7' })).toBe(0)
    expect(errors).toHaveLength(2)
    learners.learn('d', OUTCOME)
    expect(labelsOf(learners, 'd')).toBe(1)
  })

  it.each([
    ['is begun', () => fail()],
    ['goes on', () => ({ next: () => fail() })],
  ])('when its work %s is told of, and works again when more is learnt', (_, work) => {
    let broken = true
    let worked = 0
    const { learners, errors, clock } = failing({
      work: () => (broken ? work() : { next: () => ({ done: ++worked > 2, value: undefined }) }),
    })
    learners.learn('d', OUTCOME)
    clock.advance(1)
    expect(errors).toHaveLength(1)
    broken = false
    learners.learn('d', OUTCOME)
    clock.advance(1)
    expect(worked).toBe(3)
    expect(errors).toHaveLength(1)
  })

  it('when it is looked into is left out', () => {
    let made = 0
    const { learners, errors } = failing({}, { create: () => (++made === 1 ? { ...counting(), inspect: fail } : counting()) })
    learners.learn('bad', OUTCOME)
    learners.learn('good', OUTCOME)
    expect(learners.import({ bad: '3' })).toBe(1)
    expect(errors).toHaveLength(1)
    expect(learners.inspect().map(({ domain }) => domain)).toEqual(['good'])
    expect(errors).toHaveLength(2)
  })

  it('when it learns is told of, at once or later', async () => {
    const { learners, errors } = failing({ learn: fail })
    learners.learn('d', OUTCOME)
    expect(errors).toHaveLength(1)
    const later = failing({ learn: async () => fail() })
    later.learners.learn('d', OUTCOME)
    await settled()
    expect(later.errors).toHaveLength(1)
  })

  it('when it is made serves nothing, and is made at the next request', () => {
    let broken = true
    const { learners, errors } = failing({}, { create: () => (broken ? fail() : counting()) })
    expect(learners.of('d').decide(undefined)).toMatchObject({ action: 'ask', auditRate: 1 })
    learners.learn('d', OUTCOME)
    expect(learners.import({ d: '3' })).toBe(0)
    expect(learners.inspect()).toEqual([])
    expect(errors).toHaveLength(3)
    broken = false
    expect(learners.of('d').name).toBe('counting')
  })

  it.each<[string, () => unknown]>([
    ['name', fail],
    ['version', fail],
    ['name', () => undefined],
  ])('when its %s is read serves nothing, is told of, and is asked for again', async (name, get) => {
    const records = memoryOf()
    let broken = true
    const create = (): DecisionPolicy => (broken ? Object.defineProperty(counting(), name, { get }) : counting())
    const { learners, errors } = failing({}, { create, records })
    expect(learners.of('d').name).toBe('unmade')
    learners.learn('d', OUTCOME)
    expect(learners.import({ d: '3' })).toBe(0)
    expect([errors.length, learners.inspect()]).toEqual([3, []])
    broken = false
    learners.learn('d', OUTCOME)
    await settled()
    await learners.close()
    expect(records.texts.get(recordOf('counting'))).toBe('1')
    expect(errors).toHaveLength(3)
  })

  it('when it is told what was sent is told of, and the answer goes out', async () => {
    const { cache, events } = harness({ strategy: 'hybrid', semantic: { policy: () => ({ ...bold().policy(), served: fail }) } })
    await record(cache, ask(SKY), completion('Rayleigh.'))
    await settledCache(cache)
    await open(cache, ask(SKY_AGAIN), 'replay')
    expect(events).toContainEqual(expect.objectContaining({ type: 'semantic-failed', where: 'policy' }))
  })

  it('is an event without its message, and the request goes on', async () => {
    const { cache, events } = harness({ strategy: 'hybrid', semantic: { policy: fail } })
    await record(cache, ask(SKY), completion('Rayleigh.'))
    await settledCache(cache)
    await record(cache, ask(SKY_AGAIN), completion('Rayleigh.'))
    await settledCache(cache)
    const failed = events.filter(({ type }) => type === 'semantic-failed')
    expect(failed.length).toBeGreaterThan(0)
    for (const event of failed) expect(event).toMatchObject({ where: 'policy', errorName: 'RangeError' })
    expect(JSON.stringify(events)).not.toContain('balance')
    await open(cache, ask(SKY), 'replay')
    expect((await cache.stats()).semantic?.learners).toEqual([])
  })

  it.each<[string, () => unknown]>([
    ['throws', fail],
    ['promises', async () => ({ action: 'serve' })],
    ['answers with nothing known', () => ({ action: 'maybe' })],
  ])('when it is asked and %s is a miss of its own', async (_, answer) => {
    let broken = false
    const { policy } = bold()
    const decide: DecisionPolicy['decide'] = (candidate) => (broken ? (answer() as never) : policy().decide(candidate))
    const { cache, events, last } = harness({ strategy: 'hybrid', semantic: { policy: () => ({ ...policy(), decide }) } })
    await record(cache, ask(SKY), completion('Rayleigh.'))
    await settledCache(cache)
    broken = true
    await open(cache, ask(SKY_AGAIN), 'record')
    expect(last('semantic-lookup').outcome).toBe('policy-failed')
    expect(events.filter(({ type }) => type === 'semantic-failed')).toEqual([
      expect.objectContaining({ where: 'policy', errorName: expect.stringMatching(/^(Range|Type)Error$/) }),
    ])
    expect(JSON.stringify(events)).not.toContain('balance')
  })

  it('after a hit was found wrong does not fail the one who says so', async () => {
    const { cache, events, last } = harness({ strategy: 'hybrid', semantic: { policy: () => ({ ...bold().policy(), learn: fail }) } })
    await record(cache, ask(SKY), completion('Rayleigh.'))
    await settledCache(cache)
    await open(cache, ask(SKY_AGAIN), 'replay')
    await cache.reject(last('lookup-hit').entryId)
    expect(events).toContainEqual(expect.objectContaining({ type: 'semantic-failed', where: 'policy' }))
  })
})
