/** Request bodies: the handler always gets its own, whoever reads it first, and what cannot be keyed is bypassed. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Ask } from './client.js'
import { chat, completion } from './samples.js'
import { label, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer, AppSpec, HandlerCall } from './types.js'

const LIMIT = 10_000
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const filler = 'x'.repeat(5 * LIMIT)
const boundary = 'b0undary'
const json = { 'content-type': 'application/json' }

/** Bodies that cannot be keyed, with the reason by which an explicit route bypasses them; `parsed`: a parser makes ordinary ones of them. */
const STRANGE: Readonly<Record<string, { readonly ask: Ask; readonly reason: string; readonly parsed?: true }>> = {
  'broken JSON': { ask: { body: '{"model": "gpt', headers: json }, reason: 'invalid-json' },
  'duplicate keys': { ask: { body: '{"prompt":"a","prompt":"b"}', headers: json }, reason: 'duplicate-keys', parsed: true },
  'a number beyond 2^53': { ask: { body: '{"prompt":"a","seed":9007199254740993}', headers: json }, reason: 'number-precision' },
  'too large, with a length': { ask: { body: chat(filler) }, reason: 'body-too-large' },
  'too large, without a length': {
    ask: { body: [JSON.stringify(chat(filler)).slice(0, 20), JSON.stringify(chat(filler)).slice(20)], headers: json },
    reason: 'body-too-large',
    parsed: true,
  },
  '100,000 levels deep': { ask: { body: `{"prompt":${deep}}`, headers: json }, reason: 'body-too-large' },
  multipart: {
    ask: {
      body: `--${boundary}\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nhello\r\n--${boundary}--\r\n`,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    },
    reason: 'body-multipart',
  },
  "gzip'd": { ask: { body: gzipSync(JSON.stringify(chat())), headers: { ...json, 'content-encoding': 'gzip' } }, reason: 'body-encoded' },
}

