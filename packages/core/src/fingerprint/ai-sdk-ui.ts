/** What the AI SDK's `useChat` posts by default: `{ id, messages: [{ id, role, parts }], trigger, messageId }`. https://ai-sdk.dev/docs/ai-sdk-ui/transport */

import { isJsonArray, isJsonObject, type JsonObject } from '../lib/canonical.js'
import { path } from './normalize.js'
import { isTypedText, lastTurn, type TurnRule } from './prompt.js'
import { hasRoles, modelField, type Provider } from './provider.js'

const ROLES: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant'])
const TURN: TurnRule = { roles: new Set(['user']), field: 'parts', isText: isTypedText }

export const aiSdkUi: Provider = {
  id: 'ai-sdk-ui',
  matches: ({ messages }) =>
    hasRoles(messages, ROLES) && messages.every(hasParts) && messages.some(({ parts }) => (parts as []).length > 0),
  model: modelField,
  wantsRefresh: (body) => body.trigger === 'regenerate-message',
  prompt: (body) => lastTurn(body, 'messages', TURN),
  defaults: [
    { path: path('trigger'), value: 'submit-message' },
    { path: path('trigger'), value: 'regenerate-message' },
  ],
  // Made up by the client for each chat and message. A route that keeps chats under them has side effects, and says so with `skip`.
  ignored: [path('id'), path('messageId'), path('messages.*.id')],
  loose: { texts: [path('messages.*.parts.*.text')], rounded: [], limits: [] },
}

function hasParts({ parts }: JsonObject): boolean {
  return isJsonArray(parts) && parts.every((part) => isJsonObject(part) && typeof part.type === 'string')
}
