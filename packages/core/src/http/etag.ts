/** Entity tags (RFC 9110 sections 8.8.3 and 13.1.2). */

const QUOTE = 0x22
const COMMA = 0x2c

/**
 * The validator of an entry: its public id, weak because a content coding applied on the way changes the bytes.
 * `id` is base64url, so nothing needs escaping.
 */
export function etagFor(id: string): string {
  return `W/"${id}"`
}

/**
 * Does an If-None-Match field (lines joined by ', ') match the current `etag`? Weak comparison; `*` alone matches
 * anything; a comma may be part of a tag. Malformed members match nothing, so that the whole answer is sent.
 */
export function matchesIfNoneMatch(fieldValue: string | undefined, etag: string): boolean {
  if (!fieldValue) return false
  if (fieldValue.trim() === '*') return true
  const current = opaqueTag(etag)
  let at = 0
  while (at < fieldValue.length) {
    const code = fieldValue.charCodeAt(at)
    if (code === COMMA || code === 0x20 || code === 0x09) {
      at++
      continue
    }
    const start = fieldValue.startsWith('W/"', at) ? at + 2 : at
    const close = fieldValue.charCodeAt(start) === QUOTE ? fieldValue.indexOf('"', start + 1) : -1
    const next = close < 0 ? nextComma(fieldValue, at) : skipSpace(fieldValue, close + 1)
    const isMember = close >= 0 && (next === fieldValue.length || fieldValue.charCodeAt(next) === COMMA)
    if (isMember && fieldValue.slice(start, close + 1) === current) return true
    at = isMember ? next : nextComma(fieldValue, next)
  }
  return false
}

function opaqueTag(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}

function nextComma(text: string, start: number): number {
  const comma = text.indexOf(',', start)
  return comma < 0 ? text.length : comma
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09) at++
  return at
}
