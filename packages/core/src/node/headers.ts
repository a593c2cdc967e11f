/** Node's many forms of header lists, and the neutral one. */

import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { HeaderPairs } from '../exchange.js'
import { OUTER_VARY, withoutMembers } from '../http/headers.js'

/** What `writeHead` takes as its headers. */
export type WriteHeadHeaders = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | readonly (readonly [string, OutgoingHttpHeader])[]

/** Values of the response's fields at this moment, by lower-case name. */
export type HeaderSnapshot = ReadonlyMap<string, string>

export function snapshot(response: ServerResponse): HeaderSnapshot {
  const fields = new Map<string, string>()
  for (const name of response.getHeaderNames()) fields.set(name, JSON.stringify(response.getHeader(name)))
  return fields
}

/** Takes back what was set since the snapshot: what outer middleware set is every answer's, the rest only the handler's. */
export function restoreHeaders(response: ServerResponse, outer: HeaderSnapshot): void {
  for (const name of response.getHeaderNames()) if (!outer.has(name)) response.removeHeader(name)
  // Error handlers remove all there are (Koa's).
  for (const [name, before] of outer) {
    if (before !== JSON.stringify(response.getHeader(name))) response.setHeader(name, JSON.parse(before))
  }
}

/**
 * The fields of an answer that its handler set: those on the response and those given to `writeHead`, which replace them,
 * less what outer middleware had set before and the handler left as it was. Those belong to each response, not to the
 * answer: a CORS origin or a request id must not travel to another client. What outer middleware says of the answer itself counts
 * all the same: its type and coding, `Cache-Control`, and `Vary` but for the fields that middleware answers by itself (CORS,
 * compression).
 */
export function handlerHeaders(response: ServerResponse, given: WriteHeadHeaders | undefined, outer: HeaderSnapshot): HeaderPairs {
  const pairs: [string, string][] = []
  const overridden = new Set<string>()
  const late = given ? flatPairs(given) : []
  for (const [name] of late) overridden.add(name.toLowerCase())
  for (const name of response.getHeaderNames()) {
    if (overridden.has(name)) continue
    const value = response.getHeader(name)
    const before = outer.get(name)
    if (value === undefined || (before === JSON.stringify(value) && !OF_THE_ANSWER.has(name))) continue
    const own = name === 'vary' && before !== undefined ? withoutMembers(listText(value), OUTER_VARY) : value
    if (own !== '') append(pairs, rawName(response, name), own)
  }
  for (const [name, value] of late) append(pairs, name, value)
  return pairs
}

/**
 * Flat name/value list, as `writeHead` takes it fastest. Fields of one name become one member with a list of values: of
 * repeated members Node 20 keeps only the last one as soon as any field was set on the response before.
 */
export function flatHeaders(pairs: readonly (readonly [string, OutgoingHttpHeader])[]): OutgoingHttpHeader[] {
  const flat: OutgoingHttpHeader[] = []
  for (const [name, value] of pairs) {
    const at = indexOfName(flat, name)
    if (at < 0) flat.push(name, value)
    else flat[at + 1] = [flat[at + 1], value].flat().map(String)
  }
  return flat
}

function indexOfName(flat: readonly OutgoingHttpHeader[], name: string): number {
  const lower = name.toLowerCase()
  for (let at = 0; at < flat.length; at += 2) {
    const other = flat[at] as string
    if (other.length === name.length && other.toLowerCase() === lower) return at
  }
  return -1
}

const OF_THE_ANSWER: ReadonlySet<string> = new Set(['cache-control', 'content-encoding', 'content-type', 'vary'])

/** `Vary` of `reply` joined to the one that outer middleware has set: handlers add to that field (`res.vary()`), they do not replace it. */
export function joinVary(response: ServerResponse, reply: HeaderPairs): HeaderPairs {
  const set = response.getHeader('vary')
  if (set === undefined || !reply.some(isVary)) return reply
  const outer = listText(set)
  return reply.map((pair) => {
    if (!isVary(pair)) return pair
    const added = withoutMembers(pair[1], outer)
    return [pair[0], added === '' ? outer : `${outer}, ${added}`]
  })
}

function isVary([name]: readonly [string, string]): boolean {
  return name.length === 4 && name.toLowerCase() === 'vary'
}

/** A list-based field in one line. */
function listText(value: OutgoingHttpHeader): string {
  return [value].flat().join(', ')
}

/**
 * Writes the head. A `writeHead` that outer middleware has put in front of Node's own may not know the flat list (on-headers
 * before 1.1 reads it as pairs): it gets its fields one by one.
 */
export function writeHeadPairs(response: ServerResponse, status: number, pairs: HeaderPairs): void {
  const flat = flatHeaders(pairs)
  if (!Object.hasOwn(response, 'writeHead')) {
    response.writeHead(status, flat)
    return
  }
  for (let at = 0; at < flat.length; at += 2) response.setHeader(flat[at] as string, flat[at + 1] as OutgoingHttpHeader)
  response.writeHead(status)
}

/** Every form of `writeHead` headers as pairs: object, flat list, list of pairs. */
export function flatPairs(given: WriteHeadHeaders): [string, OutgoingHttpHeader][] {
  if (!Array.isArray(given)) {
    return Object.entries(given as OutgoingHttpHeaders).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  }
  if (Array.isArray(given[0])) return (given as [string, OutgoingHttpHeader][]).map(([name, value]) => [name, value])
  const pairs: [string, OutgoingHttpHeader][] = []
  for (let at = 0; at + 1 < given.length; at += 2) pairs.push([String(given[at]), given[at + 1] as OutgoingHttpHeader])
  return pairs
}

function append(pairs: [string, string][], name: string, value: OutgoingHttpHeader): void {
  if (Array.isArray(value)) for (const item of value) pairs.push([name, String(item)])
  else pairs.push([name, String(value)])
}

/** The name as the handler wrote it. */
function rawName(response: ServerResponse, name: string): string {
  return names(response).find((raw) => raw.length === name.length && raw.toLowerCase() === name) ?? name
}

function names(response: ServerResponse): readonly string[] {
  // Not in Bun's and older typings.
  return (response as { getRawHeaderNames?: () => string[] }).getRawHeaderNames?.() ?? response.getHeaderNames()
}
