/** Processes on one Redis: an answer that is stale is refreshed once, however many ask for it and wherever. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis.js'
import { type Answer, JSON_CHUNKS, type OriginCall, pause, question, type Scene, startScene, until } from './scene.js'

const redis = await startRedis()
const LIFETIME_MS = 1000
const OLD = JSON_CHUNKS.join('').replace('"c1"', '"short-lived"')
let scene: Scene

beforeAll(async () => {
  // Nobody dies here, and on a slow machine nobody must be taken for dead.
  if (redis) scene = await startScene(redis as RedisServer, 4, 15_000)
})
beforeEach(() => {
  if (redis) scene.origin.calls.length = 0
})
afterAll(async () => {
  await scene?.close()
  await redis?.stop()
})

/** A question whose answer is stale in every process. */
async function stale(): Promise<object> {
  const { origin, apps } = scene
  const body = question(false)
  origin.onCall = (call) => call.end([OLD])
  const first = await Promise.all(apps.map((app) => app.ask(body)))
  expect(first.every((answer) => answer.body === OLD)).toBe(true)
  await pause(LIFETIME_MS + 100)
  origin.calls.length = 0
  return body
}

/** What became of them: the cache's word, or the status of what the cache does not speak of. */
const outcomes = (answers: readonly Answer[]): Set<unknown> =>
  new Set(answers.map(({ status, headers }) => headers['x-llm-cache'] ?? status))

describe.skipIf(!redis)('a stale answer', () => {
  it('is refreshed by one origin call while four processes answer a thousand requests', async () => {
    const body = await stale()
    const { origin, apps } = scene
    const waiting: OriginCall[] = []
    origin.onCall = (call) => void waiting.push(call)
    const askers = (count: number): Promise<Answer[]> =>
      Promise.all(Array.from({ length: count }, (_, index) => (apps[index % 4] as (typeof apps)[0]).ask(body)))
    const before = await askers(500)
    expect(outcomes(before)).toEqual(new Set(['STALE']))
    expect(before.every((answer) => answer.body === OLD)).toBe(true)
    await until(() => waiting.length === 1)
    waiting[0]?.end()
    const after = await askers(500)
    for (const outcome of outcomes(after)) expect(['STALE', 'HIT']).toContain(outcome)
    for (const answer of after) expect(answer.body).toBe(answer.headers['x-llm-cache'] === 'HIT' ? JSON_CHUNKS.join('') : OLD)
    // Every process has heard of it by now.
    await until(async () => [...outcomes(await askers(8))].join() === 'HIT')
    expect(outcomes(await askers(8))).toEqual(new Set(['HIT']))
    expect(origin.calls).toHaveLength(1)
  })

  it('stays as it is, and goes on being sent, while the origin fails', async () => {
    const body = await stale()
    const { origin, apps } = scene
    origin.onCall = (call) => call.fail()
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(apps.map((app) => app.ask(body)))
      expect(outcomes(answers)).toEqual(new Set(['STALE']))
      expect(answers.every((answer) => answer.body === OLD)).toBe(true)
    }
    await until(() => origin.calls.length > 0)
    // Each process waits after a failure: twenty requests do not make twenty calls.
    expect(origin.calls.length).toBeLessThanOrEqual(apps.length)
  })
})
