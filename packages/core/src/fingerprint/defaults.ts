/**
 * Documented default values: a request that states one asks for the same as a request that leaves it out. All in this one place,
 * with their sources; a value that depends on model, account or server is not listed and stays in the key.
 *
 * Two conditions guard them. `temperature` and `top_p` are 1 only with the vendor's own models (vLLM takes them from the model's
 * generation config, Ollama from its Modelfile). `stream` is false only where the provider's own path is served: an app's
 * `/chat` may well stream unless told `stream: false`, and must then not answer a stream for JSON.
 */

import { isJsonObject, type JsonObject } from '../lib/canonical.js'
import { isAnthropicModel, isOpenAiModel } from './model-names.js'
import { type DefaultRule, path } from './normalize.js'
import { modelField, type RequestContext } from './provider.js'

const ofOpenAi = (body: JsonObject): boolean => isOpenAiModel(modelField(body) ?? '')
const ofAnthropic = (body: JsonObject): boolean => isAnthropicModel(modelField(body) ?? '')
const at = (end: string) => {
  return (_body: JsonObject, context: RequestContext): boolean => context.path.endsWith(end)
}

/** https://platform.openai.com/docs/api-reference/chat/create (`store` is left out: its default differs between accounts). */
export const CHAT_DEFAULTS: readonly DefaultRule[] = [
  { path: path('n'), value: 1 },
  { path: path('frequency_penalty'), value: 0 },
  { path: path('presence_penalty'), value: 0 },
  { path: path('logprobs'), value: false },
  { path: path('parallel_tool_calls'), value: true },
  { path: path('service_tier'), value: 'auto' },
  { path: path('temperature'), value: 1, applies: ofOpenAi },
  { path: path('top_p'), value: 1, applies: ofOpenAi },
  { path: path('stream'), value: false, applies: at('/chat/completions') },
]

/** https://platform.openai.com/docs/api-reference/responses/create */
export const RESPONSES_DEFAULTS: readonly DefaultRule[] = [
  { path: path('background'), value: false },
  { path: path('parallel_tool_calls'), value: true },
  { path: path('service_tier'), value: 'auto' },
  { path: path('store'), value: true },
  { path: path('truncation'), value: 'disabled' },
  { path: path('temperature'), value: 1, applies: ofOpenAi },
  { path: path('top_p'), value: 1, applies: ofOpenAi },
  { path: path('stream'), value: false, applies: at('/responses') },
]

/** https://platform.openai.com/docs/api-reference/completions/create (`max_tokens` is left out: 16 is OpenAI's alone). */
export const COMPLETIONS_DEFAULTS: readonly DefaultRule[] = [
  { path: path('best_of'), value: 1 },
  { path: path('echo'), value: false },
  { path: path('n'), value: 1 },
  { path: path('frequency_penalty'), value: 0 },
  { path: path('presence_penalty'), value: 0 },
  { path: path('temperature'), value: 1, applies: ofOpenAi },
  { path: path('top_p'), value: 1, applies: ofOpenAi },
  { path: path('stream'), value: false, applies: at('/completions') },
]

/** https://platform.openai.com/docs/api-reference/embeddings/create (OpenAI's SDK itself always asks for base64). */
export const EMBEDDINGS_DEFAULTS: readonly DefaultRule[] = [{ path: path('encoding_format'), value: 'float' }]

/** https://platform.claude.com/docs/en/api/messages */
export const ANTHROPIC_DEFAULTS: readonly DefaultRule[] = [
  { path: path('service_tier'), value: 'auto' },
  { path: path('temperature'), value: 1, applies: ofAnthropic },
  { path: path('stream'), value: false, applies: at('/messages') },
]

/** https://ai.google.dev/api/generate-content#generationconfig; both spellings of proto JSON. */
export const GEMINI_DEFAULTS: readonly DefaultRule[] = [
  { path: path('generationConfig.candidateCount'), value: 1 },
  { path: path('generationConfig.responseMimeType'), value: 'text/plain' },
  { path: path('generation_config.candidate_count'), value: 1 },
  { path: path('generation_config.response_mime_type'), value: 'text/plain' },
]

/** https://github.com/ollama/ollama/blob/main/docs/api.md: streams unless told otherwise. Only where it is certainly Ollama's body. */
export const OLLAMA_DEFAULTS: readonly DefaultRule[] = [
  {
    path: path('stream'),
    value: true,
    applies: (body, context) =>
      (isJsonObject(body.options) || body.keep_alive !== undefined) &&
      (context.path.endsWith('/api/chat') || context.path.endsWith('/api/generate')),
  },
]
