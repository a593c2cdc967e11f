/** Which requests are cached at all. */

import assert from 'node:assert/strict'
import { request as httpRequest, METHODS } from 'node:http'
import { createModelServer } from '../model-server/server.js'
import type { Fault, ModelServer } from '../model-server/types.js'
import { chat } from './samples.js'
import { label, type SceneOptions, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer } from './types.js'

/** Bodies of apps' own that no one may take for a question to a model without further evidence. */
const EVERYDAY: readonly Record<string, unknown>[] = [
  { item: 'book', quantity: 2 },
  { message: 'First!' },
  { query: 'status:open', input: 'x' },
  { prompt: 'approve?' },
]

export function scopeTests<N>({ describe, it, beforeAll, afterAll }: AdapterRunner, driver: AdapterDriver<N>): void {
  let model: ModelServer
  const generic = { message: 'What are tides?' }

  async function viaFetch(): Promise<Answer> {
    const response = await fetch(`${model.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(chat()),
    })
    const { choices } = (await response.json()) as { choices?: { message: { content: string } }[] }
    return { json: { reply: choices?.[0]?.message.content ?? 'Sorry, try again later.' } }
  }

  function viaHttp(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const call = httpRequest(`${model.url}/v1/chat/completions`, { method: 'POST', headers }, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk
        })
        response.on('end', () => resolve({ json: { reply: text.length } }))
      })
      call.on('error', reject)
      call.end(JSON.stringify(chat()))
    })
  }

  /** A handler that makes the best of a stream that was cut. */
  async function viaBrokenStream(): Promise<Answer> {
    let reply = ''
    try {
      const response = await fetch(`${model.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(chat('What are tides?', { stream: true })),
      })
      reply = await response.text()
    } catch {
      reply = 'Sorry, we lost the rest.'
    }
    return { json: { reply } }
  }

  describe('which requests are cached', () => {
    beforeAll(async () => {
      model = await createModelServer()
    })
    afterAll(async () => {
      await model.close()
    })

    for (const body of EVERYDAY) {
      it(`POST ${JSON.stringify(body)} twice on a global mount: the handler runs twice and the responses are unmarked`, async () => {
        for (const bodyParser of ['before', 'after', 'none'] as const) {
          const answer = (_call: unknown, run: number): Answer => ({ status: 201, json: { id: run } })
          await withScene(driver, { mount: 'global', bodyParser, answer }, async (s) => {
            for (let run = 1; run <= 3; run++) {
              const received = await s.ask({ body })
              assert.equal(received.text, `{"id":${run}}`)
              for (const name of ['x-llm-cache', 'x-llm-cache-id', 'cache-status', 'age']) assert.equal(received.header(name), undefined)
            }
            assert.equal(s.stored, 0)
          })
        }
      })
    }

    it('everyday requests that come at the same time each run', async () => {
      let release = (): void => undefined
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const answer = async (_call: unknown, run: number): Promise<Answer> => {
        await released
        return { json: { id: run } }
      }
      await withScene(driver, { mount: 'global', answer }, async (s) => {
        const asked = [s.ask({ body: generic }), s.ask({ body: generic })]
        await s.until(() => s.runs === 2)
        release()
        assert.equal(new Set((await Promise.all(asked)).map(({ text }) => text)).size, 2)
      })
    })

    for (const [client, answer] of Object.entries({ fetch: viaFetch, 'node:http': viaHttp })) {
      it(`a generic body whose handler asks a model with ${client} is cached from the second request on`, () =>
        withScene(driver, { mount: 'global', answer }, async (s) => {
          const first = await s.ask({ body: generic })
          await s.concluded(1)
          assert.deepEqual(s.skips, [])
          const second = await s.ask({ body: generic })
          assert.equal(label(second), 'HIT')
          assert.equal(second.text, first.text)
          assert.equal(s.runs, 1)
        }))
    }

    const failing: readonly (readonly [Fault, () => Promise<Answer>])[] = [
      ['server-error', viaFetch],
      ['cut', viaBrokenStream],
    ]
    for (const [fault, answer] of failing) {
      it(`a generic body whose model call met ${fault}, hidden behind a clean 200: not stored`, () =>
        withScene(driver, { mount: 'global', answer }, async (s) => {
          model.failNext(fault)
          const first = await s.ask({ body: generic })
          assert.equal(first.status, 200)
          await s.concluded(1)
          assert.deepEqual(s.skips, ['upstream-failed'])
          const second = await s.ask({ body: generic })
          assert.notEqual(label(second), 'HIT')
          assert.notEqual(second.text, first.text)
          await s.concluded(2)
          assert.equal(s.stored, 1)
        }))
    }

    it('an explicit route caches any body', async () => {
      for (const mount of ['route', 'cached'] as const) {
        await withScene(driver, { mount }, async (s) => {
          for (const body of [{ item: 'book' }, generic, { list: [1, 2] }]) {
            const [first, second] = [await s.ask({ body }), await s.ask({ body })]
            assert.deepEqual([label(first), label(second)], ['MISS', 'HIT'])
            assert.equal(second.text, first.text)
          }
        })
      }
    })

    it('a GraphQL mutation is never cached by a global mount, though its handler asks a model', () =>
      withScene(driver, { mount: 'global', answer: viaFetch }, async (s) => {
        for (const query of ['mutation { pay { id } }', '{ me { name } }', '# a comment\nmutation Pay($a: Int) { pay(a: $a) }']) {
          const before = s.runs
          for (let run = 1; run <= 3; run++) {
            const received = await s.ask({ body: { query } })
            assert.equal(label(received), undefined, query)
            assert.equal(s.runs, before + run)
          }
        }
        assert.equal(s.stored, 0)
      }))

    it('where `when` says no, a global mount leaves the response unmarked', () =>
      withScene(driver, { mount: 'global', cache: { when: () => false } }, async (s) => {
        for (let run = 1; run <= 2; run++) {
          const received = await s.ask()
          for (const name of ['x-llm-cache', 'x-llm-cache-id', 'cache-status']) assert.equal(received.header(name), undefined)
          assert.equal(s.runs, run)
        }
      }))

    it('`when` says which requests are cached, whatever their body', () => {
      const when = (request: { header(name: string): string | undefined }): boolean => request.header('x-cache-me') === 'yes'
      return withScene(driver, { mount: 'global', cache: { when } }, async (s) => {
        const body = { item: 'book' }
        const yes = { 'x-cache-me': 'yes' }
        assert.deepEqual([label(await s.ask({ body, headers: yes })), label(await s.ask({ body, headers: yes }))], ['MISS', 'HIT'])
        const no = [await s.ask({ body: chat() }), await s.ask({ body: chat() })]
        assert.notEqual(no[0]?.text, no[1]?.text)
      })
    })

    const answers = (method: string, run: () => void): NonNullable<SceneOptions<N>['routes']> => [
      {
        method,
        path: '/chat',
        handler: {
          kind: 'neutral',
          run: () => {
            run()
            return { json: { answer: 'yes' } }
          },
        },
      },
    ]
    it('GET is cached on explicit routes only, by its query', async () => {
      for (const [mount, expected] of [
        ['route', ['MISS', 'HIT', 'MISS']],
        ['global', [undefined, undefined, undefined]],
      ] as const) {
        let runs = 0
        await withScene(driver, { mount, routes: answers('GET', () => runs++) }, async (s) => {
          const got = []
          for (const path of ['/chat?q=1', '/chat?q=1', '/chat?q=2']) got.push(label(await s.ask({ method: 'GET', path })))
          assert.deepEqual(got, expected)
          assert.equal(runs, mount === 'route' ? 2 : 3)
        })
      }
    })

    it('QUERY is cached by its body (RFC 10008)', async () => {
      if (!METHODS.includes('QUERY')) return
      let runs = 0
      await withScene(driver, { mount: 'global', routes: answers('QUERY', () => runs++) }, async (s) => {
        const got = []
        for (const prompt of ['a', 'a', 'b']) got.push(label(await s.ask({ method: 'QUERY', body: chat(prompt) })))
        assert.deepEqual(got, ['MISS', 'HIT', 'MISS'])
        assert.equal(runs, 2)
      })
    })

    it('other methods on a cached route are left alone', () =>
      withScene(driver, { routes: answers('PUT', () => undefined) }, async (s) => {
        for (let run = 0; run < 2; run++) assert.notEqual(label(await s.ask({ method: 'PUT', body: chat() })), 'HIT')
      }))
  })
}
