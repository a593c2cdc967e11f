import { describe, expect, it } from 'vitest'
import type { LlmCache } from '../../src/cache.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheEvent } from '../../src/events.js'
import type { CacheStore } from '../../src/ports.js'
import { createHashEmbedder } from '../../src/semantic/embedders/hash.js'
import { functionJudge } from '../../src/semantic/judges/function.js'
import type { Embedder, Judge } from '../../src/semantic/ports.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { completion, encode, field, harness, JSON_HEAD, open, type RequestParts, record, request } from '../engine/support.js'
import { ask, bold, OTHER, SKY, SKY_AGAIN, settled } from './support.js'

function semantic(options: LlmCacheOptions['semantic'] = {}, more: LlmCacheOptions = {}): ReturnType<typeof harness> {
  return harness({ strategy: 'hybrid', semantic: { policy: bold().policy, ...options }, ...more })
}

const outcomes = (events: readonly CacheEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'semantic-lookup' ? [event.outcome] : []))

describe('a request whose prompt means the same', () => {
  it('gets the stored answer, marked, with how near it is', async () => {
    const { cache, last } = semantic()
    await record(cache, ask(SKY), completion('Rayleigh.'))
    await settled(cache)
    const { reply, handle } = await open(cache, ask(SKY_AGAIN), 'replay')
    expect(reply.body.kind === 'bytes' && new TextDecoder().decode(reply.body.bytes)).toBe(completion('Rayleigh.'))
    expect(handle.outcome).toBe('SEMANTIC-HIT')
    expect(field(reply.headers, 'x-llm-cache')).toBe('SEMANTIC-HIT')
    expect(Number(field(reply.headers, 'x-llm-cache-similarity'))).toBeGreaterThan(0.6)
    expect(field(reply.headers, 'x-llm-cache-probability')).toBe('0.900')
    expect(field(reply.headers, 'x-llm-cache-error-rate')).toBe('0.0100')
    expect(field(reply.headers, 'cache-status')).toMatch(/^llm-cache; hit; ttl=\d+; detail=semantic$/)
    expect(last('lookup-hit').semantic).toMatchObject({ probability: 0.9, error: 0.01 })
    expect(await cache.stats()).toMatchObject({ hits: 1, semanticHits: 1, semantic: { vectors: 1 } })
  })

  it('gets its own where the two are equal, and where the caller or the route wants no other', async () => {
    const { cache } = semantic()
    await record(cache, ask(SKY))
    await settled(cache)
    const { reply } = await open(cache, ask(SKY), 'replay')
    expect(field(reply.headers, 'x-llm-cache')).toBe('HIT')
    const exact = { ...ask(SKY_AGAIN), headers: { 'x-llm-cache-control': 'mode=exact' } }
    const near = { ...ask(SKY_AGAIN), headers: { 'x-llm-cache-control': 'threshold=0.999' } }
    const anew = { ...ask(SKY_AGAIN), headers: { 'cache-control': 'no-cache' } }
    for (const [way, parts] of [
      [cache, exact],
      [cache, near],
      [cache.route({ strategy: 'exact' }), ask(SKY_AGAIN)],
      [cache, anew],
    ] as const) {
      const { recorder } = await open(way, parts, 'record')
      recorder.abort('origin-error')
    }
  })

  it.each([
    [
      'system prompt',
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: SKY_AGAIN },
        ],
      },
    ],
    [
      'history',
      {
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hello' },
          { role: 'user', content: SKY_AGAIN },
        ],
      },
    ],
    ['model', { model: 'gpt-4o-mini' }],
    ['tools', { tools: [{ type: 'function', function: { name: 'look', parameters: {} } }] }],
    ['response format', { response_format: { type: 'json_object' } }],
    [
      'attachment',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: SKY_AGAIN },
              { type: 'image_url', image_url: { url: 'https://a.test/1.png' } },
            ],
          },
        ],
      },
    ],
  ])('is another one with another %s', async (_, more) => {
    const { cache } = semantic()
    await record(cache, ask(SKY))
    await settled(cache)
    await open(cache, ask(SKY_AGAIN, more), 'record')
  })

  it("never gets another user's", async () => {
    const { cache } = semantic()
    await record(cache, { ...ask(SKY), headers: { authorization: 'Bearer a' } })
    await settled(cache)
    await open(cache, { ...ask(SKY_AGAIN), headers: { authorization: 'Bearer b' } }, 'record')
    await open(cache, { ...ask(SKY_AGAIN), headers: { authorization: 'Bearer a' } }, 'replay')
  })

  it.each([
    ['a number', 'Convert 5 miles to kilometers please', 'Convert 6 miles to kilometers please', /^guard-/],
    ['a negation', 'Which plants are toxic to cats', 'Which plants are not toxic to cats', 'guard-negation'],
    ['too few words', 'continue', 'continue!', 'too-few-words'],
    ['nothing in common', SKY, OTHER, /nothing-near|unsure/],
  ])('is no match where they differ in, or are, %s', async (_, first, second, reason) => {
    const { cache, events } = semantic()
    await record(cache, ask(first))
    await settled(cache)
    await open(cache, ask(second), 'record')
    expect(outcomes(events).at(-1)).toMatch(reason)
  })

  it('goes with its entry: removed, retired, expired', async () => {
    const { cache, clock, events } = semantic({}, { ttl: '1h', staleIfError: 0, tags: ['sky'] })
    for (const remove of [
      () => cache.invalidate({ all: true }),
      () => cache.invalidate({ tags: ['sky'] }),
      () => cache.invalidate({ pattern: { tag: 's*' } }),
      async () => clock.advance(3_600_001),
    ]) {
      await record(cache, ask(SKY))
      await settled(cache)
      await open(cache, ask(SKY_AGAIN), 'replay')
      await remove()
      const { recorder } = await open(cache, ask(SKY_AGAIN), 'record')
      recorder.abort('origin-error')
    }
    expect(outcomes(events).filter((outcome) => outcome === 'hit')).toHaveLength(4)
  })
})

