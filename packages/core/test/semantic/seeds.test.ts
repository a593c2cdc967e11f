import { webRequest } from '@llm-cache/core/web'
import { describe, expect, it } from 'vitest'
import type { Seed } from '../../src/engine/seed.js'
import type { CacheRequest } from '../../src/exchange.js'
import { completion, drain, field, frames, harness, open, type RequestParts, record, request } from '../engine/support.js'
import { ask, SKY, SKY_AGAIN, settled } from './support.js'

const OWN = 'Because of Rayleigh scattering, says our handbook.'
const by = (user: string, content: string): RequestParts => ({ ...ask(content), headers: { authorization: `Bearer ${user}` } })
const seedOf = (parts: RequestParts, body: Seed['answer']['body'] = completion(OWN)): Seed => ({
  request: request(parts),
  answer: { body },
})

describe('curated answers', () => {
  it('are sent to equal requests, and to prompts that mean the same, of every user of a shared partition', async () => {
    const { cache } = harness({ strategy: 'hybrid', partition: 'shared', semantic: { policy: 'static', threshold: 0.6 } })
    expect(await cache.seed([seedOf(by('operator', SKY))])).toEqual({ stored: 1, present: 0, failed: {} })
    await settled(cache)
    const equal = await open(cache, by('a', SKY), 'replay')
    expect((await drain(equal.reply)).text).toBe(completion(OWN))
    let near = await cache.open(request(by('b', SKY_AGAIN)))
    // Some are audited.
    for (let time = 0; near.kind === 'record' && time < 20; time++) {
      near.recorder.abort('origin-error')
      near = await cache.open(request(by('b', SKY_AGAIN)))
    }
    expect(near.kind === 'replay' && field(near.reply.headers, 'x-llm-cache')).toBe('SEMANTIC-HIT')
    // The same answer by a user is that user's alone until another confirms it.
    const other = harness({ strategy: 'hybrid', partition: 'shared', semantic: { policy: 'static', threshold: 0.6 } })
    await record(other.cache, by('operator', SKY), completion(OWN))
    await settled(other.cache)
    expect((await open(other.cache, by('b', SKY_AGAIN), 'record')).handle.semantic?.outcome).toBe('quorum')
  })

  it('teach nothing about wrong answers', async () => {
    const { cache } = harness({ strategy: 'hybrid', partition: 'shared' })
    const prompts = Array.from({ length: 30 }, (_, at) => `Why does the sky look so blue at ${at} in the morning?`)
    await cache.seed([SKY, SKY_AGAIN, ...prompts].map((prompt) => seedOf(ask(prompt))))
    await settled(cache)
    const { semantic } = await cache.stats()
    expect(semantic?.vectors).toBe(32)
    expect((semantic?.learners ?? []).every(({ labels }) => labels === 0)).toBe(true)
  })

  it('leave what is there and fresh, live as long as they are told to, and go by their tags', async () => {
    const { cache, clock } = harness({ ttl: '1h', staleIfError: 0, staleWhileRevalidate: 0 })
    await record(cache, ask('one'), completion('The model’s own.'))
    const seeds = [seedOf(ask('one')), seedOf(ask('two')), seedOf(ask('three'))]
    expect(await cache.seed(seeds, { ttl: '10m', tags: ['faq'] })).toEqual({ stored: 2, present: 1, failed: {} })
    expect((await drain((await open(cache, ask('one'), 'replay')).reply)).text).toContain('The model’s own.')
    clock.advance(600_001)
    const { recorder } = await open(cache, ask('two'), 'record')
    recorder.abort('origin-error')
    expect(await cache.seed(seeds, { tags: ['faq'] })).toEqual({ stored: 2, present: 1, failed: {} })
    await cache.invalidate({ tags: ['faq'] })
    await open(cache, ask('three'), 'record')
    await open(cache, ask('one'), 'replay')
  })

  it('pass the gates that every answer passes, and say why they did not', async () => {
    const { cache } = harness()
    const cut = completion('Rayleigh', 'length')
    const odd = { ...ask('x'), method: 'DELETE' }
    const report = await cache.seed([
      seedOf(ask('one'), cut),
      seedOf(ask('two'), '{"error":{"message":"no"}}'),
      seedOf(odd),
      seedOf(ask('four')),
    ])
    expect(report).toEqual({ stored: 1, present: 0, failed: { method: 1, 'finish-length': 1, 'error-body': 1 } })
    await cache.close()
    expect(await cache.seed([seedOf(ask('five'))])).toEqual({ stored: 0, present: 0, failed: { closed: 1 } })
  })

  it('may be streams, and objects; requests may be those of the platform', async () => {
    const { cache } = harness()
    const init = (content: string, stream: boolean): RequestInit => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...(ask(content).body as object), stream }),
    })
    const platform = (content: string, stream = false): CacheRequest =>
      webRequest(new Request('https://a.example/chat', init(content, stream)))
    const text = frames(['Our ', 'handbook.']).join('')
    const seeds: Seed[] = [
      { request: platform('one', true), answer: { body: text, contentType: 'text/event-stream' } },
      { request: platform('two'), answer: { body: JSON.parse(completion(OWN)) as object } },
    ]
    expect(await cache.seed(seeds)).toEqual({ stored: 2, present: 0, failed: {} })
    expect((await drain((await open(cache, platform('one', true), 'replay')).reply)).text).toBe(text)
    expect((await drain((await open(cache, platform('two'), 'replay')).reply)).text).toBe(completion(OWN))
  })

  it.each([
    [[{}], {}, 'request'],
    [[{ request: request(ask('x')), answer: {} }], {}, 'answer.body'],
    [[], { tll: '1h' }, 'tll'],
    [[seedOf(ask('x'))], { ttl: 'soon' }, 'ttl'],
  ])('refuse what they cannot read (%#)', async (seeds, options, name) => {
    const { cache } = harness()
    await expect(cache.seed(seeds as Seed[], options as object)).rejects.toMatchObject({ name: 'OptionError', option: name })
    await open(cache, ask('x'), 'record')
  })
})
