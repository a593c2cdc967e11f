/** Checks of options that several of them share. All throw OptionError. */

import { OptionError } from '../errors.js'
import { parseDuration } from '../lib/duration.js'
import { describeValue, didYouMean } from '../lib/nearest.js'

export function checkNames(options: object, known: readonly string[], elsewhere: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const hint = elsewhere.includes(name) ? '; it belongs to the cache, not to a route' : didYouMean(name, known)
    throw new OptionError('ERR_OPTION_UNKNOWN', name, `unknown option ${name}${hint}`)
  }
}

export function checkObject(option: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw invalid(option, `must be an object, not ${describeValue(value)}`)
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
  throw invalid(
    option,
    `is ${describeValue(value)}; it must be ${least || 'zero'} ms to 2^31 - 1 ms (24.8 days), as a number of ms or text with a unit such as '90s' or '1h'`,
  )
}

export function countOf(option: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw invalid(option, `is ${describeValue(value)}; it must be a whole number above zero`)
}

export function booleanOf(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw invalid(option, `is ${describeValue(value)}; it must be true or false`)
}

export function functionOf<T>(option: string, value: T | undefined): T | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw invalid(option, `is ${describeValue(value)}; it must be a function`)
}

export function oneOf<T extends string>(option: string, value: unknown, allowed: readonly T[], fallback: T): T {
  if (value === undefined) return fallback
  const found = allowed.find((candidate) => candidate === value)
  if (found !== undefined) return found
  const list = allowed.map((candidate) => `'${candidate}'`).join(', ')
  throw invalid(
    option,
    `is ${describeValue(value)}; it must be ${allowed.length > 1 ? 'one of ' : ''}${list}${allowed.length > 1 ? didYouMean(value, allowed) : ''}`,
  )
}

export function invalid(option: string, message: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} ${message}`)
}
