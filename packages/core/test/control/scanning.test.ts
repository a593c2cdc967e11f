import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createLlmCache, type LlmCache } from '../../src/cache.js'
import type { InvalidationError } from '../../src/control/invalidate.js'
import type { EntryView } from '../../src/control/matching.js'
import type { InvalidateSelector } from '../../src/control/selector.js'
import { createDiskStore } from '../../src/disk/index.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheStore } from '../../src/ports.js'
import { createKeyvStore } from '../../src/stores/keyv.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { completion, encode, field, JSON_HEAD, open, type RequestParts, record, request } from '../engine/support.js'

interface Asked {
  readonly tenant?: string
  readonly model?: string
  readonly tag?: string
}

const partsOf = ({ tenant = 't', model = 'gpt-4o', tag = 'none' }: Asked): RequestParts => ({
  headers: { 'x-tenant': tenant, 'x-tag': tag },
  body: { model, messages: [{ role: 'user', content: `About ${tag}?` }] },
})
const options: LlmCacheOptions = {
  partition: (request) => request.header('x-tenant'),
  tags: (request) => [request.header('x-tag') ?? '', 'all-of-them'],
  log: false,
}
const fill = async (cache: LlmCache, asked: Asked): Promise<string> =>
  field(await record(cache, partsOf(asked)), 'x-llm-cache-id') as string
const has = async (cache: LlmCache, asked: Asked): Promise<boolean> => {
  const outcome = await cache.open(request(partsOf(asked)))
  if (outcome.kind === 'record') outcome.recorder.abort('origin-error')
  return outcome.kind === 'replay'
}
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

const stores: [string, (clock: ManualClock) => Promise<{ store: LlmCacheOptions['store']; end?: () => Promise<void> }>][] = [
  ['memory', async () => ({ store: undefined })],
  ['memory that goes by cost', async (clock) => ({ store: createMemoryStore({ eviction: 'cost', clock }) })],
  ['a Map', async () => ({ store: new Map() })],
  ['two tiers', async (clock) => ({ store: [createMemoryStore({ clock }), new Map()] })],
  [
    'memory before a disk',
    async (clock) => {
      const folder = await mkdtemp(join(tmpdir(), 'llm-cache-scan-'))
      const disk = createDiskStore({ path: join(folder, 'cache.db'), clock })
      return { store: [createMemoryStore({ clock }), disk], end: () => rm(folder, { recursive: true }) }
    },
  ],
]

