/** Where the cache is mounted, and what handlers find there. */

import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { createManualClock } from '../manual-clock.js'
import { chat, completion, EVENT_STREAM, paced, sseFrames } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner } from './types.js'

const MOUNTS = ['global', 'route', 'cached', 'nested'] as const

export function mountTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  describe('mounts', () => {
    for (const mount of MOUNTS) {
      it(`${mount}: miss, hit, with the body parser before, behind or missing`, async () => {
        for (const bodyParser of ['before', 'after', 'none'] as const) {
          if (mount === 'cached' && bodyParser === 'after') continue
          await withScene(driver, { mount, bodyParser }, async (s) => {
            const [miss, hit, other] = [await s.ask(), await s.ask(), await s.ask({ body: chat('Something else?') })]
            assert.deepEqual([label(miss), label(hit), label(other)], ['MISS', 'HIT', 'MISS'], `body parser ${bodyParser}`)
            assert.equal(s.runs, 2)
            assert.equal(hit.header('x-llm-cache-id'), miss.header('x-llm-cache-id'))
            assert.equal(hit.header('etag'), miss.header('etag'))
            assert.equal(miss.header('cache-status'), 'llm-cache; fwd=uri-miss')
          })
        }
      })

      it(`${mount}: in a sub-app that is mounted twice`, () =>
        withScene(driver, { mount, mountedAt: ['/api/v1', '/api/v2'] }, async (s) => {
          const got = []
          for (const path of ['/api/v1/chat', '/api/v1/chat', '/api/v2/chat', '/api/v2/chat', '/api/v1/chat?x=1']) {
            got.push(label(await s.ask({ path })))
          }
          assert.deepEqual(got, ['MISS', 'HIT', 'MISS', 'HIT', 'MISS'])
        }))
    }

    it('the rules of the inner mount win over those of the outer one', () => {
      const clock = createManualClock()
      return withScene(driver, { mount: 'nested', rules: { ttl: '10s' }, cache: { ttl: '1h', clock } }, async (s) => {
        assert.equal(label(await s.ask()), 'MISS')
        assert.equal(label(await s.ask()), 'HIT')
        clock.advance(11_000)
        const stale = await s.ask()
        assert.equal(label(stale), 'MISS')
        assert.equal(s.stored, 2)
      })
    })

    it('a burst on nested mounts makes one origin call', async () => {
      let current: Scene
      const answer = (_call: unknown, run: number) => ({ headers: EVENT_STREAM, chunks: paced(current.gate, sseFrames(run)) })
      await withScene(driver, { mount: 'nested', rules: { ttl: '10s' }, answer }, async (s) => {
        current = s
        s.gate.hold()
        const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
        const asked = Array.from({ length: 50 }, () => s.ask({ agent }))
        await s.until(() => s.arrivals === 50)
        s.gate.release()
        const answers = await Promise.all(asked)
        assert.equal(s.runs, 1)
        assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
      })
    })

    it('the handle is there, and works', async () => {
      const clock = createManualClock()
      const outcomes: unknown[] = []
      for (const mount of ['global', 'route', 'cached'] as const) {
        await withScene(
          driver,
          {
            mount,
            cache: { clock },
            answer: ({ handle }, run) => {
              outcomes.push(handle?.outcome)
              handle?.tag('docs:v3').tag('faq', 'docs:v3').ttl('90s').usage({ inputTokens: 7, outputTokens: 11 })
              return { json: completion(run) }
            },
          },
          async (s) => {
            await s.ask()
            const stored = s.events.find((event) => event.type === 'entry-stored')
            assert.deepEqual(stored?.type === 'entry-stored' && [stored.tags, stored.usage], [2, { inputTokens: 7, outputTokens: 11 }])
            const hit = await s.ask()
            assert.match(hit.header('cache-status') ?? '', /; hit; ttl=90$/)
            await s.ask({ headers: { 'cache-control': 'no-store' } })
            assert.deepEqual(outcomes.splice(0), ['MISS', 'BYPASS'])
          },
        )
      }
    })

    it('a wrong value given to the handle is an error that the handler sees', () =>
      withScene(
        driver,
        {
          answer: ({ handle }) => {
            assert.throws(() => handle?.ttl('soon' as never), /ttl/)
            assert.throws(() => handle?.tag(''), /tags/)
            return { json: completion(1) }
          },
        },
        async (s) => assert.equal((await s.ask()).status, 200),
      ))

    it('`ttl(0)` means: do not store', () =>
      withScene(
        driver,
        {
          answer: ({ handle }, run) => {
            handle?.ttl(0)
            return { json: completion(run) }
          },
        },
        async (s) => {
          await s.ask()
          assert.equal(label(await s.ask()), 'MISS')
          assert.deepEqual(s.skips, ['ttl-zero', 'ttl-zero'])
        },
      ))

    it('a kept-alive connection carries misses, hits, bypasses and errors one after the other', () =>
      withScene(driver, { mount: 'global', bodyParser: 'none', cache: { maxBodyBytes: 100_000 } }, async (s) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        const big = chat('x'.repeat(50_000))
        const got = []
        for (const ask of [
          {},
          {},
          { path: '/nowhere' },
          { body: big },
          { body: big },
          { headers: { 'cache-control': 'no-store' } },
          { body: chat('y'.repeat(300_000)) },
          {},
          { headers: { 'cache-control': 'only-if-cached' }, body: chat('never asked') },
          {},
        ]) {
          const answer = await s.ask({ ...ask, agent })
          got.push(`${answer.status} ${label(answer)}`)
        }
        agent.destroy()
        assert.deepEqual(got, [
          '200 MISS',
          '200 HIT',
          '404 MISS',
          '200 MISS',
          '200 HIT',
          '200 BYPASS',
          '200 undefined',
          '200 HIT',
          '504 MISS',
          '200 HIT',
        ])
        await s.disconnected(1)
      }))
  })
}
