/** What goes wrong upstream, and clients that leave: SDK clients see it as without the cache, and it is never stored. */

import { describe, expect, it } from 'vitest'
import { anthropicClient, collect, comparable, OPENAI_MAJORS, type OpenAIMajor, type Outcome, openaiClient, outcomeOf } from '../clients.js'
import type { Framework } from '../frameworks.js'
import { proxyRoutes } from '../proxy.js'
import { type Scene, withScene } from '../scene.js'

const messages = [{ role: 'user' as const, content: 'What are tides?' }]
const chat = { model: 'gpt-4.1-mini', messages }
const message = { model: 'claude-haiku-4-5', max_tokens: 400, messages }

interface Subject {
  readonly name: string
  readonly major: OpenAIMajor
  /** Asks below `base` of the app's origin. */
  ask(scene: Scene, stream: boolean, options?: { base?: string; signal?: AbortSignal; maxRetries?: number }): Promise<unknown>
}

const subjects: readonly Subject[] = [
  ...OPENAI_MAJORS.map(
    (major): Subject => ({
      name: `openai ${major}`,
      major,
      ask: ({ url, fetch }, stream, { base = '', maxRetries = 0, ...options } = {}) =>
        openaiClient(major, url + base, { fetch, maxRetries }).chat.completions.create({ ...chat, stream }, options),
    }),
  ),
  ...OPENAI_MAJORS.map(
    (major): Subject => ({
      name: `openai ${major}, Responses`,
      major,
      ask: ({ url, fetch }, stream, { base = '', maxRetries = 0, ...options } = {}) =>
        openaiClient(major, url + base, { fetch, maxRetries }).responses.create(
          { model: 'gpt-4.1-mini', input: 'What are tides?', stream },
          options,
        ),
    }),
  ),
  {
    name: 'anthropic',
    major: 7,
    ask: ({ url, fetch }, stream, { base = '', maxRetries = 0, ...options } = {}) =>
      anthropicClient(url + base, { fetch, maxRetries }).messages.create({ ...message, stream }, options),
  },
]

const REFUSALS = ['bad-key', 'rate-limit', 'server-error', 'overloaded'] as const
const BROKEN_STREAMS = ['cut', 'error-frame', 'no-terminal', 'malformed-json'] as const
const BROKEN_JSON = ['cut', 'malformed-json', 'no-terminal', 'empty', 'length', 'refusal', 'content-filter'] as const

