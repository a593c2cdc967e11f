/** Ollama's own chat and generate endpoints. https://github.com/ollama/ollama/blob/main/docs/api.md */

import { isJsonObject, type JsonObject } from '../lib/canonical.js'
import { OLLAMA_DEFAULTS } from './defaults.js'
import { isHostedModel } from './model-names.js'
import { path } from './normalize.js'
import { isTypedText, lastTurn, type TurnRule, textPrompt } from './prompt.js'
import { hasContents, hasRoles, modelField, type Provider, type RequestContext } from './provider.js'

const ROLES: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant', 'tool'])
const TURN: TurnRule = { roles: new Set(['user']), field: 'content', isText: isTypedText }
const COMMON = ['model', 'format', 'options', 'stream', 'keep_alive', 'think', 'logprobs', 'top_logprobs', 'truncate', 'shift']
const CHAT_FIELDS: ReadonlySet<string> = new Set([...COMMON, 'messages', 'tools'])
const GENERATE_FIELDS: ReadonlySet<string> = new Set([...COMMON, 'prompt', 'suffix', 'images', 'system', 'template', 'raw', 'context'])
/** Parameters of a Modelfile. https://github.com/ollama/ollama/blob/main/docs/modelfile.md */
const OPTION =
  /^(?:temperature|seed|stop|top_[kp]|min_p|typical_p|num_[a-z]+|repeat_(?:last_n|penalty)|(?:presence|frequency)_penalty|mirostat(?:_eta|_tau)?|penalize_newline|main_gpu|use_m(?:map|lock)|numa|draft_[a-z_]+|low_vram|tfs_z)$/

const shared: Omit<Provider, 'id' | 'matches' | 'loose'> = {
  model: modelField,
  expectsJson: ({ format }) => format === 'json' || isJsonObject(format),
  defaults: OLLAMA_DEFAULTS,
  // How long the model stays in memory afterwards.
  ignored: [path('keep_alive')],
}

const sampling = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'repeat_penalty'].map((name) => ['options', name])

export const ollamaChat: Provider = {
  ...shared,
  id: 'ollama-chat',
  matches: (body, context) =>
    isOllama(body, context, '/api/chat', CHAT_FIELDS) && hasRoles(body.messages, ROLES) && hasContents(body.messages),
  prompt: (body) => lastTurn(body, 'messages', TURN),
  loose: { texts: [path('messages.*.content')], rounded: sampling, limits: [path('options.num_predict')] },
}

export const ollamaGenerate: Provider = {
  ...shared,
  id: 'ollama-generate',
  matches: (body, context) =>
    isOllama(body, context, '/api/generate', GENERATE_FIELDS) && typeof body.prompt === 'string' && body.prompt !== '',
  // With a suffix it fills the gap before it.
  prompt: ({ prompt, suffix }) => (typeof suffix === 'string' && suffix !== '' ? 'no-prompt' : textPrompt(prompt, ['prompt'])),
  loose: { texts: [path('prompt'), path('system')], rounded: sampling, limits: [path('options.num_predict')] },
}

function hasOwnField({ options, keep_alive }: JsonObject): boolean {
  if (typeof keep_alive === 'string' || typeof keep_alive === 'number') return true
  if (!isJsonObject(options)) return false
  const names = Object.keys(options)
  return names.length > 0 && names.every((name) => OPTION.test(name))
}

/**
 * Its own fields tell it anywhere. The path alone does too, unless model or fields are foreign to it: `/api/chat` is also where
 * many apps serve OpenAI's shape.
 */
function isOllama(body: JsonObject, context: RequestContext, end: string, fields: ReadonlySet<string>): boolean {
  const model = modelField(body)
  if (model === undefined || isHostedModel(model) || !Object.keys(body).every((key) => fields.has(key))) return false
  return context.path.endsWith(end) || hasOwnField(body)
}
