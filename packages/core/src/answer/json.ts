/** JSON from outside: nothing about its shape is trusted. */

export interface JsonObject {
  readonly [name: string]: unknown
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of JSON text; undefined (which JSON cannot express) when it is not JSON. Never throws. */
export function parseJson(text: string): unknown {
  // A thrown SyntaxError costs several us, and streams of plain words are many of them.
  if (!JSON_START.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const JSON_START = /^\s*(?:[{["\d-]|true|false|null)/

/** The objects in `value` when it is an array; nothing otherwise. */
export function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : NONE
}

const NONE: readonly JsonObject[] = []

/** `value` when it is text, '' otherwise. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** `value` when it is text with at least one character. */
export function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** True for null, false, 0, blank text, and for arrays and objects without members: nothing that says anything. */
export function isVoid(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === ''
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return !value
}
