/** Where the prompt of a request stands: the text of the user's last turn, the one thing that may be worded otherwise. */

import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../lib/canonical.js'

/** Field names and array indexes from the top of a body. */
export type Place = readonly (string | number)[]

/** Why a request has no prompt to compare. Values are stable and safe as labels. */
export type PromptSkip =
  /** There is nothing that asks in words: embeddings, tokens, several prompts, a text to complete in its middle. */
  | 'no-prompt'
  /** The last turn is not the user's: an answer begun beforehand, or results of tools. */
  | 'not-user-turn'
  /** The prompt is in several pieces of text, or in several fields. */
  | 'several-texts'
  | 'empty-prompt'

export interface Prompt {
  readonly at: Place
  readonly text: string
}

/** How one provider's turns look. */
export interface TurnRule {
  /** Roles of the user's turns; undefined stands for a turn without one. */
  readonly roles: ReadonlySet<unknown>
  /** Values of `type` that such a turn has as a whole. @default any */
  readonly types?: ReadonlySet<unknown>
  /** The field of a turn that holds its text, or its parts. */
  readonly field: 'content' | 'parts'
  /** True for a part that is text. */
  isText(part: JsonObject): boolean
  /** True for a part that gives the result of a tool. */
  isResult?(part: JsonObject): boolean
}

/** The prompt in the last of the turns at `body[field]`. */
export function lastTurn(body: JsonObject, field: string, rule: TurnRule): Prompt | PromptSkip {
  const turns = body[field]
  if (!isJsonArray(turns) || turns.length === 0) return 'no-prompt'
  const index = turns.length - 1
  return turnPrompt(turns[index] as JsonValue, [field, index], rule)
}

/** The prompt in one turn, which stands at `at`. */
export function turnPrompt(turn: JsonValue, at: Place, rule: TurnRule): Prompt | PromptSkip {
  if (!isJsonObject(turn) || !rule.roles.has(turn.role) || (rule.types && !rule.types.has(turn.type))) return 'not-user-turn'
  const content = turn[rule.field]
  const inside = [...at, rule.field]
  if (rule.field === 'content' && typeof content === 'string') return textPrompt(content, inside)
  return isJsonArray(content) ? partsPrompt(content, inside, rule) : 'no-prompt'
}

/** A prompt that is a text by itself. */
export function textPrompt(text: JsonValue | undefined, at: Place): Prompt | PromptSkip {
  if (typeof text !== 'string') return 'no-prompt'
  return text.trim() === '' ? 'empty-prompt' : { at, text }
}

/** Text parts as most providers write them. */
export function isTypedText(part: JsonObject): boolean {
  return part.type === 'text' && typeof part.text === 'string'
}

/** Other parts than the one text (images, files, audio) belong to the rest of the request. */
function partsPrompt(parts: readonly JsonValue[], at: Place, rule: TurnRule): Prompt | PromptSkip {
  let found: Prompt | PromptSkip = 'no-prompt'
  for (const [index, part] of parts.entries()) {
    if (!isJsonObject(part)) return 'no-prompt'
    if (rule.isResult?.(part)) return 'not-user-turn'
    if (!rule.isText(part)) continue
    if (found !== 'no-prompt') return 'several-texts'
    found = textPrompt(part.text, [...at, index, 'text'])
  }
  return found
}

/** `value` with `leaf` at `at`, which is a place in it. Copies what it changes, never touches what it is given. */
export function withLeaf(value: JsonValue, at: Place, leaf: JsonValue, depth = 0): JsonValue {
  if (depth === at.length) return leaf
  const key = at[depth] as string | number
  if (isJsonArray(value)) return value.map((item, index) => (index === key ? withLeaf(item, at, leaf, depth + 1) : item))
  const object = value as JsonObject
  return { ...object, [key]: withLeaf(object[key] as JsonValue, at, leaf, depth + 1) }
}
