/** Checks of options, the same everywhere. All throw OptionError. */

import { OptionError } from './errors.js'
import { parseDuration } from './lib/duration.js'
import { describeValue, didYouMean } from './lib/nearest.js'

/**
 * Every name of `options` has to be `known`.
 *
 * @param within the path of `options` where they are not the outermost: 'semantic.guards'
 * @param ofCache names that the cache takes, and these options do not
 */
export function checkNames(options: object, known: readonly string[], within = '', ofCache: readonly string[] = []): void {
  const name = Object.keys(options).find((each) => !known.includes(each))
  if (name === undefined) return
  const option = within === '' ? name : `${within}.${name}`
  const hint = ofCache.includes(name) ? '; it belongs to the cache, not to a route' : didYouMean(name, known)
  throw new OptionError('ERR_OPTION_UNKNOWN', option, `unknown option ${option}${hint}`)
}

export function checkObject(option: string, value: unknown): void {
  if (!isPlain(value as object)) throw wrongValue(option, value, 'an object')
}

export function isPlain<T extends object>(value: T | undefined): value is T {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `undefined` counts as absent, so that a route never erases the cache's setting by accident. */
export function present<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

export function durationOf(option: string, value: unknown, fallback: number, least: number): number {
  if (value === undefined) return fallback
  const ms = parseDuration(value)
  if (ms !== undefined && ms >= least) return ms
  throw wrongValue(
    option,
    value,
    `${least || 'zero'} ms to 2^31 - 1 ms (24.8 days), as a number of ms or text with a unit such as '90s' or '1h'`,
  )
}

export function countOf(option: string, value: unknown, fallback: number, least = 1, most: number = Number.MAX_SAFE_INTEGER): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : least === 1 ? 'above zero' : `of at least ${least}`
  throw wrongValue(option, value, `a whole number ${range}`)
}

export function numberOf(option: string, value: unknown, fallback: number, least: number, most: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw wrongValue(option, value, `a number from ${least} to ${most}`)
}

export function booleanOf(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw wrongValue(option, value, `true or false`)
}

export function functionOf<T>(option: string, value: T | undefined): T | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw wrongValue(option, value, `a function`)
}

export function oneOf<T extends string>(option: string, value: unknown, allowed: readonly T[], fallback: T): T {
  if (value === undefined) return fallback
  const found = allowed.find((candidate) => candidate === value)
  if (found !== undefined) return found
  const list = allowed.map((candidate) => `'${candidate}'`).join(', ')
  throw wrongValue(option, value, `${allowed.length > 1 ? 'one of ' : ''}${list}${allowed.length > 1 ? didYouMean(value, allowed) : ''}`)
}

export function invalid(option: string, message: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} ${message}`)
}

/** @param valid what would do: 'a function', 'a whole number from 1 to 20' */
export function wrongValue(option: string, value: unknown, valid: string): OptionError {
  return invalid(option, `is ${describeValue(value)}; it must be ${valid}`)
}
