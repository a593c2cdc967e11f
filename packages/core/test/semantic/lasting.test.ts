import Keyv from 'keyv'
import { describe, expect, it } from 'vitest'
import type { LlmCache } from '../../src/cache.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import { createHashEmbedder } from '../../src/semantic/embedders/hash.js'
import type { Embedder } from '../../src/semantic/ports.js'
import type { DecisionPolicy } from '../../src/semantic/rule/policy.js'
import { createMemoryVectorIndex } from '../../src/semantic/vectors/memory.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { completion, drain, field, harness, open, type RequestParts, record, request } from '../engine/support.js'

const ask = (content: string): RequestParts => ({ body: { model: 'gpt-4o', messages: [{ role: 'user', content }] } })
const SKY = 'Why does the sky look blue at noon?'
const SKY_AGAIN = 'Why does the sky look so blue at noon?'
const SKY_ONCE_MORE = 'Why does the sky look very blue at noon?'

const bold = (): DecisionPolicy => ({
  name: 'bold',
  decide: (candidate) => {
    const near = candidate !== undefined && candidate.similarity > 0.6
    return { action: near ? 'serve' : 'ask', probability: 0.9, threshold: 0.5, error: 0.01, auditRate: 0.05 }
  },
  learn: () => undefined,
  inspect: () => ({ labels: 0, audits: 0, auditedWrong: 0, threshold: 0.5, error: undefined, paused: undefined }),
  save: () => '',
  merge: () => true,
})

