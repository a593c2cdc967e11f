/** Anthropic messages, also as Bedrock and Vertex take them. https://platform.claude.com/docs/en/api/messages */

import { isJsonArray, isJsonObject, type JsonObject } from '../lib/canonical.js'
import { ANTHROPIC_DEFAULTS } from './defaults.js'
import { isAnthropicModel } from './model-names.js'
import { path } from './normalize.js'
import { isTypedText, lastTurn, type TurnRule } from './prompt.js'
import { hasContents, hasFormat, hasRoles, JSON_FORMATS, modelField, type Provider } from './provider.js'

const ROLES: ReadonlySet<unknown> = new Set(['user', 'assistant'])
/** Types of content blocks that no other provider's messages have. */
const BLOCKS: ReadonlySet<unknown> = new Set(['tool_use', 'tool_result', 'thinking', 'redacted_thinking', 'document', 'image'])

const TURN: TurnRule = {
  roles: new Set(['user']),
  field: 'content',
  isText: isTypedText,
  // Of the caller's tools and of the provider's own (`web_search_tool_result`, ...).
  isResult: ({ type }) => typeof type === 'string' && type.endsWith('tool_result'),
}

export const anthropicMessages: Provider = {
  id: 'anthropic-messages',
  matches(body, context) {
    const model = modelField(body)
    const named = model !== undefined || typeof body.anthropic_version === 'string'
    if (!named || typeof body.max_tokens !== 'number' || context.path.endsWith('/chat/completions')) return false
    if (!hasRoles(body.messages, ROLES) || !hasContents(body.messages)) return false
    return (
      context.path.endsWith('/messages') ||
      context.hasHeader('anthropic-version') ||
      typeof body.anthropic_version === 'string' ||
      isAnthropicModel(model ?? '') ||
      typeof body.system === 'string' ||
      isJsonArray(body.system) ||
      body.messages.some(hasOwnBlock)
    )
  },
  model: modelField,
  // A container keeps files and state from one request to the next.
  isStateful: (body) => body.container !== undefined && body.container !== null,
  expectsJson: (body) => hasFormat(body.output_config, 'format', JSON_FORMATS) || hasFormat(body, 'output_format', JSON_FORMATS),
  prompt: (body) => lastTurn(body, 'messages', TURN),
  defaults: ANTHROPIC_DEFAULTS,
  ignored: [],
  loose: {
    texts: [path('system'), path('system.*.text'), path('messages.*.content'), path('messages.*.content.*.text')],
    rounded: [path('temperature'), path('top_p')],
    limits: [path('max_tokens')],
  },
}

function hasOwnBlock(message: JsonObject): boolean {
  return isJsonArray(message.content) && message.content.some((block) => isJsonObject(block) && BLOCKS.has(block.type))
}
