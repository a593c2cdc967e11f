import { describe, expect, it } from 'vitest'
import type { LlmCache } from '../../src/cache.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import { systemClock } from '../../src/lib/clock.js'
import type { CacheStore } from '../../src/ports.js'
import { createKeyvStore } from '../../src/stores/keyv.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { completion, drain, encode, field, harness, JSON_HEAD, open, type RequestParts, record, request } from '../engine/support.js'

// Stores that are given have the clock of the system.
const options: LlmCacheOptions = { clock: systemClock(), partition: (asked) => asked.header('x-tenant') ?? 'none', log: false }
const partsOf = (question: string, tenant = 't', headers: Record<string, string> = {}): RequestParts => ({
  headers: { 'x-tenant': tenant, ...headers },
  body: { model: 'gpt-4o', messages: [{ role: 'user', content: question }] },
})
const rejecting = (id: string): Record<string, string> => ({ 'x-llm-cache-control': `reject=${id}` })
const fill = async (cache: LlmCache, question: string, tenant?: string): Promise<string> =>
  field(await record(cache, partsOf(question, tenant)), 'x-llm-cache-id') as string
const has = async (cache: LlmCache, question: string, tenant?: string): Promise<boolean> => {
  const outcome = await cache.open(request(partsOf(question, tenant)))
  if (outcome.kind === 'record') outcome.recorder.abort('origin-error')
  return outcome.kind === 'replay'
}
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

const stores: [string, () => LlmCacheOptions['store']][] = [
  ['memory', () => undefined],
  ['a Map', () => new Map()],
  ['two tiers', () => [createMemoryStore(), new Map()]],
]

describe.each(stores)('rejecting an answer in %s', (_name, store) => {
  it('removes it, and no other', async () => {
    const { cache, last } = harness({ ...options, store: store() })
    const [first, second] = [await fill(cache, 'one'), await fill(cache, 'two')]
    await settle()
    expect(await cache.reject(first, 'schema')).toBe(true)
    expect([await has(cache, 'one'), await has(cache, 'two')]).toEqual([false, true])
    expect(last('entry-rejected')).toMatchObject({ entryId: first, reason: 'schema', model: 'gpt-4o', route: '/pattern/:id' })
    expect(await cache.reject(first, 'schema')).toBe(false)
    expect(await cache.reject(second)).toBe(true)
    expect((await cache.stats()).rejected).toEqual({ schema: 1, unspecified: 1 })
    await cache.close()
  })

  it('leaves another answer that has taken its place', async () => {
    const { cache, events } = harness({ ...options, store: store() })
    const first = await fill(cache, 'one')
    await settle()
    await record(cache, partsOf('one', 't', { 'cache-control': 'no-cache' }))
    await settle()
    expect(await cache.reject(first)).toBe(false)
    expect(await has(cache, 'one')).toBe(true)
    expect(events.some(({ type }) => type === 'entry-rejected')).toBe(false)
    await cache.close()
  })

  it('that is still being made: who waits gets it, and it is not stored', async () => {
    const { cache } = harness({ ...options, store: store() })
    const { recorder } = await open(cache, partsOf('one'), 'record')
    const follower = cache.open(request(partsOf('one')))
    const id = field(recorder.head(200, JSON_HEAD), 'x-llm-cache-id') as string
    recorder.write(encode(completion().slice(0, 20)))
    expect(await cache.reject(id)).toBe(true)
    recorder.write(encode(completion().slice(20)))
    recorder.end()
    const followed = await follower
    expect(followed).toMatchObject({ kind: 'replay', handle: { outcome: 'COLLAPSED' } })
    if (followed.kind === 'replay') expect(await drain(followed.reply)).toMatchObject({ end: 'done' })
    await settle()
    expect(await has(cache, 'one')).toBe(false)
    await cache.close()
  })

  it('what is made after it is kept', async () => {
    const { cache } = harness({ ...options, store: store() })
    const id = await fill(cache, 'one')
    await settle()
    await cache.reject(id)
    await fill(cache, 'one')
    await settle()
    expect(await has(cache, 'one')).toBe(true)
    await cache.close()
  })
})

describe('a reason', () => {
  it('that is no label is counted and not kept', async () => {
    const { cache, events } = harness(options)
    for (const reason of ['He said his name is Bob', 'a'.repeat(41), 'Upper', '']) await cache.reject(await fill(cache, reason), reason)
    expect(events.flatMap((event) => (event.type === 'entry-rejected' ? [event.reason] : []))).toEqual(['other', 'other', 'other', 'other'])
    expect((await cache.stats()).rejected).toEqual({ other: 4 })
  })

  it('beyond fifty kinds counts with the others', async () => {
    const { cache } = harness(options)
    for (let count = 0; count < 60; count++) await cache.reject(await fill(cache, `${count}`), `reason-${count}`)
    const { rejected } = await cache.stats()
    expect([Object.keys(rejected).length, rejected.other]).toEqual([51, 10])
  })
})

describe('an id', () => {
  it.each(['', 'x', 'a'.repeat(22), '../../etc', 'a'.repeat(5000), '__proto__'])('that nobody knows (%s) is not rejected', async (id) => {
    const { cache } = harness(options)
    await fill(cache, 'one')
    expect(await cache.reject(id)).toBe(false)
    expect(await has(cache, 'one')).toBe(true)
  })

  it('that is no text is an error', async () => {
    const { cache } = harness(options)
    await expect(cache.reject(5 as never)).rejects.toMatchObject({ name: 'OptionError', option: 'entryId' })
  })
})

