/** Connections that break at awkward moments, and answers that are shorter than they say. */

import assert from 'node:assert/strict'
import type { CacheStore } from '../../ports.js'
import { completion, EVENT_STREAM, paced, sseFrames } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer } from './types.js'

export function disconnectTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  describe('broken connections', () => {
    it('the leader is reset in the middle of a stream: its follower gets everything', async () => {
      let current: Scene
      const answer = (_call: unknown, run: number): Answer => ({ headers: EVENT_STREAM, chunks: paced(current.gate, sseFrames(run)) })
      await withScene(driver, { answer }, async (s) => {
        current = s
        s.gate.hold()
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        const follower = s.live()
        await Promise.all([leader.until('word-1'), follower.until('word-1')])
        leader.reset()
        await s.disconnected(1)
        s.gate.release()
        const received = await follower.done()
        assert.equal(received.cut, false)
        assert.equal(received.text, sseFrames(1).join(''))
        await s.concluded(1)
        assert.equal(s.stored, 1)
        assert.equal(s.runs, 1)
      })
    })

    it('a client that leaves while the store is asked holds nobody up', async () => {
      const { store, asked, answer: found } = slowStore()
      // The first run has nobody to answer any more, and never does.
      const answer = (_call: unknown, run: number): Answer | Promise<Answer> =>
        run === 1 ? new Promise(() => undefined) : { json: completion(run) }
      await withScene(driver, { answer, cache: { store, storeTimeout: '1h' } }, async (s) => {
        const leaving = s.live()
        await asked
        leaving.abort()
        await s.disconnected(1)
        found()
        await s.concluded(1)
        assert.deepEqual(s.skips, ['client-gone'])
        const received = await s.ask()
        assert.equal(received.status, 200)
        assert.equal(label(received), 'MISS')
      })
    })

    it('an answer shorter than its Content-Length: leader and followers see the cut, nothing is stored', async () => {
      let current: Scene
      const text = JSON.stringify(completion(1))
      const answer = (): Answer => ({
        headers: { 'Content-Type': 'application/json', 'Content-Length': String(text.length + 50) },
        chunks: paced(current.gate, [text.slice(0, 20), text.slice(20)]),
      })
      await withScene(driver, { answer }, async (s) => {
        current = s
        s.gate.hold()
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        const follower = s.live()
        await Promise.all([leader.firstByte(), follower.firstByte()])
        s.gate.release()
        for (const live of [leader, follower]) assert.equal((await live.done()).cut, true)
        await s.concluded(1)
        assert.equal(s.stored, 0)
      })
    })
  })
}

/** A store that answers its first question when it is told to, and holds nothing. */
function slowStore(): { store: CacheStore; asked: Promise<void>; answer: () => void } {
  let tell = (): void => undefined
  const asked = new Promise<void>((resolve) => {
    tell = resolve
  })
  let answer = (): void => undefined
  const first = new Promise<undefined>((resolve) => {
    answer = () => resolve(undefined)
  })
  const store: CacheStore = {
    name: 'slow',
    limits: { maxEntryBytes: Number.POSITIVE_INFINITY },
    get: () => {
      tell()
      return first
    },
    set: async () => true,
    delete: async () => false,
    clear: async () => undefined,
    size: () => undefined,
    close: () => undefined,
  }
  return { store, asked, answer: () => answer() }
}
