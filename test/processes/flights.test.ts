/** Processes on one Redis: one origin call for all of them, and nothing is lost when the one that makes it dies. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis.js'
import { type Answer, JSON_CHUNKS, pause, question, type Scene, STREAM_CHUNKS, startScene, until } from './scene.js'

const redis = await startRedis()
let scene: Scene

beforeAll(async () => {
  if (redis) scene = await startScene(redis, 4)
})
beforeEach(() => {
  if (!redis) return
  scene.origin.calls.length = 0
  scene.origin.onCall = (call) => call.end()
})
afterAll(async () => {
  await scene?.close()
  await redis?.stop()
})

const KINDS = [
  ['JSON', false, JSON_CHUNKS],
  ['a stream', true, STREAM_CHUNKS],
] as const

function expectWhole(answers: readonly Answer[], chunks: readonly string[]): void {
  const wrong = answers.filter(({ status, body, complete }) => status !== 200 || !complete || body !== chunks.join(''))
  expect(
    wrong.map(({ status, body, complete, headers }) => ({ status, complete, bytes: body.length, outcome: headers['x-llm-cache'] })),
  ).toEqual([])
}

describe.skipIf(!redis)('several processes', () => {
  describe.each([2, 4])('%i of them', (processes) => {
    it.each(KINDS)('make one origin call for 200 askers of %s', async (_kind, streamed, chunks) => {
      const { origin } = scene
      const apps = scene.apps.slice(0, processes)
      const body = question(streamed)
      origin.onCall = (call) => void pause(150).then(() => call.end())
      const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => apps[index % processes]?.ask(body) as Promise<Answer>))
      expectWhole(answers, chunks)
      expect(origin.calls).toHaveLength(1)
      const outcomes = answers.map(({ headers }) => headers['x-llm-cache'])
      expect(outcomes.filter((outcome) => outcome === 'MISS')).toHaveLength(1)
      expect(new Set(answers.map(({ headers }) => headers['x-llm-cache-id'])).size).toBe(1)
      // Stored for all: whoever is asked next has it.
      const after = await Promise.all(apps.map((app) => app.ask(body)))
      expectWhole(after, chunks)
      // COLLAPSED: it was asked for again before the answer was in the store, and followed to its end.
      for (const { headers } of after) expect(['HIT', 'COLLAPSED']).toContain(headers['x-llm-cache'])
      expect(origin.calls).toHaveLength(1)
    })
  })

  it('pass a stream on as it comes, not when it has ended', async () => {
    const { origin, apps } = scene
    const stream = question(true)
    origin.onCall = () => {}
    const [leader, follower] = apps
    const joined = async (): Promise<number> =>
      (JSON.parse((await follower?.get('/stats'))?.body ?? '{}') as { collapsed: number }).collapsed
    const before = await joined()
    const first = leader?.ask(stream)
    await until(() => origin.calls.length === 1)
    const second = follower?.ask(stream)
    await pause(50)
    origin.calls[0]?.write(STREAM_CHUNKS.slice(0, 5))
    // The follower's process counts what it has joined as soon as the head is there.
    await until(async () => (await joined()) === before + 1)
    origin.calls[0]?.end()
    expectWhole((await Promise.all([first, second])) as Answer[], STREAM_CHUNKS)
    expect(origin.calls).toHaveLength(1)
  })

  const half = Math.floor(STREAM_CHUNKS.length / 2)
  const POINTS = [
    ['before the head', () => {}],
    ['after the head', (call: { head(): void }) => call.head()],
    ['in the middle', (call: { write(chunks: readonly string[]): void }) => call.write(STREAM_CHUNKS.slice(0, half))],
    ['before the end', (call: { write(chunks: readonly string[]): void }) => call.write(STREAM_CHUNKS)],
    ['after the end', (call: { end(): void }) => call.end()],
  ] as const

  describe.each(['SIGKILL', 'SIGSTOP'] as const)('when the leader gets a %s', (signal) => {
    it.each(POINTS)('%s of a stream, nobody else loses an answer', async (_point, begin) => {
      const { origin, apps } = scene
      const stream = question(true)
      const [leader, ...others] = apps
      origin.onCall = () => {}
      const own = leader?.ask(stream)
      await until(() => origin.calls.length === 1)
      const asked = Array.from({ length: 60 }, (_, index) => others[index % others.length]?.ask(stream) as Promise<Answer>)
      await pause(100)
      const [call] = origin.calls
      if (call) begin(call)
      await pause(100)
      origin.onCall = (next) => next.end()
      leader?.signal(signal)
      expectWhole(await Promise.all(asked), STREAM_CHUNKS)
      expect(origin.calls.length).toBeLessThanOrEqual(2)
      const [stored] = await Promise.all(others.map((app) => app.ask(stream)))
      expect(['HIT', 'COLLAPSED']).toContain(stored?.headers['x-llm-cache'])
      if (signal === 'SIGSTOP') {
        leader?.signal('SIGCONT')
        call?.end()
        // The frozen one finishes for its own client, and what it writes now is not taken.
        expectWhole([(await own) as Answer], STREAM_CHUNKS)
        await pause(100)
        const again = await Promise.all(apps.map((app) => app.ask(stream)))
        expect(again.map(({ headers }) => headers['x-llm-cache-id'])).toEqual(apps.map(() => stored?.headers['x-llm-cache-id']))
      } else if (leader) await scene.restart(leader)
    })

    it('in the middle of JSON, nobody else loses an answer', async () => {
      const { origin, apps } = scene
      const body = question(false)
      const [leader, other] = apps
      origin.onCall = () => {}
      void leader?.ask(body)
      await until(() => origin.calls.length === 1)
      const asked = Array.from({ length: 30 }, () => other?.ask(body) as Promise<Answer>)
      await pause(100)
      origin.calls[0]?.write(JSON_CHUNKS.slice(0, 1))
      await pause(100)
      origin.onCall = (next) => next.end()
      leader?.signal(signal)
      expectWhole(await Promise.all(asked), JSON_CHUNKS)
      expect(origin.calls.length).toBe(2)
      if (signal === 'SIGSTOP') leader?.signal('SIGCONT')
      else if (leader) await scene.restart(leader)
    })
  })

  it('erase a tenant everywhere, with what is in flight for it', async () => {
    const { origin } = scene
    const apps = scene.apps.slice(0, 2)
    const [one, two] = apps
    const body = question(false)
    const tenants = ['t', 't::u', 'x*', 'xyz', '*', '__proto__']
    for (const tenant of tenants) for (const app of apps) await app.ask(body, tenant)
    expect(origin.calls).toHaveLength(tenants.length)
    const kept = [...tenants]
    for (const tenant of tenants) {
      const report = await one?.get(`/erase/${encodeURIComponent(tenant)}`, 'POST')
      expect(report?.status).toBe(200)
      expect(JSON.parse(report?.body ?? '{}')).toMatchObject({ matched: 2, removed: 2 })
      kept.shift()
      await pause(30)
      for (const other of kept) for (const app of apps) expect((await app.ask(body, other)).headers['x-llm-cache']).toBe('HIT')
      // Asked for without making an answer: nobody has it any more.
      for (const app of apps) expect((await app.ask(body, tenant, { 'cache-control': 'only-if-cached' })).status).toBe(504)
    }
    // Nothing of what was being made at the time is stored afterwards.
    origin.calls.length = 0
    origin.onCall = () => {}
    const asked = two?.ask(body, 't')
    await until(() => origin.calls.length === 1)
    await one?.get('/erase/t', 'POST')
    origin.calls[0]?.end()
    expectWhole([(await asked) as Answer], JSON_CHUNKS)
    origin.onCall = (call) => call.end()
    expect((await one?.ask(body, 't'))?.headers['x-llm-cache']).toBe('MISS')
    expect(['HIT', 'COLLAPSED']).toContain((await two?.ask(body, 't'))?.headers['x-llm-cache'])
  })

  it('add their statistics up', async () => {
    const own = await startScene(redis as RedisServer, 2)
    const body = question(false)
    for (const app of own.apps) await app.ask(body)
    for (const app of own.apps) await app.get('/stats')
    const { shared } = JSON.parse((await own.apps[0]?.get('/stats'))?.body ?? '{}') as { shared: object }
    await own.close()
    expect(shared).toMatchObject({ hits: 1, misses: 1, stored: 1, hitRate: 0.5 })
  })
})