describe.each(stores)('invalidating what entries are, in %s', (_name, make) => {
  async function scene(): Promise<{ cache: LlmCache; clock: ManualClock; end: () => Promise<void>; tiers: number }> {
    const clock = createManualClock()
    const { store, end } = await make(clock)
    const cache = createLlmCache({ ...options, clock, store })
    return {
      cache,
      clock,
      tiers: Array.isArray(store) ? store.length : 1,
      async end() {
        await cache.close()
        await end?.()
      },
    }
  }

  it.each<[string, InvalidateSelector, Asked[]]>([
    ['a tag', { pattern: 'docs:v1:*' }, [{ tag: 'docs:v1:a' }, { tag: 'docs:v1:b', model: 'gpt-4o-mini' }]],
    ['a model', { pattern: 'gpt-4o-*' }, [{ tag: 'docs:v1:b', model: 'gpt-4o-mini' }]],
    ['one field', { pattern: { tag: 'docs:v[0-9]:a' } }, [{ tag: 'docs:v1:a' }, { tag: 'docs:v2:a', tenant: 'u' }]],
    ['several fields, all of which must match', { pattern: { tag: 'docs:v1:*', model: 'gpt-4o' } }, [{ tag: 'docs:v1:a' }]],
    ['a route that no entry has', { pattern: { route: '/other' } }, []],
    ['one tenant', { pattern: { tag: 'docs:*:a' }, partition: 'u' }, [{ tag: 'docs:v2:a', tenant: 'u' }]],
    ['a rule', { rule: ({ model, tags }) => model === 'gpt-4o' && tags.includes('docs:v1:a') }, [{ tag: 'docs:v1:a' }]],
    ['a rule for one tenant', { rule: () => true, partition: 'u' }, [{ tag: 'docs:v2:a', tenant: 'u' }]],
  ])('by %s', async (_what, selector, expected) => {
    const all: Asked[] = [{ tag: 'docs:v1:a' }, { tag: 'docs:v1:b', model: 'gpt-4o-mini' }, { tag: 'docs:v2:a', tenant: 'u' }]
    const { cache, end, tiers } = await scene()
    const ids = new Map<Asked, string>()
    for (const asked of all) ids.set(asked, await fill(cache, asked))
    await settle()
    const meant = all.filter((asked) => expected.some((one) => JSON.stringify(one) === JSON.stringify(asked)))
    expect(meant.length).toBe(expected.length)
    const sample = meant.map((asked) => ids.get(asked)).sort()

    const dry = await cache.invalidate(selector, { dryRun: true })
    expect({ ...dry, sample: [...dry.sample].sort() }).toMatchObject({
      dryRun: true,
      matched: meant.length * tiers,
      removed: 0,
      sample,
    })
    for (const asked of all) expect([asked, await has(cache, asked)]).toEqual([asked, true])

    const report = await cache.invalidate(selector)
    expect({ ...report, sample: [...report.sample].sort() }).toMatchObject({
      dryRun: false,
      matched: meant.length * tiers,
      removed: meant.length * tiers,
      sample,
    })
    expect(report.tiers.map(({ failed }) => failed)).toEqual(Array.from({ length: tiers }, () => undefined))
    for (const asked of all) expect([asked, await has(cache, asked)]).toEqual([asked, !meant.includes(asked)])
    expect(await cache.invalidate(selector)).toMatchObject({ matched: 0, removed: 0, sample: [] })
    await end()
  })

  it('by age', async () => {
    const { cache, clock, end, tiers } = await scene()
    await fill(cache, { tag: 'old' })
    clock.advance(60_000)
    await fill(cache, { tag: 'young' })
    await settle()
    expect(await cache.invalidate({ olderThan: '2m' })).toMatchObject({ matched: 0 })
    expect(await cache.invalidate({ olderThan: '1m' })).toMatchObject({ matched: tiers, removed: tiers })
    expect(await has(cache, { tag: 'old' })).toBe(false)
    expect(await has(cache, { tag: 'young' })).toBe(true)
    clock.advance(1)
    expect(await cache.invalidate({ olderThan: new Date(clock.now()) })).toMatchObject({ matched: tiers, removed: tiers })
    await end()
  })
})

