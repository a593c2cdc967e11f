/** Every handler shape: its miss is what the app alone would send, its hit is its miss. */

import assert from 'node:assert/strict'
import { createManualClock } from '../manual-clock.js'
import { createGate } from '../model-server/gate.js'
import { createModelServer } from '../model-server/server.js'
import type { ModelServer } from '../model-server/types.js'
import type { Live, Received } from './client.js'
import { chat, sseFrames } from './samples.js'
import { label, type Scene, type SceneOptions, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Shape, ShapeTools } from './types.js'

const PROMPT = 'What are tides?'

export function shapeTests<N>({ describe, it, beforeAll, afterAll }: AdapterRunner, driver: AdapterDriver<N>): void {
  let model: ModelServer
  let runs = 0
  let onRun: () => void = () => undefined
  const tools = (): ShapeTools => ({
    modelUrl: model.url,
    prompt: PROMPT,
    frames: sseFrames(1),
    gate: createGate(),
    called: () => {
      runs++
      onRun()
    },
  })

  async function scene(shape: Shape<N>, given: ShapeTools, options: SceneOptions<N>, body: (scene: Scene) => Promise<void>): Promise<void> {
    runs = 0
    model.reset()
    const handler = { kind: 'native', native: shape.make(given) } as const
    await withScene(driver, { ...options, routes: [{ method: 'POST', path: '/chat', handler }] }, body)
  }
  const body = chat(PROMPT, { stream: true })

  describe('handler shapes', () => {
    beforeAll(async () => {
      // A clock that stands still: answers of two calls differ by their ids alone.
      model = await createModelServer({ clock: createManualClock() })
    })
    afterAll(async () => {
      await model.close()
    })

    for (const shape of driver.shapes) {
      for (const [mount, bodyParser] of [
        ['global', 'none'],
        ['cached', 'before'],
      ] as const) {
        it(`${shape.name}: a hit equals its miss (${mount}, body parser ${bodyParser})`, () =>
          scene(shape, tools(), { mount, bodyParser }, async (s) => {
            const miss = await s.ask({ body })
            await s.concluded(1)
            assert.deepEqual(s.skips, [])
            const hit = await s.ask({ body })
            assert.equal(label(miss), 'MISS')
            assert.equal(label(hit), 'HIT')
            assert.equal(runs, 1)
            assert.equal(hit.status, miss.status)
            assert.ok(hit.body.equals(miss.body), 'bytes')
            assert.deepEqual(lines(hit, PER_EXCHANGE), lines(miss, PER_EXCHANGE))
            assert.equal(hit.header('x-llm-cache-id'), miss.header('x-llm-cache-id'))
          }))
      }

      it(`${shape.name}: a miss is what the app alone sends`, async () => {
        const answers: Received[] = []
        const given = tools()
        for (const cache of [null, {}]) {
          await scene(shape, given, { cache }, async (s) => {
            const answer = await s.ask({ body })
            // Two calls of the model differ by their ids alone.
            const plain = (text: string): string =>
              model.calls.reduce((all, { id }) => all.replaceAll(id, 'ID'), text.replace(/req_[\da-f]+/, 'req'))
            const headers = answer.headers.map(([name, value]) => [name, plain(value)] as const)
            answers.push({ ...answer, headers, text: plain(answer.text) })
          })
        }
        const [alone, miss] = answers as [Received, Received]
        assert.equal(label(alone), undefined)
        assert.equal(label(miss), 'MISS')
        assert.equal(miss.status, alone.status)
        assert.equal(miss.text, alone.text)
        // The cache adds a validator only where there is none.
        const ours = alone.header('etag') === undefined ? [...OURS, 'etag'] : OURS
        assert.deepEqual(lines(miss, ours), lines(alone, ours))
      })

      if (!shape.streamed) continue
      it(`${shape.name}: the first chunk reaches the client before the handler writes on`, () =>
        halfway(shape, 1, async (s, [live], release) => {
          assert.equal(live?.ended, false)
          release()
          assert.equal((await live?.done())?.cut, false)
          await s.concluded(1)
        }))

      it(`${shape.name}: the leader leaves in the middle, its follower gets everything`, () =>
        halfway(shape, 2, async (s, [leader, follower], release) => {
          leader?.abort()
          await s.disconnected(1)
          release()
          const followed = await follower?.done()
          assert.equal(followed?.cut, false)
          await s.concluded(1)
          assert.deepEqual(s.skips, [])
          const hit = await s.ask({ body })
          assert.equal(label(hit), 'HIT')
          assert.equal(hit.text, followed?.text)
        }))

      it(`${shape.name}: all leave, and the handler ends without harm`, () =>
        halfway(shape, 1, async (s, [live], release) => {
          live?.abort()
          await s.concluded(1)
          assert.deepEqual(s.skips, ['client-gone'])
          release()
          await model.settled()
          assert.equal(label(await s.ask({ body })), 'MISS')
          assert.equal(runs, 2)
        }))
    }
  })

  /** `clients` receive the first bytes of the same answer; the handler waits for `release`. */
  async function halfway(
    shape: Shape<N>,
    clients: number,
    test: (scene: Scene, lives: readonly Live[], release: () => void) => Promise<void>,
  ): Promise<void> {
    const given = tools()
    await scene(shape, given, { mount: 'global', bodyParser: 'none' }, async (s) => {
      const called = new Promise<void>((resolve) => {
        onRun = resolve
      })
      given.gate.hold()
      model.hold()
      const lives = [s.live({ body })]
      await called
      if (shape.asksModel) {
        await model.waitForCalls(1)
        await model.step(3)
      } else await given.gate.step(1)
      await lives[0]?.firstByte()
      while (lives.length < clients) lives.push(s.live({ body }))
      await Promise.all(lives.map((live) => live.firstByte()))
      await test(s, lives, () => {
        given.gate.release()
        model.release()
      })
    })
  }
}

/** What may differ between a miss and its hit: the message's own fields, and what the cache says of each exchange. */
const PER_EXCHANGE: readonly string[] = [
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'age',
  'cache-status',
  'x-llm-cache',
]

/** Between an app with the cache and without it the framing has to be equal too. */
const OURS: readonly string[] = ['date', 'cache-status', 'x-llm-cache', 'x-llm-cache-id']

function lines(received: Received, without: readonly string[]): string[] {
  return received.headers
    .filter(([name]) => !without.includes(name.toLowerCase()))
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
}
