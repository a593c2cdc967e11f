/** Bodies of apps' own making that carry a prompt by a customary name. No evidence of a model call in themselves. */

import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../lib/canonical.js'
import { path } from './normalize.js'
import { modelField, type Provider } from './provider.js'

const PROMPT_FIELDS = ['prompt', 'input', 'question', 'query', 'message', 'messages']

export const generic: Provider = {
  id: 'generic',
  matches: (body) => !isGraphql(body) && PROMPT_FIELDS.some((field) => Object.hasOwn(body, field) && isPrompt(body[field] as JsonValue)),
  model: modelField,
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
