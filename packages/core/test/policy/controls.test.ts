import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.js'
import {
  CONTROL_DIRECTIVES,
  type ControlDirective,
  type ControlPolicy,
  NO_CONTROLS,
  parseControls,
  type RequestControls,
  resolveControls,
} from '../../src/policy/controls.js'

const HOUR = 3_600_000
const MOST = 2 ** 31 * 1000
const FOREVER = Number.POSITIVE_INFINITY

type Fields = Readonly<Record<string, string>>

function parse(fields: Fields, policy?: ControlPolicy): RequestControls {
  return parseControls((name) => (Object.hasOwn(fields, name) ? fields[name] : undefined), resolveControls(policy, HOUR))
}

const cc = (value: string): Fields => ({ 'cache-control': value })
const own = (value: string): Fields => ({ 'x-llm-cache-control': value })
const both = (standard: string, ours: string): Fields => ({ ...cc(standard), ...own(ours) })

describe('parseControls', () => {
  it('answers with one shared, frozen object where nothing is asked for', () => {
    expect(parse({})).toBe(NO_CONTROLS)
    expect(parse({ accept: '*/*' })).toBe(NO_CONTROLS)
    expect(parse(cc('no-store'), { allow: 'none' })).toBe(NO_CONTROLS)
    expect(parse(cc('no-store'), { allow: [] })).toBe(NO_CONTROLS)
    expect(Object.isFrozen(NO_CONTROLS)).toBe(true)
  })

  it.each<[Fields, Partial<RequestControls>]>([
    [cc('no-cache'), { noCache: true }],
    [cc('NO-CACHE'), { noCache: true }],
    [cc('no-cache="x"'), { noCache: true }],
    [cc('no-store'), { noStore: true }],
    [cc('only-if-cached'), { onlyIfCached: true }],
    [cc('max-age=60'), { maxAgeMs: 60_000 }],
    [cc('max-age="60"'), { maxAgeMs: 60_000 }],
    [cc('max-age=0'), { maxAgeMs: 0 }],
    [cc('max-age=99999999999'), { maxAgeMs: MOST }],
    [cc('min-fresh=5'), { minFreshMs: 5000 }],
    [cc('max-stale=5'), { maxStaleMs: 5000 }],
    [cc('max-stale'), { maxStaleMs: FOREVER }],
    [cc('stale-if-error=5'), { staleIfErrorMs: 5000 }],
    [own('no-cache, max-age=1'), { noCache: true, maxAgeMs: 1000 }],
    // Malformed: the strictest reading.
    [cc('max-age=-1'), { maxAgeMs: 0 }],
    [cc('max-age=1.5'), { maxAgeMs: 0 }],
    [cc('max-age'), { maxAgeMs: 0 }],
    [cc('min-fresh=soon'), { minFreshMs: MOST }],
    [cc('min-fresh'), { minFreshMs: MOST }],
    [cc('max-stale=soon'), { maxStaleMs: 0 }],
    [cc('stale-if-error'), { staleIfErrorMs: 0 }],
    // Repeated, and in both fields: the stricter.
    [cc('max-age=9, max-age=3'), { maxAgeMs: 3000 }],
    [both('max-age=9', 'max-age=3'), { maxAgeMs: 3000 }],
    [both('max-age=3', 'max-age=9'), { maxAgeMs: 3000 }],
    [both('min-fresh=3', 'min-fresh=9'), { minFreshMs: 9000 }],
    [both('max-stale', 'max-stale=9'), { maxStaleMs: 9000 }],
    [both('max-stale=3', 'stale-if-error=9'), { maxStaleMs: 3000, staleIfErrorMs: 9000 }],
    [both('no-store', 'only-if-cached'), { noStore: true, onlyIfCached: true }],
    // Not ours, or not in this field.
    [cc('ttl=5'), {}],
    [cc('no-transform, foo=bar, max-fresh=1'), {}],
    [own('mode=exact'), { exactOnly: true }],
    [cc('mode=exact'), {}],
    [own('mode=loose'), {}],
    [own('treshold=0.5'), {}],
    [cc(''), {}],
    [cc('foo="no-store, no-cache"'), {}],
    [cc('__proto__, constructor=1'), {}],
    // Pragma, only without Cache-Control.
    [{ pragma: 'no-cache' }, { noCache: true }],
    [{ pragma: 'foo, No-Cache' }, { noCache: true }],
    [
      { pragma: 'no-cache', ...own('max-age=1') },
      { noCache: true, maxAgeMs: 1000 },
    ],
    [{ pragma: 'no-cache', ...cc('max-age=1') }, { maxAgeMs: 1000 }],
    [{ pragma: 'no-cache', ...cc('') }, {}],
    [{ pragma: 'no-store' }, {}],
  ])('%o', (fields, expected) => {
    expect(parse(fields)).toEqual({ ...NO_CONTROLS, ...expected })
  })

  it.each<[string, ControlPolicy | undefined, number]>([
    ['ttl=90', undefined, 90_000],
    ['ttl=90s', undefined, 90_000],
    ['ttl="90s"', undefined, 90_000],
    ['ttl=250ms', undefined, 250],
    ['ttl=0.4ms', undefined, 0],
    ['ttl=0', undefined, 0],
    ['TTL=1m', undefined, 60_000],
    ['ttl=1m, ttl=5m', undefined, 60_000],
    ['ttl=5m, ttl=1m', undefined, 60_000],
    // Malformed: as short as it may be.
    ['ttl', undefined, 0],
    ['ttl=', undefined, 0],
    ['ttl=-5', undefined, 0],
    ['ttl=1hour', undefined, 0],
    ['ttl=1H', undefined, 0],
    ['ttl=1m, ttl=x', undefined, 0],
    ['ttl=x', { minTtl: '10s' }, 10_000],
    // May be shortened, not lengthened.
    ['ttl=2h', undefined, HOUR],
    ['ttl=100d', undefined, HOUR],
    [`ttl=${'9'.repeat(400)}s`, undefined, HOUR],
    [`ttl=${'9'.repeat(400)}`, undefined, HOUR],
    ['ttl=2h', { maxTtl: '1d' }, 2 * HOUR],
    ['ttl=2d', { maxTtl: '1d' }, 24 * HOUR],
    ['ttl=50m', { maxTtl: '10m' }, 600_000],
    ['ttl=1', { minTtl: '10s' }, 10_000],
    ['ttl=11', { minTtl: '10s' }, 11_000],
    // minTtl over the route's own ttl leaves nothing to choose.
    ['ttl=1', { minTtl: '2h' }, HOUR],
  ])('%s under %o is %d ms', (field, policy, ttlMs) => {
    expect(parse(own(field), policy)).toEqual({ ...NO_CONTROLS, ttlMs })
  })

  const EVERYTHING =
    'no-cache, no-store, only-if-cached, max-age=1, min-fresh=1, max-stale=1, stale-if-error=1, ttl=1, reject=x, threshold=0.5'
  const FIELD_OF: Readonly<Record<ControlDirective, keyof RequestControls>> = {
    'no-cache': 'noCache',
    'no-store': 'noStore',
    'only-if-cached': 'onlyIfCached',
    'max-age': 'maxAgeMs',
    'min-fresh': 'minFreshMs',
    'max-stale': 'maxStaleMs',
    'stale-if-error': 'staleIfErrorMs',
    ttl: 'ttlMs',
    reject: 'reject',
    threshold: 'threshold',
  }

  it.each(CONTROL_DIRECTIVES)('the allow list filters: only %s', (name) => {
    const field = FIELD_OF[name]
    const all = parse(own(EVERYTHING))
    expect(all[field]).not.toEqual(NO_CONTROLS[field])
    expect(parse(both(EVERYTHING, EVERYTHING), { allow: [name] })).toEqual({ ...NO_CONTROLS, [field]: all[field] })
    const others = CONTROL_DIRECTIVES.filter((other) => other !== name)
    expect(parse(own(EVERYTHING), { allow: others })).toEqual({ ...all, [field]: NO_CONTROLS[field] })
  })

  it('Pragma needs the leave for no-cache', () => {
    expect(parse({ pragma: 'no-cache' }, { allow: ['max-age'] })).toEqual(NO_CONTROLS)
  })

  const directive = fc.tuple(
    fc.constantFrom(...CONTROL_DIRECTIVES, 'mode', 'x', '__proto__'),
    fc.constantFrom('', '=', '=5', '=90s', '="7"', '="', '=-1', ' ', '=x y'),
  )
  const field = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(directive.map((both) => both.join(''))).map((list) => list.join(', ')),
  )

  it('never throws, and times are never negative, NaN or over the clamp', () => {
    const policy: ControlPolicy = { minTtl: '1s', maxTtl: '10m' }
    fc.assert(
      fc.property(field, field, field, (a, b, pragma) => {
        const controls = parse({ ...both(a, b), pragma }, policy)
        for (const value of Object.values(controls)) expect(typeof value !== 'number' || value >= 0).toBe(true)
        if (controls.ttlMs !== undefined)
          expect(controls.ttlMs >= 1000 && controls.ttlMs <= 600_000 && Number.isInteger(controls.ttlMs)).toBe(true)
      }),
    )
  })

  it('a second field makes nothing more lenient', () => {
    fc.assert(
      fc.property(field, field, (a, b) => {
        const one = parse(own(a))
        const two = parse(both(b, a))
        expect(!one.noCache || two.noCache).toBe(true)
        expect(!one.noStore || two.noStore).toBe(true)
        for (const name of ['maxAgeMs', 'maxStaleMs', 'staleIfErrorMs'] as const) {
          if (one[name] !== undefined) expect(two[name]).toBeLessThanOrEqual(one[name])
        }
        if (one.minFreshMs !== undefined) expect(two.minFreshMs).toBeGreaterThanOrEqual(one.minFreshMs)
      }),
    )
  })
})

