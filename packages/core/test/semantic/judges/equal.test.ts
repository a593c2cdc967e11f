import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalJudge } from '../../../src/semantic/judges/equal.js'
import { plainText } from '../../../src/semantic/judges/plain-text.js'
import { cpuTime } from '../../cpu-time.js'
import { verdict } from './samples.js'

describe('equalJudge', () => {
  it.each([
    ['Blue.', 'blue'],
    ['**Blue**', 'Blue.'],
    ['Blue,  red\nand green!', 'blue red and green'],
    ['“Blue”', '"blue"'],
    ['It’s blue', "It's blue"],
    ['- Blue\n- Red', '* Blue\n* Red'],
    ['# Colours\nBlue', 'Colours\n\nBlue'],
    ['２０ ㎏', '20 kg'],
    ['Blue … red', 'Blue red'],
    ['a\u200bb', 'ab'],
    ['Use `x`.', 'use `x`'],
    ['青い。', '青い'],
    ['pages 3–5', 'pages 3-5'],
  ])('takes for the same: %j, %j', async (a, b) => expect(await verdict(equalJudge, a, b)).toBe('same'))

  it.each([
    ['Yes.', 'No.'],
    ['5', '-5'],
    ['5', '5.5'],
    ['.5', '5'],
    ['1.5', '15'],
    ['1,500', '1500.1'],
    ['$5', '€5'],
    ['5%', '5'],
    ['x²', 'x2'],
    ['H₂O', 'H2O.5'],
    ['1½', '11/2'],
    ['2 * 3', '2 3'],
    ['2 + 3', '2 - 3'],
    ['a < b', 'a > b'],
    ['C', 'C++'],
    ['C', 'C#'],
    ['3. April', 'April'],
    ['Yes?', 'Yes.'],
    ['`Foo`', '`foo`'],
    ['```\na  b\n```', '```\na b\n```'],
    ['{"A":1}', '{"a":1}'],
    ['can', "can't"],
    ['not', ''.padEnd(1, '!')],
    ['!', '?'],
    ['...', '!'],
  ])('cannot tell: %j, %j', async (a, b) => expect(await verdict(equalJudge, a, b)).toBeUndefined())

  it('never says different, says same of equal texts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme', minLength: 1 }), async (a, b) => {
        fc.pre(a.trim() !== '' && b.trim() !== '')
        expect(await verdict(equalJudge, a, a)).toBe('same')
        expect(await verdict(equalJudge, a, b)).not.toBe('different')
      }),
    )
  })

  it('finds answers of more than 200,000 characters the same only where they are so to the letter', async () => {
    const long = 'a'.repeat(200_000)
    expect(await verdict(equalJudge, long, long.toUpperCase())).toBe('same')
    expect(await verdict(equalJudge, `${long}a`, `${long}A`)).toBeUndefined()
    expect(await verdict(equalJudge, `${long}a`, `${long}a`)).toBe('same')
    expect(plainText(`${long}A.`)).toBe(`${long}A.`)
  })

  it('takes time in proportion to the text', () => {
    for (const part of ['*', '" ', '`a', '```', '- ', '\u00bd', 'a.', '.']) {
      const text = `${part.repeat(50_000)}x`
      const started = process.cpuUsage()
      plainText(text)
      expect(cpuTime(started), part).toBeLessThan(2000)
    }
  })

  it('keeps every two numbers apart', async () => {
    const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()).map(String)
    await fc.assert(
      fc.asyncProperty(number, number, async (a, b) => {
        fc.pre(a !== b)
        expect(await verdict(equalJudge, `It is ${a}.`, `It is ${b}.`)).toBeUndefined()
      }),
    )
  })
})
