/** Checks of the judges' options. */

import { OptionError } from '../../errors.js'
import { describeValue, didYouMean } from '../../lib/nearest.js'

/** @throws OptionError where `options` is no object or has a name that is not among `known` */
export function checkOptions(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw invalid('options', options, 'an object')
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw new OptionError('ERR_OPTION_UNKNOWN', name, `unknown option ${name}${didYouMean(name, known)}`)
}

/** A number of `least` to `most`, or `fallback` where none is given. @throws OptionError for anything else */
export function numberOf(option: string, value: unknown, fallback: number, least: number, most: number, whole = false): number {
  if (value === undefined) return fallback
  const fits = typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))
  if (!fits) throw invalid(option, value, `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`)
  return value
}

/** @throws OptionError unless `value` is a function or absent */
export function checkCallback(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalid(option, value, 'a function')
}

export function invalid(option: string, value: unknown, valid: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} is ${describeValue(value)}; it must be ${valid}`)
}
