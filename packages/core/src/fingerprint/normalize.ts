/** Normalisation by path: copies what it changes and nothing else, never touches the body it is given. */

import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../lib/canonical.js'
import type { LooseRules, Provider, RequestContext } from './provider.js'
import type { NormalizeMode } from './reading.js'

/** Field names from the top of a body; `*` stands for every item of an array. Never matches at another depth. */
export type Path = readonly string[]

/** A value that says what its absence says. */
export interface DefaultRule {
  readonly path: Path
  readonly value: string | number | boolean
  /** Only where this holds. */
  readonly applies?: (body: JsonObject, context: RequestContext) => boolean
}

/** `'messages.*.id'` as a path. */
export function path(dotted: string): Path {
  return dotted.split('.')
}

/** `body` as `mode` sees it. */
export function normalized(body: JsonObject, provider: Provider, context: RequestContext, mode: NormalizeMode): JsonObject {
  if (mode === 'exact') return body
  return dropDefaults(mode === 'loose' ? loosen(body, provider.loose) : body, provider, context)
}

/** `body` without its default values and without the fields that do not affect the answer. */
export function dropDefaults(body: JsonObject, provider: Provider, context: RequestContext): JsonObject {
  let result = body
  for (const rule of provider.defaults) {
    if (valueAt(body, rule.path) === rule.value && (!rule.applies || rule.applies(body, context))) result = without(result, rule.path)
  }
  for (const ignored of provider.ignored) result = without(result, ignored)
  return result
}

/**
 * `body` as `normalize: 'loose'` sees it: sampling parameters and token limits in steps, prompt text without case and layout.
 * Unsafe for prompts in which these carry meaning, such as code.
 */
export function loosen(body: JsonObject, rules: LooseRules): JsonObject {
  let result = body
  for (const at of rules.rounded) result = change(result, at, 0, roundTenth) as JsonObject
  for (const at of rules.limits) result = change(result, at, 0, roundUpFifty) as JsonObject
  for (const at of rules.texts) result = change(result, at, 0, foldText) as JsonObject
  return result
}

/** The value at a path without `*`; own fields only. */
function valueAt(body: JsonObject, at: Path): JsonValue | undefined {
  let value: JsonValue | undefined = body
  for (const key of at) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

/** `value` without what is at the path. An object that loses its last field this way is left out itself: `{}` says nothing. */
function without(body: JsonObject, at: Path): JsonObject {
  return change(body, at, 0, () => undefined) as JsonObject
}

function change(value: JsonValue, at: Path, depth: number, map: (leaf: JsonValue) => JsonValue | undefined): JsonValue | undefined {
  if (depth === at.length) return map(value)
  const key = at[depth] as string
  if (key === '*') return isJsonArray(value) ? changeItems(value, at, depth, map) : value
  if (!isJsonObject(value) || !Object.hasOwn(value, key)) return value
  const before = value[key] as JsonValue
  const after = change(before, at, depth + 1, map)
  if (after === before) return value
  if (after !== undefined) return { ...value, [key]: after }
  const { [key]: _, ...rest } = value
  return depth > 0 && at[depth - 1] !== '*' && Object.keys(rest).length === 0 ? undefined : rest
}

function changeItems(items: readonly JsonValue[], at: Path, depth: number, map: (leaf: JsonValue) => JsonValue | undefined): JsonValue {
  let copy: JsonValue[] | undefined
  for (let index = 0; index < items.length; index += 1) {
    const before = items[index] as JsonValue
    const after = change(before, at, depth + 1, map)
    if (after === before || after === undefined) continue
    copy ??= [...items]
    copy[index] = after
  }
  return copy ?? items
}

function roundTenth(value: JsonValue): JsonValue {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value
}

function roundUpFifty(value: JsonValue): JsonValue {
  return typeof value === 'number' && value > 0 ? Math.ceil(value / LIMIT_STEP) * LIMIT_STEP : value
}

function foldText(value: JsonValue): JsonValue {
  return typeof value === 'string' ? value.trim().toLowerCase().replace(/\s+/g, ' ') : value
}

/** Tokens. */
const LIMIT_STEP = 50
