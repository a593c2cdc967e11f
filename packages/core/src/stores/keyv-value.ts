/** What is stored under a key: a short ASCII tag and the frame in base64. */

import { fromBase64, toBase64 } from '#platform'
import { FrameError } from '../errors.js'
import type { KeyvLike } from '../ports.js'

/** The value for a frame. Adapters get it as JSON: @keyv/memcache parses whatever it reads, and ends the process where it cannot. */
export function formatValue(frame: Uint8Array, bare: boolean): string {
  return bare ? `"${TAG}${toBase64(frame)}"` : TAG + toBase64(frame)
}

/** The frame in a value. @throws FrameError with reason 'not-a-frame' when it is not one of ours */
export function parseValue(value: unknown): Uint8Array {
  const text = unquote(value)
  if (text === undefined) throw new FrameError('not-a-frame', 'The value is not one of ours.')
  return fromBase64(text.slice(TAG.length))
}

/** Whether `value` is one that `formatValue` made. */
export function isOurs(value: unknown): boolean {
  return unquote(value) !== undefined
}

/** Whether two values are the same, however they are quoted. */
export function sameValue(one: unknown, other: unknown): boolean {
  const text = unquote(one)
  return text !== undefined && text === unquote(other)
}

/** Whether an adapter's answer means that there is nothing. A bare @keyv/memcache says `{ value: undefined }`. */
export function isAbsent(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && 'value' in value && value.value === undefined
}

/** True for a storage adapter that is not wrapped in a Keyv. */
export function isBare(keyv: KeyvLike): boolean {
  if (keyv instanceof Map) return false
  const { store } = keyv as { store?: unknown }
  return typeof store !== 'object' || store === null
}

function unquote(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  if (value.startsWith(TAG)) return value
  return value.startsWith(`"${TAG}`) && value.endsWith('"') && value.length > TAG.length + 2 ? value.slice(1, -1) : undefined
}

const TAG = 'llm-cache:'