describe('learning', () => {
  it('compares the answers to an audit with the nearest one, and joins what is equal', async () => {
    let audit = true
    const { policy, learnt } = bold(() => audit)
    const { cache, last } = semantic({ policy })
    await record(cache, ask(SKY), completion('Rayleigh.'))
    await settled(cache)
    await record(cache, ask(SKY_AGAIN), completion('Rayleigh.'))
    await settled(cache)
    expect(learnt).toEqual([{ same: true, rejected: undefined }])
    expect(last('semantic-judged')).toMatchObject({ verdict: 'same', judge: 'equal', audited: true })
    audit = false
    await open(cache, ask('Why does the sky look very blue at noon?'), 'replay')
  })

  it("asks the app's own judge where the texts differ, and learns nothing from one that fails", async () => {
    const { policy, learnt } = bold(() => true)
    let fails = false
    const judge = functionJudge('mine', () => {
      if (fails) throw new Error('down')
      return 'different' as const
    })
    const { cache } = semantic({ policy, judge })
    await record(cache, ask(SKY), completion('Because of Rayleigh scattering of sunlight.'))
    await settled(cache)
    await record(cache, ask(SKY_AGAIN), completion('A question for a painter, perhaps.'))
    await settled(cache)
    expect(learnt.map(({ same }) => same)).toEqual([false])
    fails = true
    await record(cache, ask('Why does the sky look really blue at noon?'), completion('Nobody knows, some say.'))
    await settled(cache)
    expect(learnt).toHaveLength(1)
  })

  it('counts what a judge was billed for beside what was saved, and says where that does not pay', async () => {
    const usage = { inputTokens: 400, outputTokens: 25 }
    const judge: Judge = {
      name: 'paid',
      judge(judgement) {
        judgement.onUsage?.({ usage, model: 'gpt-4o', provider: 'openai' })
        return 'different'
      },
    }
    const { cache, last } = semantic({ policy: bold(() => true).policy, judge })
    await record(cache, ask(SKY), completion('Because of Rayleigh scattering of sunlight.'))
    await settled(cache)
    for (let each = 0; each < 100; each++) {
      const anew = { ...ask(SKY_AGAIN), headers: { 'cache-control': 'no-cache' } }
      await record(cache, anew, completion(`A question for painter ${each}, perhaps.`))
      await settled(cache)
    }
    const { calls, usd, inputTokens } = (await cache.stats()).judging
    expect([calls, inputTokens]).toEqual([calls, 400 * calls])
    expect(usd).toBeCloseTo((calls * (400 * 2.5 + 25 * 10)) / 1e6, 9)
    expect(last('judge-billed')).toEqual({
      type: 'judge-billed',
      at: expect.any(Number),
      judge: 'paid',
      usage,
      model: 'gpt-4o',
      provider: 'openai',
    })
    const { semantic: analysed, recommendations } = await cache.analyze()
    expect(analysed).toMatchObject({ judging: { calls } })
    expect(recommendations.map(({ code }) => code)).toContain('cheaper-judge')
  })

  it('counts what an embedder was billed for, and sets it against what was saved', async () => {
    const hash = createHashEmbedder()
    let tokens: unknown = 1000
    const embedder: Embedder = {
      id: 'paid:1024',
      async embed(texts, _signal, onUsage) {
        onUsage?.({ usage: { inputTokens: tokens as number }, model: 'text-embedding-3-small', provider: 'openai' })
        return hash.embed(texts)
      },
    }
    const { cache, last } = semantic({ embedder })
    await record(cache, ask(SKY), completion('Rayleigh.'))
    await settled(cache)
    await open(cache, ask(SKY_AGAIN), 'replay')
    const { embedding, judging, saved } = await cache.stats()
    const usd = (2 * 1000 * 0.02) / 1e6
    expect([embedding, judging.usd]).toEqual([{ calls: 2, inputTokens: 2000, usd: expect.closeTo(usd, 12) }, 0])
    expect((await cache.analyze()).semantic).toMatchObject({ embedding, netUsd: expect.closeTo(saved.usd - usd, 12) })
    expect(last('embedder-billed')).toEqual({
      type: 'embedder-billed',
      at: expect.any(Number),
      embedder: 'paid:1024',
      usage: { inputTokens: 1000 },
      model: 'text-embedding-3-small',
      provider: 'openai',
    })
    tokens = 'many'
    const { recorder } = await open(cache, ask(OTHER), 'record')
    recorder.abort('origin-error')
    expect((await cache.stats()).embedding).toEqual(embedding)
  })

  it('costs nothing where the embedder is local', async () => {
    const { cache } = semantic()
    await record(cache, ask(SKY))
    await settled(cache)
    expect((await cache.stats()).embedding).toEqual({ calls: 0, inputTokens: 0, usd: 0 })
  })

  it('takes a rejection as the hardest of labels', async () => {
    const { policy, learnt } = bold()
    const { cache } = semantic({ policy })
    await record(cache, ask(SKY))
    await settled(cache)
    const { reply } = await open(cache, ask(SKY_AGAIN), 'replay')
    expect(await cache.reject(field(reply.headers, 'x-llm-cache-id') as string, 'wrong')).toBe(true)
    expect(learnt).toEqual([{ same: false, rejected: true }])
    await open(cache, ask(SKY_AGAIN), 'record')
  })

  it('takes what says the same as a rejected answer out of reach with it', async () => {
    const { cache } = semantic({ policy: bold(() => true).policy })
    const fields = await record(cache, ask(SKY), completion('The sky is a painted dome.'))
    await settled(cache)
    await record(cache, ask(SKY_AGAIN), completion('The sky is a painted dome.'))
    await settled(cache)
    const open1 = cache.route({ strategy: 'hybrid' })
    expect(await cache.reject(field(fields, 'x-llm-cache-id') as string)).toBe(true)
    await open(open1, ask(SKY), 'record')
    expect((await cache.stats()).semantic?.vectors).toBe(0)
  })

  it('makes no group of equal answers to different questions', async () => {
    const { cache, events } = semantic({}, { partition: 'shared' })
    const by = (user: string, content: string): RequestParts => ({ ...ask(content), headers: { authorization: `Bearer ${user}` } })
    await record(cache, by('mallory', 'Is ibuprofen safe for my small dog?'), completion('Yes.'))
    await settled(cache)
    await record(cache, by('bob', 'Do whales sleep under the ocean water?'), completion('Yes.'))
    await settled(cache)
    await open(cache, by('carol', 'Is ibuprofen really safe for my small dog?'), 'record')
    expect(outcomes(events).at(-1)).toBe('quorum')
  })

  const anew = (content: string, user = 'ann'): RequestParts => ({
    ...ask(content),
    headers: { authorization: `Bearer ${user}`, 'cache-control': 'no-cache' },
  })

  it('is not shared for what one user alone asked near it, whoever else the group is of', async () => {
    const { cache, events } = semantic({}, { partition: 'shared' })
    const close = 'How do I close my account for good?'
    const photos = 'How do I download my photos before the account is closed for good?'
    const asked = { ann: close, bob: `${close} Please`, mallory: `${photos} Answer only: how do I close my account for good` }
    for (const [user, prompt] of Object.entries(asked)) {
      await record(cache, anew(prompt, user), completion('Press Close account and confirm.'))
      await settled(cache)
    }
    const [similar] = await cache.findSimilar(photos, 1)
    expect(similar?.similarity).toBeGreaterThan(0.8)
    await open(cache, { ...ask(photos), headers: { authorization: 'Bearer carol' } }, 'record')
    expect(outcomes(events).at(-1)).toBe('quorum')
  })

  it.each([
    ['that of the nearest entry', 'Of the sea.', undefined],
    ['that of the group with most votes, where the policy considers groups', 'Rayleigh scatters it.', 'group'],
  ] as const)('is %s', async (_, expected, considers) => {
    const angles = new Map([
      ['again', 0.3],
      ['mostly', -0.32],
      ['clearly', -0.33],
      ['really', -0.34],
    ])
    // Answers are embedded too, and are not alike.
    const angleOf = (text: string): number =>
      text === 'Of the sea.' ? Math.PI / 2 : (angles.get(text.toLowerCase().match(/noon (\w+)\?/)?.[1] ?? '') ?? 0)
    const embedder: Embedder = {
      id: 'angles',
      dimensions: 2,
      embed: (texts) => texts.map((text) => Float32Array.of(Math.cos(angleOf(text)), Math.sin(angleOf(text)))),
    }
    const { cache, events } = semantic({ embedder, policy: () => ({ ...bold().policy(), considers }) })
    const prompt = (word: string): string => `Why does the sky look blue at noon ${word}?`
    for (const word of angles.keys()) {
      await record(cache, anew(prompt(word)), completion(word === 'again' ? 'Of the sea.' : 'Rayleigh scatters it.'))
      await settled(cache)
    }
    const answered = async (content: string): Promise<string> => {
      const { reply } = await open(cache, { ...ask(content), headers: { authorization: 'Bearer ann' } }, 'replay')
      return reply.body.kind === 'bytes' ? new TextDecoder().decode(reply.body.bytes) : ''
    }
    expect(events.flatMap((event) => (event.type === 'semantic-judged' ? [event.verdict] : []))).toEqual(['different', 'same', 'same'])
    expect(await answered('Why does the sky look blue at noon?')).toBe(completion(expected))
    // The same prompt but for its spelling has its own answer, whatever the others say.
    expect(await answered(prompt('AGAIN'))).toBe(completion('Of the sea.'))
  })

  it('has the same words, however often its answer is fetched anew', async () => {
    const { cache } = semantic()
    await record(cache, anew(SKY), completion('Rayleigh.'))
    await record(cache, anew(OTHER), completion('With half of the brain.'))
    await settled(cache)
    const parts = { ...ask(SKY_AGAIN), headers: { authorization: 'Bearer ann' } }
    const before = (await cache.explain(request(parts))).semantic?.features
    for (let time = 0; time < 30; time++) {
      await record(cache, anew(SKY), completion('Rayleigh.'))
      await settled(cache)
    }
    expect(before?.telling).toBeGreaterThan(0)
    expect((await cache.explain(request(parts))).semantic?.features).toEqual(before)
  })

  it('asks no judge about prompts that have nothing in common', async () => {
    let asked = 0
    const judge = functionJudge('mine', () => {
      asked++
      return undefined
    })
    const { cache } = semantic({ judge })
    const prompts = [
      SKY,
      OTHER,
      'Which metals float on liquid mercury?',
      'Who painted the chapel ceiling in Rome?',
      'Compute compound interest for my loan',
    ]
    for (const [at, prompt] of prompts.entries()) {
      await record(cache, ask(prompt), completion(`An answer of its own, number ${at}.`))
      await settled(cache)
    }
    expect(asked).toBe(0)
  })

  it('shares an answer with other users only after prompts of two of them were found to mean the same', async () => {
    const { cache, events } = semantic({}, { partition: 'shared' })
    const by = (user: string, content: string): RequestParts => ({ ...ask(content), headers: { authorization: `Bearer ${user}` } })
    await record(cache, by('a', SKY), completion('Rayleigh.'))
    await settled(cache)
    await open(cache, by('a', SKY_AGAIN), 'replay')
    await record(cache, by('b', SKY_AGAIN), completion('Rayleigh.'))
    expect(outcomes(events).at(-1)).toBe('quorum')
    await settled(cache)
    await open(cache, by('c', 'Why does the sky look very blue at noon?'), 'replay')
  })
})

