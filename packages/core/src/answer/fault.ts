/** Errors that come with a status of 200. */

import { isObject, isVoid, type JsonObject } from './json.js'

/**
 * True for a JSON body or stream frame that reports an error: `{ error: 'text' | { message } | true }`, `{ type: 'error' }`,
 * `{ status: 'error' }`, `{ success: false }`, or nothing but a list of `errors`. `error: null`, `false`, `''`, `[]` are not errors.
 */
export function isErrorObject(value: unknown): boolean {
  if (!isObject(value)) return false
  if (!isVoid(value.error) || (isObject(value.error) && isBare(value))) return true
  if (value.type === 'error' || value.status === 'error' || value.success === false) return true
  return Array.isArray(value.errors) && value.errors.length > 0 && isBare(value)
}

/** True when nothing in `value` could be an answer. */
function isBare(value: JsonObject): boolean {
  return Object.keys(value).every((name) => ENVELOPE.has(name) || value[name] === null)
}

const ENVELOPE: ReadonlySet<string> = new Set(['error', 'errors', 'message', 'status', 'code', 'success', 'ok', 'extensions', 'request_id'])

/** Names of events that report an error, whatever their data. */
export function isErrorEvent(name: string | undefined): boolean {
  return name === 'error' || name === 'exception' || name === 'failure'
}