async function settled(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Processes one after another, or side by side, over one database. */
function world(options: LlmCacheOptions = {}): {
  start: (more?: LlmCacheOptions) => ReturnType<typeof harness>
  data: Map<string, unknown>
  clock: ManualClock
} {
  const data = new Map<string, unknown>()
  const clock = createManualClock()
  const start = (more: LlmCacheOptions = {}): ReturnType<typeof harness> =>
    harness({ clock, store: new Keyv({ store: data }), log: false, strategy: 'hybrid', semantic: { policy: bold }, ...options, ...more })
  return { start, data, clock }
}

/** A process was asked about the sky, and is closed. */
async function worldBeforeRestart(): Promise<ReturnType<typeof world>> {
  const made = world()
  const { cache } = made.start()
  await record(cache, ask(SKY))
  await settled()
  await cache.close()
  return made
}

async function served(cache: LlmCache, content: string): Promise<string | undefined> {
  const { reply } = await open(cache, ask(content), 'replay')
  return field(reply.headers, 'x-llm-cache')
}

describe('what is found by meaning', () => {
  it('is found again after a restart', async () => {
    const { start } = await worldBeforeRestart()
    const second = start()
    await settled()
    expect((await second.cache.stats()).semantic?.vectors).toBe(1)
    expect(await served(second.cache, SKY_AGAIN)).toBe('SEMANTIC-HIT')
  })

  it('is read again in turns, however much it is: the event loop is not held', async () => {
    const { start, clock } = world()
    const first = start()
    for (let at = 0; at < 40; at++) await record(first.cache, ask(`${SKY} And what of planet number ${at}?`))
    await settled()
    await first.cache.close()
    let spent = 0
    let turn = 0
    const turns: number[] = []
    const { id, embed } = createHashEmbedder()
    const slow: Embedder = {
      id,
      embed(texts) {
        spent += 3
        turns.push(turn)
        return embed(texts)
      },
    }
    // A clock on which embedding takes time.
    const busy: ManualClock = { ...clock, monotonic: () => clock.monotonic() + spent }
    const { cache } = start({ clock: busy, semantic: { policy: bold, embedder: slow } })
    for (; turns.length < 40 && turn < 1000; turn++) await new Promise((resolve) => setImmediate(resolve))
    await settled()
    expect((await cache.stats()).semantic?.vectors).toBe(40)
    const most = Math.max(...turns.map((each) => turns.filter((other) => other === each).length))
    expect(most).toBeLessThanOrEqual(2)
  })

  it('keeps its group after a restart', async () => {
    const { start } = world({ partition: 'shared' })
    const by = (user: string, content: string): RequestParts => ({ ...ask(content), headers: { authorization: `Bearer ${user}` } })
    const first = start()
    await record(first.cache, by('a', SKY), completion('Rayleigh.'))
    await settled()
    await record(first.cache, by('b', SKY_AGAIN), completion('Rayleigh.'))
    await settled()
    await first.cache.close()
    const second = start()
    await settled()
    // Two users confirmed it before, which a third needs.
    const { reply } = await open(second.cache, by('c', SKY_ONCE_MORE), 'replay')
    expect(field(reply.headers, 'x-llm-cache')).toBe('SEMANTIC-HIT')
    expect((await drain(reply)).text).toBe(completion('Rayleigh.'))
  })

  it('is not found any more once what says the same was rejected: by nobody, in no process, after no restart', async () => {
    const { start } = world()
    const first = start()
    const wrong = completion('It is painted.')
    const id = field(await record(first.cache, ask(SKY), wrong), 'x-llm-cache-id') as string
    await settled()
    // Asked in other words it got the same answer.
    await record(first.cache.route({ strategy: 'exact' }), ask(SKY_AGAIN), wrong)
    const alias = { ...ask(SKY_AGAIN), headers: { 'cache-control': 'no-cache' } }
    await record(first.cache, alias, wrong)
    await settled()
    expect((await first.cache.stats()).semantic?.vectors).toBe(2)
    expect(await first.cache.reject(id, 'wrong')).toBe(true)
    const { recorder } = await open(first.cache, ask(SKY_ONCE_MORE), 'record')
    recorder.abort('origin-error')
    await settled()
    // Its own prompt asks anew, and brings nothing back.
    const own = await open(first.cache, ask(SKY_AGAIN), 'record')
    own.recorder.abort('origin-error')
    await settled()
    await first.cache.close()
    const second = start()
    await settled()
    await open(second.cache, ask(SKY_ONCE_MORE), 'record')
  })

  it.each([
    ['knows', true],
    ['knows nothing of', false],
  ])(
    'is not found any more once what says the same was rejected by a process that never met it, in one that %s the rejected one',
    async (_, both) => {
      const { start, clock } = world()
      const [first, second] = [start(), start()]
      const wrong = completion('It is painted.')
      const id = field(await record(first.cache, ask(SKY), wrong), 'x-llm-cache-id') as string
      await settled()
      expect(await served(second.cache, SKY)).toBe('HIT')
      await settled()
      await record(second.cache, { ...ask(SKY_AGAIN), headers: { 'cache-control': 'no-cache' } }, wrong)
      await settled()
      // A third one that knows the alias alone.
      const other = both ? second : start({ semantic: { policy: bold, index: createMemoryVectorIndex({ clock }) } })
      expect(await served(other.cache, SKY_AGAIN)).toBe('HIT')
      await settled()
      expect(await served(other.cache, SKY_ONCE_MORE)).toBe('SEMANTIC-HIT')
      expect((await first.cache.stats()).semantic?.vectors).toBe(1)
      expect(await first.cache.reject(id, 'wrong')).toBe(true)
      await settled()
      clock.advance(10_001)
      for (let time = 0; time < 3; time++) {
        const { recorder } = await open(other.cache, ask(SKY_ONCE_MORE), 'record')
        recorder.abort('origin-error')
        await settled()
      }
      expect((await other.cache.stats()).semantic?.vectors).toBe(0)
      // Its own prompt asks anew.
      await open(other.cache, ask(SKY_AGAIN), 'record')
    },
  )

  it('reaches those that say the same also where the rejecting process knows nothing of the rejected but its id', async () => {
    const { start, clock } = world()
    const [first, second] = [start({ semantic: { policy: bold, index: createMemoryVectorIndex({ clock }) } }), start()]
    const wrong = completion('It is painted.')
    await record(second.cache, ask(SKY), wrong)
    await settled()
    const alias = field(
      await record(second.cache, { ...ask(SKY_AGAIN), headers: { 'cache-control': 'no-cache' } }, wrong),
      'x-llm-cache-id',
    )
    await settled()
    expect(await first.cache.reject(alias as string, 'wrong')).toBe(true)
    await settled()
    clock.advance(10_001)
    for (let time = 0; time < 3; time++) {
      const { recorder } = await open(second.cache, ask(SKY_ONCE_MORE), 'record')
      recorder.abort('origin-error')
      await settled()
    }
  })

  it.each([
    ['as it is', undefined, true],
    ['sealed, where the cache seals', { keys: ['0123456789abcdef'.repeat(4)] }, false],
  ])('is kept %s', async (_, encryption, isReadable) => {
    const { start, data } = world(encryption && { encryption })
    const { cache } = start()
    await record(cache, ask(SKY))
    await settled()
    // Frames are kept in base64: three ways, by where the word begins.
    const written = JSON.stringify([...data.values()])
    const ways = ['', 'x', 'xx'].map((before) => Buffer.from(`${before}blue at noon`).toString('base64').slice(4, 12))
    expect(ways.some((way) => written.includes(way))).toBe(isReadable)
  })

  it('is not found after a restart where it was not before: what calls tools, what is never matched', async () => {
    const { start } = world({ toolCalls: true })
    const first = start()
    const call = {
      index: 0,
      message: {
        role: 'assistant',
        content: 'Sending.',
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'pay', arguments: '{}' } }],
      },
      finish_reason: 'tool_calls',
    }
    await record(
      first.cache,
      ask('Please wire my whole rent money to my landlord'),
      JSON.stringify({ id: 'x', object: 'chat.completion', model: 'm', choices: [call] }),
    )
    await record(first.cache, ask('What is the weather in Paris today?'))
    await record(first.cache, ask('continue'))
    await record(first.cache, ask(`${SKY} ${'word '.repeat(3000)}`))
    await record(first.cache, ask(SKY))
    await settled()
    await first.cache.close()
    const second = start()
    await settled()
    expect((await second.cache.stats()).semantic?.vectors).toBe(1)
  })

  it('is found in an index that processes share, whoever added it', async () => {
    const { start, clock } = world()
    const index = createMemoryVectorIndex({ clock })
    const [first, second] = [start({ semantic: { policy: bold, index } }), start({ semantic: { policy: bold, index } })]
    await record(first.cache, ask(SKY))
    await settled()
    expect(await served(second.cache, SKY_AGAIN)).toBe('SEMANTIC-HIT')
  })

  it('is not compared with what another embedder made, in an index that both use: of its length or not', async () => {
    const { start, clock } = world()
    const index = createMemoryVectorIndex({ clock })
    const under = (embedder: Embedder): LlmCache => start({ semantic: { policy: bold, index, embedder } }).cache
    await record(under(createHashEmbedder()), ask(SKY))
    await settled()
    for (const dimensions of [1024, 512]) {
      const { embed } = createHashEmbedder({ dimensions })
      const changed = under({ id: `other-model:${dimensions}`, embed })
      const failures: unknown[] = []
      changed.on((event) => event.type === 'semantic-failed' && failures.push(event))
      // The very vectors that the first one has: only the embedder's id is another.
      expect((await changed.explain(request(ask(SKY_AGAIN)))).semantic?.outcome).toBe('nothing-near')
      await record(changed, ask(`${SKY_ONCE_MORE} ${dimensions}`))
      await settled()
      expect(await served(changed, `${SKY_ONCE_MORE} really ${dimensions}`)).toBe('SEMANTIC-HIT')
      expect(failures).toEqual([])
    }
    expect(await served(under(createHashEmbedder()), SKY_AGAIN)).toBe('SEMANTIC-HIT')
  })

  it("is embedded anew by another embedder, in a process's own index, after a restart", async () => {
    const { start } = await worldBeforeRestart()
    const { embed } = createHashEmbedder({ dimensions: 512 })
    const second = start({ semantic: { policy: bold, embedder: { id: 'other-model:512', embed } } })
    await settled()
    expect(await served(second.cache, SKY_AGAIN)).toBe('SEMANTIC-HIT')
  })

  it("is found in a process's own index once it was asked for there", async () => {
    const { start } = world()
    const [first, second] = [start(), start()]
    await settled()
    await record(first.cache, ask(SKY))
    await settled()
    expect(await served(second.cache, SKY)).toBe('HIT')
    await settled()
    expect(await served(second.cache, SKY_AGAIN)).toBe('SEMANTIC-HIT')
  })

  it('is not found any more where the store lost it, and leaves the index', async () => {
    const { start, data, clock } = world()
    const index = createMemoryVectorIndex({ clock })
    const [first, second] = [start({ semantic: { policy: bold, index } }), start({ semantic: { policy: bold, index } })]
    await record(first.cache, ask(SKY))
    await settled()
    expect(index.size()).toBe(1)
    data.clear()
    await open(second.cache, ask(SKY_AGAIN), 'record')
    expect(index.size()).toBe(0)
  })

  it('is not looked for in vain, nor cleared away, by one who only explains', async () => {
    const { start, data, clock } = world()
    const index = createMemoryVectorIndex({ clock })
    const [first, second] = [start({ semantic: { policy: bold, index } }), start({ semantic: { policy: bold, index } })]
    await record(first.cache, ask(SKY))
    await settled()
    data.clear()
    const { semantic } = await second.cache.explain(request(ask(SKY_AGAIN)))
    expect([semantic?.outcome, index.size()]).toEqual(['nothing-near', 1])
  })

  it('is what a refresh brought', async () => {
    const { start } = world()
    const { cache } = start()
    await record(cache, ask(SKY), completion('Old.'))
    await settled()
    await record(cache, { ...ask(SKY), headers: { 'cache-control': 'no-cache' } }, completion('New.'))
    await settled()
    const { reply } = await open(cache, ask(SKY_AGAIN), 'replay')
    expect(reply.body.kind === 'bytes' && new TextDecoder().decode(reply.body.bytes)).toBe(completion('New.'))
  })
})

