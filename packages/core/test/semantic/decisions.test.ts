import { webRequest } from '@llm-cache/core/web'
import { describe, expect, it } from 'vitest'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheRequest } from '../../src/exchange.js'
import { FEATURE_NAMES } from '../../src/semantic/rule/features.js'
import { completion, encode, field, type Harness, harness, JSON_HEAD, open, record, request } from '../engine/support.js'
import { ask, bold, OTHER, SKY, SKY_AGAIN, settled } from './support.js'

const NEGATED = 'Why does the sky not look blue at noon?'
const hybrid = (options: LlmCacheOptions['semantic'] = {}): Harness =>
  harness({ strategy: 'hybrid', semantic: { policy: bold().policy, ...options } })

describe('a decision can be looked at', () => {
  it('in the handle of a hit, of a miss, and of nothing that was decided', async () => {
    const { cache } = hybrid()
    const first = await open(cache, ask(SKY), 'record')
    expect(first.handle.semantic).toMatchObject({ outcome: 'nothing-near', entryId: undefined, vetoes: [], features: undefined })
    first.recorder.head(200, JSON_HEAD)
    first.recorder.write(encode(completion()))
    first.recorder.end()
    await settled(cache)
    const hit = await open(cache, ask(SKY_AGAIN), 'replay')
    const id = field(hit.reply.headers, 'x-llm-cache-id')
    expect(hit.handle.semantic).toMatchObject({ outcome: 'hit', entryId: id, probability: 0.9, threshold: 0.5, error: 0.01, vetoes: [] })
    expect(Object.keys(hit.handle.semantic?.features ?? {})).toEqual(FEATURE_NAMES)
    expect(hit.handle.semantic?.features?.one).toBe(1)
    const vetoed = await open(cache, ask(NEGATED), 'record')
    expect(vetoed.handle.semantic).toMatchObject({ outcome: 'guard-negation', entryId: id, vetoes: ['negation'], probability: undefined })
    expect((await open(cache, ask(SKY), 'replay')).handle.semantic).toBeUndefined()
    expect((await open(cache.route({ strategy: 'exact' }), ask(OTHER), 'record')).handle.semantic).toBeUndefined()
  })

  it('beforehand, of any request, which changes nothing', async () => {
    const { cache, events } = hybrid()
    await record(cache, ask(SKY))
    await settled(cache)
    const counts = async (): Promise<unknown> => {
      const { semantic, ...rest } = await cache.stats()
      return [events.length, rest, semantic && { ...semantic, embedder: undefined }]
    }
    const before = await counts()
    const decisions = []
    for (const content of [SKY, SKY_AGAIN, NEGATED, OTHER]) decisions.push(await cache.explain(request(ask(content))))
    expect(decisions.map(({ exact, semantic }) => [exact, semantic?.outcome])).toEqual([
      ['fresh', 'nothing-near'],
      // The app's own policy cannot be asked without consequences.
      ['absent', 'unsure'],
      ['absent', 'guard-negation'],
      ['absent', 'unsure'],
    ])
    expect(decisions.every(({ key }) => /^lc1\.[\w-]+\.[\w-]+$/.test(key ?? ''))).toBe(true)
    expect(JSON.stringify(decisions)).not.toMatch(/sky|noon|whale/i)
    expect(await counts()).toEqual(before)
    await open(cache, ask(OTHER), 'record')
  })

  it('beforehand, which nobody hears of: no event of what fails, no outer cache that stands back', async () => {
    const router = (): never => {
      throw new Error('mine')
    }
    const { cache, events } = hybrid({ router })
    const { handle, recorder } = await open(cache, ask(SKY), 'record')
    const before = events.length
    const { semantic } = await cache.explain(request({ ...ask(SKY), outer: handle }))
    expect([semantic?.outcome, events.length]).toEqual(['router-failed', before])
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    await open(cache, ask(SKY), 'replay')
  })

  it('as the built-in policies decide, without the lots that they draw', async () => {
    const { cache, clock } = hybrid({ policy: 'static', threshold: 0.6 })
    await record(cache, ask(SKY))
    await settled(cache)
    for (let time = 0; time < 50; time++) {
      const { semantic } = await cache.explain(request(ask(SKY_AGAIN)))
      expect(semantic).toMatchObject({ outcome: 'hit', threshold: 0.6, probability: undefined })
    }
    clock.advance(3_600_001)
    expect(await cache.explain(request(ask(SKY)))).toMatchObject({ exact: 'stale', semantic: { outcome: 'nothing-near' } })
    const adaptive = hybrid({ policy: 'adaptive' })
    await record(adaptive.cache, ask(SKY))
    await settled(adaptive.cache)
    const { semantic } = await adaptive.cache.explain(request(ask(SKY_AGAIN)))
    expect(semantic).toMatchObject({ outcome: 'unsure', threshold: Number.POSITIVE_INFINITY })
    expect(semantic?.probability).toBeGreaterThan(0.5)
  })

  it('of what is not looked up at all, and of a Request of the platform', async () => {
    const { cache } = hybrid()
    const of = (init: RequestInit, path = '/v1/chat/completions'): CacheRequest => webRequest(new Request(`https://a.example${path}`, init))
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(ask(SKY).body)
    expect(await cache.explain(of({ method: 'POST', headers, body }))).toMatchObject({ bypass: undefined, exact: 'absent' })
    expect(await cache.explain(of({ method: 'DELETE' }))).toEqual({
      bypass: 'method',
      key: undefined,
      exact: undefined,
      entryId: undefined,
      semantic: undefined,
    })
    const exact = await cache.route({ strategy: 'exact' }).explain(of({ method: 'POST', headers, body }))
    expect([exact.exact, exact.semantic]).toEqual(['absent', undefined])
  })
})

