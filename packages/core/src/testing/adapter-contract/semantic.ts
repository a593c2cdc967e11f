/** Answers to prompts that mean the same: sent and marked as they should be, and not sent where they would be wrong. */

import assert from 'node:assert/strict'
import type { LlmCacheOptions } from '../../engine/options.js'
import type { DecisionPolicy } from '../../semantic/rule/policy.js'
import type { Received } from './client.js'
import { chat, completion, EVENT_STREAM, sseFrames } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer, HandlerCall } from './types.js'

const TIDES = 'Why do the tides come later every day?'
const TIDES_AGAIN = 'Why do tides come later every single day?'
const WHALES = 'How do whales sleep under water?'
const THRESHOLD = 0.6
const ANNA = { authorization: 'Bearer anna' }
const BEN = { authorization: 'Bearer ben' }

/** `static` without its audits, which come at random. */
const always = (): DecisionPolicy => ({
  name: 'always',
  decide: (candidate) => ({
    action: candidate !== undefined && candidate.similarity >= THRESHOLD ? 'serve' : 'ask',
    probability: undefined,
    threshold: THRESHOLD,
    error: undefined,
    auditRate: 0,
  }),
  learn: () => undefined,
  inspect: () => ({ labels: 0, audits: 0, auditedWrong: 0, threshold: THRESHOLD, error: undefined, paused: undefined }),
  save: () => '',
  merge: () => true,
})

const HYBRID: LlmCacheOptions = { strategy: 'hybrid', semantic: { policy: always } }

/** The first prompt is asked and can be found; then the second is asked. */
async function after(scene: Scene, first: object, second: object, headers: Record<string, string> = {}): Promise<[Received, Received]> {
  const before = await scene.ask({ body: first, headers: ANNA })
  await found(scene, 1)
  return [before, await scene.ask({ body: second, headers: { ...ANNA, ...headers } })]
}

/** Resolves once so many prompts can be found by their meaning: they are added in the background. */
async function found(scene: Scene, vectors: number): Promise<void> {
  while (((await scene.cache?.stats())?.semantic?.vectors ?? 0) < vectors) await new Promise((resolve) => setImmediate(resolve))
}

/** What the semantic layer came to, lookup by lookup. */
const outcomes = (scene: Scene): string[] => scene.events.flatMap((event) => (event.type === 'semantic-lookup' ? [event.outcome] : []))