describe('what is in flight', () => {
  it.each<[string, InvalidateSelector, boolean]>([
    ['a pattern that the answer turns out to match', { pattern: { tag: 'late' } }, false],
    ['a pattern that it does not match', { pattern: { tag: 'other' } }, true],
    ['a rule that means it', { rule: ({ tags }) => tags.includes('late') }, false],
    ['a rule that does not', { rule: ({ tags }) => !tags.includes('late') }, true],
    ['everything that began before now', { olderThan: 0 }, false],
    ['what is older than it can be', { olderThan: '1s' }, true],
    ['another tenant', { pattern: { tag: 'late' }, partition: 'u' }, true],
    ['its own tenant', { pattern: { tag: 'late' }, partition: 't' }, false],
  ])('%s: kept %s', async (_what, selector, kept) => {
    const clock = createManualClock()
    const cache = createLlmCache({ ...options, clock })
    const { recorder, handle } = await open(cache, partsOf({ tag: 'x' }), 'record')
    recorder.head(200, JSON_HEAD)
    clock.advance(10)
    await cache.invalidate(selector)
    handle.tag('late')
    clock.advance(10)
    recorder.write(encode(completion()))
    recorder.end()
    expect(await has(cache, { tag: 'x' })).toBe(kept)
    expect((await cache.stats()).skipped.invalidated).toBe(kept ? undefined : 1)
    // What is asked for after the call is none of its business.
    if (!kept) {
      await fill(cache, { tag: 'x' })
      expect(await has(cache, { tag: 'x' })).toBe(true)
    }
  })

  it('nobody joins it any more who asks after the call; who waited gets the answer', async () => {
    const cache = createLlmCache({ ...options, clock: createManualClock() })
    const { recorder } = await open(cache, partsOf({ tag: 'x' }), 'record')
    const before = cache.open(request(partsOf({ tag: 'x' })))
    await cache.invalidate({ pattern: { tag: 'never' } })
    const after = await open(cache, partsOf({ tag: 'x' }), 'record')
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    expect(await before).toMatchObject({ kind: 'replay', handle: { outcome: 'COLLAPSED' } })
    after.recorder.abort('origin-error')
  })

  it('what there was before, and was meant, does not go out where the origin fails', async () => {
    const clock = createManualClock()
    const cache = createLlmCache({ ...options, clock, ttl: '1m', staleIfError: '5h' })
    const selectors: [InvalidateSelector, boolean][] = [
      [{ olderThan: '1h' }, false],
      [{ olderThan: '3h' }, true],
      [{ pattern: { tag: 'x' } }, false],
      [{ pattern: { tag: 'y' } }, true],
    ]
    for (const [selector, isSent] of selectors) {
      await fill(cache, { tag: 'x' })
      clock.advance(2 * 3_600_000)
      const { recorder } = await open(cache, partsOf({ tag: 'x' }), 'record')
      await cache.invalidate(selector)
      expect([selector, (await recorder.fallback?.take(503)) !== undefined]).toEqual([selector, isSent])
      recorder.abort('origin-error')
      await cache.invalidate({ all: true })
    }
  })

  it('a seventeenth doubt makes it worth nothing', async () => {
    const cache = createLlmCache({ ...options, clock: createManualClock() })
    const { recorder } = await open(cache, partsOf({ tag: 'x' }), 'record')
    for (let count = 0; count < 9; count++) await cache.invalidate({ pattern: { tag: 'never' } })
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    expect(await has(cache, { tag: 'x' })).toBe(false)
  })

  it('a write that waits for a slow store is dropped if it is meant, and only then', async () => {
    const held = new Map()
    let proceed: () => void = () => {}
    const blocked = new Promise<void>((resolve) => {
      proceed = resolve
    })
    const inner = createKeyvStore(held)
    const slow: CacheStore = {
      ...inner,
      async set(entry) {
        await blocked
        return inner.set(entry)
      },
    }
    const cache = createLlmCache({ ...options, store: [createMemoryStore(), { store: slow, name: 'far' }], storeTimeout: '5s' })
    await fill(cache, { tag: 'gone' })
    await fill(cache, { tag: 'stays' })
    const invalidating = cache.invalidate({ pattern: { tag: 'gone' } })
    proceed()
    await invalidating
    await settle()
    expect(await has(cache, { tag: 'gone' })).toBe(false)
    expect(await has(cache, { tag: 'stays' })).toBe(true)
    expect([...held.keys()].filter((key) => key.startsWith('lc1.'))).toHaveLength(1)
    await cache.close()
  })
})

describe('a rule', () => {
  it('sees what is known of an entry, and nothing of the answer', async () => {
    const clock = createManualClock()
    const cache = createLlmCache({ ...options, clock })
    const id = await fill(cache, { tag: 'a' })
    const views: EntryView[] = []
    await cache.invalidate({ rule: (entry) => views.push(entry) < 0 }, { dryRun: true })
    expect(views).toEqual([
      {
        id,
        key: expect.stringMatching(/^lc1\./),
        storedAt: clock.now(),
        staleAt: clock.now() + 3_600_000,
        deleteAt: clock.now() + 7_200_000,
        provider: 'openai-chat',
        model: 'gpt-4o',
        route: '/pattern/:id',
        usage: { inputTokens: 12, outputTokens: 7 },
        tags: ['a', 'all-of-them'],
        dependsOn: [],
        bytes: expect.any(Number),
      },
    ])
  })

  it.each<[string, (entry: EntryView) => boolean, RegExp]>([
    [
      'throws',
      ({ tags }) => {
        if (tags.includes('b')) throw new Error('of the app')
        return tags.includes('a')
      },
      /^of the app$/,
    ],
    ['is async', (async () => false) as never, /true or false, and at once/],
    ['answers with nothing', (() => undefined) as never, /answered with undefined/],
  ])('that %s ends it, with what was done so far', async (_what, rule, cause) => {
    const cache = createLlmCache({ ...options, store: [createMemoryStore(), new Map()] })
    for (const tag of ['a', 'b', 'c']) await fill(cache, { tag })
    await settle()
    const { recorder } = await open(cache, partsOf({ tag: 'flying' }), 'record')
    const error = await cache.invalidate({ rule }).catch((thrown: InvalidationError) => thrown)
    expect(error).toMatchObject({ name: 'InvalidationError', code: 'ERR_INVALIDATION', message: expect.stringMatching(/the rule threw/) })
    expect((error as InvalidationError).cause).toMatchObject({ message: expect.stringMatching(cause) })
    const { report } = error as InvalidationError
    expect(report.tiers.map(({ failed }) => failed)).toEqual(['rule', 'rule'])
    expect(report.removed).toBeLessThanOrEqual(2)
    for (const tag of ['b', 'c']) expect(await has(cache, { tag })).toBe(true)
    // Nobody knows whether it was meant.
    recorder.head(200, JSON_HEAD)
    recorder.write(encode(completion()))
    recorder.end()
    expect(await has(cache, { tag: 'flying' })).toBe(false)
    await cache.close()
  })
})

