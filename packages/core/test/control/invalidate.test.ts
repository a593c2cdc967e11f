import { describe, expect, it } from 'vitest'
import { createLlmCache, type LlmCache } from '../../src/cache.js'
import type { InvalidationError } from '../../src/control/invalidate.js'
import type { InvalidateSelector } from '../../src/control/selector.js'
import type { LlmCacheOptions, RouteOptions } from '../../src/engine/options.js'
import type { Outcome, Recorder } from '../../src/exchange.js'
import type { CacheStore } from '../../src/ports.js'
import { createKeyvStore } from '../../src/stores/keyv.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { completion, encode, JSON_HEAD, request } from '../engine/support.js'

const TENANTS = ['t', 't::u', 'x*', 'xyz', '*', '__proto__', 'constructor', '', 'shared', 't.', 'lc1.', '[a]', 'ü', 'T']
const byTenant: RouteOptions = { partition: (asked) => asked.header('x-tenant') || 'none' }
const ask = (cache: LlmCache, headers: Record<string, string>): Promise<Outcome> | Outcome => cache.open(request({ headers }))

function recorderOf(outcome: Outcome): Recorder {
  if (outcome.kind !== 'record') throw new Error(`the outcome is ${outcome.kind}`)
  return outcome.recorder
}

function answer(recorder: Recorder): void {
  recorder.head(200, JSON_HEAD)
  recorder.write(encode(completion()))
  recorder.end()
}

async function fill(cache: LlmCache, headers: Record<string, string>): Promise<void> {
  answer(recorderOf(await ask(cache, headers)))
}

async function has(cache: LlmCache, headers: Record<string, string>): Promise<boolean> {
  const outcome = await ask(cache, headers)
  if (outcome.kind === 'record') outcome.recorder.abort('origin-error')
  return outcome.kind === 'replay'
}

const stores: [string, () => LlmCacheOptions['store']][] = [
  ['memory', () => undefined],
  ['a Map', () => new Map()],
  ['two tiers', () => [createMemoryStore(), new Map()]],
]

describe.each(stores)('erasing a partition from %s', (_name, store) => {
  it('takes one tenant at a time, and touches no other', async () => {
    const cache = createLlmCache({ ...byTenant, store: store() })
    for (const tenant of TENANTS) await fill(cache, { 'x-tenant': tenant })
    const kept = new Set(TENANTS)
    for (const tenant of TENANTS) {
      const { matched, removed, tiers } = await cache.invalidate({ partition: tenant || 'none' })
      expect([matched, removed]).toEqual([tiers.length, tiers.length])
      kept.delete(tenant)
      for (const other of TENANTS) expect([other, await has(cache, { 'x-tenant': other })]).toEqual([other, kept.has(other)])
    }
    expect(await cache.invalidate({ partition: 't' })).toMatchObject({ matched: 0, removed: 0 })
    await cache.close()
  })

  it('beats an answer in flight: who waits for it gets it, nobody else', async () => {
    const cache = createLlmCache({ ...byTenant, store: store() })
    const headers = { 'x-tenant': 't' }
    const recorder = recorderOf(await ask(cache, headers))
    const follower = ask(cache, headers)
    const other = recorderOf(await ask(cache, { 'x-tenant': 'other' }))
    await cache.invalidate({ partition: 't' })
    const late = await ask(cache, headers)
    expect(late.kind).toBe('record')
    answer(recorder)
    answer(other)
    expect(await follower).toMatchObject({ kind: 'replay', handle: { outcome: 'COLLAPSED' } })
    recorderOf(late).abort('origin-error')
    expect(await has(cache, headers)).toBe(false)
    expect(await has(cache, { 'x-tenant': 'other' })).toBe(true)
    expect((await cache.stats()).skipped.invalidated).toBe(1)
    await cache.close()
  })
})

