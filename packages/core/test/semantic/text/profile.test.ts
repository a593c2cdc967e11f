import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchable } from '../../../src/semantic/text/eligibility.js'
import { BUILT_IN_GUARDS } from '../../../src/semantic/text/guards.js'
import { normaliseText } from '../../../src/semantic/text/normalise.js'
import { profileOf } from '../../../src/semantic/text/profile.js'
import { asksForFresh } from '../../../src/semantic/text/router.js'
import { stem } from '../../../src/semantic/text/stem.js'
import { cpuTime } from '../../cpu-time.js'
import { compared, HARD_PARTS, vetoes } from './texts.js'

const keys = (text: string): string[] => profileOf(text).quantities.map(({ key }) => key)

describe('normalised text', () => {
  it.each([
    ['zero-width characters', 'pass\u200bword re\u2060set', 'password reset'],
    ['bidi controls', '\u202epassword\u202c', 'password'],
    ['tag characters', 'password\u{e0061}\u{e0062}', 'password'],
    ['a soft hyphen', 'pass\u00adword', 'password'],
    ['variation selectors', 'a\ufe0f b', 'a b'],
    ['Cyrillic letters in a Latin word', 'раsswоrd', 'password'],
    ['Greek letters in a Latin word', 'pαsswοrd', 'password'],
    ['fullwidth letters and digits', 'ｐａｓｓ １２３', 'pass 123'],
    ['composed and decomposed', 'cafe\u0301', 'café'],
    ['stacked marks', 'p\u0353\u0353\u0353ass', 'pass'],
    ['Arabic and Devanagari digits', '١٢ १२', '12 12'],
    ['ligatures', 'ﬁle', 'file'],
    ['typographic quotes and dashes', '“a” ‘b’ c–d', '"a" \'b\' c-d'],
    ['spaces of any kind', ' a\u00a0\u2003b\t c ', 'a b c'],
    ['line ends of any kind', 'a \r\n\r\n b\u2028c', 'a\nb\nc'],
  ])('%s', (_, given, expected) => {
    expect(normaliseText(given)).toEqual({ text: expected, tooLong: false })
  })

  it('leaves words of other scripts alone', () => {
    expect(normaliseText('сосна и ρόδα').text).toBe('сосна и ρόδα')
  })

  it('looks at 4000 characters, also where NFKC makes more of them', () => {
    expect(normaliseText('x'.repeat(4000))).toMatchObject({ tooLong: false })
    expect(normaliseText('x'.repeat(4001))).toEqual({ text: 'x'.repeat(4000), tooLong: true })
    expect(normaliseText('\ufdfa'.repeat(4000)).text.length).toBeLessThanOrEqual(4000)
  })
})

describe('quantities', () => {
  it.each([
    ['12k people', ['12000']],
    ['twelve thousand people', ['12000']],
    ['twenty-one or 21', ['21', '21']],
    ['two hundred and forty five', ['245']],
    ['a hundred', ['100']],
    ['3.5 million', ['3500000']],
    ['-5 and 5', ['-5', '5']],
    ['1/2 or half', ['0.5', '0.5']],
    ['5-10 people', ['10', '5']],
    ['1e3', ['1000']],
    ['90 minutes, 1.5 hours', ['5400 time', '5400 time']],
    ['3.5 GB', [`${3.5 * 2 ** 30} data`]],
    ['$5, 5 USD, 5 dollars', ['5 usd', '5 usd', '5 usd']],
    ['€2m', ['2000000 eur']],
    ['50% or fifty percent', ['50 share', '50 share']],
    ['2024-05-01, May 1st, 2024, 1 May 2024', ['2024-5-1', '2024-5-1', '2024-5-1']],
    ['6:30 pm, six thirty pm, 18:30', ['18:30', '18:30', '18:30']],
    ['v1.2.3 and 1.2.3', ['1.2.3', '1.2.3']],
    ['the 3rd and the third', ['3', '3']],
    ['100 degrees fahrenheit', ['37.7778 temperature']],
    ['٣ apples', ['3']],
    ['no one is the one', []],
    ['a second', []],
    ['it may march', []],
  ])('%s', (text, expected) => {
    expect(keys(text)).toEqual(expected)
  })
})