describe('looking at entries', () => {
  it('is no use of them: what was to be evicted next still is', async () => {
    const store = createMemoryStore({ maxEntries: 3 })
    const cache = createLlmCache({ ...options, store })
    for (const tag of ['a', 'b', 'c']) await fill(cache, { tag })
    await has(cache, { tag: 'a' })
    await cache.invalidate({ rule: () => false })
    await fill(cache, { tag: 'd' })
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((tag) => has(cache, { tag })))).toEqual([true, false, true, true])
  })

  it('a dry run of any kind changes nothing, not even what is in flight', async () => {
    const cache = createLlmCache({ ...options, store: [createMemoryStore(), new Map()] })
    const ids = [await fill(cache, { tag: 'a' }), await fill(cache, { tag: 'b', tenant: 'u' })]
    await settle()
    const keys: string[] = []
    await cache.invalidate({ rule: ({ key }) => keys.push(key) < 0 }, { dryRun: true })
    const flying = await open(cache, partsOf({ tag: 'flying' }), 'record')
    for (const [selector, count] of [
      [{ all: true }, 2],
      [{ partition: 'u' }, 1],
      [{ keys: [keys[0] as string, 'lc1.no.such'] }, 1],
      [{ pattern: '*' }, 2],
      [{ olderThan: 0 }, 2],
    ] as const) {
      const report = await cache.invalidate(selector, { dryRun: true })
      expect(report).toMatchObject({ dryRun: true, matched: count * 2, removed: 0 })
      expect(report.sample.length).toBe(count)
      for (const id of report.sample) expect(ids).toContain(id)
    }
    flying.recorder.head(200, JSON_HEAD)
    flying.recorder.write(encode(completion()))
    flying.recorder.end()
    for (const asked of [{ tag: 'a' }, { tag: 'b', tenant: 'u' }, { tag: 'flying' }]) expect(await has(cache, asked)).toBe(true)
    await cache.close()
  })

  it('a sample has ten ids at the most, also where everything goes', async () => {
    const cache = createLlmCache(options)
    for (let count = 0; count < 30; count++) await fill(cache, { tag: `${count}` })
    const report = await cache.invalidate({ all: true })
    expect([report.matched, new Set(report.sample).size]).toEqual([30, 10])
  })

  it('many large entries are not held all at once', async () => {
    const inner = createMemoryStore()
    const sizes: number[] = []
    const store: CacheStore = {
      ...inner,
      name: 'far',
      inMemory: false,
      synchronous: false,
      getMany(keys) {
        sizes.push(keys.length)
        return keys.map((key) => inner.get(key)) as never
      },
    }
    delete (store as { peek?: unknown }).peek
    const cache = createLlmCache({ ...options, store })
    for (let count = 0; count < 60; count++) {
      const { recorder } = await open(cache, partsOf({ tag: `${count}` }), 'record')
      recorder.head(200, JSON_HEAD)
      recorder.write(encode(completion('x'.repeat(500_000))))
      recorder.end()
    }
    await settle()
    expect(await cache.invalidate({ pattern: 'nothing' })).toMatchObject({ matched: 0 })
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16)
    expect(sizes.at(-1)).toBeLessThanOrEqual(4)
    await cache.close()
  })
})

