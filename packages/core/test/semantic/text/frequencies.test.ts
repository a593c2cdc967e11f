import { describe, expect, it } from 'vitest'
import { createFrequencies } from '../../../src/semantic/text/frequencies.js'
import { profileOf } from '../../../src/semantic/text/profile.js'

describe('document frequencies', () => {
  it('begin with the baseline: function words say little, unknown words all', () => {
    const frequencies = createFrequencies()
    expect(frequencies.idf('the')).toBeLessThan(0.2)
    expect(frequencies.idf('account')).toBeGreaterThan(frequencies.idf('the'))
    expect(frequencies.idf('zyzzyva')).toBe(1)
  })

  it('learn what is common in the namespace', () => {
    const frequencies = createFrequencies()
    for (let count = 0; count < 500; count++) frequencies.add(profileOf(`translate to klingon number ${count}`))
    expect(frequencies.documents).toBe(500)
    expect(frequencies.idf('klingon')).toBeLessThan(0.1)
    expect(frequencies.idf('zyzzyva')).toBe(1)
  })

  it('forget what is taken back', () => {
    const [frequencies, fresh] = [createFrequencies(), createFrequencies()]
    const profile = profileOf('the klingon dictionary')
    frequencies.add(profile)
    frequencies.remove(profile)
    frequencies.remove(profile)
    expect(frequencies.toJSON()).toEqual(fresh.toJSON())
  })

  it('stay within their bound, and keep what is common', () => {
    const frequencies = createFrequencies(100)
    for (let count = 0; count < 1000; count++) {
      frequencies.add(profileOf(`klingon w${count}x`))
      expect(frequencies.size).toBeLessThanOrEqual(100)
    }
    expect(frequencies.idf('klingon')).toBeLessThan(0.1)
  })

  it('survive being saved', () => {
    const frequencies = createFrequencies()
    frequencies.add(profileOf('the klingon dictionary'))
    const again = createFrequencies(undefined, JSON.parse(JSON.stringify(frequencies)))
    expect(again.toJSON()).toEqual(frequencies.toJSON())
    expect(again.idf('klingon')).toBe(frequencies.idf('klingon'))
  })

  it('add up those of two processes, within the bound', () => {
    const [one, other] = [createFrequencies(), createFrequencies(2)]
    one.add(profileOf('the klingon dictionary'))
    other.add(profileOf('klingon'))
    other.merge(one.toJSON())
    expect(other.documents).toBe(2)
    expect(other.size).toBeLessThanOrEqual(2)
  })

  it.each([
    undefined,
    null,
    1,
    'x',
    [],
    {},
    { version: 2, documents: 1, terms: [] },
    { version: 1, documents: -1, terms: [] },
    { version: 1, documents: 1, terms: [['a', 'b']] },
    { version: 1, documents: 1, terms: [null] },
  ])('take %j for nothing', (saved) => {
    expect(createFrequencies(undefined, saved).toJSON()).toEqual(createFrequencies().toJSON())
  })
})
