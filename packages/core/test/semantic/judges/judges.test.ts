import { describe, expect, it } from 'vitest'
import { OptionError } from '../../../src/errors.js'
import { equalJudge } from '../../../src/semantic/judges/equal.js'
import { functionJudge } from '../../../src/semantic/judges/function.js'
import { createJudges, type Judges, type JudgesEvent, type JudgesOptions } from '../../../src/semantic/judges/judges.js'
import type { Judge, Judgement } from '../../../src/semantic/ports.js'
import { createManualClock, type ManualClock } from '../../../src/testing/manual-clock.js'
import { judgement } from './samples.js'

const PAIR = judgement('Blue.', 'Red.')

function setUp(
  list: readonly Judge[],
  options: Partial<JudgesOptions> = {},
): { judges: Judges; clock: ManualClock; events: JudgesEvent[] } {
  const clock = createManualClock()
  const events: JudgesEvent[] = []
  return { judges: createJudges(list, { clock, onEvent: (event) => events.push(event), ...options }), clock, events }
}

/** A judge whose calls are answered by hand. */
function manual(name: string): {
  judge: Judge
  calls: { resolve: (verdict: 'same' | 'different' | undefined) => void; signal: AbortSignal }[]
} {
  const calls: { resolve: (verdict: 'same' | 'different' | undefined) => void; signal: AbortSignal }[] = []
  const judge = functionJudge(name, ({ signal }) => new Promise((resolve) => calls.push({ resolve, signal: signal as AbortSignal })))
  return { judge, calls }
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !condition(); turn += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(condition()).toBe(true)
}

const says = (name: string, verdict: unknown): Judge => ({ name, judge: () => verdict as 'same' })
const throws = (name: string): Judge => ({
  name,
  judge: () => {
    throw new RangeError('Blue. Red.')
  },
})

