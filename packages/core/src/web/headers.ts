/** Header fields of `Response`, and the neutral list. */

import type { HeaderPairs } from '../exchange.js'
import { OUTER_VARY, withoutMembers } from '../http/headers.js'

/**
 * The fields of an answer that its handler set: all of `answer` less what outer middleware had set before and the handler
 * left as it was. Those belong to each response, not to the answer: a CORS origin or a request id must not travel to
 * another client. The content type is the answer's in any case, and what outer middleware says about caching counts all the
 * same: `Cache-Control`, and `Vary` but for the fields that middleware answers by itself (CORS, compression).
 */
export function handlerFields(answer: HeaderPairs, outer: Headers): HeaderPairs {
  const cookies = new Set(outer.getSetCookie())
  const outerVary = outer.get('vary')
  return answer.flatMap(([name, value]): HeaderPairs => {
    const lower = name.toLowerCase()
    if (lower === 'vary' && outerVary !== null) {
      const own = withoutMembers(value, OUTER_VARY)
      return own === '' ? [] : [[name, own]]
    }
    const isOuter = lower === 'set-cookie' ? cookies.has(value) : !COUNTS.has(lower) && outer.get(lower) === value
    return isOuter ? [] : [[name, value]]
  })
}

const COUNTS: ReadonlySet<string> = new Set(['content-type', 'cache-control', 'vary'])

/** `fields` over those of `outer`. `Vary` is joined, for handlers add to that field and do not replace it. */
export function merged(fields: HeaderPairs, outer: Headers): Headers {
  const headers = new Headers(outer)
  const outerVary = outer.get('vary')
  setFields(headers, fields)
  const own = headers.get('vary')
  if (outerVary !== null && own !== null) {
    const added = withoutMembers(own, outerVary)
    headers.set('vary', added === '' ? outerVary : `${outerVary}, ${added}`)
  }
  return headers
}

/** `response` with `fields` set on it; a new one where its own are immutable, as those of `fetch` are. */
export function withFields(response: Response, fields: HeaderPairs): Response {
  if (fields.length === 0) return response
  try {
    setFields(response.headers, fields)
    return response
  } catch {
    const copy = new Response(response.body, response)
    setFields(copy.headers, fields)
    return copy
  }
}

/** The list `fields` with those of `own` in place of its own of the same names. */
export function replaced(fields: HeaderPairs, own: HeaderPairs): HeaderPairs {
  if (own.length === 0) return fields
  const names = new Set(own.map(([name]) => name.toLowerCase()))
  return [...fields.filter(([name]) => !names.has(name.toLowerCase())), ...own]
}

/** Sets each field of the list, replacing what was there; repeated names stay repeated. */
function setFields(headers: Headers, fields: HeaderPairs): void {
  for (const [name] of fields) headers.delete(name)
  for (const [name, value] of fields) headers.append(name, value)
}

/**
 * Fields as a plain object, which servers write without building a `Headers` first.
 * Lines of one name are joined by ', ' (RFC 9110 section 5.2); not for Set-Cookie.
 */
export function plainFields(fields: HeaderPairs): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const [name, value] of fields) {
    const known = plain[name]
    plain[name] = known === undefined ? value : `${known}, ${value}`
  }
  return plain
}
