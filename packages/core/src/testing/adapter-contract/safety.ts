/** Partitions: who may share an entry. */

import assert from 'node:assert/strict'
import type { LlmCacheOptions } from '../../engine/options.js'
import { EVENT_STREAM, paced, sseFrames } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner } from './types.js'

/** Two users, by each of the ways in which requests tell them apart. */
const USERS: Readonly<Record<string, readonly [Record<string, string>, Record<string, string>]>> = {
  Authorization: [{ authorization: 'Bearer alice' }, { authorization: 'Bearer bob' }],
  'API key': [{ 'x-api-key': 'alice' }, { 'x-api-key': 'bob' }],
  cookie: [{ cookie: 'session=alice' }, { cookie: 'session=bob' }],
  'one of them anonymous': [{ authorization: 'Bearer alice' }, {}],
}

const FAILING: Readonly<Record<string, { partition: NonNullable<LlmCacheOptions['partition']>; reason: string }>> = {
  'returns nothing': { partition: () => undefined, reason: 'no-partition' },
  'returns an empty text': { partition: () => '', reason: 'no-partition' },
  throws: {
    partition: () => {
      throw new Error('no session')
    },
    reason: 'partition-failed',
  },
  rejects: { partition: () => Promise.reject(new Error('no session')), reason: 'partition-failed' },
  'resolves with nothing': { partition: () => Promise.resolve(undefined), reason: 'no-partition' },
}

export function safetyTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  describe('partitions', () => {
    for (const [name, [alice, bob]] of Object.entries(USERS)) {
      it(`two users never share: ${name}`, () =>
        withScene(driver, { mount: 'global' }, async (s) => {
          const first = await s.ask({ headers: alice })
          const second = await s.ask({ headers: bob })
          assert.equal(label(second), 'MISS')
          assert.notEqual(second.text, first.text)
          assert.equal((await s.ask({ headers: alice })).text, first.text)
          assert.equal((await s.ask({ headers: bob })).text, second.text)
          assert.equal(s.runs, 2)
        }))

      it(`two users never share a flight: ${name}`, async () => {
        let current: Scene
        const answer = (_call: unknown, run: number) => ({ headers: EVENT_STREAM, chunks: paced(current.gate, sseFrames(run)) })
        await withScene(driver, { answer }, async (s) => {
          current = s
          s.gate.hold()
          const lives = [s.live({ headers: alice }), s.live({ headers: bob })]
          await s.until(() => s.runs === 2)
          s.gate.release()
          const [first, second] = await Promise.all(lives.map((live) => live.done()))
          assert.notEqual(first?.text, second?.text)
        })
      })

      it(`two users share where partition is 'shared': ${name}`, () =>
        withScene(driver, { rules: { partition: 'shared' } }, async (s) => {
          const first = await s.ask({ headers: alice })
          const second = await s.ask({ headers: bob })
          assert.equal(label(second), 'HIT')
          assert.equal(second.text, first.text)
        }))
    }

    it('a partition function decides who shares', () =>
      withScene(driver, { cache: { partition: (request) => request.header('x-team') } }, async (s) => {
        await s.ask({ headers: { 'x-team': 'red', authorization: 'Bearer alice' } })
        const second = await s.ask({ headers: { 'x-team': 'red', authorization: 'Bearer bob' } })
        const third = await s.ask({ headers: { 'x-team': 'blue', authorization: 'Bearer bob' } })
        assert.deepEqual([label(second), label(third)], ['HIT', 'MISS'])
      }))

    for (const [name, { partition, reason }] of Object.entries(FAILING)) {
      it(`a partition function that ${name}: bypass`, () =>
        withScene(driver, { cache: { partition } }, async (s) => {
          for (let run = 1; run <= 2; run++) {
            const answer = await s.ask()
            assert.equal(answer.status, 200)
            assert.equal(label(answer), 'BYPASS')
            assert.match(answer.header('cache-status') ?? '', new RegExp(`fwd=bypass; detail=${reason}$`))
            assert.equal(s.runs, run)
          }
        }))
    }
  })
}
