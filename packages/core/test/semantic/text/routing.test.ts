import { describe, expect, it } from 'vitest'
import { matchable } from '../../../src/semantic/text/eligibility.js'
import { profileOf } from '../../../src/semantic/text/profile.js'
import { asksForFresh, DEFAULT_ROUTER } from '../../../src/semantic/text/router.js'

describe('what may be matched', () => {
  it.each([
    ['How do I reset my password?', undefined],
    ['what is the capital of France', undefined],
    ['如何更改密码', undefined],
    ['continue', 'too-few-words'],
    ['yes', 'too-few-words'],
    ['', 'too-few-words'],
    ['???', 'too-few-words'],
    ['hello there', 'too-few-words'],
    ['give me one more example please', 'deictic'],
    ['what about that one, how and why', 'deictic'],
    ['go on and give me another example', 'deictic'],
    ['x '.repeat(2001), 'too-long'],
  ])('%s', (text, expected) => {
    expect(matchable(profileOf(text))).toBe(expected)
  })

  it('asks for as many words as it is told', () => {
    expect(matchable(profileOf('reset password'), 2)).toBeUndefined()
    expect(matchable(profileOf('reset my old password now'), 9)).toBe('too-few-words')
  })
})

describe('what asks for something fresh', () => {
  it.each([
    ['what is the weather in Oslo', 'fresh'],
    ["what's the latest news on the election", 'fresh'],
    ['what time is it in Tokyo', 'fresh'],
    ['what is the current price of gold', 'fresh'],
    ['what are the best phones right now', 'fresh'],
    ['will it rain tomorrow', 'fresh'],
    ['what is my account balance', 'personal'],
    ['where is my order', 'personal'],
    ['how much did I spend on food', 'personal'],
    ['send an email to Bob', 'action'],
    ['please book me a flight to Rome', 'action'],
    ['can you turn off the lights in the kitchen', 'action'],
    ['why was my card declined today', undefined],
    ['my card has still not arrived', undefined],
    ['how do I increase traffic to my site', undefined],
    ['how do I send an email', undefined],
    ['what is a good time to plant tomatoes', undefined],
    ['how do I delete my account', undefined],
    ['what is photosynthesis', undefined],
    ['wie ist das Wetter in Oslo', undefined],
  ])('%s: %s', (text, expected) => {
    expect(asksForFresh(profileOf(text))).toBe(expected)
  })

  it('is by default the news alone', () => {
    expect(DEFAULT_ROUTER(profileOf('what is the weather in Oslo'))).toBe('fresh')
    expect(DEFAULT_ROUTER(profileOf('what is my balance today'))).toBeUndefined()
    expect(DEFAULT_ROUTER(profileOf('send an email to Bob'))).toBeUndefined()
  })
})