it('a tier that cannot be cleaned is an error; the others are clean', async () => {
  const far: CacheStore = { ...createKeyvStore(new Map()), delete: () => Promise.reject(new Error('down')) }
  const { cache } = harness({ ...options, store: [createMemoryStore(), { store: far, name: 'far' }] })
  const id = await fill(cache, 'one')
  await settle()
  await expect(cache.reject(id)).rejects.toMatchObject({
    name: 'InvalidationError',
    report: {
      sample: [id],
      tiers: [
        { tier: 'memory', removed: 1, failed: undefined },
        { tier: 'far', failed: expect.any(String) },
      ],
    },
  })
  await cache.close()
})

describe('a store that is down', () => {
  it('does not have the answer for good: it is rejected when asked again, and counted once', async () => {
    const map = new Map()
    const inner = createKeyvStore(map)
    let down = false
    const far: CacheStore = { ...inner, delete: (key) => (down ? Promise.reject(new Error('down')) : inner.delete(key)) }
    const { cache, types } = harness({ ...options, store: [createMemoryStore(), { store: far, name: 'far' }] })
    const id = await fill(cache, 'one')
    await settle()
    const isHeld = (): boolean => [...map.keys()].some((key) => String(key).includes('lc1.'))
    down = true
    await expect(cache.reject(id)).rejects.toMatchObject({ name: 'InvalidationError' })
    expect(isHeld()).toBe(true)
    down = false
    expect(await cache.reject(id)).toBe(true)
    expect(isHeld()).toBe(false)
    expect(await cache.reject(id)).toBe(false)
    expect(types().filter((type) => type === 'entry-rejected')).toHaveLength(1)
  })

  it('makes an id one of which nothing is known: an error that names the store', async () => {
    const map = new Map()
    const id = await fill(harness({ ...options, store: map }).cache, 'one')
    await settle()
    const dead = (): Promise<never> => Promise.reject(new Error('down'))
    const far: CacheStore = { ...createKeyvStore(map), get: dead, getMany: dead, delete: dead }
    const { cache } = harness({ ...options, store: [createMemoryStore(), { store: far, name: 'far' }] })
    const error = await cache.reject(id).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'InvalidationError', report: { tiers: [{ tier: 'memory' }, { tier: 'far', failed: 'error' }] } })
    expect(await has(cache, 'two')).toBe(false)
  })
})

describe('a caller that found an answer wrong', () => {
  it('gets another one in the same request, once for each id', async () => {
    const { cache, last } = harness(options)
    const id = await fill(cache, 'one')
    const { recorder } = await open(cache, partsOf('one', 't', rejecting(id)), 'record')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion('Another.')))
    recorder.end()
    expect(last('entry-rejected')).toMatchObject({ entryId: id, reason: 'by-caller' })
    // Sent again, it is ignored: the answer that took its place stands.
    const { reply } = await open(cache, partsOf('one', 't', rejecting(id)), 'replay')
    expect((await drain(reply)).text).toContain('Another.')
    expect((await cache.stats()).rejected).toEqual({ 'by-caller': 1 })
  })

  it('rejects the answer to another question of its own partition as well, and has the origin asked', async () => {
    const { cache } = harness(options)
    const id = await fill(cache, 'one')
    await fill(cache, 'two')
    const { recorder } = await open(cache, partsOf('two', 't', rejecting(id)), 'record')
    recorder.abort('origin-error')
    expect(await has(cache, 'one')).toBe(false)
  })

  it('cannot reject what is not of its own partition', async () => {
    const { cache, events } = harness(options)
    const id = await fill(cache, 'one', 'other')
    await fill(cache, 'one')
    await open(cache, partsOf('one', 't', rejecting(id)), 'replay')
    expect(await has(cache, 'one', 'other')).toBe(true)
    expect(events.some(({ type }) => type === 'entry-rejected')).toBe(false)
  })

  it.each(['unknown-id', '', 'a'.repeat(22), '"', 'a b'])('with an id that is none (%s) is answered as ever', async (id) => {
    const { cache } = harness(options)
    await fill(cache, 'one')
    await open(cache, partsOf('one', 't', rejecting(id)), 'replay')
  })

  it('is heard only where the operator allows it, and only in the field of the cache', async () => {
    const { cache } = harness({ ...options, controls: { allow: ['no-cache'] } })
    const id = await fill(cache, 'one')
    await open(cache, partsOf('one', 't', rejecting(id)), 'replay')
    const second = harness(options)
    const other = await fill(second.cache, 'one')
    await open(second.cache, partsOf('one', 't', { 'cache-control': `reject=${other}` }), 'replay')
  })

  it('two that say so at once: one rejects, the other gets what comes', async () => {
    const { cache } = harness({ ...options, store: new Map() })
    const id = await fill(cache, 'one')
    await settle()
    const outcomes = await Promise.all([1, 2].map(() => cache.open(request(partsOf('one', 't', rejecting(id))))))
    for (const outcome of outcomes) if (outcome.kind === 'record') outcome.recorder.abort('origin-error')
    expect((await cache.stats()).rejected).toEqual({ 'by-caller': 1 })
    await cache.close()
  })
})
