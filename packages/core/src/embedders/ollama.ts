/** Embeddings of Ollama, https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings. */

import { checkNames } from '../checks.js'
import { EmbedderError } from '../errors.js'
import type { Embedder } from '../semantic/ports.js'
import { knownModel } from './models.js'
import { embedderId } from './naming.js'
import { addressOf, textOf } from './options.js'

export interface OllamaEmbedderOptions {
  /** A model that was pulled: 'nomic-embed-text', 'all-minilm', 'bge-m3'. */
  readonly model: string
  /** @default 'http://127.0.0.1:11434' */
  readonly baseURL?: string | undefined
}

/**
 * Through `POST /api/embed`. Texts longer than the model's context are refused rather than cut: cut ones would look equal.
 *
 * @throws OptionError
 */
export function ollamaEmbedder(options: OllamaEmbedderOptions): Embedder {
  checkNames(options, ['model', 'baseURL'])
  const model = textOf('model', options.model)
  const url = `${addressOf('baseURL', options.baseURL, 'http://127.0.0.1:11434')}/api/embed`
  const known = knownModel(model)
  return {
    id: embedderId('ollama', model, known?.dimensions),
    dimensions: known?.dimensions,
    calibration: known?.calibration,
    async embed(texts, signal) {
      if (texts.length === 0) return []
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, input: texts, truncate: false }),
        signal: signal ?? null,
      })
      if (!response.ok) {
        await response.body?.cancel()
        const hint = response.status === 404 ? ` Has the model been pulled? ollama pull ${model}` : ''
        throw new EmbedderError('failed', `Ollama answered with status ${response.status}.${hint}`)
      }
      const { embeddings } = (await response.json()) as { embeddings?: unknown }
      if (!Array.isArray(embeddings)) throw new EmbedderError('unusable', 'Ollama answered without embeddings.')
      return embeddings as number[][]
    },
  }
}