export function faultsSuite(framework: Framework): void {
  describe.each(subjects)('$name', ({ name, major, ask }) => {
    // So that SDKs which try again do so at once.
    const spec = { routes: proxyRoutes(major), model: { headers: { 'retry-after-ms': '1' } } }

    /** What the client sees of `times` equal requests, the first of which meets `fault`. */
    const seen = async (
      scene: Scene,
      fault: (typeof REFUSALS | typeof BROKEN_STREAMS | typeof BROKEN_JSON)[number],
      stream: boolean,
      base = '',
    ) => {
      scene.model.failNext(fault)
      const outcomes: Outcome[] = []
      for (let times = 0; times < 3; times++) outcomes.push(comparable(await outcomeOf(ask(scene, stream, { base }))))
      return outcomes
    }

    const expectAsBare = async (...args: [fault: Parameters<typeof seen>[1], stream: boolean, base?: string]): Promise<void> => {
      let bare: Outcome[] = []
      await withScene(framework, { ...spec, cache: null }, async (scene) => {
        bare = await seen(scene, ...args)
      })
      expect(bare[1]).not.toEqual(bare[0])
      await withScene(framework, spec, async (scene) => {
        const [broken, ...whole] = await seen(scene, ...args)
        expect(whole).toEqual(bare.slice(1))
        expectSameBreak(broken, bare[0])
        expect(scene.model.calls).toHaveLength(2)
        await scene.concluded(2)
        expect(scene.skips).toHaveLength(1)
        expect(scene.stored).toBe(1)
        expect(scene.labels.slice(-2)).toEqual(['MISS', 'HIT'])
      })
    }

    // Whole answers of the Responses API go the same way as those of chat completions.
    const isResponses = name.endsWith('Responses')
    it.each(isResponses ? [] : REFUSALS)('%s is the client’s typed error, and never stored', (fault) => expectAsBare(fault, false))

    it('keeps retry-after, and the SDK’s own retries come through', () =>
      withScene(framework, spec, async (scene) => {
        scene.model.failNext('rate-limit')
        const error = await ask(scene, true).catch((reason: unknown) => reason as { status: number; headers: Headers })
        expect(error).toMatchObject({ status: 429 })
        expect((error as { headers: Headers }).headers.get('retry-after')).toBe('1')
        scene.model.failNext('server-error')
        scene.model.failNext('overloaded')
        const retried = await outcomeOf(ask(scene, true, { maxRetries: 2 }))
        expect(retried.error).toBeUndefined()
        expect(await outcomeOf(ask(scene, true, { maxRetries: 2 }))).toEqual(retried)
        expect(scene.model.calls.map(({ status }) => status)).toEqual([429, 500, name === 'anthropic' ? 529 : 503, 200])
        expect(scene.labels).toEqual(['MISS', 'MISS', 'MISS', 'MISS', 'HIT'])
      }))

    it.each(isResponses ? [] : BROKEN_JSON)('%s in a whole answer is never stored', (fault) => expectAsBare(fault, false))
    // The SDK does not tell of a missing [DONE] after the finish reason, and the answer is whole.
    const brokenStreams = BROKEN_STREAMS.filter((fault) => fault !== 'no-terminal' || !/^openai \d$/.test(name))
    it.each(brokenStreams)('%s in a stream is never stored', (fault) => expectAsBare(fault, true))
    it.each(brokenStreams)('%s in a stream whose handler ends cleanly is never stored', (fault) => expectAsBare(fault, true, '/lenient'))

    it.each([false, true])('a client that gives up on a silent model takes the call with it (stream: %s)', (stream) =>
      withScene(framework, spec, async (scene) => {
        scene.model.failNext('hang')
        const controller = new AbortController()
        const asked = outcomeOf(ask(scene, stream, { signal: controller.signal }))
        await scene.model.waitForCalls(1)
        controller.abort()
        expect((await asked).error?.name).toBe('APIUserAbortError')
        await scene.model.until((calls) => calls[0]?.aborted === true)
        await scene.concluded(1)
        expect(scene.stored).toBe(0)
        expect((await outcomeOf(ask(scene, stream))).error).toBeUndefined()
        expect(scene.model.calls).toHaveLength(2)
      }),
    )

    it('a client that leaves in mid-stream takes the call with it', () =>
      withScene(framework, spec, async (scene) => {
        scene.model.hold()
        const controller = new AbortController()
        const asking = ask(scene, true, { signal: controller.signal }) as Promise<AsyncIterable<unknown>>
        await scene.model.waitForCalls(1)
        void scene.model.step(4)
        for await (const _chunk of await asking) break
        controller.abort()
        await scene.model.until((calls) => calls[0]?.aborted === true)
        await scene.concluded(1)
        expect(scene.skips).toEqual(['client-gone'])
        scene.model.release()
        await outcomeOf(ask(scene, true))
        expect(scene.labels).toEqual(['MISS', 'MISS'])
      }))

    it('a leader that leaves in mid-stream harms no follower', () =>
      withScene(framework, spec, async (scene) => {
        scene.model.hold()
        const controller = new AbortController()
        const leading = ask(scene, true, { signal: controller.signal }) as Promise<AsyncIterable<unknown>>
        await scene.model.waitForCalls(1)
        void scene.model.step(4)
        const leader = (await leading)[Symbol.asyncIterator]()
        await leader.next()
        const following = (await ask(scene, true)) as AsyncIterable<unknown>
        controller.abort()
        await leader.next().catch(() => undefined)
        scene.model.release()
        const followed = await collect(following)
        await scene.concluded(1)
        expect(scene.stored).toBe(1)
        expect((await outcomeOf(ask(scene, true))).values).toEqual(followed)
        expect(scene.labels).toEqual(['MISS', 'COLLAPSED', 'HIT'])
        expect(scene.model.calls).toHaveLength(1)
      }))
  })
}

/** Equal as far as both got: of what was written before a connection is destroyed, any part may arrive. */
function expectSameBreak(cached: Outcome | undefined, bare: Outcome | undefined): void {
  expect(cached?.error).toEqual(bare?.error)
  if (!bare?.error) expect(cached?.values).toEqual(bare?.values)
  const both = Math.min(cached?.values.length ?? 0, bare?.values.length ?? 0)
  expect(cached?.values.slice(0, both)).toEqual(bare?.values.slice(0, both))
}
