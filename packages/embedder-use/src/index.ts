/** `@llm-cache/embedder-use`: Universal Sentence Encoder Lite in process, mixed with the built-in hash embedder. */

export { type UseEmbedderOptions, useEmbedder } from './use.js'