describe('what was learnt', () => {
  it('is there after a restart, and comes from other processes too', async () => {
    const { start } = world({ semantic: {} })
    const teach = async (cache: LlmCache, from: number, to: number): Promise<void> => {
      for (let at = from; at < to; at++) {
        await record(
          cache,
          ask(`Where can I buy a used bicycle number ${'abcdefghij'[at % 10]}${'klmnopqrst'[Math.floor(at / 10)]} quickly?`),
          completion(`${at}`),
        )
        await settled()
      }
    }
    const first = start()
    await teach(first.cache, 0, 60)
    await first.cache.close()
    const labels = (await first.cache.stats()).semantic?.learners[0]?.labels ?? 0
    expect(labels).toBeGreaterThan(20)
    const second = start()
    await teach(second.cache, 60, 61)
    expect((await second.cache.stats()).semantic?.learners[0]?.labels).toBeGreaterThanOrEqual(labels)
    const learnt = second.cache.learning.export()
    const other = harness({ strategy: 'hybrid' })
    expect(other.cache.learning.import(learnt)).toBe(1)
    expect((await other.cache.stats()).semantic?.learners[0]?.labels).toBeGreaterThanOrEqual(labels)
    expect(JSON.stringify(learnt)).not.toMatch(/bicycle/)
    expect(other.cache.learning.import({ 'not-a-domain': '{' })).toBe(0)
  }, 60_000)
})
