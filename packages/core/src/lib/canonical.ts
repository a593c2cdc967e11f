/** Canonical JSON: one text for each JSON value, in the manner of RFC 8785 (keys sorted by UTF-16 code units, no white space). */

/** What JSON can express. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/**
 * The canonical text of `value`: equal for equal values and different for different ones (0 and -0 are one value, as are 1 and
 * 1.0). Always well-formed UTF-16: a lone surrogate is written as its escape, as `JSON.stringify` does. Recursive: the depth of
 * `value` must be bounded by the caller (`inspectJson`).
 * @throws TypeError when a part of `value` is nothing that JSON can express
 */
export function canonicalJson(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      if (Number.isFinite(value)) return `${value}`
      break
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      return isArray(value) ? canonicalArray(value) : canonicalObject(value)
  }
  throw new TypeError('Not a JSON value')
}

/** True for a JSON object: neither null nor an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for a JSON array. */
export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function canonicalArray(items: readonly JsonValue[]): string {
  let text = '['
  for (let index = 0; index < items.length; index += 1) {
    if (index > 0) text += ','
    text += canonicalJson(items[index] as JsonValue)
  }
  return `${text}]`
}

function canonicalObject(object: JsonObject): string {
  const keys = sortKeys(Object.keys(object))
  let text = '{'
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] as string
    if (index > 0) text += ','
    text += `${quote(key)}:${canonicalJson(object[key] as JsonValue)}`
  }
  return `${text}}`
}

/** By UTF-16 code units, in place. Insertion beats `sort` for the few keys that objects mostly have. */
function sortKeys(keys: string[]): string[] {
  if (keys.length > INSERTION_LIMIT) return keys.sort()
  for (let index = 1; index < keys.length; index += 1) {
    const key = keys[index] as string
    let at = index
    for (; at > 0 && (keys[at - 1] as string) > key; at -= 1) keys[at] = keys[at - 1] as string
    keys[at] = key
  }
  return keys
}

/** `JSON.stringify(text)`, without the call for the short texts that need no escape. */
function quote(text: string): string {
  return text.length < QUOTE_LIMIT && !ESCAPED.test(text) ? `"${text}"` : JSON.stringify(text)
}

const isArray: (value: JsonValue) => value is readonly JsonValue[] = isJsonArray
const INSERTION_LIMIT = 24
const QUOTE_LIMIT = 4096
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON escapes (RFC 8259 section 7)
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/
