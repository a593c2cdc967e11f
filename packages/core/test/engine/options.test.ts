import { describe, expect, it } from 'vitest'
import { createHashEmbedder, createLlmCache, isOptionError, OptionError, openCached, openMount } from '../../src/index.js'
import { open, type RequestParts, record } from './support.js'

const judgeNamed = (name: string): object => ({ name, judge: () => undefined })
const create = (options: unknown) => () => createLlmCache(options as never)

describe('wrong options', () => {
  it.each<[unknown, string, RegExp]>([
    [{ tll: '1h' }, 'tll', /ttl/],
    [{ partitions: 'shared' }, 'partitions', /partition/],
    [{ ttl: 0 }, 'ttl', /1 ms/],
    [{ ttl: Number.NaN }, 'ttl', /NaN/],
    [{ ttl: -1 }, 'ttl', /-1/],
    [{ ttl: 2 ** 31 }, 'ttl', /2147483648/],
    [{ ttl: '30d' }, 'ttl', /24\.8 days/],
    [{ ttl: '1 hour' }, 'ttl', /1 hour/],
    [{ ttl: '60' }, 'ttl', /unit/],
    [{ ttl: Number.POSITIVE_INFINITY }, 'ttl', /Infinity/],
    [{ partition: 'public' }, 'partition', /'private'/],
    [{ normalize: 'lose' }, 'normalize', /loose/],
    [{ replay: 'fast' }, 'replay', /tokensPerSecond/],
    [{ replay: { tokensPerSecond: 0 } }, 'replay', /tokensPerSecond/],
    [{ preload: 'yes' }, 'preload', /true, false or an object/],
    [{ preload: { usdPerHours: 1 } }, 'preload.usdPerHours', /"usdPerHour"/],
    [{ preload: { minPrecision: 1 } }, 'preload.minPrecision', /share/],
    [{ preload: { minPrecision: 0 } }, 'preload.minPrecision', /share/],
    [{ preload: { usdPerSecond: -1 } }, 'preload.usdPerSecond', /dollars/],
    [{ preload: { usdPerHour: 0 } }, 'preload.usdPerHour', /dollars/],
    [{ preload: { whileBelow: 0 } }, 'preload.whileBelow', /above zero/],
    [{ preload: { maxPartitions: 1.5 } }, 'preload.maxPartitions', /whole number/],
    [{ preload: { maxHeldBytes: -1 } }, 'preload.maxHeldBytes', /whole number/],
    [{ preload: { hold: '3 days' } }, 'preload.hold', /unit/],
    [{ refreshAhead: 'yes' }, 'refreshAhead', /true, false or options/],
    [{ refreshAhead: [] }, 'refreshAhead', /object/],
    [{ refreshAhead: { hit: 3 } }, 'refreshAhead.hit', /"hits"/],
    [{ refreshAhead: { hits: 0 } }, 'refreshAhead.hits', /above zero/],
    [{ refreshAhead: { window: '10' } }, 'refreshAhead.window', /unit/],
    [{ refreshAhead: { ahead: 1 } }, 'refreshAhead.ahead', /share/],
    [{ refreshAhead: { usdPerHour: -1 } }, 'refreshAhead.usdPerHour', /dollars/],
    [{ refreshAhead: { tokensPerHours: 1 } }, 'refreshAhead.tokensPerHours', /"tokensPerHour"/],
    [{ collapse: { timout: 1 } }, 'collapse.timout', /timeout/],
    [{ collapse: 5 }, 'collapse', /5/],
    [{ headers: 'accept' }, 'headers', /list/],
    [{ headers: ['bad header'] }, 'headers[0]', /bad header/],
    [{ controls: { alow: [] } }, 'controls.alow', /allow/],
    [{ controls: { allow: ['no-cach'] } }, 'controls.allow[0]', /no-cache/],
    [{ toolCalls: 'yes' }, 'toolCalls', /true or false/],
    [{ complete: true }, 'complete', /function/],
    [{ when: 'always' }, 'when', /function/],
    [{ tags: [''] }, 'tags', /1 to 200/],
    [{ tags: 'a' }, 'tags', /list/],
    [{ maxBodyBytes: 0 }, 'maxBodyBytes', /above zero/],
    [{ maxEntries: -5 }, 'maxEntries', /-5/],
    [{ maxBytes: 1.5 }, 'maxBytes', /1.5/],
    [{ maxEntryBytes: '1mb' }, 'maxEntryBytes', /1mb/],
    [{ storeTimeout: 0 }, 'storeTimeout', /1 ms/],
    [{ store: 'redis://user:secret@host' }, 'store', /Keyv/],
    [{ store: [] }, 'store', /takes 1 to 8 stores/],
    [{ strategy: 'semantics' }, 'strategy', /semantic/],
    [{ semantic: true }, 'semantic', /object/],
    [{ semantic: { embeder: {} } }, 'semantic.embeder', /embedder/],
    [{ semantic: { embedder: {} } }, 'semantic.embedder.embed', /function/],
    [{ semantic: { maxErrorRate: 0 } }, 'semantic.maxErrorRate', /0\.001/],
    [{ semantic: { errorBasis: 'hit' } }, 'semantic.errorBasis', /hits/],
    [{ semantic: { policy: 'adaptiv' } }, 'semantic.policy', /adaptive/],
    [{ semantic: { policy: 'adaptive', threshold: 0.9 } }, 'semantic.threshold', /static/],
    [{ semantic: { judge: {} } }, 'semantic.judge', /functionJudge/],
    [{ semantic: { index: {} } }, 'semantic.index', /createMemoryVectorIndex/],
    [{ semantic: { router: true } }, 'semantic.router', /function/],
    [{ semantic: { embedderTimeout: '2s' } }, 'semantic.embedderTimeout', /built-in/],
    [{ semantic: { embedder: createHashEmbedder(), embedderTimeout: 0 } }, 'semantic.embedderTimeout', /1/],
    [{ semantic: { minTokens: 0 } }, 'semantic.minTokens', /from 1/],
    [{ semantic: { minTokens: 2.5 } }, 'semantic.minTokens', /whole number/],
    [{ semantic: { threshold: 0.9, maxErrorRate: 0.01 } }, 'semantic.maxErrorRate', /nothing to a policy 'static'/],
    [{ semantic: { policy: 'static', errorBasis: 'hits' } }, 'semantic.errorBasis', /is for the policy 'adaptive'/],
    [{ semantic: { policy: 'static', confidence: 'strict' } }, 'semantic.confidence', /'adaptive'/],
    [{ semantic: { policy: () => ({}), maxErrorRate: 0.01 } }, 'semantic.maxErrorRate', /of your own/],
    [{ semantic: { policy: () => ({}), confidence: 'strict' } }, 'semantic.confidence', /of your own/],
    [{ semantic: { policy: 'vcache', errorBasis: 'hits' } }, 'semantic.errorBasis', /'vcache'/],
    [{ semantic: { policy: 'vcache', confidence: 'strict' } }, 'semantic.confidence', /'vcache'/],
    [{ semantic: { policy: 'vcache', audit: 'verify' } }, 'semantic.audit', /'static'.* 'vcache'/],
    [{ semantic: { audit: 'later' } }, 'semantic.audit', /'explore', 'verify'/],
    [{ semantic: { judge: judgeNamed('equal') } }, 'semantic.judge', /'equal'.*built-in/],
    [{ semantic: { judge: [judgeNamed('embedding')] } }, 'semantic.judge', /'embedding'.*built-in/],
    [{ semantic: { judge: [judgeNamed('mine'), judgeNamed('mine')] } }, 'semantic.judge', /'mine'/],
    [{ semantic: { judge: Array.from({ length: 14 }, (_, at) => judgeNamed(`mine-${at}`)) } }, 'semantic.judge', /more than 13/],
    [{ semantic: { guards: { extra: [{ id: 'numbers', compare: () => undefined }] } } }, 'semantic.guards.extra', /'numbers'.*built-in/],
    [{ semantic: { quorum: 2 } }, 'semantic.quorum', /true or false/],
    [{ name: '' }, 'name', /name/],
    [{ name: 'ünï' }, 'name', /ASCII/],
    [{ upstream: [{}] }, 'upstream[0].host', /host/],
    [{ upstream: [{ host: 'x', path: 'y' }] }, 'upstream[0].path', /'\/'/],
    [{ upstream: { host: 'x' } }, 'upstream', /list/],
    [{ upstream: [{ host: 'x', path: 5 }] }, 'upstream[0].path', /5/],
    [{ upstream: [{ host: 'x', paths: '/' }] }, 'upstream[0].paths', /path/],
    [{ prices: { m: { input: 1, outputs: 2 } } }, 'prices.m.outputs', /output/],
    [{ prices: { m: 5 } }, 'prices.m', /object/],
    [{ replay: { tokensPerSecond: 5, x: 1 } }, 'replay', /tokensPerSecond/],
    [{ maxEntries: 5, store: new Map() }, 'maxEntries', /in-process/],
    [{ maxBytes: 5, store: new Map() }, 'maxBytes', /in-process/],
    [{ prices: { m: { input: -1 } } }, 'prices.m.input', /dollars/],
    [{ clock: {} }, 'clock', /now/],
    [{ app: {} }, 'app', /app: \(\) => app/],
    [{ app: (_request: unknown, _response: unknown) => undefined }, 'app', /app: \(\) => app/],
    [null, 'options', /object/],
    ['1h', 'options', /object/],
  ])('%j names the option, the value and what would be right', (options, option, message) => {
    try {
      createLlmCache(options as never)
    } catch (error) {
      expect(error).toBeInstanceOf(OptionError)
      expect((error as OptionError).option).toBe(option)
      expect((error as Error).message).toMatch(message)
      expect((error as Error).message).not.toContain('secret')
      return
    }
    throw new Error('no error')
  })

  it('refuses options of the cache on a route, and says where they belong', () => {
    const cache = createLlmCache()
    expect(() => cache.route({ maxEntries: 5 } as never)).toThrow(/belongs to the cache/)
    expect(() => cache.route({ ttl: '5' } as never)).toThrow(OptionError)
    expect(() => cache.route({ refreshAhead: { usdPerHour: 1 } as never })).toThrow(/usdPerHour belongs to the cache/)
    expect(() => cache.route({ refreshAhead: { window: 1 } })).toThrow(/refreshAhead.window/)
    expect(() => cache.route({ preload: { usdPerHour: 1 } as never })).toThrow(/preload is an object; it must be true or false/)
    expect(() => cache.route({ preload: true })).toThrow(/does not preload/)
    expect(() => cache.route({ preload: false })).not.toThrow()
    expect(() => createLlmCache({ preload: {} }).route({ preload: true })).not.toThrow()
  })

  it.each([
    ['null options', () => openMount(null as never)],
    ['null rules', () => openMount(createLlmCache(), null as never)],
    ['a text for rules', () => openMount(createLlmCache(), '1h' as never)],
    ['no options of cached()', () => openCached(undefined as never)],
    ['a handler first', () => openCached((() => undefined) as never)],
    ['a cache that is none', () => openCached({ cache: {} } as never)],
    ['a null cache', () => openCached({ cache: null } as never)],
  ])('refuses %s with an error that can be understood', (_, mount) => {
    expect(mount).toThrow(OptionError)
  })

  it("adds a route's credentials and controls to the cache's: its secret, fields and clamp stay", async () => {
    const cache = createLlmCache({ credentials: { headers: ['x-shard'], secret: 's' }, controls: { maxTtl: '2h' }, ttl: '1h' })
    const route = cache.route({ credentials: { cookies: ['sid'], headers: ['x-realm'] }, controls: { allow: ['ttl'] } })
    const ask = (headers: Record<string, string>): RequestParts => ({ headers })
    await record(route, ask({ 'x-shard': 'alice' }))
    await open(route, ask({ 'x-shard': 'bob' }), 'record')
    await open(route, ask({ 'x-shard': 'alice', 'x-realm': '2' }), 'record')
    await open(route, ask({ 'x-shard': 'alice', cookie: 'other=1' }), 'replay')
    // The partition of the same caller is the same HMAC with and without the route's rules.
    await open(cache, ask({ 'x-shard': 'alice' }), 'replay')
    await open(createLlmCache({ credentials: { headers: ['x-shard'] } }), ask({ 'x-shard': 'alice' }), 'record')
  })

  it('takes undefined for absent and never changes what it was given', () => {
    const options = Object.freeze({ ttl: undefined, headers: Object.freeze(['B', 'a']), tags: Object.freeze(['x']) })
    expect(create(options)).not.toThrow()
    createLlmCache({ ttl: '1m' }).route({ ttl: undefined } as never)
    expect(options.headers).toEqual(['B', 'a'])
  })

  it('knows its errors, also those of another installed copy', () => {
    const foreign = Object.assign(new Error('ttl is wrong'), { code: 'ERR_OPTION_INVALID', option: 'ttl' })
    expect([foreign, new OptionError('ERR_OPTION_UNKNOWN', 'x', 'x')].map(isOptionError)).toEqual([true, true])
    expect([new Error('x'), undefined, { code: 'ERR_OPTION_INVALID', option: 'ttl' }].map(isOptionError)).toEqual([false, false, false])
  })

  it('takes names of Object.prototype for what they are: unknown', () => {
    expect(create(JSON.parse('{"__proto__":{"ttl":"1h"}}'))).toThrow(/__proto__/)
    expect(create({ constructor: 1 })).toThrow(OptionError)
  })
})
