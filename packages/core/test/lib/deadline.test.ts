import { describe, expect, it, vi } from 'vitest'
import { isThenable, withDeadline } from '../../src/lib/deadline.js'
import { createManualClock } from '../../src/testing/manual-clock.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A manual clock whose timers can be made to fire late. */
function createStallingClock() {
  const manual = createManualClock()
  let stalled = 0
  return {
    clock: { monotonic: () => manual.monotonic() + stalled, schedule: manual.schedule },
    manual,
    stall: (ms: number) => {
      stalled += ms
    },
  }
}

describe('withDeadline', () => {
  it('passes values and errors on, and leaves no timer', async () => {
    const clock = createManualClock()
    expect(await withDeadline(Promise.resolve(5), 100, clock)).toEqual({ kind: 'done', value: 5 })
    expect(await withDeadline(Promise.reject(new Error('x')), 100, clock)).toMatchObject({ kind: 'thrown', error: { message: 'x' } })
    expect(clock.pending()).toBe(0)
  })

  it('gives up at the deadline, not before, and tells how late work ended', async () => {
    for (const end of ['done', 'thrown'] as const) {
      const clock = createManualClock()
      const onSettled = vi.fn()
      let settle: () => void = () => {}
      const work = new Promise<void>((resolve, reject) => {
        settle = () => (end === 'done' ? resolve() : reject(new Error('late')))
      })
      const answered = vi.fn()
      const answer = withDeadline(work, 100, clock, onSettled).then(answered)
      clock.advance(99)
      await turn()
      expect(answered).not.toHaveBeenCalled()
      clock.advance(1)
      await answer
      expect(answered).toHaveBeenCalledWith({ kind: 'late' })
      expect(onSettled).not.toHaveBeenCalled()
      settle()
      await turn()
      expect(onSettled).toHaveBeenCalledExactlyOnceWith(true, end)
    }
  })

  it('gives one more turn when the timer itself was late', async () => {
    const { clock, manual, stall } = createStallingClock()
    let settle: (value: number) => void = () => {}
    const answer = withDeadline(new Promise<number>((resolve) => (settle = resolve)), 100, clock)
    stall(500)
    manual.advance(100)
    settle(1)
    expect(await answer).toEqual({ kind: 'done', value: 1 })
    expect(manual.pending()).toBe(0)
  })

  it('gives no second turn, and none for a small delay', async () => {
    for (const [late, extra] of [
      [500, 10],
      [20, 0],
    ] as const) {
      const { clock, manual, stall } = createStallingClock()
      const answer = withDeadline(new Promise(() => {}), 100, clock)
      stall(late)
      manual.advance(100)
      stall(late)
      manual.advance(extra)
      expect(await answer).toEqual({ kind: 'late' })
      expect(manual.pending()).toBe(0)
    }
  })

  it('knows what can be awaited', () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    expect([Promise.resolve(), { then: () => {} }].every(isThenable)).toBe(true)
    expect([undefined, null, 5, 'then', {}, { key: 'k' }].some(isThenable)).toBe(false)
  })
})