describe('resolveControls', () => {
  it('allows everything by default, and lets a caller shorten the ttl only', () => {
    const everything = { allowed: new Set(CONTROL_DIRECTIVES), minTtlMs: 0, maxTtlMs: 5 }
    expect(resolveControls(undefined, 5)).toEqual(everything)
    expect(resolveControls({}, 5)).toEqual(everything)
    expect(resolveControls({ allow: undefined, minTtl: undefined, maxTtl: undefined }, 5)).toEqual(everything)
    expect(resolveControls({ allow: 'all' }, 5)).toEqual(everything)
  })

  it('leaves the given object as it is', () => {
    const policy = Object.freeze({ allow: Object.freeze(['ttl'] as const), minTtl: '1s' } as const)
    expect(resolveControls(policy, 5000)).toEqual({ allowed: new Set(['ttl']), minTtlMs: 1000, maxTtlMs: 5000 })
  })

  it.each<[unknown, OptionError['code'], string, string[]]>([
    [{ maxTTL: 1 }, 'ERR_OPTION_UNKNOWN', 'controls.maxTTL', ['did you mean "maxTtl"']],
    [{ threshold: 1 }, 'ERR_OPTION_UNKNOWN', 'controls.threshold', ['"allow", "minTtl", "maxTtl"']],
    [JSON.parse('{"__proto__": 1}'), 'ERR_OPTION_UNKNOWN', 'controls.__proto__', []],
    ['all', 'ERR_OPTION_INVALID', 'controls', ['"all"']],
    [null, 'ERR_OPTION_INVALID', 'controls', ['null']],
    [[], 'ERR_OPTION_INVALID', 'controls', ['an array']],
    [{ allow: 'any' }, 'ERR_OPTION_INVALID', 'controls.allow', ['"any"', "'all'"]],
    [{ allow: 5 }, 'ERR_OPTION_INVALID', 'controls.allow', ['5']],
    [{ allow: ['no-cache', 'nocache'] }, 'ERR_OPTION_INVALID', 'controls.allow[1]', ['"nocache"', 'did you mean "no-cache"']],
    [{ allow: ['treshold'] }, 'ERR_OPTION_INVALID', 'controls.allow[0]', ['"treshold"', '"threshold"']],
    [{ allow: ['mode'] }, 'ERR_OPTION_INVALID', 'controls.allow[0]', ['"mode"']],
    [{ allow: [undefined] }, 'ERR_OPTION_INVALID', 'controls.allow[0]', ['undefined']],
    [{ maxTtl: '60' }, 'ERR_OPTION_INVALID', 'controls.maxTtl', ['"60"', "'60s'"]],
    [{ maxTtl: '1 hour' }, 'ERR_OPTION_INVALID', 'controls.maxTtl', ['"1 hour"', "'1h'"]],
    [{ maxTtl: -1 }, 'ERR_OPTION_INVALID', 'controls.maxTtl', ['-1']],
    [{ maxTtl: Number.NaN }, 'ERR_OPTION_INVALID', 'controls.maxTtl', ['NaN']],
    [{ maxTtl: null }, 'ERR_OPTION_INVALID', 'controls.maxTtl', ['null']],
    [{ minTtl: 2 ** 31 }, 'ERR_OPTION_INVALID', 'controls.minTtl', ['2147483648']],
    [{ minTtl: '2h', maxTtl: '1h' }, 'ERR_OPTION_INVALID', 'controls.minTtl', ['7200000', '3600000']],
  ])('%o', (policy, code, option, words) => {
    let error: unknown
    try {
      resolveControls(policy as ControlPolicy, HOUR)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ code, option })
    for (const word of [option, ...words]) expect((error as OptionError).message).toContain(word)
  })
})