/** Bodies that are keyed, however they come. */
const ORDINARY: Readonly<Record<string, Ask>> = {
  'JSON with a length': { body: chat() },
  'JSON in chunks': { body: ['{"model":"gpt-4.1-mini","messages":[{"role":"user",', '"content":"What are', ' tides?"}]}'], headers: json },
  'Expect: 100-continue': { body: chat(), expectContinue: true },
  'a text': { body: 'What are tides?', headers: { 'content-type': 'text/plain' } },
  'a form': { body: 'prompt=tides&x=%20', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  'bytes without a type': { body: Buffer.from([0, 255, 254, 10, 13]) },
  'no bytes': { body: '' },
  'an empty JSON body': { body: '', headers: json },
  'a multi-byte text': { body: chat('\u00e4\u{1f600}\u4e2d'.repeat(300)) },
  'a body over several packets': { body: chat('tides '.repeat(50_000)) },
}

/** What the handler saw of its body, in a few words. */
function seen({ body, header }: HandlerCall): Answer {
  const text =
    body instanceof Uint8Array
      ? `bytes ${body.length} ${createHash('sha256').update(body).digest('hex')}`
      : `${typeof body} ${shallow(body)}`
  return { json: completion(0, text), headers: { 'X-Type': `${header('content-type')} ${header('content-encoding')}` } }
}

function shallow(body: unknown): string {
  try {
    return JSON.stringify(body) ?? 'undefined'
  } catch {
    return Object.keys(body as object).join()
  }
}

type Parser = AppSpec<unknown>['bodyParser']
const PARSERS: readonly Parser[] = ['before', 'after', 'none']

export function bodyTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  /** Status and text that the app gives without the cache. */
  async function alone(ask: Ask, bodyParser: Parser): Promise<string> {
    let text = ''
    await withScene(driver, { cache: null, bodyParser, answer: seen }, async (s) => {
      const answer = await s.ask(ask)
      text = `${answer.status} ${answer.text}`
    })
    return text
  }

  describe('bodies', () => {
    for (const [name, { ask, reason, parsed }] of Object.entries(STRANGE)) {
      it(`${name}: reaches the handler unchanged and is bypassed`, async () => {
        for (const bodyParser of PARSERS) {
          const expected = await alone(ask, bodyParser)
          const cache = reason === 'body-too-large' ? { maxBodyBytes: LIMIT } : {}
          for (const mount of ['global', 'route'] as const) {
            await withScene(driver, { cache, bodyParser, mount, answer: seen }, async (s) => {
              for (let run = 1; run <= 2; run++) {
                const answer = await s.ask(ask)
                assert.equal(`${answer.status} ${answer.text}`, expected, `${mount}, body parser ${bodyParser}`)
                if (parsed && bodyParser === 'before') continue
                assert.notEqual(label(answer), 'HIT')
                if (bodyParser === 'none' && mount === 'route') {
                  assert.match(answer.header('cache-status') ?? '', new RegExp(`fwd=bypass; detail=${reason}$`))
                }
              }
              if (!(parsed && bodyParser === 'before')) assert.equal(s.stored, 0)
            })
          }
        }
      })
    }

    it('100,000 levels deep under the size limit: bypassed, the handler gets it', async () => {
      const ask: Ask = { body: `{"prompt":${deep}}`, headers: json }
      for (const bodyParser of PARSERS) {
        const expected = await alone(ask, bodyParser)
        await withScene(driver, { bodyParser, answer: seen }, async (s) => {
          const answer = await s.ask(ask)
          assert.equal(`${answer.status} ${answer.text}`, expected)
          assert.notEqual(label(answer), 'HIT')
          assert.notEqual(label(answer), 'MISS')
        })
      }
    })

    for (const [name, ask] of Object.entries(ORDINARY)) {
      it(`${name}: reaches the handler unchanged, on a miss and after it`, async () => {
        for (const bodyParser of PARSERS) {
          const expected = await alone(ask, bodyParser)
          for (const mount of ['global', 'route'] as const) {
            await withScene(driver, { bodyParser, mount, answer: seen }, async (s) => {
              const miss = await s.ask(ask)
              assert.equal(`${miss.status} ${miss.text}`, expected, `${mount}, body parser ${bodyParser}`)
              const again = await s.ask(ask)
              assert.equal(`${again.status} ${again.text}`, expected)
              if (mount === 'route' && miss.status === 200) assert.deepEqual([label(miss), label(again)], ['MISS', 'HIT'])
            })
          }
        }
      })
    }

    it('the order of JSON keys makes no difference, before or behind a body parser', async () => {
      for (const bodyParser of PARSERS) {
        await withScene(driver, { bodyParser, mount: 'global' }, async (s) => {
          await s.ask({ body: '{"model":"m","messages":[{"role":"user","content":"a"}],"top_p":0.5}', headers: json })
          const second = await s.ask({
            body: ' { "top_p" : 5e-1, "messages":[{"content":"\\u0061","role":"user"}],\n"model":"m"}',
            headers: json,
          })
          assert.equal(label(second), 'HIT', `body parser ${bodyParser}`)
        })
      }
    })

    it('bodies that a parser leaves alone never share an entry', async () => {
      for (const bodyParser of PARSERS) {
        for (const mount of ['route', 'nested', 'cached'] as const) {
          if (mount === 'cached' && bodyParser === 'after') continue
          await withScene(driver, { bodyParser, mount }, async (s) => {
            const got = []
            for (const body of ['tides', 'moons', 'tides']) {
              const answer = await s.ask({ body, headers: { 'content-type': 'text/plain' } })
              got.push([label(answer), answer.text])
            }
            const [first, second, third] = got
            assert.notEqual(second?.[1], first?.[1], `${mount}, body parser ${bodyParser}`)
            assert.deepEqual([first?.[0], second?.[0], third?.[0]], ['MISS', 'MISS', 'HIT'])
          })
        }
      }
    })

    it('a handler that does not read its body: the connection stays usable', () =>
      withScene(driver, { bodyParser: 'after', cache: { maxBodyBytes: LIMIT } }, async (s) => {
        const big = { body: chat(filler), path: '/nowhere' }
        assert.equal((await s.ask(big)).status, 404)
        assert.equal((await s.ask()).status, 200)
      }))
  })
}
