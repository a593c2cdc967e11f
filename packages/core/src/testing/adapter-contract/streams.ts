/** Streams: slow readers, bounds, pace, and streams that do not end well. */

import assert from 'node:assert/strict'
import { createManualClock } from '../manual-clock.js'
import { EVENT_STREAM, paced, sseFrames } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer } from './types.js'

const MIB = 1024 * 1024
/** What a connection may hold in the server's memory for a client that does not read: Node's own bounds and one chunk. */
const ROOM = MIB

/** Streams that end cleanly and are not whole all the same. */
const TRUNCATED: Readonly<Record<string, (frames: string[]) => string[]>> = {
  'without its terminal marker': (frames) => frames.slice(0, -2),
  'in the middle of a frame': (frames) => [...frames.slice(0, 2), (frames[2] ?? '').slice(0, 20)],
  'with an error frame': (frames) => [...frames.slice(0, 2), 'data: {"error":{"message":"overloaded"}}\n\n', 'data: [DONE]\n\n'],
  'with finish_reason length': (frames) => frames.map((frame) => frame.replace('"stop"', '"length"')),
}

export function streamTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  describe('streams', () => {
    for (const [name, spoil] of Object.entries(TRUNCATED)) {
      it(`a stream that ends ${name} is not stored`, () => {
        const answer = (_call: unknown, run: number): Answer => ({ headers: EVENT_STREAM, chunks: asyncOf(spoil(sseFrames(run))) })
        return withScene(driver, { answer }, async (s) => {
          const first = await s.ask()
          assert.equal(first.text, spoil(sseFrames(1)).join(''))
          await s.concluded(1)
          assert.equal(s.stored, 0)
          assert.equal(label(await s.ask()), 'MISS')
        })
      })
    }

    it('a slow reader of a miss slows the handler down, as without the cache', async () => {
      let pulled = 0
      async function* endless(): AsyncGenerator<string> {
        for (; pulled < 1024; pulled++) yield `data: ${'x'.repeat(64 * 1024)}\n\n`
      }
      await withScene(driver, { answer: () => ({ headers: EVENT_STREAM, chunks: endless() }) }, async (s) => {
        const live = s.live()
        await live.head()
        live.pause()
        await quiet(() => pulled)
        assert.ok(pulled < 512, `the handler wrote ${pulled} of 1024 chunks to a client that does not read`)
        assert.ok(s.waitingBytes() < ROOM)
      })
    })

    it('a slow follower of a big stream: nothing piles up in its connection, the leader is not slowed down', async () => {
      let current: Scene
      const frames = sseFrames(1, 48, 'x'.repeat(64 * 1024))
      const answer = (): Answer => ({ headers: EVENT_STREAM, chunks: paced(current.gate, frames) })
      await withScene(driver, { answer, cache: { maxEntryBytes: 8 * MIB } }, async (s) => {
        current = s
        s.gate.hold()
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        await leader.until('word-1')
        const follower = s.live()
        await follower.until('word-1')
        follower.pause()
        s.gate.release()
        const first = await leader.done()
        await quiet(() => s.waitingBytes())
        assert.ok(s.waitingBytes() < ROOM, `${s.waitingBytes()} bytes wait`)
        follower.resume()
        assert.ok((await follower.done()).body.equals(first.body))
      })
    })

    it('a leader that does not read makes way for its followers when it leaves', async () => {
      const frames = sseFrames(1, 64, 'x'.repeat(128 * 1024))
      let current: Scene
      let written = 0
      async function* counted(): AsyncGenerator<string> {
        for await (const frame of paced(current.gate, frames)) {
          written++
          yield frame
        }
      }
      await withScene(
        driver,
        { answer: () => ({ headers: EVENT_STREAM, chunks: counted() }), cache: { maxEntryBytes: 32 * MIB } },
        async (s) => {
          current = s
          s.gate.hold()
          const leader = s.live()
          await s.until(() => s.runs === 1)
          await s.gate.step(1)
          const follower = s.live()
          await Promise.all([leader.until('word-1'), follower.until('word-1')])
          leader.pause()
          s.gate.release()
          await quiet(() => written)
          assert.ok(written < frames.length, 'the handler waits for the leader')
          leader.abort()
          const followed = await follower.done()
          assert.equal(followed.cut, false)
          assert.equal(followed.text, frames.join(''))
        },
      )
    })

    it('a follower that lags behind more than an entry may hold is cut off, the leader gets everything', async () => {
      let current: Scene
      const frames = sseFrames(1, 200, 'x'.repeat(128 * 1024))
      const answer = (): Answer => ({ headers: EVENT_STREAM, chunks: paced(current.gate, frames) })
      await withScene(driver, { answer, cache: { maxEntryBytes: MIB } }, async (s) => {
        current = s
        s.gate.hold()
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        await leader.until('word-1')
        const follower = s.live()
        await follower.head()
        follower.pause()
        s.gate.release()
        const first = await leader.done()
        assert.equal(first.body.length, Buffer.byteLength(frames.join('')))
        await s.concluded(1)
        assert.deepEqual(s.skips, ['too-large'])
        follower.resume()
        assert.equal((await follower.done()).cut, true)
      })
    })

    it('a slow reader of a big hit gets all of it', async () => {
      const frames = sseFrames(1, 40, 'x'.repeat(64 * 1024))
      for (const replay of ['instant', { tokensPerSecond: 1_000_000_000 }] as const) {
        await withScene(driver, { answer: () => ({ headers: EVENT_STREAM, chunks: asyncOf(frames) }), cache: { replay } }, async (s) => {
          const first = await s.ask()
          await s.concluded(1)
          const live = s.live()
          await live.head()
          live.pause()
          await quiet(() => s.waitingBytes())
          // At once, the entry itself waits, which is in memory anyway; over time, only what the client asked for.
          assert.ok(s.waitingBytes() <= (replay === 'instant' ? first.body.length + ROOM : ROOM), `${s.waitingBytes()} bytes wait`)
          live.resume()
          assert.ok((await live.done()).body.equals(first.body))
        })
      }
    })

    it("`replay: 'recorded'` replays with the origin's rhythm", async () => {
      const clock = createManualClock()
      async function* slowly(run: number): AsyncGenerator<string> {
        for (const frame of sseFrames(run)) {
          yield frame
          clock.advance(100)
        }
      }
      const answer = (_call: unknown, run: number): Answer => ({ headers: EVENT_STREAM, chunks: slowly(run) })
      await withScene(driver, { answer, cache: { clock, replay: 'recorded' } }, async (s) => {
        const first = await s.ask()
        await s.concluded(1)
        const live = s.live()
        for (const word of [1, 2, 3, 4]) {
          await live.until(`word-${word}`)
          assert.equal(live.text.includes(`word-${word + 1}`), false)
          assert.equal(clock.pending() > 0, true)
          clock.advance(99)
          await s.ask({ path: '/nowhere' })
          assert.equal(live.text.includes(`word-${word + 1}`), false)
          clock.advance(1)
        }
        await live.until('"stop"')
        clock.advance(100)
        const replayed = await live.done()
        assert.equal(label(replayed), 'HIT')
        assert.ok(replayed.body.equals(first.body))
        const left = s.live()
        await left.until('word-1')
        left.abort()
        await s.until(() => true)
      })
    })

    it('`replay: { tokensPerSecond }` replays at that rate', async () => {
      const clock = createManualClock()
      const answer = ({ handle }: { handle: { usage(usage: object): unknown } | undefined }, run: number): Answer => {
        handle?.usage({ outputTokens: 60 })
        return { headers: EVENT_STREAM, chunks: asyncOf(sseFrames(run)) }
      }
      // 60 tokens at 10 a second: 6 s for the whole stream.
      const spread = (frames: string[]): number[] => {
        const total = frames.join('').length
        let sent = 0
        return frames.map((frame) => {
          sent += frame.length
          return (sent / total) * 6000
        })
      }
      const steps = async function* (run: number): AsyncGenerator<string> {
        for (const frame of sseFrames(run)) {
          yield frame
          clock.advance(1)
        }
      }
      await withScene(
        driver,
        { answer: (call, run) => ({ ...answer(call, run), chunks: steps(run) }), cache: { clock, replay: { tokensPerSecond: 10 } } },
        async (s) => {
          await s.ask()
          await s.concluded(1)
          const due = spread(sseFrames(1))
          const live = s.live()
          // Some frameworks send the head with the first chunk.
          await s.until(() => s.events.some(({ type }) => type === 'lookup-hit'))
          let now = 0
          for (const [index, word] of ['word-1', 'word-2', 'word-3', 'word-4', '"stop"', '[DONE]'].entries()) {
            const at = due[index] as number
            clock.advance(Math.max(0, at - now - 5))
            await s.ask({ path: '/nowhere' })
            assert.equal(live.text.includes(word), false, `${word} not before its time`)
            clock.advance(5.001)
            now = at + 0.001
            await live.until(word)
          }
          assert.equal((await live.done()).text, sseFrames(1).join(''))
        },
      )
    })
  })
}

/** Resolves once `value` has stood still for a while: there is no event for nothing happening. */
async function quiet(value: () => number): Promise<void> {
  for (let calm = 0, last = value(); calm < 20; calm = value() === last ? calm + 1 : 0) {
    last = value()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}
