import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evidenceOf, type Witness } from '../../../src/semantic/text/evidence.js'
import { createFrequencies } from '../../../src/semantic/text/frequencies.js'
import { profileOf } from '../../../src/semantic/text/profile.js'

const FREQUENCIES = createFrequencies()

function near(text: string, similarity = 0.8): Witness {
  return { words: profileOf(text), similarity }
}

function evidence(prompt: string, own: readonly Witness[], rivals: readonly Witness[] = []): ReturnType<typeof evidenceOf> {
  return evidenceOf(profileOf(prompt), own, rivals, FREQUENCIES)
}

describe('evidenceOf', () => {
  it('backs a group whose prompts alone have the words, and not one whose rivals alone have them', () => {
    const own = [near('freeze my debit card'), near('debit card frozen')]
    const rivals = [near('transfer money abroad'), near('money transfer fee')]
    expect(evidence('my debit card should be frozen', own, rivals).backing).toBeGreaterThan(0.8)
    expect(evidence('my debit card should be frozen', rivals, own).backing).toBeLessThan(-0.8)
    expect(evidence('my debit card should be frozen', own, own).backing).toBeCloseTo(0, 12)
  })

  it('finds the word that the group alone has, the one that nobody of it has, and the one of it that is missing', () => {
    const { idf } = FREQUENCIES
    const found = evidence('freeze card passport', [near('freeze card umbrella')], [near('card lost')])
    const [freeze, passport, umbrella] = ['freeze', 'passport', 'umbrella'].map((word) => idf(profileOf(word).stems[0] as string))
    expect(found.telling).toBe(freeze)
    expect(found.unheard).toBe(passport)
    expect(found.missing).toBe(umbrella)
    expect(evidence('freeze card', [near('freeze card')])).toMatchObject({ backing: 1, unheard: 0, missing: 0 })
  })

  it('holds less against a prompt what only some of the group say', () => {
    const some = [near('freeze card umbrella'), near('freeze card'), near('card freeze')]
    expect(evidence('freeze card', some).missing).toBeCloseTo(evidence('freeze card', some.slice(0, 1)).missing / 3, 12)
  })

  it('listens to the near more than to the far', () => {
    const own = [near('freeze card', 0.9), near('passport lost', 0.5)]
    expect(evidence('freeze card', own).backing).toBeGreaterThan(0.9)
    expect(evidence('passport lost', own).backing).toBeLessThan(0.1)
  })

  it('says nothing of a prompt without words of its own', () => {
    expect(evidence('is it?', [near('freeze card')], [near('lost')])).toMatchObject({ backing: 0, telling: 0, unheard: 0 })
  })

  it('stays within its ranges whatever is near', () => {
    const text = fc
      .array(fc.constantFrom('card', 'freeze', 'lost', 'the', '5 km', 'passport', ''), { maxLength: 6 })
      .map((all) => all.join(' '))
    const witness = fc.tuple(text, fc.double({ min: -1, max: 1, noNaN: true })).map(([given, similarity]) => near(given, similarity))
    fc.assert(
      fc.property(text, fc.array(witness, { minLength: 1, maxLength: 8 }), fc.array(witness, { maxLength: 8 }), (prompt, own, rivals) => {
        const { backing, telling, unheard, missing } = evidence(prompt, own, rivals)
        expect(Math.abs(backing)).toBeLessThanOrEqual(1 + 1e-9)
        for (const value of [telling, unheard, missing]) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1 + 1e-9)
        }
      }),
    )
  })
})
