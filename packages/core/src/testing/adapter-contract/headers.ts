/** What stands on the wire besides the answer: the cache's own fields, validators, and what outer middleware adds. */

import assert from 'node:assert/strict'
import { createManualClock } from '../manual-clock.js'
import type { Ask } from './client.js'
import { chat, completion, EVENT_STREAM, paced, sseFrames } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer, HandlerCall } from './types.js'

export function headerTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  describe('fields', () => {
    it('Cache-Status, Age and the id say what happened: MISS, HIT, BYPASS', async () => {
      const clock = createManualClock()
      await withScene(driver, { cache: { clock, ttl: '10m', name: 'edge' } }, async (s) => {
        const miss = await s.ask()
        assert.equal(label(miss), 'MISS')
        assert.equal(miss.header('cache-status'), 'edge; fwd=uri-miss')
        assert.equal(miss.header('age'), undefined)
        assert.match(miss.header('x-llm-cache-id') ?? '', /^[\w-]{22}$/)
        clock.advance(61_500)
        const hit = await s.ask()
        assert.equal(label(hit), 'HIT')
        assert.equal(hit.header('cache-status'), 'edge; hit; ttl=538')
        assert.equal(hit.header('age'), '61')
        const bypass = await s.ask({ headers: { 'cache-control': 'no-store' } })
        assert.equal(label(bypass), 'BYPASS')
        assert.equal(bypass.header('cache-status'), 'edge; fwd=bypass; detail=request-no-store')
        assert.equal(bypass.header('x-llm-cache-id'), undefined)
      })
    })

    it('COLLAPSED says so', async () => {
      let current: Scene
      const answer = (_call: unknown, run: number) => ({ headers: EVENT_STREAM, chunks: paced(current.gate, sseFrames(run)) })
      await withScene(driver, { answer }, async (s) => {
        current = s
        s.gate.hold()
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        await leader.until('word-1')
        const follower = await s.live().head()
        assert.equal(follower.header('x-llm-cache'), 'COLLAPSED')
        assert.equal(follower.header('cache-status'), 'llm-cache; fwd=uri-miss; collapsed')
        assert.equal(follower.header('x-llm-cache-id'), (await leader.head()).header('x-llm-cache-id'))
      })
    })

    it('the Cache-Status of a cache nearer to the origin is kept', () =>
      withScene(driver, { cache: { clock: createManualClock() }, answer: behindGateway }, async (s) => {
        assert.equal((await s.ask()).header('cache-status'), 'Gateway; hit, llm-cache; fwd=uri-miss')
        assert.equal((await s.ask()).header('cache-status'), 'Gateway; hit, llm-cache; hit; ttl=3600')
      }))

    it('measurements of one exchange are not replayed, its other fields are', () => {
      const headers = {
        'X-RateLimit-Remaining': '0',
        'Retry-After': '9',
        'Server-Timing': 'model;dur=900',
        'X-Request-Id': 'r-1',
        Link: ['<a>; rel=preload', '<b>; rel=preload'],
      }
      return withScene(driver, { answer: () => ({ json: completion(1), headers }) }, async (s) => {
        const [miss, hit] = [await s.ask(), await s.ask()]
        for (const name of ['x-ratelimit-remaining', 'retry-after', 'server-timing']) {
          assert.notEqual(miss.header(name), undefined)
          assert.equal(hit.header(name), undefined)
        }
        assert.equal(hit.header('x-request-id'), 'r-1')
        assert.equal(hit.header('link'), miss.header('link'))
      })
    })

    it('a JSON hit has an ETag, and answers 304 to whom holds it', () =>
      withScene(driver, {}, async (s) => {
        const miss = await s.ask()
        const etag = miss.header('etag') ?? ''
        assert.match(etag, /^W\/"/)
        const matched = await s.ask({ headers: { 'if-none-match': `"other", ${etag}` } })
        assert.equal(matched.status, 304)
        assert.equal(matched.body.length, 0)
        assert.equal(matched.header('etag'), etag)
        assert.equal(matched.header('content-length'), undefined)
        assert.equal(label(matched), 'HIT')
        const other = await s.ask({ headers: { 'if-none-match': '"other"' } })
        assert.equal(other.status, 200)
        assert.equal(other.text, miss.text)
        assert.equal(other.header('etag'), etag)
      }))

    it('a GET with a validator after the end of freshness is answered whole by the handler, and stored again', async () => {
      const clock = createManualClock()
      let runs = 0
      const run = (): Answer => {
        runs++
        return { json: completion(1) }
      }
      const routes = [{ method: 'GET', path: '/chat', handler: { kind: 'neutral', run } }] as const
      await withScene(driver, { cache: { clock, ttl: '10m' }, routes }, async (s) => {
        const etag = (await s.ask({ method: 'GET' })).header('etag') ?? ''
        assert.notEqual(etag, '')
        clock.advance(601_000)
        const since = { 'if-none-match': etag, 'if-modified-since': new Date().toUTCString() }
        const miss = await s.ask({ method: 'GET', headers: since })
        assert.equal(label(miss), 'MISS')
        assert.equal(miss.status, 200)
        const hit = await s.ask({ method: 'GET' })
        assert.deepEqual([label(hit), hit.status, runs], ['HIT', 200, 2])
      })
    })

    it('those who want an event stream and those who want JSON share no entry', () => {
      const answer = ({ header }: HandlerCall, run: number): Answer =>
        header('accept') === 'text/event-stream' ? { headers: EVENT_STREAM, chunks: asyncOf(sseFrames(run)) } : { json: completion(run) }
      return withScene(driver, { mount: 'global', answer }, async (s) => {
        const got = []
        for (const accept of ['text/event-stream', 'application/json', 'text/event-stream', 'application/json']) {
          const { header } = await s.ask({ headers: { accept } })
          got.push(`${header('x-llm-cache')} ${header('content-type')?.split(';')[0]}`)
        }
        assert.deepEqual(got, ['MISS text/event-stream', 'MISS application/json', 'HIT text/event-stream', 'HIT application/json'])
      })
    })

    it('HEAD is left to the app', async () => {
      const routes = [{ method: 'GET', path: '/chat', handler: { kind: 'neutral', run: () => ({ json: completion(1) }) } }] as const
      const seen: string[] = []
      for (const cache of [null, {}]) {
        await withScene(driver, { cache, routes }, async (s) => {
          await s.ask({ method: 'GET' })
          const head = await s.ask({ method: 'HEAD' })
          assert.notEqual(label(head), 'HIT')
          seen.push(`${head.status} ${head.body.length} ${head.header('content-type')} ${head.header('content-length')}`)
          assert.equal((await s.ask({ method: 'GET' })).text, JSON.stringify(completion(1)))
        })
      }
      assert.equal(seen[0], seen[1])
    })

    it('CORS outside: each origin gets its own permission on hits', () =>
      withScene(driver, { cors: true }, async (s) => {
        const origins = ['https://one.example', 'https://two.example', 'https://one.example']
        const answers = []
        for (const origin of origins) answers.push(await s.ask({ headers: { origin } }))
        assert.deepEqual(answers.map(label), ['MISS', 'HIT', 'HIT'])
        assert.deepEqual(
          answers.map((answer) => answer.header('access-control-allow-origin')),
          origins,
        )
        assert.match(answers[1]?.header('vary') ?? '', /origin/i)
      }))
  })

  describe('compression', () => {
    const gzip: Ask = { headers: { 'accept-encoding': 'gzip' } }
    const kinds: Readonly<Record<string, (run: number) => Answer>> = {
      JSON: (run) => ({ json: completion(run, 'tides '.repeat(500)) }),
      SSE: (run) => ({ headers: { 'Content-Type': 'text/event-stream' }, chunks: asyncOf(sseFrames(run, 20)) }),
    }
    for (const [kind, answer] of Object.entries(kinds)) {
      for (const compression of ['outside', 'inside'] as const) {
        it(`${kind}, compression ${compression}: answers decode to the same bytes, whoever asks`, async () => {
          for (const asks of [
            [gzip, gzip, {}, gzip],
            [{}, gzip, {}, gzip],
          ]) {
            await withScene(driver, { mount: 'global', compression, answer: (_call, run) => answer(run) }, async (s) => {
              let run = 0
              for (const ask of asks) {
                const received = await s.ask(ask)
                if (label(received) === 'MISS') run++
                const expected = answer(run)
                assert.equal(received.text, expected.json ? JSON.stringify(expected.json) : sseFrames(run, 20).join(''))
                if (ask === gzip && compression === 'outside') assert.equal(received.header('content-encoding'), 'gzip')
                if (ask !== gzip) assert.equal(received.header('content-encoding'), undefined)
                await s.concluded(run)
              }
              assert.equal(s.runs, run)
              // Outside, the cache sees plain bytes; inside, it never stores encoded ones.
              if (compression === 'outside') assert.equal(run, 1)
              else assert.ok(s.skips.every((reason) => reason === 'encoded'))
              assert.equal(s.stored, 1)
            })
          }
        })
      }
    }

    it('a followed stream comes through compression live', async () => {
      let current: Scene
      const answer = (_call: unknown, run: number): Answer => ({
        headers: { 'Content-Type': 'text/event-stream' },
        chunks: paced(current.gate, sseFrames(run)),
      })
      await withScene(driver, { mount: 'global', compression: 'outside', answer }, async (s) => {
        current = s
        s.gate.hold()
        const leader = s.live()
        await s.until(() => s.runs === 1)
        await s.gate.step(1)
        await leader.until('word-1')
        const follower = s.live({ ...gzip, body: chat() })
        await follower.firstByte()
        s.gate.release()
        assert.equal((await follower.done()).text, sseFrames(1).join(''))
      })
    })
  })
}

function behindGateway(): Answer {
  return { json: completion(1), headers: { 'Cache-Status': 'Gateway; hit' } }
}

async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}