describe('what is erased is nowhere', () => {
  const long = { content: 'a'.repeat(4000) }

  it('neither in the samples for measuring compression, nor in those of answers that come later', async () => {
    const cache = createLlmCache({ ...byTenant, compression: 'gzip' })
    const recorder = recorderOf(await ask(cache, { 'x-tenant': 't' }))
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion(long.content)))
    recorder.end()
    expect((await cache.compression.measure()).samples).toBe(1)
    const late = recorderOf(await ask(cache, { 'x-tenant': 't', 'cache-control': 'no-cache' }))
    late.head(200, JSON_HEAD)
    late.write(encode(completion(long.content)))
    await cache.invalidate({ partition: 't' })
    expect((await cache.compression.measure()).samples).toBe(0)
    late.end()
    expect((await cache.compression.measure()).samples).toBe(0)
    expect(await has(cache, { 'x-tenant': 't' })).toBe(false)
  })

  it('nor comes it back by an answer that begins while the stores are being cleaned', async () => {
    let proceed: (() => void) | undefined
    const inner = createMemoryStore()
    const slow: CacheStore = {
      ...inner,
      name: 'slow',
      inMemory: false,
      synchronous: false,
      get: async (key) => inner.get(key),
      set: async (entry) => inner.set(entry) as boolean,
      delete: (key) => new Promise((resolve) => (proceed = () => resolve(inner.delete(key) as boolean))),
    }
    const cache = createLlmCache({ ...byTenant, store: [createMemoryStore(), slow], storeTimeout: '5s' })
    await fill(cache, { 'x-tenant': 't' })
    const erasing = cache.invalidate({ partition: 't' })
    while (!proceed) await new Promise((resolve) => setImmediate(resolve))
    const during = recorderOf(await ask(cache, { 'x-tenant': 't', 'cache-control': 'no-cache' }))
    const finish = setInterval(() => proceed?.(), 5)
    await erasing
    clearInterval(finish)
    answer(during)
    expect(await has(cache, { 'x-tenant': 't' })).toBe(false)
    await cache.close()
  })
})

describe('erasing callers that their credentials tell apart', () => {
  it('takes the fields that their requests carry', async () => {
    const cache = createLlmCache()
    const [one, two] = [{ authorization: 'Bearer one' }, { authorization: 'Bearer two' }]
    for (const headers of [one, two, {}]) await fill(cache, headers)
    await cache.invalidate({ partition: { headers: { Authorization: 'Bearer one' } } })
    expect(await Promise.all([one, two, {}].map((headers) => has(cache, headers)))).toEqual([false, true, true])
    await cache.invalidate({ partition: { headers: {} } })
    expect(await Promise.all([two, {}].map((headers) => has(cache, headers)))).toEqual([true, false])
  })

  it('knows the partitions of its routes too', async () => {
    const cache = createLlmCache({ credentials: { secret: 'k' } })
    const route = cache.route(byTenant)
    answer(recorderOf(await route.open(request({ headers: { 'x-tenant': 'a' } }))))
    expect(await cache.invalidate({ partition: 'a' })).toMatchObject({ matched: 1, removed: 1 })
  })

  it('the shared partition is called so', async () => {
    const cache = createLlmCache({ partition: 'shared' })
    await fill(cache, {})
    expect(await cache.invalidate({ partition: 'shared' })).toMatchObject({ matched: 1, removed: 1 })
  })
})

