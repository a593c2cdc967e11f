import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/testing/model-server/random.js'
import { sampleSchema } from '../../src/testing/model-server/sample.js'
import { MAX_WORDS, MIN_WORDS, splitTokens, topicsOf, writeText } from '../../src/testing/model-server/text.js'

describe('the simulated model’s text', () => {
  it('has 30 to 120 words for any prompt, and is the same each time', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.lorem()), fc.nat(8), (prompt, variation) => {
        const text = writeText(prompt, variation)
        const words = text.split(/\s+/).length
        expect(words).toBeGreaterThanOrEqual(MIN_WORDS)
        expect(words).toBeLessThanOrEqual(MAX_WORDS)
        expect(writeText(prompt, variation)).toBe(text)
      }),
    )
  })

  it('is about the prompt and differs between prompts and variations', () => {
    expect(topicsOf('[[fault:cut]] Please explain what photosynthesis does in Alpine plants')).toEqual([
      'photosynthesis',
      'Alpine',
      'plants',
    ])
    expect(writeText('What is photosynthesis?')).toContain('photosynthesis')
    const texts = Array.from({ length: 50 }, (_, index) => writeText(`Question number ${index} about rivers`))
    expect(new Set(texts).size).toBe(50)
    expect(new Set(Array.from({ length: 20 }, (_, index) => writeText('rivers', index))).size).toBe(20)
  })

  it('splits into tokens that join to the text, without breaking a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-composite' }), (text) => {
        const tokens = splitTokens(text)
        expect(tokens.join('')).toBe(text)
        for (const token of tokens) expect(token).not.toMatch(/\p{Surrogate}/u)
      }),
    )
    const text = writeText('What is photosynthesis?')
    expect(text.length / splitTokens(text).length).toBeGreaterThan(3.5)
    expect(text.length / splitTokens(text).length).toBeLessThan(6)
  })

  it('has random numbers spread over [0, 1)', () => {
    const random = createRandom(7)
    const buckets = new Array<number>(10).fill(0)
    for (let count = 0; count < 10_000; count += 1) {
      const bucket = Math.floor(random() * 10)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    for (const size of buckets) expect(Math.abs(size - 1000)).toBeLessThan(150)
  })
})

describe('values for a JSON schema', () => {
  it('fills nested objects, arrays, enums, references and nullable types', () => {
    const schema = {
      type: 'object',
      properties: {
        city: { type: 'string' },
        unit: { enum: ['celsius', 'kelvin'] },
        days: { type: 'integer', minimum: 3 },
        when: { type: ['string', 'null'], format: 'date' },
        tags: { type: 'array', items: { type: 'string' }, minItems: 1 },
        place: { $ref: '#/$defs/place' },
        either: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
      },
      required: ['city'],
      $defs: { place: { type: 'object', properties: { lat: { type: 'number', minimum: -90 } } } },
    }
    expect(sampleSchema(schema, 'weather in Lisbon')).toEqual({
      city: 'weather',
      unit: 'celsius',
      days: 3,
      when: '2026-01-15',
      tags: ['Lisbon', 'weather'],
      place: { lat: -90 },
      either: true,
    })
  })

  it('ends for recursive schemas', () => {
    const node = { type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, required: ['next'] }
    expect(JSON.stringify(sampleSchema(node, 'lists')).length).toBeLessThan(1000)
  })
})
