import { describe, expect, it } from 'vitest'
import { resolveBudget } from '../../src/engine/budget-options.js'
import { OptionError } from '../../src/errors.js'

describe('a budget as users write it', () => {
  it('has two requests at once and no other bound by default', () => {
    expect(resolveBudget('warm', undefined)).toEqual({ concurrency: 2, perHour: {} })
    expect(resolveBudget('warm', {}, { concurrency: 5 })).toEqual({ concurrency: 5, perHour: {} })
    expect(resolveBudget('warm', { concurrency: 1, tokensPerHour: 1e6, usdPerHour: 0.5, requestsPerHour: 60 })).toEqual({
      concurrency: 1,
      perHour: { tokens: 1e6, usd: 0.5, requests: 60 },
    })
    expect(resolveBudget('warm', { window: '1h' } as never, { others: ['window'] })).toEqual({ concurrency: 2, perHour: {} })
  })

  it.each<[unknown, string, RegExp]>([
    [{ usdPerHours: 1 }, 'warm.usdPerHours', /did you mean "usdPerHour"/],
    [{ concurrency: 0 }, 'warm.concurrency', /above zero/],
    [{ tokensPerHour: 1.5 }, 'warm.tokensPerHour', /whole number/],
    [{ requestsPerHour: '9' }, 'warm.requestsPerHour', /"9"/],
    [{ usdPerHour: 0 }, 'warm.usdPerHour', /US dollars above zero/],
    [{ usdPerHour: Number.NaN }, 'warm.usdPerHour', /NaN/],
    [null, 'warm', /object/],
    [5, 'warm', /object/],
  ])('%j: the error names the option and what would be right', (options, option, message) => {
    try {
      resolveBudget('warm', options as never)
    } catch (error) {
      expect(error).toBeInstanceOf(OptionError)
      expect((error as OptionError).option).toBe(option)
      expect((error as Error).message).toMatch(message)
      return
    }
    throw new Error('no error')
  })
})
