/** Header fields of `Response`, and the neutral list. */

import type { HeaderPairs } from '../exchange.js'

/**
 * The fields of an answer that its handler set: all of `answer` less what outer middleware had set before and the handler
 * left as it was. Those belong to each response, not to the answer: a CORS origin or a request id must not travel to
 * another client. The content type is the answer's in any case.
 */
export function handlerFields(answer: HeaderPairs, outer: Headers): HeaderPairs {
  const cookies = new Set(outer.getSetCookie())
  return answer.filter(([name, value]) => {
    const lower = name.toLowerCase()
    if (lower === 'set-cookie') return !cookies.has(value)
    return lower === 'content-type' || outer.get(lower) !== value
  })
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
export function setFields(headers: Headers, fields: HeaderPairs): void {
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
