/** Collapsed forwarding: one origin call serves everybody who asks the same at the same time. */

import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { createManualClock } from '../manual-clock.js'
import { EVENT_STREAM, paced, sseFrames } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer } from './types.js'

const CROWD = 1000

/** A streamed answer whose frames wait at the scene's gate. */
export function streamed(scene: () => Scene, run: number, more: Partial<Answer> = {}): Answer {
  return { headers: EVENT_STREAM, chunks: paced(scene().gate, sseFrames(run)), ...more }
}

export function flightTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  /** An app that streams, held at its gate. */
  const streaming = (body: (scene: Scene) => Promise<void>, onRun?: (gone: Promise<void>) => void): Promise<void> => {
    let current: Scene
    return withScene(
      driver,
      {
        answer: (call, run) => {
          onRun?.(new Promise((resolve) => call.onGone(resolve)))
          return streamed(() => current, run)
        },
      },
      async (scene) => {
        current = scene
        scene.gate.hold()
        await body(scene)
      },
    )
  }

  describe('flights', () => {
    it(`${CROWD} simultaneous equal JSON requests make one origin call`, async () => {
      let release = (): void => undefined
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const answer = async (): Promise<Answer> => {
        await released
        return { json: { answer: 'the same for all', choices: [] } }
      }
      await withScene(driver, { answer }, async (s) => {
        const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
        const asked = Array.from({ length: CROWD }, () => s.ask({ agent }))
        await s.until(() => s.arrivals === CROWD)
        release()
        const answers = await Promise.all(asked)
        assert.equal(s.runs, 1)
        assert.deepEqual([...new Set(answers.map(({ text, status }) => `${status} ${text}`))].length, 1)
        assert.equal(answers.filter((answered) => label(answered) === 'MISS').length, 1)
        assert.equal(new Set(answers.map((answered) => answered.header('x-llm-cache-id'))).size, 1)
      })
    })

    it(`${CROWD} simultaneous equal stream requests make one origin call, and all receive it live`, () =>
      streaming(async (s) => {
        const lives = Array.from({ length: CROWD }, () => s.live())
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        // Nobody has the end yet, everybody the beginning.
        await Promise.all(lives.map((live) => live.until('word-1')))
        assert.equal(s.runs, 1)
        s.gate.release()
        const answers = await Promise.all(lives.map((live) => live.done()))
        assert.deepEqual([...new Set(answers.map(({ text }) => text))], [sseFrames(1).join('')])
        assert.equal(answers.filter((answered) => label(answered) === 'COLLAPSED').length, CROWD - 1)
        assert.equal(s.runs, 1)
      }))

    it('a follower that joins in the middle of a stream gets its first byte before the leader writes again, and all bytes', () =>
      streaming(async (s) => {
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(2)
        await leader.until('word-2')
        const follower = s.live()
        await follower.until('word-2')
        assert.equal(follower.text, leader.text)
        s.gate.release()
        const [first, second] = await Promise.all([leader.done(), follower.done()])
        assert.equal(first.text, sseFrames(1).join(''))
        assert.ok(second.body.equals(first.body))
        assert.equal(label(second), 'COLLAPSED')
        assert.equal(second.header('content-type'), first.header('content-type'))
        assert.equal(second.header('x-llm-cache-id'), first.header('x-llm-cache-id'))
        assert.equal(s.runs, 1)
      }))

    it('the leader leaves in the middle: its followers get everything, the handler is not told', () => {
      let told = false
      return streaming(
        async (s) => {
          const leader = s.live()
          await s.until(() => s.runs === 1)
          await s.gate.step(1)
          const followers = [s.live(), s.live()]
          await Promise.all([leader, ...followers].map((live) => live.until('word-1')))
          leader.abort()
          await s.disconnected(1)
          await s.gate.step(2)
          await Promise.all(followers.map((live) => live.until('word-3')))
          assert.equal(told, false)
          s.gate.release()
          for (const live of followers) {
            const answer = await live.done()
            assert.equal(answer.text, sseFrames(1).join(''))
            assert.equal(answer.cut, false)
          }
          await s.concluded(1)
          assert.equal(s.stored, 1)
          assert.equal(label(await s.ask()), 'HIT')
          assert.equal(s.runs, 1)
        },
        (gone) => void gone.then(() => (told = true)),
      )
    })

    it('the leader leaves alone: the handler is told at once, nothing is stored', () => {
      let gone: Promise<void> | undefined
      return streaming(
        async (s) => {
          const leader = s.live()
          await s.until(() => s.runs === 1)
          await s.gate.step(1)
          await leader.until('word-1')
          leader.abort()
          await gone
          await s.concluded(1)
          s.gate.release()
          const again = await s.ask()
          assert.equal(label(again), 'MISS')
          assert.equal(again.text, sseFrames(2).join(''))
          assert.deepEqual(s.skips, ['client-gone'])
        },
        (promise) => {
          gone ??= promise
        },
      )
    })

    it('all leave, the leader first: the handler is told when the last one has left', () => {
      let told = false
      let gone: Promise<void> | undefined
      return streaming(
        async (s) => {
          const lives = [s.live()]
          await s.until(() => s.runs === 1)
          await s.gate.step(1)
          lives.push(s.live(), s.live())
          await Promise.all(lives.map((live) => live.until('word-1')))
          for (const [index, live] of lives.entries()) {
            assert.equal(told, false)
            live.abort()
            if (index < lives.length - 1) await s.disconnected(index + 1)
          }
          await gone
          await s.concluded(1)
          assert.deepEqual(s.skips, ['client-gone'])
        },
        (promise) => {
          gone ??= promise.then(() => {
            told = true
          })
        },
      )
    })

    it('the leader leaves before the head: a follower that waits for it still gets the answer', async () => {
      let release = (): void => undefined
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const answer = async (): Promise<Answer> => {
        await released
        return { json: { answer: 'late' } }
      }
      await withScene(driver, { answer }, async (s) => {
        const leader = s.live()
        await s.until(() => s.runs === 1)
        const follower = s.live()
        await s.until(() => s.arrivals === 2)
        // Its body is read and its key known once another request has gone all the way.
        await s.ask({ path: '/nowhere' })
        leader.abort()
        await s.disconnected(1)
        release()
        const answered = await follower.done()
        assert.equal(answered.text, '{"answer":"late"}')
        assert.equal(s.runs, 1)
      })
    })

    it('a follower leaves: nobody else notices', () =>
      streaming(async (s) => {
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        const [follower, other] = [s.live(), s.live()]
        await Promise.all([follower.until('word-1'), other.until('word-1')])
        follower.abort()
        await s.disconnected(1)
        s.gate.release()
        for (const live of [leader, other]) assert.equal((await live.done()).text, sseFrames(1).join(''))
        await s.concluded(1)
        assert.equal(s.stored, 1)
      }))

    it('a silent leader: followers stop waiting after the time-out and ask for themselves', async () => {
      const clock = createManualClock()
      let answerSecond = false
      const answer = async (_call: unknown, run: number): Promise<Answer> => {
        if (run === 1) return new Promise<Answer>(() => undefined)
        answerSecond = true
        return { json: { answer: run } }
      }
      await withScene(driver, { answer, cache: { clock, collapse: { timeout: '30s' } } }, async (s) => {
        s.live()
        await s.until(() => s.runs === 1)
        const follower = s.live()
        await s.until(() => s.arrivals === 2)
        await s.ask({ path: '/nowhere' })
        assert.equal(answerSecond, false)
        clock.advance(30_000)
        assert.equal((await follower.done()).text, '{"answer":2}')
        assert.equal(s.runs, 2)
      })
    })
  })
}