describe('a chain of judges', () => {
  it('takes the first opinion and asks nobody further', async () => {
    let asked = 0
    const last = functionJudge('last', () => {
      asked += 1
      return 'same'
    })
    const { judges } = setUp([equalJudge, says('mine', 'different'), last])
    expect(await judges.ask(PAIR)).toEqual({ verdict: 'different', judge: 'mine' })
    expect(await judges.ask(judgement('Blue.', 'blue'))).toEqual({ verdict: 'same', judge: 'equal' })
    expect(asked).toBe(0)
    expect(judges.stats()).toMatchObject({ asked: 2, same: 1, different: 1, undecided: 0, dropped: 0, waiting: 0 })
  })

  it('goes on to the next where one fails, and says nothing of what it was asked', async () => {
    const rejects: Judge = { name: 'rejects', judge: () => Promise.reject('Blue. Red.') }
    const { judges, events } = setUp([
      throws('throws'),
      rejects,
      says('wrong', 'maybe'),
      says('boolean', true),
      says('null', null),
      says('good', 'same'),
    ])
    expect(await judges.ask(PAIR)).toEqual({ verdict: 'same', judge: 'good' })
    const none = { same: 0, different: 0, undecided: 0, failed: 0, timeout: 0, skipped: 0 }
    expect(judges.stats().judges).toEqual([
      { ...none, judge: 'throws', failed: 1 },
      { ...none, judge: 'rejects', failed: 1 },
      { ...none, judge: 'wrong', failed: 1 },
      { ...none, judge: 'boolean', failed: 1 },
      { ...none, judge: 'null', failed: 1 },
      { ...none, judge: 'good', same: 1 },
    ])
    expect(events[0]).toEqual({ type: 'judge-answered', judge: 'throws', outcome: 'failed', durationMs: 0, errorName: 'RangeError' })
    expect(JSON.stringify([events, judges.stats()])).not.toMatch(/Blue|Red|pay/)
  })

  it('has no label where nobody can tell', async () => {
    const { judges } = setUp([equalJudge, throws('throws')])
    expect(await judges.ask(PAIR)).toBeUndefined()
    expect(judges.stats()).toMatchObject({ undecided: 1, judges: [{ undecided: 1 }, { failed: 1 }] })
  })

  it('gives each judge its time, tells it when that is over, and goes on to the next', async () => {
    const slow = manual('slow')
    const { judges, clock, events } = setUp([slow.judge, says('next', 'same')], { timeoutMs: 500 })
    const opinion = judges.ask(PAIR)
    await until(() => slow.calls.length === 1)
    clock.advance(499)
    expect(slow.calls[0]?.signal.aborted).toBe(false)
    clock.advance(1)
    expect(await opinion).toEqual({ verdict: 'same', judge: 'next' })
    expect(slow.calls[0]?.signal.aborted).toBe(true)
    slow.calls[0]?.resolve('different')
    expect(judges.stats()).toMatchObject({ same: 1, different: 0, judges: [{ timeout: 1, different: 0 }, { same: 1 }] })
    expect(events[0]).toEqual({ type: 'judge-answered', judge: 'slow', outcome: 'timeout', durationMs: 500 })
    expect(clock.pending()).toBe(0)
  })

  it('leaves a judge out whose calls hang, until one of them ends', async () => {
    const stuck = manual('stuck')
    const { judges, clock } = setUp([stuck.judge], { timeoutMs: 10, concurrency: 1 })
    const all = Array.from({ length: 12 }, () => judges.ask(PAIR))
    for (let call = 1; call <= 8; call += 1) {
      await until(() => stuck.calls.length === call)
      clock.advance(10)
    }
    expect(await Promise.all(all)).toEqual(all.map(() => undefined))
    expect(stuck.calls.length).toBe(8)
    expect(judges.stats().judges[0]).toMatchObject({ timeout: 8, skipped: 4 })
    stuck.calls[3]?.resolve('same')
    const again = judges.ask(PAIR)
    await until(() => stuck.calls.length === 9)
    stuck.calls[8]?.resolve('same')
    expect(await again).toEqual({ verdict: 'same', judge: 'stuck' })
  })

  it('never runs a judge before the caller has gone on', async () => {
    let ran = false
    const { judges } = setUp([
      functionJudge('mine', () => {
        ran = true
        return undefined
      }),
    ])
    const opinion = judges.ask(PAIR)
    await Promise.resolve()
    expect(ran).toBe(false)
    await opinion
    expect(ran).toBe(true)
  })

  it('judges so many at a time, lets so many wait, and drops the newest', async () => {
    const slow = manual('slow')
    const { judges, events } = setUp([slow.judge], { concurrency: 2, maxQueue: 3 })
    const first = [judges.ask(PAIR), judges.ask(PAIR)]
    await until(() => slow.calls.length === 2)
    const waiting = [judges.ask(PAIR), judges.ask(PAIR), judges.ask(PAIR)]
    expect(await judges.ask(PAIR)).toBeUndefined()
    expect(judges.stats()).toMatchObject({ asked: 6, dropped: 1, waiting: 3, running: 2 })
    expect(events).toEqual([{ type: 'judgement-dropped', queued: 3 }])
    for (let call = 0; call < 5; call += 1) {
      await until(() => slow.calls.length > call)
      slow.calls[call]?.resolve('same')
    }
    expect((await Promise.all([...first, ...waiting])).every((opinion) => opinion?.verdict === 'same')).toBe(true)
    await until(() => judges.stats().running === 0)
    expect(judges.stats()).toMatchObject({ same: 5, waiting: 0 })
  })

  it('bounds the texts that wait, whatever their number', async () => {
    const slow = manual('slow')
    const { judges } = setUp([slow.judge], { concurrency: 1, maxQueue: 1000 })
    const large = judgement('a'.repeat(1_000_000), 'b'.repeat(1_000_000))
    for (let count = 0; count < 10; count += 1) void judges.ask(large)
    expect(judges.stats()).toMatchObject({ dropped: 7, waiting: 3 })
    judges.close()
  })

  it('lets go of all when it is closed', async () => {
    const slow = manual('slow')
    const { judges, clock, events } = setUp([slow.judge], { concurrency: 1 })
    const opinions = [judges.ask(PAIR), judges.ask(PAIR)]
    await until(() => slow.calls.length === 1)
    judges.close()
    judges.close()
    expect(await Promise.all(opinions)).toEqual([undefined, undefined])
    expect(slow.calls[0]?.signal.aborted).toBe(true)
    expect(await judges.ask(PAIR)).toBeUndefined()
    await until(() => judges.stats().running === 0)
    expect([clock.pending(), events, judges.stats().waiting]).toEqual([0, [], 0])
  })

  it('lets go of a judgement that nobody waits for', async () => {
    const slow = manual('slow')
    const { judges } = setUp([slow.judge, says('next', 'same')])
    const controller = new AbortController()
    const opinion = judges.ask({ ...PAIR, signal: controller.signal })
    await until(() => slow.calls.length === 1)
    controller.abort()
    expect(await opinion).toBeUndefined()
    expect(slow.calls[0]?.signal.aborted).toBe(true)
    expect(await judges.ask({ ...PAIR, signal: AbortSignal.abort() })).toBeUndefined()
    expect(judges.stats().judges.map(({ same, undecided }) => [same, undecided])).toEqual([
      [0, 0],
      [0, 0],
    ])
  })

  it('does not mind observers that throw', async () => {
    const { judges } = setUp([says('mine', 'same')], {
      onEvent: () => {
        throw new Error('x')
      },
    })
    expect(await judges.ask(PAIR)).toEqual({ verdict: 'same', judge: 'mine' })
  })

  it('hands prompts and answers on as they are', async () => {
    let seen: Judgement | undefined
    const { judges } = setUp([
      functionJudge('mine', (given) => {
        seen = given
        return undefined
      }),
    ])
    await judges.ask(PAIR)
    expect(seen).toEqual({ ...PAIR, signal: expect.any(AbortSignal), onUsage: expect.any(Function) })
  })
})

describe('wrong options', () => {
  const clock = createManualClock()
  it.each([
    [[], {}, 'judges'],
    [[{ name: 'x' }], {}, 'judges'],
    [[equalJudge, equalJudge], {}, 'judges'],
    [equalJudge, {}, 'judges'],
    [[equalJudge], { timeoutMs: 0 }, 'timeoutMs'],
    [[equalJudge], { concurrency: 1.5 }, 'concurrency'],
    [[equalJudge], { maxQueue: '5' }, 'maxQueue'],
    [[equalJudge], { onEvent: 1 }, 'onEvent'],
    [[equalJudge], { maxQeue: 1 }, 'maxQeue'],
  ])('%j with %j', (list, options, option) => {
    const create = (): Judges => createJudges(list as never, { clock, ...options } as never)
    expect(create).toThrow(OptionError)
    expect(create).toThrow(expect.objectContaining({ option }))
  })

  it.each([
    ['', () => undefined],
    ['Mine', () => undefined],
    ['a'.repeat(41), () => undefined],
    ['mine', 5],
  ])('functionJudge(%j, %s)', (name, judge) => expect(() => functionJudge(name as string, judge as never)).toThrow(OptionError))
})
