import { expect, it } from 'vitest'
import { createTurns, nextTurn } from '../../src/lib/turn.js'
import { createManualClock } from '../../src/testing/manual-clock.js'

it('waits for a macrotask, not for a microtask', async () => {
  const order: string[] = []
  setTimeout(() => order.push('timer'), 0)
  await new Promise((resolve) => setTimeout(resolve, 2))
  setImmediate(() => order.push('turn'))
  const next = nextTurn().then(() => order.push('next'))
  await Promise.resolve().then(() => order.push('microtask'))
  await next
  expect(order).toEqual(['timer', 'microtask', 'turn', 'next'])
})

it('works without setImmediate', async () => {
  const { setImmediate } = globalThis
  try {
    Reflect.set(globalThis, 'setImmediate', undefined)
    let early = true
    setTimeout(() => {
      early = false
    }, 0)
    await nextTurn()
    expect(early).toBe(false)
  } finally {
    globalThis.setImmediate = setImmediate
  }
})

it('gives a turn once the work has gone on for long enough, and begins anew after it', async () => {
  const clock = createManualClock()
  const turns = createTurns(clock, 5)
  expect(turns()).toBeUndefined()
  clock.advance(4)
  expect(turns()).toBeUndefined()
  clock.advance(1)
  const turn = turns()
  expect(turn).toBeInstanceOf(Promise)
  await turn
  expect(turns()).toBeUndefined()
  clock.advance(5)
  expect(turns()).toBeInstanceOf(Promise)
})
