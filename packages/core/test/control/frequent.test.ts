import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFrequentItems } from '../../src/control/patterns/frequent.js'

const DAY = 86_400_000

function counter(items: number, halfLifeMs = DAY) {
  const dropped: string[] = []
  let made = 0
  const frequent = createFrequentItems<{ id: string; made: number }>({ items, halfLifeMs, onDropped: ({ id }) => dropped.push(id) })
  return { frequent, dropped, add: (id: string, at = 0) => frequent.add(id, at, () => ({ id, made: ++made })), made: () => made }
}

describe('the most frequent items', () => {
  it('count exactly while there is room', () => {
    const { frequent, add } = counter(10)
    for (const id of 'abracadabra') add(id)
    expect(frequent.heaviest(0).map(({ id, recent }) => [id, recent])).toEqual([
      ['a', 5],
      ['b', 2],
      ['r', 2],
      ['c', 1],
      ['d', 1],
    ])
  })

  it('are found in any stream, in bounded memory, never counted too high', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 2000 }), fc.integer({ min: 1, max: 12 }), (stream, items) => {
        const { frequent, add } = counter(items)
        const exact = new Map<string, number>()
        for (const number of stream) {
          // Low numbers are frequent.
          const id = `${Math.floor((number * number) / 60)}`
          add(id)
          exact.set(id, (exact.get(id) ?? 0) + 1)
          expect([...frequent.ids()].length).toBeLessThanOrEqual(2 * items)
        }
        const found = new Map(frequent.heaviest(0).map(({ id, recent }) => [id, recent]))
        for (const [id, count] of exact) {
          expect(found.get(id) ?? 0).toBeLessThanOrEqual(count + 1e-9)
          expect(found.get(id) ?? 0).toBeGreaterThanOrEqual(count - stream.length / items - 1e-9)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('of a thousand prompts with a long tail are the planted ones', () => {
    const { frequent, add } = counter(100)
    let seed = 7
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return seed / 2 ** 31
    }
    for (let request = 0; request < 50_000; request++) add(random() < 0.3 ? `planted ${Math.floor(random() * 20)}` : `once ${request}`)
    const top = frequent.heaviest(0).slice(0, 20)
    expect(top.every(({ id }) => id.startsWith('planted'))).toBe(true)
    for (const { recent } of top) expect(recent).toBeGreaterThan(200)
  })

  it('count half after one half-life, for years on end', () => {
    const { frequent, add } = counter(10)
    for (let count = 0; count < 8; count++) add('old', 0)
    add('new', 2 * DAY)
    expect(frequent.heaviest(2 * DAY).map(({ id, recent }) => [id, recent])).toEqual([
      ['old', 2],
      ['new', 1],
    ])
    for (let day = 0; day < 3000; day++) add('daily', day * DAY)
    const [first] = frequent.heaviest(2999 * DAY)
    expect(first).toMatchObject({ id: 'daily', recent: expect.closeTo(2) })
    expect(frequent.heaviest(2999 * DAY).every(({ recent }) => Number.isFinite(recent))).toBe(true)
  })

  it('survive a clock that is set back', () => {
    const { frequent, add } = counter(10)
    add('a', 100 * DAY)
    add('b', 0)
    expect(frequent.heaviest(0).map(({ recent }) => recent)).toEqual([1, 1])
  })

  it('tell of what they let go, once', () => {
    const { frequent, add, dropped } = counter(2)
    for (const id of ['a', 'a', 'a', 'b', 'b', 'c', 'd', 'e']) add(id)
    expect(dropped.sort()).toEqual(['c', 'd'])
    frequent.delete('a')
    frequent.delete('a')
    expect(dropped.sort()).toEqual(['a', 'c', 'd'])
  })
})
