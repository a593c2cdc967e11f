import { describe, expect, it } from 'vitest'
import { compareTexts } from '../../../src/semantic/text/compare.js'
import { createFrequencies } from '../../../src/semantic/text/frequencies.js'
import { profileOf } from '../../../src/semantic/text/profile.js'

const frequencies = createFrequencies()
const compared = (fresh: string, old: string) => compareTexts(profileOf(fresh), profileOf(old), frequencies)
const vetoes = (fresh: string, old: string) => compared(fresh, old).vetoes.map(({ guard }) => guard)

describe('two texts side by side', () => {
  it.each([
    ['siblings', 'How do I enable 2FA on my account?', 'How do I disable 2FA on my account?'],
    ['units', 'Convert 5 km to miles', 'Convert 5 miles to km'],
    ['direction', 'flights from Paris to London', 'flights from London to Paris'],
    ['direction', 'Is Python faster than Java?', 'Is Java faster than Python?'],
    ['negation', 'Is it legal to park here?', 'Is it illegal to park here?'],
    ['code', 'What does `foo()` do', 'What does `bar()` do'],
    ['siblings', 'turn the kitchen lights on', 'turn the kitchen lights off'],
    ['language', '¿cómo cambio mi contraseña?', 'how do I change my password?'],
  ])('%s refuses: %s | %s', (guard, fresh, old) => {
    expect(vetoes(fresh, old)).toContain(guard)
    expect(vetoes(old, fresh)).toContain(guard)
  })

  it.each([
    ['How do I enable 2FA on my account?', 'How do I turn on 2FA on my account?'],
    ['What is 90 minutes in hours', 'what is 1.5 hours in hours'],
    ['set alarm at six thirty am', 'set alarm at 6:30 a.m'],
    ['events on May 5th, 2024', 'events on 2024-05-05'],
    ["I don't know how to reset my password", 'How do I reset my password'],
    ['I paid $5k for it', 'I paid 5000 dollars for it'],
  ])('nobody refuses: %s | %s', (fresh, old) => {
    expect(vetoes(fresh, old)).toEqual([])
  })
})
