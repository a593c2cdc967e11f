import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkPolicy, choosePolicy, POLICIES, POLICY_NAMES, type Policy, type PolicyName } from '../../src/engine/policies.js'
import { createRuleResolver, type RuleInForce } from '../../src/engine/precedence.js'
import { createLlmCache, type LlmCacheOptions, OptionError, type RouteOptions } from '../../src/index.js'
import { harness, open, record } from './support.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const variables =
  (values: Readonly<Record<string, string>>) =>
  (name: string): string | undefined =>
    values[name]

function resolve(options: LlmCacheOptions, route?: RouteOptions, environment: Readonly<Record<string, string>> = {}): RuleInForce {
  return createRuleResolver(options, choosePolicy(options.policy, variables(environment)))(route)
}

function errorOf(act: () => unknown): OptionError {
  try {
    act()
  } catch (error) {
    if (error instanceof OptionError) return error
    throw error
  }
  throw new Error('no error')
}

beforeEach(() => {
  vi.stubEnv('LLM_CACHE_POLICY', '')
  vi.stubEnv('NODE_ENV', 'test')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

describe('the table', () => {
  it.each<[PolicyName, object]>([
    [
      'conservative',
      {
        ttlMs: 5 * MINUTE,
        jitter: 0,
        whileRevalidateMs: 0,
        ifErrorMs: 0,
        ahead: undefined,
        retentionMs: 0,
        normalize: 'exact',
        enabled: true,
      },
    ],
    ['balanced', { ttlMs: HOUR, jitter: 0, whileRevalidateMs: 0, ifErrorMs: HOUR, retentionMs: HOUR, normalize: 'default', enabled: true }],
    [
      'aggressive',
      { ttlMs: DAY, jitter: 0.1, whileRevalidateMs: HOUR, ifErrorMs: 7 * DAY, ahead: { hits: 3 }, normalize: 'default', enabled: true },
    ],
    ['development', { ttlMs: HOUR, ifErrorMs: HOUR, normalize: 'default', enabled: false }],
  ])('%s', (policy, rule) => {
    expect(resolve({ policy }).rule).toMatchObject({ ...rule, toolCalls: false })
    expect(resolve({}, { policy }).rule).toMatchObject({ ...rule, toolCalls: false })
  })

  it('decides the same options in every policy, so that naming another leaves nothing of the one before', () => {
    const names = POLICY_NAMES.map((name) => Object.keys(POLICIES[name].values).sort())
    expect(new Set(names.map(String)).size).toBe(1)
  })

  it('has the defaults in balanced: a policy that names nothing changes nothing', () => {
    const plain = ({ rule }: RuleInForce): unknown => JSON.parse(JSON.stringify({ ...rule, controls: undefined }))
    expect(plain(resolve({ policy: {} }))).toEqual(plain(resolve({ policy: 'balanced' })))
    expect(plain(resolve({}))).toEqual(plain(resolve({ policy: 'balanced' })))
  })
})

describe('precedence', () => {
  const ROUTE = { ttl: '1m' } as const
  const ROUTE_POLICY = { policy: { ttl: '2m' } } as const
  const CACHE = { ttl: '3m' } as const
  const CACHE_POLICY = { policy: { ttl: '4m' } } as const

  it.each<[string, LlmCacheOptions, RouteOptions | undefined, number, string]>([
    ['all four', { ...CACHE, ...CACHE_POLICY }, { ...ROUTE, ...ROUTE_POLICY }, 1, 'route option'],
    ['no route option', { ...CACHE, ...CACHE_POLICY }, ROUTE_POLICY, 2, 'route policy'],
    ['no policy of the route', { ...CACHE, ...CACHE_POLICY }, ROUTE, 1, 'route option'],
    ['nothing of the route', { ...CACHE, ...CACHE_POLICY }, {}, 3, 'option'],
    ['no route', { ...CACHE, ...CACHE_POLICY }, undefined, 3, 'option'],
    ["the cache's policy alone", CACHE_POLICY, {}, 4, 'policy'],
    [
      "a route that names another policy has that one's value",
      { ...CACHE, policy: 'aggressive' },
      { policy: 'conservative' },
      5,
      'route policy',
    ],
    ['undefined is absent', { ...CACHE, policy: 'aggressive' }, { policy: undefined, ttl: undefined }, 3, 'option'],
    ["a route's own policy changes only what it names", { ...CACHE, policy: 'aggressive' }, { policy: { jitter: 0.3 } }, 3, 'option'],
    ['a policy that extends another overrides it', { policy: { extends: 'aggressive', ttl: '7m' } }, {}, 7, 'policy'],
    ['what is undefined in a policy is left to what it extends', { policy: { extends: 'conservative', ttl: undefined } }, {}, 5, 'policy'],
  ])('ttl with %s', (_, options, route, minutes, source) => {
    const inForce = resolve(options, route)
    expect(inForce.rule.ttlMs).toBe(minutes * MINUTE)
    expect(inForce.sources.get('ttl')).toBe(source)
  })

  it('what nobody names is a default', () => {
    const { rule, sources } = resolve({ policy: { ttl: '4m' } })
    expect(rule.ifErrorMs).toBe(HOUR)
    expect(sources.has('staleIfError')).toBe(false)
  })

  it.each<[LlmCacheOptions, RouteOptions | undefined, Record<string, string>, boolean]>([
    [{}, undefined, {}, true],
    [{}, undefined, { NODE_ENV: 'production' }, true],
    [{}, undefined, { NODE_ENV: 'development' }, false],
    [{}, undefined, { NODE_ENV: 'development', LLM_CACHE_POLICY: 'aggressive' }, true],
    [{}, undefined, { LLM_CACHE_POLICY: 'development' }, false],
    [{ policy: 'balanced' }, undefined, { NODE_ENV: 'development', LLM_CACHE_POLICY: 'development' }, true],
    [{ policy: { ttl: '5m' } }, undefined, { NODE_ENV: 'development' }, true],
    [{ policy: { extends: 'development', ttl: '5m' } }, undefined, {}, false],
    [{ ttl: '5m' }, undefined, { NODE_ENV: 'development' }, false],
    [{}, { policy: 'balanced' }, { NODE_ENV: 'development' }, true],
    [{}, { policy: { ttl: '5m' } }, { NODE_ENV: 'development' }, false],
    [{ policy: 'aggressive' }, { policy: 'development' }, {}, false],
  ])('whether there is caching: cache %j, route %j, environment %j: %s', (options, route, environment, enabled) => {
    expect(resolve(options, route, environment).rule.enabled).toBe(enabled)
  })

  it('lets a route switch on and change what the cache says of refreshing ahead', () => {
    const cache = { refreshAhead: { hits: 5, window: '1h', usdPerHour: 2 } } as const
    const usual = { hits: 5, windowMs: 3_600_000, share: 0.2 }
    expect(resolve(cache).rule.ahead).toEqual(usual)
    expect(resolve(cache, { refreshAhead: true }).rule.ahead).toEqual(usual)
    expect(resolve(cache, { refreshAhead: { ahead: 0.5, hits: undefined } }).rule.ahead).toEqual({ ...usual, share: 0.5 })
    expect(resolve(cache, { refreshAhead: false }).rule.ahead).toBeUndefined()
    expect(resolve({ refreshAhead: false }, { refreshAhead: { hits: 9 } }).rule.ahead).toEqual({ hits: 9, windowMs: 600_000, share: 0.2 })
    expect(resolve({}).rule.ahead).toBeUndefined()
    expect(() => resolve({ policy: { refreshAhead: { tokensPerHour: 1 } as never } })).toThrow(/policy.*belongs to the cache/)
  })

  it('adds credentials and controls of a policy to those of options', () => {
    const { options } = resolve(
      { policy: { credentials: { secret: 's', headers: ['x-a'] }, controls: { maxTtl: '2h' } }, credentials: { headers: ['x-b'] } },
      { policy: { credentials: { headers: ['x-c'] } }, controls: { allow: ['ttl'] } },
    )
    expect(options.credentials).toMatchObject({ secret: 's', headers: ['x-a', 'x-b', 'x-c'] })
    expect(options.controls).toEqual({ maxTtl: '2h', allow: ['ttl'] })
  })

  it("keeps the cache's settings of refreshing ahead where a policy of a route switches it on", () => {
    const { rule, sources } = resolve({ refreshAhead: { hits: 9 } }, { policy: 'aggressive' })
    expect(rule.ahead?.hits).toBe(9)
    expect(sources.get('refreshAhead')).toBe('route policy')
    expect(resolve({ refreshAhead: { hits: 9 } }, { policy: 'conservative' }).rule.ahead).toBeUndefined()
  })

  it('never changes what it was given', () => {
    const policy: Policy = Object.freeze({ extends: 'aggressive', tags: Object.freeze(['a']) })
    const options = Object.freeze({ policy, ttl: '1m' } as const)
    resolve(options, Object.freeze({ policy }))
    expect(options).toEqual({ policy: { extends: 'aggressive', tags: ['a'] }, ttl: '1m' })
  })
})

describe('who chose', () => {
  it.each<[unknown, Record<string, string>, PolicyName | object, string]>([
    [undefined, {}, 'balanced', 'default'],
    [undefined, { NODE_ENV: 'production' }, 'balanced', 'default'],
    [undefined, { NODE_ENV: 'test' }, 'balanced', 'default'],
    [undefined, { NODE_ENV: 'development' }, 'development', 'NODE_ENV'],
    [undefined, { NODE_ENV: 'development', LLM_CACHE_POLICY: 'conservative' }, 'conservative', 'LLM_CACHE_POLICY'],
    [undefined, { NODE_ENV: 'development', LLM_CACHE_POLICY: '' }, 'development', 'NODE_ENV'],
    ['aggressive', { LLM_CACHE_POLICY: 'conservative' }, 'aggressive', 'option'],
    ['aggressive', { LLM_CACHE_POLICY: 'wrong' }, 'aggressive', 'option'],
    [{ ttl: '1m' }, { NODE_ENV: 'development' }, { ttl: '1m' }, 'option'],
  ])('option %j, environment %j', (option, environment, policy, because) => {
    expect(choosePolicy(option, variables(environment))).toEqual({ policy, because })
  })

  it('asks for the environment once, when the cache is created', async () => {
    vi.stubEnv('LLM_CACHE_POLICY', 'development')
    const cache = createLlmCache()
    vi.stubEnv('LLM_CACHE_POLICY', 'nonsense')
    expect(await open(cache, {}, 'bypass')).toMatchObject({ reason: 'policy' })
    expect(await open(cache.route({ ttl: '1m' }), {}, 'bypass')).toMatchObject({ reason: 'policy' })
  })
})

describe('errors', () => {
  it.each<[unknown, string, RegExp]>([
    ['agressive', 'policy', /did you mean "aggressive"/],
    ['', 'policy', /"conservative", "balanced"/],
    [5, 'policy', /5.*extends/],
    [[], 'policy', /an array/],
    [null, 'policy', /null/],
    [{ extends: 'balnced' }, 'policy.extends', /did you mean "balanced"/],
    [{ tll: '1h' }, 'policy.tll', /ttl/],
    [{ ttl: 'soon' }, 'policy.ttl', /in policy: ttl is "soon"/],
    [{ policy: 'balanced' }, 'policy.policy', /extends/],
    [{ maxEntries: 5 }, 'policy.maxEntries', /belongs to the cache/],
    [{ credentials: { cookie: [] } }, 'policy.credentials.cookie', /cookies/],
  ])('%j on a cache and on a route', (policy, option, message) => {
    for (const act of [() => createLlmCache({ policy } as never), () => createLlmCache().route({ policy } as never)]) {
      const error = errorOf(act)
      expect(error.option).toBe(option)
      expect(error.message).toMatch(message)
    }
  })

  it('of a policy are found although an option overrides what is wrong', () => {
    expect(errorOf(() => createLlmCache({ ttl: '1h', policy: { ttl: 0 } })).option).toBe('policy.ttl')
  })

  it('name the variable', () => {
    vi.stubEnv('LLM_CACHE_POLICY', 'Balanced')
    const error = errorOf(() => createLlmCache())
    expect(error.option).toBe('LLM_CACHE_POLICY')
    expect(error.message).toMatch(/variable LLM_CACHE_POLICY is "Balanced".*did you mean "balanced"/)
  })

  it('of combinations are the same in development', () => {
    for (const NODE_ENV of ['development', 'production']) {
      vi.stubEnv('NODE_ENV', NODE_ENV)
      expect(errorOf(() => createLlmCache({ sliding: '30m', log: false })).option).toBe('sliding')
      expect(errorOf(() => createLlmCache({ staleIfError: 0, staleIfSlow: '2s', log: false })).option).toBe('staleIfSlow')
    }
    expect(errorOf(() => createLlmCache({ policy: 'conservative', staleIfSlow: '2s' })).option).toBe('staleIfSlow')
  })

  it('do not come from a variable that leaves an option without effect', () => {
    const slow = resolve({ staleIfSlow: '2s' }, {}, { LLM_CACHE_POLICY: 'conservative' })
    expect(slow.rule).toMatchObject({ ifSlowMs: undefined, ifErrorMs: 0 })
    const sliding = resolve({ sliding: '2h' }, {}, { LLM_CACHE_POLICY: 'aggressive' })
    expect(sliding.rule).toMatchObject({ slidingMs: undefined, ttlMs: DAY })
    expect(errorOf(() => resolve({ sliding: '2h' }, { ttl: '3h' }, { LLM_CACHE_POLICY: 'aggressive' })).option).toBe('sliding')
    expect(errorOf(() => resolve({ staleIfSlow: '2s', staleIfError: 0 }, {}, { LLM_CACHE_POLICY: 'conservative' })).option).toBe(
      'staleIfSlow',
    )
  })

  it('a policy that leaves its own options without effect is one', () => {
    expect(errorOf(() => resolve({ policy: { ttl: '1h', sliding: '30m' } })).option).toBe('sliding')
    expect(checkPolicy({ ttl: '1h', sliding: '30m' })).toBeDefined()
  })
})

describe('development', () => {
  beforeEach(() => {
    vi.stubEnv('NODE_ENV', 'development')
  })

  it('bypasses and touches nothing: no body is read, no partition asked for', async () => {
    const lines: string[] = []
    const partition = vi.fn(() => 'a')
    const { cache, events } = harness({ partition, log: (line) => lines.push(line) })
    const body = vi.fn()
    const outcome = await open(
      cache,
      {
        explicit: true,
        get raw() {
          return body()
        },
      },
      'bypass',
    )
    expect(outcome.reason).toBe('policy')
    expect(outcome.headers).toContainEqual(['x-llm-cache', 'BYPASS'])
    expect(events).toMatchObject([{ type: 'exchange-bypass', reason: 'policy' }])
    expect(partition).not.toHaveBeenCalled()
    expect(body).not.toHaveBeenCalled()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/NODE_ENV.*LLM_CACHE_POLICY=balanced.*policy: 'balanced'/)
  })

  it('leaves responses unmarked that may not be ours', async () => {
    const { cache } = harness({ log: false })
    expect((await open(cache, {}, 'bypass')).headers).toEqual([])
    expect((await open(cache, { method: 'GET' }, 'bypass')).reason).toBe('method')
  })

  it('says nothing where somebody chose it, or it was not NODE_ENV alone', () => {
    const log = vi.fn()
    createLlmCache({ policy: 'development', log })
    vi.stubEnv('LLM_CACHE_POLICY', 'development')
    createLlmCache({ log })
    vi.stubEnv('LLM_CACHE_POLICY', 'balanced')
    createLlmCache({ log })
    expect(log).not.toHaveBeenCalled()
  })

  it('caches on a route that names another policy', async () => {
    const { cache } = harness({ log: false })
    const route = cache.route({ policy: 'balanced' })
    await record(route)
    await open(route, {}, 'replay')
    await open(cache, {}, 'bypass')
  })
})

it('a policy decides how long answers live', async () => {
  const { cache, clock } = harness({ policy: 'conservative' })
  await record(cache)
  clock.advance(5 * MINUTE - 1)
  await open(cache, {}, 'replay')
  clock.advance(1)
  await open(cache, {}, 'record')
})
