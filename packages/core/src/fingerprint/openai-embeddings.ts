/** OpenAI embeddings. https://platform.openai.com/docs/api-reference/embeddings/create */

import { EMBEDDINGS_DEFAULTS } from './defaults.js'
import { isEmbeddingModel } from './model-names.js'
import { path } from './normalize.js'
import { isPromptList, modelField, type Provider } from './provider.js'

const ENCODINGS: ReadonlySet<unknown> = new Set(['float', 'base64'])

export const openAiEmbeddings: Provider = {
  id: 'openai-embeddings',
  matches(body, context) {
    const model = modelField(body)
    if (model === undefined || !isPromptList(body.input)) return false
    return context.path.endsWith('/embeddings') || isEmbeddingModel(model) || ENCODINGS.has(body.encoding_format)
  },
  model: modelField,
  defaults: EMBEDDINGS_DEFAULTS,
  ignored: [],
  loose: { texts: [path('input'), path('input.*')], rounded: [], limits: [] },
}
