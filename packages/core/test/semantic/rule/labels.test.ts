import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finished } from '../../../src/lib/finished.js'
import { FEATURE_NAMES, FEATURES_VERSION } from '../../../src/semantic/rule/features.js'
import { createLabelRing, type Label, type LabelRing, type Merged } from '../../../src/semantic/rule/labels.js'
import { featuresWith } from './streams.js'

type Given = Omit<Label, 'by' | 'at'>

function label(cosine: number, given: Partial<Given> = {}): Given {
  return { features: featuresWith({ cosine }), correct: true, chance: 1, audited: false, rejected: false, ...given }
}

function ring(by: string, capacity = 100, start = 1000): LabelRing {
  let time = start
  return createLabelRing(capacity, by, () => time++)
}

const merge = (into: LabelRing, saved: string): Merged | undefined => finished(into.merging(saved))
const idsOf = ({ all }: LabelRing): string[] => all.map(({ by, at }) => `${by}.${at}`)

describe('createLabelRing', () => {
  it('holds the newest and never more than its capacity', () => {
    const labels = ring('a', 10)
    for (let index = 0; index < 25; index++) labels.add(label(index / 32))
    expect(labels.all).toHaveLength(10)
    expect(labels.all.map(({ features }) => features[1])).toEqual([15, 16, 17, 18, 19, 20, 21, 22, 23, 24])
  })

  it('reads a hundred labels at a time, keeps what is learnt meanwhile, and counts nothing twice', () => {
    const from = ring('a', 1000)
    for (let index = 0; index < 500; index++) from.add(label(0))
    const to = ring('b', 1000, 2000)
    const [first, second] = [to.merging(from.save()), to.merging(from.save())]
    for (let slice = 0; slice < 5; slice++) {
      expect(first.next().done).toBe(false)
      expect(second.next().done).toBe(false)
      to.add(label(0))
    }
    expect(to.all).toHaveLength(5)
    expect(first.next()).toEqual({ done: true, value: { added: 500, forgotten: 0 } })
    expect(second.next()).toEqual({ done: true, value: { added: 0, forgotten: 0 } })
    expect(to.all).toHaveLength(505)
    expect(to.all.slice(-5).map(({ by }) => by)).toEqual(['b', 'b', 'b', 'b', 'b'])
  })

  it('tells labels of the same moment apart, also when the clock goes back', () => {
    let time = 500
    const labels = createLabelRing(10, 'a', () => time)
    labels.add(label(0))
    labels.add(label(0))
    time = 100
    labels.add(label(0))
    expect(idsOf(labels)).toEqual(['a.500', 'a.501', 'a.502'])
  })

  it('reads what it saved', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            features: fc.int8Array({ minLength: FEATURE_NAMES.length, maxLength: FEATURE_NAMES.length }),
            correct: fc.boolean(),
            chance: fc.constantFrom(1, 0.5, 0.05, 0.123456),
            audited: fc.boolean(),
            rejected: fc.boolean(),
          }),
          { maxLength: 12 },
        ),
        (given) => {
          const from = ring('a')
          for (const each of given) from.add(each)
          const to = ring('b')
          expect(merge(to, from.save())).toEqual({ added: given.length, forgotten: 0 })
          expect(to.all).toEqual(from.all)
        },
      ),
    )
  })

  it('counts nothing twice', () => {
    const one = ring('a')
    const other = ring('b')
    for (let index = 0; index < 5; index++) one.add(label(index))
    merge(other, one.save())
    other.add(label(9))
    expect(merge(one, other.save())).toEqual({ added: 1, forgotten: 0 })
    expect(merge(one, other.save())).toEqual({ added: 0, forgotten: 0 })
    expect(merge(other, one.save())).toEqual({ added: 0, forgotten: 0 })
    expect(one.all).toHaveLength(6)
  })

  it('is the union of what two processes learnt, the same in both and in order of age', () => {
    const one = ring('a', 100, 1000)
    const other = ring('b', 100, 1002)
    for (let index = 0; index < 5; index++) {
      one.add(label(index))
      other.add(label(index))
    }
    const saved = one.save()
    merge(one, other.save())
    merge(other, saved)
    expect(idsOf(one)).toEqual(['a.1000', 'a.1001', 'a.1002', 'b.1002', 'a.1003', 'b.1003', 'a.1004', 'b.1004', 'b.1005', 'b.1006'])
    expect(idsOf(other)).toEqual(idsOf(one))
  })

  it('counts as added only what there is room for', () => {
    const one = ring('a', 5, 2000)
    const old = ring('b', 100, 1000)
    for (let index = 0; index < 5; index++) one.add(label(index))
    for (let index = 0; index < 20; index++) old.add(label(index))
    expect(merge(one, old.save())).toEqual({ added: 0, forgotten: 0 })
    const newer = ring('c', 100, 2003)
    newer.add(label(1))
    expect(merge(one, newer.save())).toEqual({ added: 1, forgotten: 0 })
    expect(idsOf(one)).toEqual(['a.2001', 'a.2002', 'a.2003', 'c.2003', 'a.2004'])
  })

  it('forgets all but the newest, for good and in other processes', () => {
    const one = ring('a')
    const other = ring('b', 100, 1004)
    for (let index = 0; index < 10; index++) one.add(label(index))
    const before = one.save()
    other.add(label(1))
    merge(other, before)
    one.keep(3)
    expect(idsOf(one)).toEqual(['a.1007', 'a.1008', 'a.1009'])
    expect(merge(one, before)).toEqual({ added: 0, forgotten: 0 })
    expect(merge(one, other.save())).toEqual({ added: 0, forgotten: 0 })
    expect(merge(other, one.save())).toEqual({ added: 0, forgotten: 8 })
    expect(idsOf(other)).toEqual(['a.1007', 'a.1008', 'a.1009'])
  })

  it('forgets all', () => {
    const labels = ring('a')
    for (let index = 0; index < 3; index++) labels.add(label(index))
    const before = labels.save()
    labels.keep(0)
    expect(labels.all).toEqual([])
    expect(merge(labels, before)?.added).toBe(0)
    labels.add(label(1))
    expect(labels.all).toHaveLength(1)
  })

  it('keeps what it learns after a process whose clock is ahead has forgotten', () => {
    const minutes = 60_000
    const ahead = ring('a', 100, 11 * minutes)
    const right = ring('b', 100, minutes)
    for (let index = 0; index < 10; index++) ahead.add(label(index))
    right.add(label(1))
    ahead.keep(3)
    expect(merge(right, ahead.save())).toEqual({ added: 3, forgotten: 1 })
    for (let index = 0; index < 5; index++) right.add(label(index))
    expect(merge(right, ahead.save())).toEqual({ added: 0, forgotten: 0 })
    expect(right.all).toHaveLength(8)
    expect(merge(ahead, right.save())).toEqual({ added: 5, forgotten: 0 })
  })

  describe('by a clock that is more than a day ahead', () => {
    const now = Date.UTC(2026, 0)
    const wrong = (): LabelRing => {
      const labels = ring('a', 100, now + 40 * 24 * 3_600_000)
      for (let index = 0; index < 5; index++) labels.add(label(index))
      return labels
    }

    it('make nobody forget, once or again and again', () => {
      const far = wrong()
      far.keep(3)
      const near = ring('b', 100, now)
      for (let round = 0; round < 3; round++) {
        near.add(label(round))
        expect(merge(near, far.save())).toEqual({ added: round === 0 ? 3 : 0, forgotten: 0 })
      }
      expect(near.all).toHaveLength(6)
      expect(near.hasForgotten).toBe(true)
    })

    it('are as new as when they were read, and counted once, by whatever way they come', () => {
      const far = wrong()
      const one = ring('b', 8, now)
      const other = ring('c', 100, now + 5000)
      merge(one, far.save())
      merge(other, far.save())
      expect(merge(other, one.save())).toEqual({ added: 0, forgotten: 0 })
      expect(merge(one, other.save())).toEqual({ added: 0, forgotten: 0 })
      expect(merge(far, other.save())).toEqual({ added: 0, forgotten: 0 })
      // They make room for what is newer.
      for (let index = 0; index < 6; index++) one.add(label(index))
      const newer = ring('d', 100, now + 9000)
      for (let index = 0; index < 2; index++) newer.add(label(index))
      expect(merge(one, newer.save())).toEqual({ added: 2, forgotten: 0 })
      expect(one.all.map(({ by }) => by)).toEqual(['b', 'b', 'b', 'b', 'b', 'b', 'd', 'd'])
    })
  })

  it('know after a restart that something was forgotten', () => {
    const before = ring('a')
    for (let index = 0; index < 5; index++) before.add(label(index))
    const [whole, after] = [ring('b'), ring('b')]
    merge(whole, before.save())
    expect(whole.hasForgotten).toBe(false)
    before.keep(2)
    merge(after, before.save())
    expect(after.hasForgotten).toBe(true)
  })

  const header = { version: FEATURES_VERSION, since: 0 }
  const features = btoa('x'.repeat(FEATURE_NAMES.length))
  const good = `a 1 1 0 ${features}`
  const saved = (rows: readonly string[], top: object = header): string => [JSON.stringify(top), ...rows].join('\n')

  it('reads a row that is one', () => {
    expect(merge(ring('b'), saved([good]))).toEqual({ added: 1, forgotten: 0 })
    expect(merge(ring('b'), saved([`a 1 0.01 0 ${features}`]))).toEqual({ added: 1, forgotten: 0 })
  })

  it.each([
    ['nothing', ''],
    ['other text', 'null'],
    ['another version', saved([good], { ...header, version: FEATURES_VERSION - 1 })],
    ['no begin', saved([good], { version: FEATURES_VERSION })],
    ['a row too short', saved([good, 'a 2 1 0'])],
    ['a row too long', saved([good, `${good} 1`])],
    ['an empty row', saved([good, ''])],
    ['no time', saved([`a b 1 0 ${features}`])],
    ['no chance', saved([`a 1 0 0 ${features}`])],
    // Each stands for as many requests as one divided by its chance.
    ['next to no chance', saved([`a 1 0.009999 0 ${features}`])],
    ['more than a chance', saved([`a 1 1.5 0 ${features}`])],
    ['features of another number', saved([`a 1 1 0 ${btoa('x'.repeat(FEATURE_NAMES.length - 1))}`])],
    ['features that are no bytes', saved(['a 1 1 0 %%%'])],
  ])('refuses %s as a whole', (_, text) => {
    const labels = ring('b')
    labels.add(label(1))
    expect(merge(labels, text)).toBeUndefined()
    expect(idsOf(labels)).toEqual(['b.1000'])
  })

  it('saves no more than some 70 bytes a label', () => {
    const labels = ring('0123456789', 6000, Date.UTC(2026, 0))
    for (let index = 0; index < 6000; index++) labels.add(label(index / 6000))
    expect(labels.save().length).toBeLessThan(6000 * 80)
  })
})