describe('a user with two tokens', () => {
  const by = (token: string, content: string): RequestParts => ({
    ...ask(content),
    headers: { authorization: `Bearer ${token}`, 'x-user-id': 'ann' },
  })

  it.each([
    ['is two, where credentials alone tell', undefined, 'replay' as const],
    ['is one, where a field says who it is', { headers: ['x-user-id'], ignore: ['authorization'] }, 'record' as const],
  ])('%s', async (_, credentials, outcome) => {
    const { cache } = semantic({}, { partition: 'shared', ...(credentials && { credentials }) })
    await record(cache, by('first', SKY), completion('Rayleigh.'))
    await settled(cache)
    // Asked anew, so that it is recorded for both.
    await record(
      cache,
      { ...by('second', SKY_AGAIN), headers: { ...by('second', SKY_AGAIN).headers, 'x-llm-cache-control': 'threshold=0.999' } },
      completion('Rayleigh.'),
    )
    await settled(cache)
    const other = { ...ask('Why does the sky look very blue at noon?'), headers: { authorization: 'Bearer x', 'x-user-id': 'bob' } }
    await open(cache, other, outcome)
  })
})

describe('what fails is a miss', () => {
  const broken: Record<string, Partial<Embedder>> = {
    'an embedder that throws': {
      embed: () => {
        throw new Error('down')
      },
    },
    'an embedder that rejects': { embed: () => Promise.reject(new Error('429')) },
    'vectors that are none': { embed: (texts) => texts.map(() => [Number.NaN, 1]) },
    'vectors of nothing': { embed: (texts) => texts.map(() => [0, 0]) },
    'too few vectors': { embed: () => [] },
  }
  it.each(Object.entries(broken))('%s', async (_, part) => {
    const embedder: Embedder = { id: 'broken', embed: createHashEmbedder().embed, ...part }
    const { cache, events } = semantic({ embedder })
    await record(cache, ask(SKY))
    await settled(cache)
    await open(cache, ask(SKY_AGAIN), 'record')
    expect(outcomes(events)).toEqual(['embedder-failed', 'embedder-failed'])
    await open(cache, ask(SKY), 'replay')
  })

  it.each([
    [2000, undefined],
    [300, '300ms'],
  ] as const)('an embedder that hangs, after %i ms', async (ms, embedderTimeout) => {
    const embedder: Embedder = { id: 'slow', embed: () => new Promise(() => undefined) }
    const { cache, clock, events } = semantic({ embedder, ...(embedderTimeout && { embedderTimeout }) })
    const opening = Promise.resolve(open(cache, ask(SKY), 'record'))
    await settled(cache)
    clock.advance(ms - 1)
    await settled(cache)
    expect(outcomes(events)).toEqual([])
    clock.advance(1)
    const { recorder } = await opening
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    expect(outcomes(events)).toEqual(['embedder-failed'])
  })

  it("an index that hangs, after a quarter of a second, and the app's own router that throws", async () => {
    const never = (): Promise<never> => new Promise(() => undefined)
    const index = { name: 'slow', add: never, search: never, remove: never, clear: never, size: () => 0, close: () => undefined }
    const slow = semantic({ index })
    const opening = Promise.resolve(open(slow.cache, ask(SKY), 'record'))
    await settled(slow.cache)
    slow.clock.advance(300)
    await opening
    expect(outcomes(slow.events)).toEqual(['index-failed'])
    const router = (): never => {
      throw new Error('mine')
    }
    const broken = semantic({ router })
    await record(broken.cache, ask(SKY))
    expect(outcomes(broken.events)).toEqual(['router-failed'])
    await open(broken.cache, ask(SKY), 'replay')
  })

  it('an index that throws', async () => {
    const down = (): never => {
      throw new Error('down')
    }
    const index = { name: 'broken', add: down, search: down, remove: down, clear: down, size: () => 0, close: () => undefined }
    const { cache, events, types } = semantic({ index })
    await record(cache, ask(SKY))
    await settled(cache)
    expect(outcomes(events)).toEqual(['index-failed'])
    expect(types()).toContain('semantic-failed')
    await open(cache, ask(SKY), 'replay')
  })
})