describe('a tier that cannot be looked through', () => {
  it.each([true, false])('that cannot list its keys is named, and the others are done (dry run: %s)', async (dryRun) => {
    const far = { ...createKeyvStore(new Map()), keys: undefined as never }
    const cache = createLlmCache({ ...options, store: [createMemoryStore(), { store: far, name: 'far' }] })
    await fill(cache, { tag: 'a' })
    const error = await cache.invalidate({ pattern: { tag: 'a' } }, { dryRun }).catch((thrown: InvalidationError) => thrown)
    expect(error).toMatchObject({ name: 'InvalidationError', message: expect.stringMatching(/far \(it cannot list its keys/) })
    expect((error as InvalidationError).report).toMatchObject({
      dryRun,
      tiers: [
        { tier: 'memory', matched: 1, removed: dryRun ? 0 : 1, failed: undefined },
        { tier: 'far', failed: 'unsupported' },
      ],
    })
    await cache.close()
  })

  it('that fails while it is read is named', async () => {
    const inner = createMemoryStore()
    const far: CacheStore = {
      ...inner,
      synchronous: false,
      peek: () => {
        throw new Error('down')
      },
    }
    const cache = createLlmCache({ ...options, store: { store: far, name: 'far' } })
    await fill(cache, { tag: 'a' })
    await settle()
    await expect(cache.invalidate({ pattern: '*' })).rejects.toMatchObject({ report: { tiers: [{ tier: 'far', failed: 'error' }] } })
    await cache.close()
  })
})

describe('a wrong selector', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['an empty pattern', { pattern: '' }, 'pattern', /must be a glob/],
    ['a pattern that is a number', { pattern: 5 }, 'pattern', /must be a glob/],
    ['a list', { pattern: ['a'] }, 'pattern', /must be a glob/],
    ['an object without fields', { pattern: {} }, 'pattern', /names no field/],
    ['an unknown field', { pattern: { tags: 'a' } }, 'tags', /did you mean "tag"/],
    ['an open bracket', { pattern: 'a[b' }, 'pattern', /without a '\]'/],
    ['an open bracket in a field', { pattern: { tag: '[' } }, 'pattern.tag', /without a '\]'/],
    ['a long pattern', { pattern: 'a'.repeat(257) }, 'pattern', /256/],
    ['an age without a unit', { olderThan: '5' }, 'olderThan', /duration such as/],
    ['an age below zero', { olderThan: -1 }, 'olderThan', /duration such as/],
    ['a date in the future', { olderThan: new Date(Date.now() + 1e6) }, 'olderThan', /in the future/],
    ['no date', { olderThan: new Date(Number.NaN) }, 'olderThan', /no valid date/],
    ['a rule that is none', { rule: true }, 'rule', /must be a function/],
    ['two that scan', { pattern: 'a', olderThan: '1s' }, 'selector', /names 2/],
    ['a partition beside keys', { partition: 't', keys: [] }, 'selector', /names 2/],
    ['a partition beside everything', { partition: 't', all: true }, 'selector', /names 2/],
    ['a misspelled one', { patern: 'a' }, 'patern', /did you mean "pattern"/],
  ])('%s is an error, never everything', async (_what, selector, option, message) => {
    const cache = createLlmCache(options)
    await fill(cache, {})
    const error = await cache.invalidate(selector as InvalidateSelector).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'OptionError', option, message: expect.stringMatching(message) })
    expect(await has(cache, {})).toBe(true)
  })

  it('so are wrong options', async () => {
    const cache = createLlmCache(options)
    await expect(cache.invalidate({ all: true }, { dry: true } as never)).rejects.toThrow(/did you mean "dryRun"|valid: "dryRun"/)
    await expect(cache.invalidate({ all: true }, { dryRun: 'yes' } as never)).rejects.toThrow(/true or false/)
  })
})