describe("audit: 'verify'", () => {
  /** An app that can be asked again: how often it was, and with which mark. */
  const asking = (content: string, marks: (object | undefined)[]): CacheRequest =>
    Object.assign(request(ask(content)), {
      again(mark?: object) {
        marks.push(mark)
        return new Promise<number | undefined>(() => undefined)
      },
    })

  async function answered(made: Harness, content: string, mark: object | undefined, answer: string): Promise<void> {
    const { recorder } = await open(made.cache, Object.assign(request(ask(content)), { mark }) as CacheRequest, 'record')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion(answer)))
    recorder.end()
    await settled(made.cache)
  }

  it.each([
    ['the same', 'Rayleigh.', true],
    ['something else', 'A question for a painter, perhaps, who has it from others.', false],
  ])('sends the hit, asks the origin afterwards, and learns where that says %s', async (_, answer, same) => {
    const { policy, learnt } = bold(() => true)
    const made = hybrid({ policy, audit: 'verify', judge: { name: 'mine', judge: () => 'different' } })
    await record(made.cache, ask(SKY), completion('Rayleigh.'))
    await settled(made.cache)
    const marks: (object | undefined)[] = []
    const { reply, handle } = await open(made.cache, asking(SKY_AGAIN, marks), 'replay')
    expect([field(reply.headers, 'x-llm-cache'), handle.semantic?.outcome]).toEqual(['SEMANTIC-HIT', 'hit'])
    await settled(made.cache)
    expect(marks).toHaveLength(1)
    expect(made.last('refresh-started').cause).toBe('verify')
    await answered(made, SKY_AGAIN, marks[0], answer)
    expect(learnt).toEqual([{ same, rejected: undefined }])
    expect(made.last('semantic-judged')).toMatchObject({ verdict: same ? 'same' : 'different', audited: true })
    // From now on the prompt has an answer of its own, and nothing was refreshed.
    const own = await open(made.cache, ask(SKY_AGAIN), 'replay')
    expect(field(own.reply.headers, 'x-llm-cache')).toBe('HIT')
    expect((await made.cache.stats()).refreshed).toBe(0)
  })

  it('asks the origin first where the app cannot be asked again', async () => {
    const { policy, learnt } = bold(() => true)
    const made = hybrid({ policy, audit: 'verify' })
    await record(made.cache, ask(SKY), completion('Rayleigh.'))
    await settled(made.cache)
    const { handle, recorder } = await open(made.cache, ask(SKY_AGAIN), 'record')
    expect(handle.semantic?.outcome).toBe('audit')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion('Rayleigh.')))
    recorder.end()
    await settled(made.cache)
    expect(learnt).toEqual([{ same: true, rejected: undefined }])
  })

  it('learns nothing where the origin fails', async () => {
    const { policy, learnt } = bold(() => true)
    const made = hybrid({ policy, audit: 'verify' })
    await record(made.cache, ask(SKY), completion('Rayleigh.'))
    await settled(made.cache)
    const marks: (object | undefined)[] = []
    await open(made.cache, asking(SKY_AGAIN, marks), 'replay')
    await settled(made.cache)
    const { recorder } = await open(made.cache, Object.assign(request(ask(SKY_AGAIN)), { mark: marks[0] }) as CacheRequest, 'record')
    recorder.head(503, JSON_HEAD)
    recorder.end()
    await settled(made.cache)
    expect(learnt).toEqual([])
    expect(made.last('refresh-ended')).toMatchObject({ cause: 'verify', outcome: 'failed' })
  })
})
