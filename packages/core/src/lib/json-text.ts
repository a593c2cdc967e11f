/**
 * JSON read strictly. What two readers may understand differently (duplicate keys, numbers that a double cannot hold) is a fault
 * and no value: two requests must not share a key because a parser dropped what told them apart.
 */

import type { JsonValue } from './canonical.js'

/** Why a text or value is no JSON to rely on. */
export type JsonFault = 'invalid-json' | 'duplicate-keys' | 'number-precision' | 'too-deep'

export type JsonReading = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly fault: JsonFault }

/** Levels of arrays and objects that are accepted. */
export const MAX_JSON_DEPTH = 200

/** The value of UTF-8 `bytes`. A byte order mark is a fault (RFC 8259 section 8.1), as is anything that is not UTF-8. */
export function parseJsonBytes(bytes: Uint8Array): JsonReading {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return faulty('invalid-json')
  }
  return parseJsonText(text)
}

/** The value of `text`. Takes time and memory linear in its length; nesting is bounded before anything is built. */
export function parseJsonText(text: string): JsonReading {
  const scan = scanText(text)
  if (typeof scan === 'string') return faulty(scan)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return faulty('invalid-json')
  }
  // A parser keeps one of several equal keys, whatever escapes they were written with: fewer keys are left than were written.
  if (countKeys(value) !== scan) return faulty('duplicate-keys')
  return { ok: true, value: value as JsonValue }
}

/**
 * The same for a value that a body parser made: a fault when it has anything that JSON cannot express (undefined, functions,
 * instances of classes, cycles), numbers beyond safe integers, or too many levels. Never throws, whatever the value.
 */
export function inspectJson(value: unknown): JsonReading {
  try {
    const fault = inspect(value, [])
    return fault ? faulty(fault) : { ok: true, value: value as JsonValue }
  } catch {
    return faulty('invalid-json')
  }
}

/** Keys written in `text` (colons outside strings), or its fault. Grammar is left to `JSON.parse`. */
function scanText(text: string): number | JsonFault {
  let depth = 0
  let keys = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(text, at)
      if (at < 0) return 'invalid-json'
    } else if (code === COLON) {
      keys += 1
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1
      if (depth > MAX_JSON_DEPTH) return 'too-deep'
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1
    } else if (code === MINUS || isDigit(code)) {
      const start = at
      while (isNumberPart(text.charCodeAt(at + 1))) at += 1
      if (!survives(text.slice(start, at + 1))) return 'number-precision'
    }
  }
  return keys
}

/** Index of the quote that ends the string begun at `start`, or -1. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end > 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return end
  }
  return -1
}

/** True when a double holds exactly the shortest decimal of `token`, and no integer beyond 2^53 - 1 is meant. */
function survives(token: string): boolean {
  if (token.length <= SAFE_DIGITS && !/[eE]/.test(token)) return true
  const value = Number(token)
  if (Number.isNaN(value)) return true // malformed: JSON.parse will say so
  return isExact(value) && decimalForm(token) === decimalForm(String(value))
}

function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER
}

/** Significant digits and exponent of a decimal number, as one text; the sign is left out, for a double always keeps it. */
function decimalForm(token: string): string {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e')
  const unsigned = mantissa.startsWith('-') ? mantissa.slice(1) : mantissa
  const point = unsigned.indexOf('.')
  const digits = point < 0 ? unsigned : unsigned.slice(0, point) + unsigned.slice(point + 1)
  let start = 0
  let end = digits.length
  while (start < end && digits[start] === '0') start += 1
  while (end > start && digits[end - 1] === '0') end -= 1
  if (start === end) return '0'
  const scale = Number(exponent) - (point < 0 ? 0 : unsigned.length - point - 1) + (digits.length - end)
  return `${digits.slice(start, end)}e${scale}`
}

/** Keys of all objects in `value`, which came from `JSON.parse` and is bounded in depth. */
function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += countKeys(item)
    return count
  }
  const object = value as Record<string, unknown>
  const keys = Object.keys(object)
  for (const key of keys) count += countKeys(object[key])
  return count + keys.length
}

function inspect(value: unknown, ancestors: object[]): JsonFault | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return undefined
  if (typeof value === 'number') return isExact(value) ? undefined : 'number-precision'
  if (typeof value !== 'object') return 'invalid-json'
  ancestors.push(value)
  if (ancestors.length > MAX_JSON_DEPTH) return new Set(ancestors).size < ancestors.length ? 'invalid-json' : 'too-deep'
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      const fault = inspect(item, ancestors)
      if (fault) return fault
    }
  } else {
    if (!isPlain(value)) return 'invalid-json'
    for (const key of Object.keys(value)) {
      const fault = inspect((value as Record<string, unknown>)[key], ancestors)
      if (fault) return fault
    }
  }
  ancestors.pop()
  return undefined
}

/** An object literal's prototype (also of another realm), or none. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** Digits, '.', 'e', 'E', '+', '-'. */
function isNumberPart(code: number): boolean {
  return isDigit(code) || code === 46 || code === 101 || code === 69 || code === 43 || code === MINUS
}

function faulty(fault: JsonFault): JsonReading {
  return { ok: false, fault }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Any decimal of so many digits is told apart by a double (DBL_DIG, IEEE 754). */
const SAFE_DIGITS = 15
const QUOTE = 34
const MINUS = 45
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
