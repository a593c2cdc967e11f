/** Answers that are not for storing, and those that are not for sharing either. */

import assert from 'node:assert/strict'
import type { LlmCacheOptions } from '../../engine/options.js'
import { completion, EVENT_STREAM, paced, sseFrames } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer, HandlerCall } from './types.js'

/** What makes an answer the leader's own: neither stored nor shared. */
const FOR_ONE: Readonly<Record<string, { reason: string; headers?: Answer['headers']; skip?: boolean }>> = {
  'Set-Cookie': { reason: 'set-cookie', headers: { 'Set-Cookie': ['session=1; HttpOnly', 'theme=dark'] } },
  'Cache-Control: private': { reason: 'response-private', headers: { 'Cache-Control': 'private, max-age=60' } },
  'Cache-Control: no-store': { reason: 'response-no-store', headers: { 'Cache-Control': 'no-store' } },
  'Vary on a field outside the key': { reason: 'vary', headers: { Vary: 'Accept-Language' } },
  '.skip()': { reason: 'handler-skip', skip: true },
}

export function failureTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  /** An app whose handler waits at `release`, so that others arrive meanwhile. */
  const waiting = async (
    answer: (call: HandlerCall, run: number) => Answer,
    body: (scene: Scene, release: () => void) => Promise<void>,
    cache: LlmCacheOptions | null = {},
  ): Promise<void> => {
    const held: (() => void)[] = []
    let open = false
    const release = (): void => {
      open = true
      for (const wake of held.splice(0)) wake()
    }
    const wait = (): Promise<void> => (open ? Promise.resolve() : new Promise((resolve) => held.push(resolve)))
    await withScene(driver, { cache, answer: (call, run) => wait().then(() => answer(call, run)) }, (scene) => body(scene, release))
  }

  describe('failures and answers for one', () => {
    for (const status of [429, 500]) {
      it(`a leader's ${status} goes to its simultaneous followers and is not stored`, () =>
        waiting(
          (_call, run) => ({ status, headers: { 'Retry-After': '7' }, json: { error: { message: `run ${run}` } } }),
          async (s, release) => {
            const asked = [s.ask(), s.ask(), s.ask()]
            await s.until(() => s.arrivals === 3 && s.runs === 1)
            await s.ask({ path: '/nowhere' })
            release()
            for (const answer of await Promise.all(asked)) {
              assert.equal(answer.status, status)
              assert.equal(answer.header('retry-after'), '7')
              assert.equal(answer.text, '{"error":{"message":"run 1"}}')
            }
            await s.concluded(1)
            const later = await s.ask()
            assert.equal(later.text, '{"error":{"message":"run 2"}}')
            assert.equal(label(later), 'MISS')
            assert.deepEqual(s.skips.slice(0, 1), ['status'])
          },
        ))
    }

    it('a handler that throws: the client gets what the app alone gives, followers do not hang, nothing is stored', async () => {
      const fail = (): Answer => {
        throw new Error('the model is down')
      }
      let alone: { status: number; text: string } | undefined
      await withScene(driver, { cache: null, answer: fail }, async (s) => {
        alone = await s.ask()
        assert.equal(alone.status, 500)
      })
      for (const bodyParser of ['before', 'none'] as const) {
        for (const mount of ['global', 'route', 'cached'] as const) {
          // What is known only later must not keep a throw from the framework.
          for (const partition of ['private', () => Promise.resolve('team')] as const) {
            await withScene(driver, { answer: fail, bodyParser, mount, cache: { partition } }, async (s) => {
              const answer = await s.ask()
              assert.equal(answer.status, alone?.status)
              assert.equal(answer.text, alone?.text)
              await s.concluded(1)
              assert.equal(s.stored, 0)
            })
          }
        }
      }
      await waiting(fail, async (s, release) => {
        const asked = [s.ask(), s.ask(), s.ask()]
        await s.until(() => s.arrivals === 3 && s.runs === 1)
        release()
        for (const answer of await Promise.all(asked)) {
          assert.equal(answer.status, alone?.status)
          assert.equal(answer.text, alone?.text)
        }
      })
    })

    it('a handler that throws in the middle of a stream: leader and followers see the cut, nothing is stored', async () => {
      let current: Scene
      async function* broken(): AsyncGenerator<string> {
        for await (const frame of paced(current.gate, sseFrames(1).slice(0, 2))) yield frame
        throw new Error('the model broke off')
      }
      await withScene(driver, { answer: () => ({ headers: EVENT_STREAM, chunks: broken() }) }, async (s) => {
        current = s
        s.gate.hold()
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        await leader.until('word-1')
        const follower = s.live()
        await follower.until('word-1')
        s.gate.release()
        const [first, second] = await Promise.all([leader.done(), follower.done()])
        assert.equal(first.cut, true)
        assert.equal(second.cut, true)
        await s.concluded(1)
        assert.equal(s.stored, 0)
        const later = s.live()
        await later.until('word-1')
        assert.equal(s.runs, 2)
      })
    })

    it('a handler that throws after the leader left: its followers see the cut', async () => {
      let current: Scene
      async function* broken(): AsyncGenerator<string> {
        for await (const frame of paced(current.gate, sseFrames(1).slice(0, 2))) yield frame
        throw new Error('the model broke off')
      }
      await withScene(driver, { answer: () => ({ headers: EVENT_STREAM, chunks: broken() }) }, async (s) => {
        current = s
        s.gate.hold()
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        const follower = s.live()
        await Promise.all([leader.until('word-1'), follower.until('word-1')])
        leader.abort()
        await s.disconnected(1)
        s.gate.release()
        const answer = await follower.done()
        assert.equal(answer.cut, true)
        assert.ok(answer.text.includes('word-2'))
        await s.concluded(1)
        assert.deepEqual(s.skips, ['origin-error'])
      })
    })

    for (const [name, { reason, headers, skip }] of Object.entries(FOR_ONE)) {
      it(`${name}: neither stored nor shared, and later requests do not wait for each other`, () =>
        waiting(
          (call, run) => {
            if (skip) call.handle?.skip('has side effects')
            return { json: completion(run), ...(headers ? { headers } : {}) }
          },
          async (s, release) => {
            const first = [s.ask(), s.ask(), s.ask()]
            await s.until(() => s.arrivals === 3 && s.runs === 1)
            await s.ask({ path: '/nowhere' })
            release()
            const ids = (await Promise.all(first)).map(({ text }) => text)
            assert.equal(new Set(ids).size, 3, 'each has an answer of its own')
            assert.equal(s.runs, 3)
            await s.concluded(3)
            assert.deepEqual(new Set(s.skips), new Set([reason]))
            assert.equal(s.stored, 0)
          },
        ))

      it(`${name}: hit-for-miss`, async () => {
        let hold = false
        let release = (): void => undefined
        const released = new Promise<void>((resolve) => {
          release = resolve
        })
        const answer = async (call: HandlerCall, run: number): Promise<Answer> => {
          if (skip) call.handle?.skip('has side effects')
          if (hold) await released
          return { json: completion(run), ...(headers ? { headers } : {}) }
        }
        await withScene(driver, { answer }, async (s) => {
          await s.ask()
          await s.concluded(1)
          hold = true
          const asked = [s.ask(), s.ask(), s.ask()]
          // All three are in the handler at once; were they to wait for each other this would never come.
          await s.until(() => s.runs === 4)
          release()
          assert.equal(new Set((await Promise.all(asked)).map(({ text }) => text)).size, 3)
        })
      })
    }
  })
}