export function semanticTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  describe('the semantic layer', () => {
    it('a paraphrase gets the stored JSON answer, marked', () =>
      withScene(driver, { cache: HYBRID }, async (s) => {
        const [first, again] = await after(s, chat(TIDES), chat(TIDES_AGAIN))
        assert.equal(s.runs, 1)
        assert.equal(again.status, 200)
        assert.ok(again.body.equals(first.body))
        assert.equal(again.header('content-type'), first.header('content-type'))
        marked(again)
        // Its own request has the answer as an exact hit.
        assert.equal(label(await s.ask({ body: chat(TIDES), headers: ANNA })), 'HIT')
        const hit = s.events.find((event) => event.type === 'lookup-hit')
        assert.ok((hit?.semantic?.similarity ?? 0) >= THRESHOLD)
      }))

    it('a paraphrase gets the stored stream as a stream, byte for byte', async () => {
      const answer = (_call: HandlerCall, run: number): Answer => ({ headers: EVENT_STREAM, chunks: each(sseFrames(run)) })
      await withScene(driver, { cache: HYBRID, answer }, async (s) => {
        const [first, again] = await after(s, chat(TIDES, { stream: true }), chat(TIDES_AGAIN, { stream: true }))
        assert.equal(s.runs, 1)
        assert.equal(again.text, sseFrames(1).join(''))
        assert.ok(again.body.equals(first.body))
        assert.match(again.header('content-type') ?? '', /^text\/event-stream/)
        marked(again)
      })
    })

    it('the handler that does run has the handle of a miss', async () => {
      const seen: unknown[] = []
      const answer = ({ handle }: HandlerCall, run: number): Answer => {
        seen.push(handle?.outcome)
        return { json: completion(run) }
      }
      await withScene(driver, { cache: HYBRID, answer }, async (s) => {
        await after(s, chat(TIDES), chat(TIDES_AGAIN))
        await s.ask({ body: chat(WHALES), headers: ANNA })
        assert.deepEqual(seen, ['MISS', 'MISS'])
        assert.deepEqual(outcomes(s).slice(0, 2), ['nothing-near', 'hit'])
      })
    })

    for (const [what, first, second, reason] of [
      ['another number', 'Convert 5 miles to kilometers please', 'Convert 6 miles to kilometers please', /^guard-/],
      ['a negation', 'Which plants are toxic to cats', 'Which plants are not toxic to cats', /^guard-negation$/],
    ] as const) {
      it(`${what} goes to the handler`, () =>
        withScene(driver, { cache: HYBRID }, async (s) => {
          const [, other] = await after(s, chat(first), chat(second))
          asked(s, other)
          assert.match(outcomes(s).at(-1) ?? '', reason)
        }))
    }

    for (const control of ['mode=exact', 'threshold=0.999']) {
      it(`x-llm-cache-control: ${control} goes to the handler`, () =>
        withScene(driver, { cache: HYBRID }, async (s) => {
          const [, other] = await after(s, chat(TIDES), chat(TIDES_AGAIN), { 'x-llm-cache-control': control })
          asked(s, other)
        }))
    }

    it("another user's prompt goes to the handler", () =>
      withScene(driver, { cache: HYBRID }, async (s) => {
        const [, other] = await after(s, chat(TIDES), chat(TIDES_AGAIN), BEN)
        asked(s, other)
        assert.equal(outcomes(s).at(-1), 'nothing-near')
      }))

    it('a request in flight that means the same is not joined', async () => {
      let release = (): void => undefined
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const answer = async (_call: HandlerCall, run: number): Promise<Answer> => {
        await released
        return { json: completion(run) }
      }
      await withScene(driver, { cache: HYBRID, answer }, async (s) => {
        const asking = [TIDES, TIDES_AGAIN].map((prompt) => s.ask({ body: chat(prompt), headers: ANNA }))
        await s.until(() => s.runs === 2)
        release()
        const answers = await Promise.all(asking)
        assert.deepEqual(answers.map(label), ['MISS', 'MISS'])
        assert.notEqual(answers[0]?.text, answers[1]?.text)
      })
    })

    it('an answer that calls tools is found by its own request alone', async () => {
      const answer = (_call: HandlerCall, run: number): Answer => ({ json: run === 1 ? withToolCall(run) : completion(run) })
      await withScene(driver, { cache: { ...HYBRID, toolCalls: true }, answer }, async (s) => {
        await s.ask({ body: chat(TIDES), headers: ANNA })
        // What came later can be found, so what came before was learnt from, if it ever is.
        await s.ask({ body: chat(WHALES), headers: ANNA })
        await found(s, 1)
        asked(s, await s.ask({ body: chat(TIDES_AGAIN), headers: ANNA }), 3)
        assert.equal(label(await s.ask({ body: chat(TIDES), headers: ANNA })), 'HIT')
      })
    })
  })
}

/** It is the answer to another prompt, and says so. */
function marked(received: Received): void {
  assert.equal(label(received), 'SEMANTIC-HIT')
  assert.match(received.header('cache-status') ?? '', /^llm-cache; hit; ttl=\d+; detail=semantic$/)
  assert.match(received.header('age') ?? '', /^\d+$/)
  const similarity = received.header('x-llm-cache-similarity') ?? ''
  assert.match(similarity, /^0\.\d{3}$/)
  assert.ok(Number(similarity) >= THRESHOLD, similarity)
}

/** The handler gave it. */
function asked(scene: Scene, received: Received, runs: number = 2): void {
  assert.equal(scene.runs, runs)
  assert.equal(label(received), 'MISS')
  assert.equal(received.header('x-llm-cache-similarity'), undefined)
}

function withToolCall(id: number): unknown {
  const call = { id: `call_${id}`, type: 'function', function: { name: 'look_up', arguments: '{"what":"tides"}' } }
  const message = { role: 'assistant', content: null, tool_calls: [call] }
  return { ...completion(id), choices: [{ index: 0, message, finish_reason: 'tool_calls' }] }
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}
