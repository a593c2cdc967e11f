/** Bodies of apps' own making that carry a prompt by a customary name. No evidence of a model call in themselves. */

import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../lib/canonical.js'
import { path } from './normalize.js'
import { isTypedText, lastTurn, type Prompt, type PromptSkip, type TurnRule, textPrompt, turnPrompt } from './prompt.js'
import { modelField, type Provider } from './provider.js'

const PROMPT_FIELDS = ['prompt', 'input', 'question', 'query', 'message', 'messages']
/** Without a role nothing tells whose turn the last of several is. */
const TURN: TurnRule = { roles: new Set(['user']), field: 'content', isText: isTypedText }
const ONLY_TURN: TurnRule = { ...TURN, roles: new Set([undefined, 'user']) }

export const generic: Provider = {
  id: 'generic',
  matches: (body) => !isGraphql(body) && PROMPT_FIELDS.some((field) => Object.hasOwn(body, field) && isPrompt(body[field] as JsonValue)),
  model: modelField,
  prompt,
  defaults: [],
  ignored: [],
  loose: {
    texts: [
      ...PROMPT_FIELDS.map((field) => path(field)),
      path('message.content'),
      path('message.parts.*.text'),
      path('messages.*'),
      path('messages.*.content'),
      path('messages.*.content.*.text'),
    ],
    rounded: [],
    limits: [],
  },
}

/** The text of the one field that there is. With several of them nothing tells which one asks. */
function prompt(body: JsonObject): Prompt | PromptSkip {
  const fields = PROMPT_FIELDS.filter((field) => Object.hasOwn(body, field) && isPrompt(body[field] as JsonValue))
  const [field = ''] = fields
  if (fields.length > 1) return 'several-texts'
  const value = body[field]
  if (typeof value === 'string') return textPrompt(value, [field])
  if (isJsonObject(value)) return turnPrompt(value, [field], turnRule(value, ONLY_TURN))
  return field === 'messages' && isJsonArray(value) ? lastTurn(body, field, turnRule(value.at(-1), TURN)) : 'no-prompt'
}

/** Parts stand in `parts`, as the AI SDK writes messages, or in `content`. */
function turnRule(turn: JsonValue | undefined, rule: TurnRule): TurnRule {
  return isJsonObject(turn) && isJsonArray(turn.parts) && !Object.hasOwn(turn, 'content') ? { ...rule, field: 'parts' } : rule
}

/** A GraphQL request has a `query` too, and may be a mutation. */
function isGraphql({ query }: JsonObject): boolean {
  return (
    typeof query === 'string' && /^(?:[\s,]|#[^\n\r]*(?:[\n\r]|$))*(?:\{|(?:query|mutation|subscription|fragment)\b[^{]*\{)/.test(query)
  )
}

function isPrompt(value: JsonValue): boolean {
  if (typeof value === 'string') return value !== ''
  return isJsonArray(value) ? value.length > 0 : isJsonObject(value)
}
