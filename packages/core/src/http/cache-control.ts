/** Cache-Control, by the grammar of RFC 9111 section 5.2. What is malformed is read in the most restrictive way. */

import { readQuoted, readToken } from './grammar.js'

/**
 * The arguments of each directive, by lower-case name, in the order received; undefined stands for no argument, '' for
 * a malformed one. A Map, so that `__proto__` is a name like any other. Two occurrences are two arguments: which one is
 * stricter depends on the directive, see `leastSeconds` and `mostSeconds`.
 */
export type CacheControl = ReadonlyMap<string, readonly (string | undefined)[]>

/** Largest delta-seconds kept; larger ones count as this (RFC 9111 section 1.2.2). */
export const MAX_DELTA_SECONDS: number = 2 ** 31

const NONE: CacheControl = new Map()
const COMMA = 0x2c
const EQUALS = 0x3d
const QUOTE = 0x22

/**
 * Parses a field value; several lines joined by ', '. Never throws.
 *
 * A comma inside a quoted string separates nothing. Where the grammar is broken, every token that could be a directive
 * is one (`private; no-store` is both; a quote that is never closed hides nothing), and an argument that is not followed
 * by a comma is malformed.
 */
export function parseCacheControl(value: string | undefined): CacheControl {
  if (!value) return NONE
  const directives = new Map<string, (string | undefined)[]>()
  let at = 0
  while (at < value.length) {
    const nameEnd = readToken(value, at)
    if (nameEnd === at) {
      at++
      continue
    }
    const name = value.slice(at, nameEnd).toLowerCase()
    let argument: string | undefined
    at = nameEnd
    if (value.charCodeAt(at) === EQUALS) {
      const parsed = readArgument(value, at + 1)
      argument = parsed.text
      at = parsed.end
    }
    at = skipSpace(value, at)
    if (at < value.length && value.charCodeAt(at) !== COMMA) argument = ''
    const known = directives.get(name)
    if (known) known.push(argument)
    else directives.set(name, [argument])
  }
  return directives
}

/**
 * The smallest of a directive's delta-seconds: the stricter reading of `max-age`, `max-stale`, `stale-if-error`.
 * Undefined when the directive is absent; 0 where an argument is malformed; `bare` where there is no argument.
 */
export function leastSeconds(directives: CacheControl, name: string, bare = 0): number | undefined {
  const values = directives.get(name)
  return values?.reduce((least, value) => Math.min(least, value === undefined ? bare : (parseDelta(value) ?? 0)), Number.POSITIVE_INFINITY)
}

/**
 * The largest of a directive's delta-seconds: the stricter reading of `min-fresh`. Undefined when the directive is
 * absent, 2^31 where an argument is malformed or missing.
 */
export function mostSeconds(directives: CacheControl, name: string): number | undefined {
  const values = directives.get(name)
  return values?.reduce((most, value) => Math.max(most, parseDelta(value ?? '') ?? MAX_DELTA_SECONDS), 0)
}

/** delta-seconds: digits and nothing else, clamped to 2^31; undefined for anything else. */
export function parseDelta(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), MAX_DELTA_SECONDS) : undefined
}

/** Token or quoted-string from `start` on; both forms are equal for every directive. */
function readArgument(value: string, start: number): { text: string; end: number } {
  if (value.charCodeAt(start) === QUOTE) return readQuoted(value, start) ?? { text: '', end: start + 1 }
  const end = readToken(value, start)
  return { text: value.slice(start, end), end }
}

function skipSpace(value: string, start: number): number {
  let at = start
  while (value.charCodeAt(at) === 0x20 || value.charCodeAt(at) === 0x09) at++
  return at
}