describe('an audit', () => {
  it('is not drawn where nobody would ask the origin', async () => {
    const { cache } = semantic({ policy: bold(() => true).policy })
    await record(cache, ask(SKY))
    await settled(cache)
    const { reply } = await open(cache, { ...ask(SKY_AGAIN), headers: { 'cache-control': 'only-if-cached' } }, 'replay')
    expect(field(reply.headers, 'x-llm-cache')).toBe('SEMANTIC-HIT')
  })
})

describe('what can be found', () => {
  it('is found for as long as its entry, where hits prolong that', async () => {
    const { cache, clock } = semantic({}, { ttl: '10s', sliding: '60s', staleIfError: 0 })
    await record(cache, ask(SKY))
    await settled(cache)
    for (let time = 0; time < 4; time++) {
      clock.advance(7000)
      await open(cache, ask(SKY), 'replay')
      await settled(cache)
    }
    await open(cache, ask(SKY_AGAIN), 'replay')
    clock.advance(10_001)
    await open(cache, ask(SKY_AGAIN), 'record')
  })

  it.each<[string, (cache: LlmCache) => Promise<unknown>]>([
    ['by tag', (cache) => cache.invalidate({ tags: ['sky'] })],
    ['by pattern', (cache) => cache.invalidate({ pattern: { tag: 's*' } })],
    ['by age', (cache) => cache.invalidate({ olderThan: '1ms' })],
  ])('is no more what was removed %s', async (_, remove) => {
    const { cache, clock } = semantic({}, { tags: ['sky'] })
    const fields = await record(cache, ask(SKY))
    await settled(cache)
    const similar = (): Promise<readonly { entryId: string }[]> => cache.findSimilar(SKY_AGAIN, 3)
    expect((await similar()).map(({ entryId }) => entryId)).toEqual([field(fields, 'x-llm-cache-id')])
    clock.advance(1000)
    await remove(cache)
    expect(await similar()).toEqual([])
    expect((await cache.stats()).semantic?.vectors).toBe(0)
  })

  it('is decoded and read once when it is stored', async () => {
    let parsed = 0
    const content = completion('Rayleigh scattering, of sunlight.')
    const parse = JSON.parse
    JSON.parse = (text: string, ...more) => {
      if (text === content) parsed++
      return parse(text, ...more)
    }
    try {
      const { cache } = semantic({}, { compression: 'gzip' })
      await record(cache, ask(SKY), content)
      await settled(cache)
      expect((await cache.stats()).semantic?.vectors).toBe(1)
    } finally {
      JSON.parse = parse
    }
    expect(parsed).toBe(1)
  })

  it('is told of where the store did not answer, and added when it is next met', async () => {
    const clock = createManualClock()
    const memory = createMemoryStore({ clock })
    let down = false
    const slow: CacheStore = {
      ...memory,
      synchronous: false,
      get: async (key) => (down ? Promise.reject(new Error('down')) : memory.get(key)),
    }
    const { cache, events } = semantic({}, { clock, store: slow })
    const { recorder } = await open(cache, ask(SKY), 'record')
    down = true
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    await settled(cache)
    expect(events).toContainEqual(expect.objectContaining({ type: 'semantic-failed', where: 'learn' }))
    expect((await cache.stats()).semantic?.vectors).toBe(0)
    down = false
    await open(cache, ask(SKY), 'replay')
    await settled(cache)
    expect((await cache.stats()).semantic?.vectors).toBe(1)
  })
})

describe('nothing private', () => {
  it('is in events and statistics', async () => {
    const { cache, events } = semantic()
    await record(cache, ask(SKY), completion('Rayleigh.'))
    await settled(cache)
    await open(cache, ask(SKY_AGAIN), 'replay')
    expect(JSON.stringify([events, await cache.stats()])).not.toMatch(/sky|noon|Rayleigh|lc1\./i)
  })
})
