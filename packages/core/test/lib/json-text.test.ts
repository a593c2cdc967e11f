import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inspectJson, MAX_JSON_DEPTH, parseJsonBytes, parseJsonText } from '../../src/lib/json-text.js'
import { cpuTime } from '../cpu-time.js'

const fault = (text: string): string => {
  const reading = parseJsonText(text)
  return reading.ok ? 'none' : reading.fault
}
const valueFault = (value: unknown): string => {
  const reading = inspectJson(value)
  return reading.ok ? 'none' : reading.fault
}

describe('parseJsonText', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        fc.pre(!/\d{16}|[eE]/.test(JSON.stringify(value)))
        expect(parseJsonText(JSON.stringify(value, null, indent))).toEqual({ ok: true, value: JSON.parse(JSON.stringify(value)) })
      }),
    )
  })

  it('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:,"\\a1-.e \n') }), (text) => {
        let parses = true
        try {
          JSON.parse(text)
        } catch {
          parses = false
        }
        fc.pre(!parses)
        expect(parseJsonText(text).ok).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    '',
    ' ',
    '{',
    '{"a":1',
    '"abc',
    '"a\\"',
    '[1,]',
    '{"a":1,}',
    '01',
    '+1',
    '.5',
    '1.',
    '--1',
    'NaN',
    '[1]]',
    '\ufeff{}',
    "{'a':1}",
  ])('invalid: %s', (text) => expect(fault(text)).toBe('invalid-json'))

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":3}',
    '{"a":1,"\\u0061":2}',
    '[{"x":{"k":[],"k":[]}}]',
    '{"a":{"x":1},"a":{}}',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
    '{"\\ud800":1,"\\uD800":1}',
  ])('duplicate keys: %s', (text) => expect(fault(text)).toBe('duplicate-keys'))

  it.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\"a\\":","b":":::{{[["}',
    '{"a\\\\":1,"a":2}',
    '{"__proto__":1,"constructor":2}',
  ])('no duplicates: %s', (text) => expect(fault(text)).toBe('none'))

  it.each([
    '9007199254740992',
    '9007199254740993',
    '-9007199254740993',
    '[12345678901234567890]',
    '{"a":1e400}',
    '1e-400',
    '1e16',
    '1e300',
    '0.1000000000000000055511151231257827',
    '3.14159265358979323846',
    '0.10000000000000001',
  ])('precision: %s', (text) => expect(fault(text)).toBe('number-precision'))

  it.each([
    '9007199254740991',
    '-9007199254740991',
    '0.30000000000000004',
    '1e5',
    '1E+5',
    '1.50e3',
    '0.000',
    '-0',
    '0e99999',
    '5e-324',
    '1.7976931348623e-10',
    '1.0000000000000000000',
  ])('exact: %s', (text) => expect(fault(text)).toBe('none'))

  it('accepts every safe double in the shortest form, and tells every other decimal from it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: 0.001, max: 9e15 }), fc.integer({ min: 1, max: 9 }), (value, digit) => {
        expect(fault(JSON.stringify(value))).toBe('none')
        expect(fault(`${value.toFixed(20)}${'0'.repeat(30)}${digit}`)).toBe('number-precision')
      }),
    )
  })

  it('bounds depth', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
    expect(fault(nested(MAX_JSON_DEPTH))).toBe('none')
    expect(fault(nested(MAX_JSON_DEPTH + 1))).toBe('too-deep')
    expect(fault(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)).toBe('too-deep')
    expect(fault(nested(100_000))).toBe('too-deep')
  })

  it('takes linear time for hostile texts', () => {
    const started = process.cpuUsage()
    fault(`"${'\\'.repeat(1_000_000)}`)
    fault(`"${'\\"'.repeat(500_000)}`)
    fault(`0.${'0'.repeat(500_000)}1`)
    fault(`1${'0'.repeat(500_000)}1${'0'.repeat(500_000)}`)
    fault(`{${'"a":1,'.repeat(100_000)}"a":1}`)
    fault(`{${Array.from({ length: 100_000 }, (_, index) => `"${index}":1`).join()}}`)
    expect(cpuTime(started)).toBeLessThan(3000)
  })

  it('refuses bytes that are not UTF-8', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xff, 0xfe, 0x7b, 0x00],
      [0xef, 0xbb, 0xbf, 0x31],
    ]) {
      expect(parseJsonBytes(Uint8Array.from(bytes))).toEqual({ ok: false, fault: 'invalid-json' })
    }
    expect(parseJsonBytes(new TextEncoder().encode('"é😀"'))).toEqual({ ok: true, value: 'é😀' })
  })
})

describe('inspectJson', () => {
  it('accepts values of JSON.parse, prototype-less objects and other realms', () => {
    expect(valueFault(JSON.parse('{"__proto__":{"x":[1,null,true,"a"]}}'))).toBe('none')
    expect(valueFault(Object.assign(Object.create(null), { a: 1 }))).toBe('none')
  })

  it.each([
    ['undefined', undefined],
    ['an undefined field', { a: undefined }],
    ['a function', { a: () => 1 }],
    ['a Map', new Map()],
    ['a Date', new Date(0)],
    ['an instance', new (class A {})()],
    ['a bigint', [1n]],
    ['a symbol', [Symbol('x')]],
    ['bytes inside', { a: new Uint8Array(1) }],
    ['a hole', new Array(2)],
    ['inherited data', Object.create({ a: 1 })],
    ['a boxed string', Object('x')],
    [
      'a throwing getter',
      Object.defineProperty({}, 'a', {
        enumerable: true,
        get() {
          throw new Error('no')
        },
      }),
    ],
  ])('invalid: %s', (_name, value) => expect(valueFault(value)).toBe('invalid-json'))

  it('refuses cycles at once, also wide ones', () => {
    const cycle: unknown[] = []
    for (let index = 0; index < 10; index += 1) cycle.push(cycle)
    expect(valueFault(cycle)).toBe('invalid-json')
    const object: Record<string, unknown> = {}
    object.self = { object }
    expect(valueFault(object)).toBe('invalid-json')
  })

  it('bounds numbers and depth', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), 1e300])
      expect(valueFault([value])).toBe('number-precision')
    expect(valueFault([2 ** 53 - 1, -0, 0.1])).toBe('none')
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level += 1) deep = [deep]
    expect(valueFault(deep)).toBe('too-deep')
  })
})
