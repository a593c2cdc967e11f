import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type CacheDescription,
  type CacheStore,
  createLlmCache,
  createMemoryStore,
  formatDescription,
  type LlmCacheOptions,
  OptionError,
  type RouteOptions,
} from '../../src/index.js'

beforeEach(() => {
  vi.stubEnv('LLM_CACHE_POLICY', '')
  vi.stubEnv('NODE_ENV', 'test')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

const describeCache = (options: LlmCacheOptions = {}, route?: RouteOptions): CacheDescription =>
  createLlmCache({ log: false, ...options }).describe(route)

function valueIn(description: CacheDescription, name: string): readonly [value: unknown, from: string] {
  const found = description.values.find((value) => value.name === name)
  if (!found) throw new Error(`no ${name}`)
  return [found.value, found.from]
}

/** A store outside of this process, with what a Keyv adapter to a database would declare. */
function outside(limits: Partial<CacheStore['limits']> = {}): CacheStore {
  const { get, set, delete: remove, clear, size, close } = createMemoryStore()
  return {
    name: 'database',
    limits: { maxEntryBytes: Number.POSITIVE_INFINITY, ...limits },
    get,
    set,
    delete: remove,
    clear,
    size,
    close,
    useCodec() {},
  }
}

describe('values', () => {
  it('has every option once', () => {
    const source = readFileSync(new URL('../../src/engine/options.ts', import.meta.url), 'utf8')
    const members = ['RouteOptions', 'LlmCacheOptions'].flatMap((name) => {
      const start = source.indexOf(`export interface ${name} `)
      return [...source.slice(start, source.indexOf('\n}', start)).matchAll(/^ {2}readonly (\w+)\?:/gm)].map((match) => match[1] as string)
    })
    const names = describeCache().values.map(({ name }) => name)
    expect(names.length).toBe(new Set(names).size)
    // What the cache says more about than a route does stands in both.
    expect(names.sort()).toEqual([...new Set(members)].filter((name) => name !== 'policy').sort())
  })

  it('shows what holds, and where it comes from', () => {
    const options: LlmCacheOptions = {
      policy: 'aggressive',
      staleIfError: '2d',
      toolCalls: true,
      compression: { algorithm: 'gzip' },
      maxEntryBytes: 5000,
    }
    const cache = createLlmCache(options)
    const route: RouteOptions = {
      policy: { jitter: 0.2 },
      ttl: '90m',
      headers: ['X-Version'],
      collapse: false,
      replay: { tokensPerSecond: 50 },
    }
    for (const description of [cache.describe(route), cache.route(route).describe()]) {
      expect(description.policy).toEqual({ name: 'custom', extends: undefined, because: 'route option' })
      expect(valueIn(description, 'ttl')).toEqual(['90m', 'route option'])
      expect(valueIn(description, 'jitter')).toEqual([0.2, 'route policy'])
      expect(valueIn(description, 'staleIfError')).toEqual(['2d', 'option'])
      expect(valueIn(description, 'staleWhileRevalidate')).toEqual(['1h', 'policy'])
      expect(valueIn(description, 'normalize')).toEqual(['default', 'policy'])
      expect(valueIn(description, 'sliding')).toEqual(['off', 'default'])
      expect(valueIn(description, 'headers')).toEqual(['X-Version', 'route option'])
      expect(valueIn(description, 'collapse')).toEqual(['off', 'route option'])
      expect(valueIn(description, 'replay')).toEqual(['50 tokens a second', 'route option'])
      expect(valueIn(description, 'compression')).toEqual(['gzip', 'option'])
      expect(valueIn(description, 'maxEntryBytes')).toEqual(['5000 bytes', 'option'])
      expect(valueIn(description, 'maxEntries')).toEqual([5000, 'default'])
    }
    const own = cache.describe()
    expect(own.policy).toEqual({ name: 'aggressive', extends: undefined, because: 'option' })
    expect(valueIn(own, 'ttl')).toEqual(['1d', 'policy'])
    expect(valueIn(own, 'headers')).toEqual(['none', 'default'])
  })

  it.each<[RouteOptions, string, unknown]>([
    [{ ttl: () => '1h' }, 'ttl', 'a function'],
    [{ sliding: '2h' }, 'sliding', '2h'],
    [{ staleIfSlow: 1500 }, 'staleIfSlow', '1500ms'],
    [{ staleIfError: 0 }, 'staleIfError', 0],
    [{ partition: () => 'x' }, 'partition', 'a function'],
    [{ controls: { allow: ['no-cache', 'ttl'], maxTtl: '30m' } }, 'controls', 'no-cache, ttl; ttl from 0 to 30m'],
    [{ controls: { allow: 'none' } }, 'controls', 'none'],
    [{ tags: () => [] }, 'tags', 'a function'],
    [{ tags: ['a'] }, 'tags', '1 tag'],
    [{ dependsOn: ['a', 'b'] }, 'dependsOn', '2 ids'],
    [{ collapse: { timeout: '5s' } }, 'collapse', 'timeout 5s'],
    [{ maxBodyBytes: 2048 }, 'maxBodyBytes', '2 KiB'],
    [
      { credentials: { headers: ['x-a'], ignore: ['x-b'], cookies: ['sid'] } },
      'credentials',
      'fields by name; with x-a; without x-b; cookies: sid',
    ],
  ])('%j', (route, name, value) => {
    expect(valueIn(describeCache({}, route), name)).toEqual([value, 'route option'])
  })

  it('is as it was when the cache was created', () => {
    const keys = [`${'A'.repeat(43)}=`]
    const options = { encryption: { keys }, store: outside(), prices: {} }
    const cache = createLlmCache(options)
    keys.push('x')
    Object.assign(options, { name: 'other' })
    expect(valueIn(cache.describe(), 'encryption')).toEqual(['AES-256-GCM, 1 key', 'option'])
    expect(valueIn(cache.describe(), 'name')).toEqual(['llm-cache', 'default'])
  })

  it('throws for wrong options of a route, and lets nothing be invalidated by routes that never were', async () => {
    const cache = createLlmCache()
    expect(() => cache.describe({ tll: 1 } as never)).toThrow(OptionError)
    cache.describe({ partition: () => 'tenant' })
    await expect(cache.invalidate({ partition: 'tenant' })).rejects.toThrow(/names nothing/)
  })
})

describe('who chose the policy', () => {
  it.each<[LlmCacheOptions, Record<string, string>, CacheDescription['policy'], string]>([
    [{}, {}, { name: 'balanced', extends: undefined, because: 'default' }, 'policy balanced (default)'],
    [{}, { NODE_ENV: 'development' }, { name: 'development', extends: undefined, because: 'NODE_ENV' }, 'policy development (NODE_ENV)'],
    [
      {},
      { LLM_CACHE_POLICY: 'aggressive' },
      { name: 'aggressive', extends: undefined, because: 'LLM_CACHE_POLICY' },
      'policy aggressive (LLM_CACHE_POLICY)',
    ],
    [
      { policy: { extends: 'aggressive' } },
      {},
      { name: 'custom', extends: 'aggressive', because: 'option' },
      'policy custom, extends aggressive (option)',
    ],
  ])('%j %j', (options, environment, policy, line) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
    const description = describeCache(options)
    expect(description.policy).toEqual(policy)
    expect(formatDescription(description).split('\n')[0]).toBe(line)
  })
})

describe('nothing private', () => {
  const SECRET = 'hunter2-secret-do-not-print'
  const KEY = Buffer.from(SECRET.padEnd(32).slice(0, 32)).toString('base64')

  it('is in a description, as text or as data', () => {
    const leaky = (): string => 'hunter2-secret-do-not-print'
    const options: LlmCacheOptions = {
      policy: { extends: 'aggressive', tags: [SECRET] },
      ttl: () => leaky() as '1h',
      partition: leaky,
      credentials: { secret: SECRET },
      when: () => leaky() !== '',
      complete: () => leaky() !== '',
      tags: [SECRET],
      dependsOn: [SECRET],
      store: [createMemoryStore(), Object.assign(outside(), { url: `redis://user:${SECRET}@host`, options: { password: SECRET } })],
      encryption: { keys: [KEY] },
      log: () => leaky(),
      upstream: [{ host: `${SECRET}.internal`, path: `/${SECRET}` }],
      prices: { [SECRET]: { input: 1, output: 2 } },
    }
    const cache = createLlmCache(options)
    for (const description of [cache.describe(), cache.describe({ tags: [SECRET], policy: { credentials: { secret: SECRET } } })]) {
      for (const text of [JSON.stringify(description), formatDescription(description)]) {
        expect(text).toContain('AES-256-GCM, 1 key')
        expect(text).not.toMatch(/hunter2|=>|redis:/)
        expect(text).not.toContain(KEY)
      }
      expect(JSON.parse(JSON.stringify(description)).values).toEqual(description.values)
    }
  })
})

describe('stores', () => {
  it('come nearest first, with their limits', () => {
    const far = outside({ maxTtlMs: 86_400_000, maxEntryBytes: 1024 * 1024 })
    const { stores } = describeCache({
      store: [
        { store: createMemoryStore({ maxBytes: 1024 * 1024, maxEntryBytes: 1000 }), ttl: '10m' },
        { store: far, name: 'postgres', timeout: '300ms' },
      ],
      storeTimeout: '50ms',
    })
    expect(stores).toEqual([
      { name: 'memory', where: 'process', maxEntryBytes: 1000, maxBytes: 1024 * 1024, maxTtlMs: 600_000, timeoutMs: 50 },
      { name: 'postgres', where: 'outside', maxEntryBytes: 1024 * 1024, maxBytes: undefined, maxTtlMs: 86_400_000, timeoutMs: 300 },
    ])
  })

  it('on this machine', () => {
    expect(describeCache({ store: { ...outside(), local: true } }).stores[0]?.where).toBe('machine')
  })
})

describe('warnings', () => {
  const key = `${'A'.repeat(43)}=`
  const slow = (): CacheStore => ({ ...outside(), synchronous: false })

  it.each<[string, LlmCacheOptions, RouteOptions | undefined, Record<string, string>, RegExp | undefined]>([
    ['the defaults', {}, undefined, {}, undefined],
    ['every policy that caches', { policy: 'conservative' }, { policy: 'aggressive' }, {}, undefined],
    [
      'development',
      {},
      undefined,
      { NODE_ENV: 'development' },
      /Nothing is cached: the policy is development, by the environment's NODE_ENV/,
    ],
    ['development by option', { policy: { extends: 'development' } }, undefined, {}, /the policy is development\.$/],
    ['a route that is cached in development', {}, { policy: 'balanced' }, { NODE_ENV: 'development' }, undefined],
    ['encryption in memory', { encryption: { keys: [key] } }, undefined, {}, /`encryption` has nothing/],
    ['encryption outside', { encryption: { keys: [key] }, store: outside() }, undefined, {}, undefined],
    ['shared for all', { partition: 'shared' }, undefined, {}, /`partition` is 'shared'/],
    ['shared for all, on a route', { policy: { partition: 'shared' } }, {}, {}, /`partition` is 'shared'/],
    ['shared on a route', {}, { partition: 'shared' }, {}, undefined],
    ['loose for all', { normalize: 'loose' }, undefined, {}, /`normalize` is 'loose'/],
    ['loose on a route', {}, { normalize: 'loose' }, {}, undefined],
    ['credentials nobody looks at', {}, { partition: () => 'x', credentials: { cookies: ['sid'] } }, {}, /`credentials`/],
    ['a secret, which any partition uses', {}, { partition: () => 'x', credentials: { secret: 's' } }, {}, undefined],
    ['a clamp on what is not allowed', { controls: { allow: ['no-cache'], maxTtl: '1h' } }, undefined, {}, /`controls` clamp/],
    ['a clamp on what is allowed', { controls: { allow: ['ttl'], maxTtl: '1h' } }, undefined, {}, undefined],
    ['even-stale where nothing is stale', { policy: 'conservative', toolCalls: 'even-stale' }, undefined, {}, /even-stale/],
    ['even-stale', { toolCalls: 'even-stale' }, undefined, {}, undefined],
    ['an option that rests', { staleIfSlow: '2s' }, undefined, { LLM_CACHE_POLICY: 'conservative' }, /`staleIfSlow` rests/],
    ['another that rests', { sliding: '2h' }, undefined, { LLM_CACHE_POLICY: 'aggressive' }, /`sliding` rests: .* to 1d/],
    [
      'entries too large for the store',
      { maxBytes: 1024 * 1024 },
      undefined,
      {},
      /`maxEntryBytes` is 4 MiB, and no store takes more than 128 KiB/,
    ],
    ['entries that one of two stores takes', { store: [createMemoryStore({ maxEntryBytes: 1000 }), outside()] }, undefined, {}, undefined],
    ['lives too long for the store', { store: outside({ maxTtlMs: 3_600_000 }) }, undefined, {}, /kept for 2h .* longer than 1h/],
    ['lives just short enough', { store: outside({ maxTtlMs: 7_200_000 }) }, undefined, {}, undefined],
    ['lives that the answer decides', { ttl: () => '1h', store: outside({ maxTtlMs: 1000 }) }, undefined, {}, undefined],
    [
      'tiers the wrong way round',
      { store: [slow(), createMemoryStore()] },
      undefined,
      {},
      /store memory answers at once and comes behind database/,
    ],
    ['tiers', { store: [createMemoryStore(), slow()] }, undefined, {}, undefined],
  ])('%s', (_, options, route, environment, warning) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
    const description = describeCache(options, route)
    if (!warning) expect(description.warnings).toEqual([])
    else {
      expect(description.warnings).toHaveLength(1)
      expect(description.warnings[0]).toMatch(warning)
      expect(formatDescription(description)).toContain(`! ${description.warnings[0]}\n`)
    }
  })
})

it('is printed in columns', () => {
  const text = formatDescription(describeCache({ ttl: '10m' }))
  expect(text).toContain('\nttl                   10m ')
  expect(text).toMatch(/^store 1 {2}memory {2}in this process {2}at most 64 MiB, entries of at most 8 MiB$/m)
  expect(text.endsWith('\n')).toBe(true)
  const column = text
    .split('\n')
    .slice(2, 10)
    .map((line) => line.search(/(option|policy|default)$/))
  expect(new Set(column).size).toBe(1)
})
