/** What a provider's file says about its requests, and the predicates that several of them share. */

import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../lib/canonical.js'
import type { DefaultRule, Path } from './normalize.js'
import type { Prompt, PromptSkip } from './prompt.js'

/** What is known of a request besides its body. */
export interface RequestContext {
  /** The path in lower case, without query and trailing slash. */
  readonly path: string
  /** True when the request carries this header (lower-case name) among those that take part in the key. */
  hasHeader(name: string): boolean
}

/** One provider's request shape. All functions are pure and get any JSON object. */
export interface Provider {
  readonly id: string
  /** True when `body` has this shape, and not merely fields of the same names. */
  matches(body: JsonObject, context: RequestContext): boolean
  model(body: JsonObject, context: RequestContext): string | undefined
  /** True when the answer depends on state that the provider keeps and changes. */
  isStateful?(body: JsonObject): boolean
  /** True when the body itself asks for a new answer. */
  wantsRefresh?(body: JsonObject): boolean
  /** True when the answer's text must be JSON. */
  expectsJson?(body: JsonObject): boolean
  /** The user's last turn, for bodies that match. Unset: these requests ask nothing in words. */
  prompt?(body: JsonObject): Prompt | PromptSkip
  /** Values that say what their absence says. */
  readonly defaults: readonly DefaultRule[]
  /** Fields that change neither the answer nor what one user may see. */
  readonly ignored: readonly Path[]
  /** What `normalize: 'loose'` touches. */
  readonly loose: LooseRules
}

export interface LooseRules {
  /** Prompt text: trimmed, case-folded, white space collapsed. */
  readonly texts: readonly Path[]
  /** Sampling parameters: rounded to 0.1. */
  readonly rounded: readonly Path[]
  /** Token limits: rounded up to a multiple of 50. */
  readonly limits: readonly Path[]
}

/** The `model` field, if it is text. */
export function modelField(body: JsonObject): string | undefined {
  return typeof body.model === 'string' && body.model !== '' ? body.model : undefined
}

/** True for a non-empty array of objects with a `role` out of `roles`. */
export function hasRoles(messages: JsonValue | undefined, roles: ReadonlySet<unknown>): messages is readonly JsonObject[] {
  return isJsonArray(messages) && messages.length > 0 && messages.every((item) => isJsonObject(item) && roles.has(item.role))
}

/** True for message contents as providers take them: text, parts, or nothing beside tool calls. */
export function hasContents(messages: readonly JsonObject[]): boolean {
  return messages.every(({ content }) => content === undefined || content === null || typeof content === 'string' || isJsonArray(content))
}

/** True for `object[field].type` being one of `types`. */
export function hasFormat(holder: JsonValue | undefined, field: string, types: ReadonlySet<unknown>): boolean {
  if (!isJsonObject(holder)) return false
  const format = holder[field]
  return isJsonObject(format) && types.has(format.type)
}

export const JSON_FORMATS: ReadonlySet<unknown> = new Set(['json_object', 'json_schema'])

/** True for text, or a non-empty array of texts, token numbers or lists of token numbers: a prompt of completions, an input of embeddings. */
export function isPromptList(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return value !== ''
  return isJsonArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' || isTokens(item))
}

function isTokens(value: JsonValue): boolean {
  return typeof value === 'number' || (isJsonArray(value) && value.every((token) => typeof token === 'number'))
}
