/** OpenAI Responses. https://platform.openai.com/docs/api-reference/responses/create */

import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../lib/canonical.js'
import { RESPONSES_DEFAULTS } from './defaults.js'
import { isEmbeddingModel, isKnownModel } from './model-names.js'
import { path } from './normalize.js'
import { lastTurn, type TurnRule, textPrompt } from './prompt.js'
import { hasFormat, JSON_FORMATS, modelField, type Provider } from './provider.js'

const ROLES: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant'])
/** Types of input items: messages, reasoning, calls of tools and their outputs. */
const TOOLS =
  'function|computer|web_search|file_search|image_generation|code_interpreter|local_shell|shell|apply_patch|custom_tool|mcp|tool_search'
const ITEM_TYPE = new RegExp(
  `^(?:(?:${TOOLS})_call(?:_output)?|reasoning|compaction|item_reference|mcp_list_tools|mcp_approval_(?:request|response))$`,
)
const TURN: TurnRule = {
  roles: new Set(['user']),
  types: new Set([undefined, 'message']),
  field: 'content',
  isText: (part) => part.type === 'input_text' && typeof part.text === 'string',
}
/** Not any `/responses`: surveys have those too. */
const OWN_PATH = /(?:^|\/(?:v\d+|openai|api))\/responses$/

export const openAiResponses: Provider = {
  id: 'openai-responses',
  matches(body, context) {
    const model = modelField(body)
    if (model === undefined || context.path.includes('embedding') || isEmbeddingModel(model)) return false
    if (isItems(body.input)) return true
    if (typeof body.input !== 'string' || body.input === '') return false
    // `{ model, input }` says too little: the path, the model's name or a field of this API alone must bear it out.
    return OWN_PATH.test(context.path) || isKnownModel(model) || hasOwnField(body)
  },
  model: modelField,
  // A conversation grows on the server and a background response is fetched later. `previous_response_id` never changes its meaning.
  isStateful: (body) => (body.conversation !== undefined && body.conversation !== null) || body.background === true,
  expectsJson: (body) => hasFormat(body.text, 'format', JSON_FORMATS),
  prompt: (body) => (typeof body.input === 'string' ? textPrompt(body.input, ['input']) : lastTurn(body, 'input', TURN)),
  defaults: RESPONSES_DEFAULTS,
  ignored: [path('prompt_cache_key'), path('prompt_cache_retention')],
  loose: {
    texts: [path('input'), path('instructions'), path('input.*.content'), path('input.*.content.*.text')],
    rounded: [path('temperature'), path('top_p')],
    limits: [path('max_output_tokens')],
  },
}

function isItems(input: JsonValue | undefined): boolean {
  return isJsonArray(input) && input.length > 0 && input.every(isItem)
}

function isItem(item: JsonValue): boolean {
  if (!isJsonObject(item)) return false
  const isMessage = ROLES.has(item.role) && (typeof item.content === 'string' || isJsonArray(item.content))
  return isMessage || (typeof item.type === 'string' && ITEM_TYPE.test(item.type))
}

function hasOwnField(body: JsonObject): boolean {
  const { max_output_tokens, previous_response_id, parallel_tool_calls, text } = body
  return (
    typeof max_output_tokens === 'number' ||
    (typeof previous_response_id === 'string' && previous_response_id.startsWith('resp_')) ||
    typeof parallel_tool_calls === 'boolean' ||
    (isJsonObject(text) && isJsonObject(text.format))
  )
}
