/** OpenAI's legacy completions. https://platform.openai.com/docs/api-reference/completions/create */

import { isJsonArray, type JsonObject } from '../lib/canonical.js'
import { COMPLETIONS_DEFAULTS } from './defaults.js'
import { isKnownModel } from './model-names.js'
import { path } from './normalize.js'
import { type Prompt, type PromptSkip, textPrompt } from './prompt.js'
import { isPromptList, modelField, type Provider } from './provider.js'

const OWN_PATH = /(?:^|\/(?:v\d+|openai|api)|\/(?:engines|deployments)\/[^/]+)\/completions$/

export const openAiCompletions: Provider = {
  id: 'openai-completions',
  matches(body, context) {
    const model = modelField(body)
    if (model === undefined || !isPromptList(body.prompt)) return false
    return OWN_PATH.test(context.path) || isKnownModel(model) || hasOwnField(body)
  },
  model: modelField,
  prompt,
  defaults: COMPLETIONS_DEFAULTS,
  ignored: [path('prompt_cache_key')],
  loose: {
    texts: [path('prompt'), path('prompt.*')],
    rounded: [path('temperature'), path('top_p'), path('frequency_penalty'), path('presence_penalty')],
    limits: [path('max_tokens')],
  },
}

/** Not where the answer repeats the prompt, nor where it fills a gap before a suffix. */
function prompt({ prompt, echo, suffix }: JsonObject): Prompt | PromptSkip {
  if (echo === true || (typeof suffix === 'string' && suffix !== '')) return 'no-prompt'
  if (!isJsonArray(prompt)) return textPrompt(prompt, ['prompt'])
  return prompt.length === 1 ? textPrompt(prompt[0], ['prompt', 0]) : 'no-prompt'
}

function hasOwnField({ max_tokens, best_of, echo, logit_bias }: JsonObject): boolean {
  return typeof max_tokens === 'number' || typeof best_of === 'number' || typeof echo === 'boolean' || typeof logit_bias === 'object'
}