describe('profiles', () => {
  it('tell what a text has', () => {
    const profile = profileOf('Why did ACME-77 not reach Ada Lovelace at "the dock"? See `log.txt` or a@b.co.')
    expect(profile).toMatchObject({
      language: 'en',
      english: true,
      tooLong: false,
      question: 'why',
      identifiers: ['a@b.co', 'acme-77'],
      quoted: ['the dock'],
      code: ['log.txt'],
      names: ['ada', 'lovelace'],
      negations: { count: 1, heads: ['reach'] },
    })
  })

  it.each([
    ['how do I change it', 'en'],
    ['¿cómo puedo cambiar mi contraseña?', 'es'],
    ['wie kann ich das ändern', 'de'],
    ['comment puis-je changer le mot de passe', 'fr'],
    ['как изменить пароль', 'ru'],
    ['如何更改密码', 'zh'],
    ['パスワードの変更', 'ja'],
    ['비밀번호 변경', 'ko'],
    ['كيف أغير كلمة المرور', 'ar'],
    ['netflix', 'und'],
    ['', 'und'],
  ])('guess the language of: %s', (text, language) => {
    expect(profileOf(text).language).toBe(language)
  })

  it.each([
    ['cancellations', 'cancel'],
    ['cancelling', 'cancel'],
    ['cancelled', 'cancel'],
    ['countries', 'country'],
    ['colours', 'color'],
    ['organise', 'organiz'],
    ['organization', 'organiz'],
    ['paid', 'pay'],
    ['running', 'run'],
    ['boxes', 'box'],
    ['daily', 'daily'],
    ['where', 'where'],
    ['日本', '日本'],
  ])('stem %s', (word, expected) => {
    expect(stem(word)).toBe(expected)
  })

  it('give one stem to the spellings of a word', () => {
    for (const [one, other] of [
      ['centre', 'center'],
      ['favourite', 'favorite'],
      ['analyse', 'analyze'],
      ['travelling', 'traveling'],
      ['activate', 'activation'],
    ])
      expect(stem(one as string), one).toBe(stem(other as string))
  })

  it.each([
    ["what's it", 'what is it'],
    ['I cannot go', 'i can not go'],
    ["I can't go", 'i can not go'],
    ['dont go', 'do not go'],
    ['the bank’s rate', 'the bank rate'],
  ])('expand %s', (text, expected) => {
    expect(profileOf(text).tokens.join(' ')).toBe(expected)
  })

  it('stay small on hostile texts of 4000 characters, and take no more than a moment', () => {
    const started = process.cpuUsage()
    for (const part of HARD_PARTS)
      for (const end of ['', '!', '\n1']) {
        const text = `${part.repeat(4000).slice(0, 3990)}${end}`
        const profile = profileOf(text)
        expect(profile.sequence.length).toBeLessThanOrEqual(text.length)
        expect(profile.trigrams.length).toBeLessThanOrEqual(text.length)
        expect(profile.quantities.length).toBeLessThanOrEqual(201)
        expect(profile.negations.reach.length).toBeLessThanOrEqual(64 * 5)
        asksForFresh(profile)
        vetoes(text, `${text.slice(1)} b`)
      }
    // Some 150 texts: a few seconds where each takes its 20 ms, hours where anything grows with the square of a square.
    expect(cpuTime(started)).toBeLessThan(30_000)
  }, 60_000)
})

describe('whatever the texts', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: 'grapheme', maxLength: 100 }),
    fc
      .array(fc.constantFrom(...HARD_PARTS, 'Paris ', 'London ', 'is ', 'cancel ', 'Monday ', '5 km ', '$5 ', '2024-05-01 '), {
        maxLength: 30,
      })
      .map((parts) => parts.join('')),
  )

  it('nothing throws, and a text never conflicts with itself', () => {
    fc.assert(
      fc.property(text, (given) => {
        const comparison = compared(given, given)
        matchable(profileOf(given))
        expect(comparison).toMatchObject({
          jaccard: 1,
          trigrams: 1,
          extras: 0,
          substitutions: 0,
          question: 0,
          vetoes: [],
        })
        expect(comparison.numberConflict + comparison.negation + comparison.antonym + comparison.reversed + comparison.entityConflict).toBe(
          0,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('both ways round it is the same', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const there = compared(a, b)
        const back = compared(b, a)
        expect({ ...there, unmatchedNew: there.unmatchedOld, unmatchedOld: there.unmatchedNew }).toEqual(back)
      }),
      { numRuns: 500 },
    )
  })

  it('each figure is within its bounds', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const { vetoes: refused, substitutions, extras, ...shares } = compared(a, b)
        for (const [name, value] of Object.entries(shares)) {
          expect(value, name).toBeGreaterThanOrEqual(0)
          expect(value, name).toBeLessThanOrEqual(1)
        }
        expect(Number.isInteger(substitutions) && Number.isInteger(extras)).toBe(true)
        expect(BUILT_IN_GUARDS.map(({ id }) => id)).toEqual(expect.arrayContaining(refused.map(({ guard }) => guard)))
      }),
    )
  })

  it('a profile is plain data', () => {
    fc.assert(
      fc.property(text, (given) => {
        const profile = profileOf(given)
        expect(structuredClone(profile)).toEqual(profile)
      }),
    )
  })

  it('what shows nothing changes nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom('reset my password', 'the top 5 hotels', 'from Paris to London'), fc.nat(20), (given, at) => {
        expect(profileOf(`${given.slice(0, at)}\u200b\u2066${given.slice(at)}`)).toEqual(profileOf(given))
      }),
    )
  })
})
