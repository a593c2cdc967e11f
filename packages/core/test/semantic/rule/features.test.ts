import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FEATURE_NAMES, FEATURE_SCALE, FEATURES_VERSION, featuresOf, type TextFeatures } from '../../../src/semantic/rule/features.js'
import { SHIPPED_PRIOR } from '../../../src/semantic/rule/prior.generated.js'
import { standingOf } from '../../../src/semantic/rule/standing.js'
import type { Evidence } from '../../../src/semantic/text/evidence.js'

const TEXT: TextFeatures = {
  jaccard: 0.5,
  trigrams: 0.75,
  unmatchedNew: 0.1,
  unmatchedOld: 0.2,
  numberConflict: 0,
  numberExtra: 1,
  negation: 0.5,
  antonym: 0,
  entityConflict: 1,
  entityExtra: 0,
  reversed: 0,
  substitution: 1,
  substitutions: 3,
  extras: 6,
  question: 0,
}
const STANDING = standingOf([
  { id: 'x', similarity: 0.8, group: 'a' },
  { id: 'y', similarity: 0.7, group: 'b' },
])
const EVIDENCE: Evidence = { backing: -0.5, telling: 0.25, unheard: 0.75, missing: 0.125 }
const CALIBRATION = { median: 0.6, scale: 0.1 }

function named(features: ArrayLike<number>): Record<string, number> {
  return Object.fromEntries(FEATURE_NAMES.map((name, index) => [name, (features[index] as number) / FEATURE_SCALE]))
}

describe('featuresOf', () => {
  it('has one number for each name', () => {
    expect(featuresOf(STANDING, EVIDENCE, 1, TEXT, CALIBRATION)).toHaveLength(FEATURE_NAMES.length)
    expect(new Set(FEATURE_NAMES).size).toBe(FEATURE_NAMES.length)
  })

  it('standardises cosines, and keeps each value to a thirty-second', () => {
    const features = named(featuresOf(STANDING, EVIDENCE, 3, TEXT, CALIBRATION))
    const close = (name: string, value: number): void =>
      expect(Math.abs((features[name] as number) - value), name).toBeLessThanOrEqual(1 / 64 + 1e-9)
    close('one', 1)
    close('cosine', 2)
    close('cosine squared', 2)
    close('margin', 1)
    close('lead', (0.8 + 0.7 + 0.7 - 0.7 * 3) / 3 / 0.1)
    close('groups', 0.25)
    close('group size', Math.log(4) / 3)
    close('backing', -0.5)
    close('telling', 0.25)
    close('unheard', 0.75)
    close('missing', 0.125)
    close('jaccard', 0.5)
    close('negation', 0.5)
    close('substitutions', 1)
    close('extras', 2)
    close('cosine x jaccard', 1)
    close('cosine x unmatched new', 0.2)
  })

  it('reads the same from its bytes', () => {
    const features = featuresOf(STANDING, EVIDENCE, 3, TEXT, CALIBRATION)
    expect(new Int8Array(new Uint8Array(features.buffer).slice().buffer)).toEqual(features)
  })

  it('is finite and the first is 1 whatever is compared', () => {
    const anything = fc.double({ noNaN: false })
    fc.assert(
      fc.property(
        fc.array(anything, { minLength: 19, maxLength: 19 }),
        anything,
        anything,
        anything,
        (values, similarity, median, scale) => {
          const text = Object.fromEntries(Object.keys(TEXT).map((name, index) => [name, values[index] as number]))
          const [backing = 0, telling = 0, unheard = 0, missing = 0] = values.slice(15)
          const standing = standingOf([{ id: 'x', similarity, group: 'a' }])
          const features = featuresOf(standing, { backing, telling, unheard, missing }, 1, text as unknown as TextFeatures, {
            median,
            scale,
          })
          expect(features[0]).toBe(FEATURE_SCALE)
          expect([...features].every((value) => Number.isInteger(value) && value >= -128 && value <= 127)).toBe(true)
        },
      ),
    )
  })
})

describe('the shipped prior', () => {
  it('belongs to these features', () => {
    expect(SHIPPED_PRIOR.version).toBe(FEATURES_VERSION)
    expect(SHIPPED_PRIOR.coefficients).toHaveLength(FEATURE_NAMES.length)
    expect(SHIPPED_PRIOR.coefficients.every(Number.isFinite)).toBe(true)
  })

  it.each(['number conflict', 'negation', 'antonym', 'entity conflict', 'reversed', 'substitution', 'question', 'unheard', 'missing'])(
    'holds %s against an entry',
    (name) => expect(SHIPPED_PRIOR.coefficients[FEATURE_NAMES.indexOf(name)]).toBeLessThan(0),
  )
})
