/** Options that stores share. */

import { OptionError } from '../errors.js'
import { describeValue, didYouMean } from '../lib/nearest.js'

/** Largest entry that a store takes unless told otherwise, in bytes: 8 MiB. */
export const DEFAULT_MAX_ENTRY_BYTES: number = 8 * 1024 * 1024

/** `value` or its default. @throws OptionError when it is not a whole number from 1 to `largest` */
export function resolveCount(option: string, value: unknown, usual: number, largest: number = Number.MAX_SAFE_INTEGER): number {
  if (value === undefined) return usual
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= largest) return value
  throw new OptionError('ERR_OPTION_INVALID', option, `${option} must be a whole number from 1 to ${largest}, not ${describeValue(value)}.`)
}

/** @throws OptionError naming the first option of `options` that is not among `known` */
export function rejectUnknown(options: object, known: readonly string[], path?: string): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      throw new OptionError(
        'ERR_OPTION_UNKNOWN',
        path ? `${path}.${name}` : name,
        `Unknown option ${describeValue(name)}${didYouMean(name, known)}`,
      )
  }
}
