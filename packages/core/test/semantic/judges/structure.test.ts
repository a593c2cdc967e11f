import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { structureJudge } from '../../../src/semantic/judges/structure.js'
import { verdict } from './samples.js'

const of = (a: unknown, b: unknown): Promise<string | undefined> => verdict(structureJudge, JSON.stringify(a), JSON.stringify(b))

describe('structureJudge', () => {
  it.each([
    [
      { a: 1, b: [true, null] },
      { b: [true, null], a: 1 },
    ],
    [{ sum: 0.1 + 0.2 }, { sum: 0.3 }],
    [{ label: 'Refund' }, { label: 'refund' }],
    [{ reason: 'It is late.' }, { reason: 'It is late' }],
    [{ arguments: '{"a": 1, "b": 2}' }, { arguments: '{"b":2,"a":1}' }],
    [[], []],
  ])('takes for the same: %j, %j', async (a, b) => expect(await of(a, b)).toBe('same'))

  it.each([
    [{ label: 'refund' }, { label: 'cancel' }],
    [{ amount: 5 }, { amount: 6 }],
    [{ ok: true }, { ok: false }],
    [{ a: { b: [1, 2] } }, { a: { b: [1, 3] } }],
    [{ arguments: '{"city":"Rome"}' }, { arguments: '{"city":"Bonn"}' }],
    [
      { note: 'It is late, sorry.', amount: 5 },
      { note: 'Sorry that it is late.', amount: 6 },
    ],
    [[{ id: 1 }], [{ id: 2 }]],
  ])('takes for different: %j, %j', async (a, b) => expect(await of(a, b)).toBe('different'))

  it.each([
    [{ answer: 'It is blue.' }, { answer: 'Blue, of course.' }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1 }, { a: null }],
    [{ a: 1 }, { a: '1' }],
    [{ tags: ['x', 'y'] }, { tags: ['y', 'x'] }],
    [[1, 2], [1]],
    [
      { label: 'refund', confidence: 0.9 },
      { label: 'refund', confidence: 0.8 },
    ],
    [{ a: {} }, { a: [] }],
    [{ __proto__x: 1 }, { constructor: 1 }],
  ])('cannot tell: %j, %j', async (a, b) => expect(await of(a, b)).toBeUndefined())

  it('cannot tell where there is too much to compare, and does not try', async () => {
    const many = (count: number, end: string): string[] => Array.from({ length: count }, (_, at) => `${'Sentence. '.repeat(10)}${at}${end}`)
    expect(await of(many(900, '.'), many(900, '!'))).toBe('same')
    const normalize = vi.spyOn(String.prototype, 'normalize')
    try {
      expect(await of(many(18_000, '.'), many(18_000, '!'))).toBeUndefined()
      const characters = normalize.mock.contexts.reduce<number>((sum, text) => sum + String(text).length, 0)
      expect(characters).toBeGreaterThan(2 * 150_000)
      // Asked in both orders.
      expect(characters).toBeLessThanOrEqual(2 * 200_000)
    } finally {
      normalize.mockRestore()
    }
    // What is equal to the letter costs nothing.
    expect(await of({ texts: many(18_000, '.'), sum: 1 }, { texts: many(18_000, '.'), sum: 2 })).toBe('different')
  })

  it('has no opinion on text', async () => {
    expect(await verdict(structureJudge, 'Blue', 'Blue')).toBeUndefined()
    expect(await verdict(structureJudge, '{"a":1}', 'a is 1')).toBeUndefined()
    expect(await verdict(structureJudge, '```json\n{"a":1}\n```', '{"a":1}')).toBe('same')
  })

  it('says same of every value and itself in another order, and of no two that differ in a number', async () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 })
    await fc.assert(
      fc.asyncProperty(object, fc.string(), fc.integer(), async (value, name, number) => {
        const plain = JSON.parse(JSON.stringify(value)) as Record<string, unknown>
        expect(await of(plain, Object.fromEntries(Object.entries(plain).reverse()))).toBe('same')
        fc.pre(name !== '__proto__')
        expect(await of({ ...plain, [name]: number }, { ...plain, [name]: number + 1 })).not.toBe('same')
      }),
    )
  })

  it('gives up on what is too deep or too large', async () => {
    const deep = (leaf: number): string => `${'['.repeat(5000)}${leaf}${']'.repeat(5000)}`
    expect(await verdict(structureJudge, deep(1), deep(2))).toBeUndefined()
    expect(await verdict(structureJudge, deep(1), deep(1))).toBeUndefined()
    const large = Array.from({ length: 30_000 }, () => 1)
    expect(await of({ a: large }, { a: large, b: 1 })).toBeUndefined()
  })
})