describe('other selectors', () => {
  it('all takes everything, keys take what they name', async () => {
    const store = createMemoryStore()
    const cache = createLlmCache({ ...byTenant, store })
    for (const tenant of ['a', 'b', 'c']) await fill(cache, { 'x-tenant': tenant })
    const [first] = [...((store.keys?.('') ?? []) as Iterable<string>)]
    expect(await cache.invalidate({ keys: [first as string] })).toMatchObject({ matched: 1, removed: 1 })
    expect(await cache.invalidate({ all: true })).toMatchObject({ matched: 2, removed: 2 })
    expect(store.size()).toMatchObject({ entries: 0 })
  })

  it('ten thousand keys do not hold up anybody else', async () => {
    // Each look at this clock finds that a ms has gone by.
    let looks = 0
    const clock = { ...createManualClock(), monotonic: () => looks++ }
    const cache = createLlmCache({ ...byTenant, maxEntries: 100_000, clock })
    for (let count = 0; count < 200; count++) await fill(cache, { 'x-tenant': `${count}` })
    let turns = 0
    let done = false
    const turn = (): void => {
      turns++
      if (!done) setImmediate(turn)
    }
    setImmediate(turn)
    const keys = Array.from({ length: 10_000 }, (_, index) => `lc1.p.${index}`)
    looks = 0
    await cache.invalidate({ keys })
    done = true
    expect(looks).toBeGreaterThan(10_000)
    expect(turns).toBeGreaterThan(1000)
  })

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'selector'],
    ['only undefined', { partition: undefined }, 'selector'],
    ['two', { all: true, partition: 't' }, 'selector'],
    ['null', null, 'selector'],
    ['a text', 't', 'selector'],
    ['an unknown one', { tenants: ['t'] }, 'tenants'],
    ['all: false', { all: false }, 'all'],
    ['an empty partition', { partition: '' }, 'partition'],
    ['a partition that is no text', { partition: 5 }, 'partition'],
    ['credentials where nobody has any', { partition: { headers: { authorization: 'x' } } }, 'partition'],
    ['a prefix as a key', { keys: ['lc1.'] }, 'keys'],
    ['no key', { keys: [''] }, 'keys'],
    ['one key without a list', { keys: 'lc1.p.r' }, 'keys'],
  ])('%s is an error, never everything', async (_what, selector, option) => {
    const cache = createLlmCache(byTenant)
    await fill(cache, { 'x-tenant': 't' })
    await expect(cache.invalidate(selector as InvalidateSelector)).rejects.toMatchObject({ name: 'OptionError', option })
    expect(await has(cache, { 'x-tenant': 't' })).toBe(true)
  })

  it('a name where callers are told apart by credentials alone is an error that says how', async () => {
    await expect(createLlmCache().invalidate({ partition: 'user-1' })).rejects.toThrow(/\{ headers \}/)
  })
})

describe('a tier that cannot be cleaned', () => {
  const tiered = (store: CacheStore): LlmCache =>
    createLlmCache({ ...byTenant, store: [createMemoryStore(), { store, name: 'far' }], log: false })

  it('that cannot list its keys is named, and the others are clean', async () => {
    const cache = tiered({ ...createKeyvStore(new Map()), keys: undefined as never })
    await fill(cache, { 'x-tenant': 't' })
    const error = await cache.invalidate({ partition: 't' }).catch((thrown: InvalidationError) => thrown)
    expect(error).toMatchObject({ name: 'InvalidationError', code: 'ERR_INVALIDATION' })
    expect((error as InvalidationError).message).toMatch(/far \(it cannot list its keys/)
    expect((error as InvalidationError).report.tiers).toMatchObject([
      { tier: 'memory', removed: 1, failed: undefined },
      { tier: 'far', failed: 'unsupported' },
    ])
    await cache.close()
  })

  it('that does not delete what it says it deletes is named', async () => {
    const cache = tiered({ ...createMemoryStore(), name: 'liar', synchronous: false, delete: async () => true })
    await fill(cache, { 'x-tenant': 't' })
    await expect(cache.invalidate({ partition: 't' })).rejects.toMatchObject({ report: { tiers: [{}, { failed: 'left' }] } })
    await cache.close()
  })

  it('that is down is named', async () => {
    const cache = tiered({
      ...createMemoryStore(),
      synchronous: false,
      // biome-ignore lint/correctness/useYield: it fails before it has anything
      async *keys() {
        throw new Error('down')
      },
    })
    await expect(cache.invalidate({ partition: 't' })).rejects.toThrow(/far \(it failed\)/)
    await cache.close()
  })
})
