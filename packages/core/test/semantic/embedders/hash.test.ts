import { describe, expect, it } from 'vitest'
import { OptionError } from '../../../src/errors.js'
import { COMMON_STEMS } from '../../../src/semantic/embedders/common-stems.generated.js'
import { createHashEmbedder } from '../../../src/semantic/embedders/hash.js'
import { stemOf, wordsOf } from '../../../src/semantic/embedders/tokens.js'
import { embedderContract } from '../../../src/testing/index.js'

embedderContract({ describe, it }, 'hash', () => ({ embedder: createHashEmbedder() }))
embedderContract({ describe, it }, 'hash of 128 dimensions', () => ({ embedder: createHashEmbedder({ dimensions: 128 }) }))

const embedder = createHashEmbedder()
const vectorOf = (text: string): ArrayLike<number> => (embedder.embed([text]) as readonly ArrayLike<number>[])[0] as ArrayLike<number>
const cosine = (a: string, b: string): number => {
  const [left, right] = [vectorOf(a), vectorOf(b)]
  return Array.from(left).reduce((sum, value, at) => sum + value * (right[at] as number), 0)
}

describe('the hash embedder', () => {
  it('names its version and dimensions', () => {
    expect(embedder).toMatchObject({ id: 'hash:1:1024', dimensions: 1024, cheap: true })
    expect(createHashEmbedder({ dimensions: 256 })).toMatchObject({ id: 'hash:1:256', dimensions: 256 })
    expect(createHashEmbedder({ dimensions: 256 }).embed(['one'])).toMatchObject([{ length: 256 }])
  })

  it.each(['', '?', '   ', '🎉', 'a', '你好，世界', 'สวัสดีชาวโลก', 'How do I reset my password?', 'x'.repeat(100_000), '\ud800'])(
    'has a vector of length 1 for %j',
    (text) => {
      expect(vectorOf(text)).toHaveLength(1024)
      expect(cosine(text, text)).toBeCloseTo(1, 5)
    },
  )

  // A change here is a change of every stored vector: VERSION must grow with it.
  it('gives the vectors of its version', () => {
    const digest = (text: string): number[] => {
      const vector = [...Array.from(vectorOf(text))]
      const order = vector.map((value, at) => ({ value: Math.abs(value), at })).sort((a, b) => b.value - a.value || a.at - b.at)
      return order.slice(0, 4).map(({ at }) => ((vector[at] as number) > 0 ? at : -at))
    }
    expect(digest('How do I reset my password?')).toMatchInlineSnapshot(`
      [
        -283,
        -971,
        18,
        17,
      ]
    `)
    expect(digest('Où est la bibliothèque ?')).toMatchInlineSnapshot(`
      [
        208,
        -447,
        -678,
        926,
      ]
    `)
    expect(digest('東京の天気は？')).toMatchInlineSnapshot(`
      [
        255,
        -324,
        767,
        -772,
      ]
    `)
  })

  it('finds the same wording, inflected, misspelt or in another order, nearer than other wording', () => {
    const question = 'How do I reset my password?'
    const near = ['how can I reset the password', 'resetting passwords', 'How do I reset my pasword?', 'My password: how do I reset it?']
    const far = ['How do I close my account?', 'What is my balance?', 'Is the card still coming?']
    expect(Math.min(...near.map((text) => cosine(question, text)))).toBeGreaterThan(Math.max(...far.map((text) => cosine(question, text))))
  })

  it('weighs rare words more than common ones', () => {
    expect(cosine('tell me about photosynthesis', 'photosynthesis please')).toBeGreaterThan(
      cosine('tell me about photosynthesis', 'tell me about my account'),
    )
  })

  it('compares the end of very long texts as a whole', () => {
    const head = Array.from({ length: 4000 }, (_, at) => `word${at}`).join(' ')
    expect(cosine(`${head} one end`, `${head} one end`)).toBeCloseTo(1, 5)
    expect(cosine(`${head} one end`, `${head} another end`)).toBeLessThan(0.7)
  })

  it.each([100, 1000, 16384, 0, -1024, 1.5, Number.NaN, '1024'])('refuses %j dimensions', (dimensions) => {
    expect(() => createHashEmbedder({ dimensions: dimensions as number })).toThrow(OptionError)
  })

  it('names the nearest of its options', () => {
    expect(() => createHashEmbedder({ dimension: 1024 } as object)).toThrow('dimensions')
  })
})

describe('its words', () => {
  it.each([
    ["What's my card's PIN?", ['whats', 'my', 'cards', 'pin']],
    ['C++ or C#, 3.5%', ['c++', 'or', 'c#', '3', '5']],
    ['Café ÉCOLE', ['cafe', 'ecole']],
    ['東京都です', ['東京', '京都', '都で', 'です']],
    ['ﬁne don’t', ['fine', 'dont']],
    ['$5 + €6', ['$', '5', '+', '€', '6']],
  ])('of %j', (text, words) => {
    expect([...wordsOf(text).keys()]).toEqual(words)
  })

  it('are counted', () => {
    expect(wordsOf('no No NO yes').get('no')).toBe(3)
  })

  it('share a stem where they are forms of one', () => {
    for (const forms of [
      ['transfer', 'transfers', 'transferred', 'transferring'],
      ['cancel', 'cancels', 'canceled'],
      ['city', 'cities'],
      ['charge', 'charged', 'charging'],
    ])
      expect(new Set(forms.map(stemOf)).size).toBe(1)
    expect(stemOf('bus')).not.toBe(stemOf('but'))
  })

  it('are common where a stem of theirs is listed once', () => {
    const stems = COMMON_STEMS.join(' ')
      .split(' ')
      .filter((stem) => stem !== '')
    expect(new Set(stems).size).toBe(stems.length)
    expect(stems.length).toBeGreaterThan(1000)
  })
})
