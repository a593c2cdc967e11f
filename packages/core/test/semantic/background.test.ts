import { describe, expect, it } from 'vitest'
import { createBackground } from '../../src/semantic/background.js'
import { createManualClock } from '../../src/testing/manual-clock.js'

/** A clock on which work takes time, with what each turn took, in ms. */
function setting() {
  const clock = createManualClock()
  const took: number[] = []
  let spent = 0
  const turns = createBackground({
    monotonic: () => clock.monotonic() + spent,
    schedule: (ms, callback) =>
      clock.schedule(ms, () => {
        const before = spent
        callback()
        took.push(spent - before)
      }),
  })
  /** Work of `steps` steps of `ms` each; `done` holds its name once for each step. */
  const done: string[] = []
  const add = (name: string, steps: number, ms: number): void => {
    let left = steps
    turns.add(() => {
      spent += ms
      done.push(name)
      return --left === 0
    })
  }
  return { clock, turns, took, done, add }
}

describe('work in turns', () => {
  it('ends each turn after two milliseconds, however many works wait', () => {
    const { clock, took, done, add } = setting()
    for (let work = 0; work < 50; work++) add('w', 10, 0.5)
    expect(done).toEqual([])
    clock.advance(0)
    expect(done).toHaveLength(500)
    expect(took).toHaveLength(125)
    expect(Math.max(...took)).toBe(2)
    expect(clock.pending()).toBe(0)
  })

  it('lets others come in between', () => {
    const { clock, took, done, add } = setting()
    add('w', 100, 1)
    let turnsBefore = 0
    clock.schedule(0, () => {
      turnsBefore = took.length
    })
    clock.advance(0)
    expect(turnsBefore).toBe(1)
    expect(done).toHaveLength(100)
  })

  it('does not begin a step that would take too long after what it did', () => {
    const { clock, took, add } = setting()
    add('long', 5, 1.5)
    clock.advance(0)
    expect(took).toEqual([1.5, 1.5, 1.5, 1.5, 1.5])
    took.length = 0
    // Nor does one that is too long for any turn keep others from ending.
    add('endless', 4, 9)
    clock.advance(0)
    expect(took).toEqual([9, 9, 9, 9])
  })

  it('gives each work its turn, one that never ends among them', () => {
    const { clock, turns, done, add } = setting()
    add('a', 1e9, 2)
    add('b', 2, 2)
    let late = 0
    const stop = (): void => {
      if (++late === 6) turns.close()
      else clock.schedule(0, stop)
    }
    clock.schedule(0, stop)
    clock.advance(0)
    expect(done.join('')).toBe('ababaa')
    expect(clock.pending()).toBe(0)
  })
})
