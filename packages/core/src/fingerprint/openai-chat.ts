/** OpenAI chat completions, and the many servers that speak it. https://platform.openai.com/docs/api-reference/chat/create */

import { CHAT_DEFAULTS } from './defaults.js'
import { path } from './normalize.js'
import { isTypedText, lastTurn, type TurnRule } from './prompt.js'
import { hasContents, hasFormat, hasRoles, JSON_FORMATS, modelField, type Provider } from './provider.js'

const ROLES: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function'])
/** Azure names the model in the path and may leave it out of the body. */
const DEPLOYMENT = /\/deployments\/([^/]+)\/chat\/completions$/
const TURN: TurnRule = { roles: new Set(['user']), field: 'content', isText: isTypedText }

export const openAiChat: Provider = {
  id: 'openai-chat',
  matches: (body, context) =>
    (modelField(body) !== undefined || DEPLOYMENT.test(context.path)) && hasRoles(body.messages, ROLES) && hasContents(body.messages),
  model: (body, context) => modelField(body) ?? DEPLOYMENT.exec(context.path)?.[1],
  expectsJson: (body) => hasFormat(body, 'response_format', JSON_FORMATS),
  prompt: (body) => lastTurn(body, 'messages', TURN),
  defaults: CHAT_DEFAULTS,
  // They steer the provider's prompt cache: where a prefix is kept, and for how long.
  ignored: [path('prompt_cache_key'), path('prompt_cache_retention')],
  loose: {
    texts: [path('messages.*.content'), path('messages.*.content.*.text')],
    rounded: [path('temperature'), path('top_p'), path('frequency_penalty'), path('presence_penalty')],
    limits: [path('max_tokens'), path('max_completion_tokens')],
  },
}
