/** The contract of `Embedder`, as tests: every embedder passes all of it, with its real model or service where there is one. */

import assert from 'node:assert/strict'
import type { Awaitable } from '../ports.js'
import { checkEmbedder } from '../semantic/embedders/check.js'
import type { Embedder } from '../semantic/ports.js'
import type { ContractRunner } from './store-contract.js'

/** The embedder under test. */
export interface EmbedderSubject {
  readonly embedder: Embedder
  /** Frees what `create` opened. Called once, after the test and after `embedder.close`. */
  dispose?(): Awaitable<void>
}

/**
 * Declares the tests. `create` is called for each of them.
 *
 * @example
 * embedderContract({ describe, it }, 'hash', async () => ({ embedder: createHashEmbedder() }))
 */
export function embedderContract(runner: ContractRunner, name: string, create: () => Awaitable<EmbedderSubject>): void {
  runner.describe(`embedder contract: ${name}`, () => {
    for (const [rule, check] of Object.entries(RULES)) {
      runner.it(rule, async () => {
        const { embedder, dispose } = await create()
        try {
          await check(embedder)
        } finally {
          await embedder.close?.()
          await dispose?.()
        }
      })
    }
  })
}

const RULES: Readonly<Record<string, (embedder: Embedder) => Promise<void>>> = {
  'says what it is': async (embedder) => checkEmbedder('embedder', embedder),

  'gives one vector a text, all of one length that it keeps to': async (embedder) => {
    const first = await embedder.embed(TEXTS)
    const second = await embedder.embed(['something else'])
    assert.equal(first.length, TEXTS.length)
    const lengths = new Set([...first, ...second].map((vector) => vector.length))
    assert.deepEqual([...lengths], [embedder.dimensions ?? (first[0] as ArrayLike<number>).length])
  },

  'gives vectors of finite numbers and of a length above zero': async (embedder) => {
    for (const vector of await embedder.embed(TEXTS)) {
      assert.ok(Array.from(vector).every((value) => Number.isFinite(value)))
      assert.ok(Math.hypot(...Array.from(vector)) > 0)
    }
  },

  'gives the same vector for the same text, alone and among others': async (embedder) => {
    const together = await embedder.embed(TEXTS)
    for (const [at, text] of TEXTS.entries()) {
      const [alone] = await embedder.embed([text])
      assert.ok(cosine(alone as ArrayLike<number>, together[at] as ArrayLike<number>) > 0.999, `text ${at} depends on its company`)
    }
  },

  'keeps the order of a whole batch': async (embedder) => {
    const size = Math.min(embedder.maxBatch ?? 64, 64)
    const texts = Array.from({ length: size }, (_, at) => `question ${at} about subject ${at * 7}`)
    const forward = await embedder.embed(texts)
    const backward = await embedder.embed(texts.toReversed())
    for (const [at, vector] of forward.entries()) assert.ok(cosine(vector, backward[size - 1 - at] as ArrayLike<number>) > 0.999)
  },

  'gives nothing for nothing': async (embedder) => {
    assert.deepEqual([...(await embedder.embed([]))], [])
  },

  'gives vectors that are not written to again': async (embedder) => {
    const [vector] = await embedder.embed([TEXTS[0] as string])
    const before = Array.from(vector as ArrayLike<number>)
    await embedder.embed(TEXTS.slice(1))
    assert.deepEqual(Array.from(vector as ArrayLike<number>), before)
  },

  'leaves the list of texts alone': async (embedder) => {
    await embedder.embed(Object.freeze([...TEXTS]))
  },

  'finds a rewording nearer than another question': async (embedder) => {
    const [question, near, far] = (await embedder.embed([
      'How do I reset my password?',
      'how can I reset the password',
      'What is the weather in Paris tomorrow?',
    ])) as readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>]
    assert.ok(cosine(question, near) > cosine(question, far))
  },

  'answers many calls at once': async (embedder) => {
    const alone = await embedder.embed(TEXTS)
    const calls = await Promise.all(TEXTS.map(async (text) => embedder.embed([text])))
    for (const [at, [vector]] of calls.entries()) assert.ok(cosine(vector as ArrayLike<number>, alone[at] as ArrayLike<number>) > 0.999)
  },

  'does not hang where nobody waits any more': async (embedder) => {
    const outcome = (async () => embedder.embed(TEXTS, AbortSignal.abort()))()
    await outcome.catch(() => undefined)
  },

  'closes twice': async (embedder) => {
    await embedder.embed(['one'])
    await embedder.close?.()
    await embedder.close?.()
  },
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [product, left, right] = [0, 0, 0]
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [a[at] as number, b[at] as number]
    product += x * y
    left += x * x
    right += y * y
  }
  return product / Math.sqrt(left * right)
}

const TEXTS: readonly string[] = [
  'How do I reset my password?',
  'a',
  'Where is my card, and when does it arrive?\n\n- card ending in 4242\n- ordered on 2026-01-31',
  'Wie ändere ich meine Adresse? \u{1f600}',
  '東京の明日の天気は？',
  'const value = items.map((item) => item.id)',
  'word '.repeat(100),
]
