/** `@llm-cache/core/embedders`: text to vectors by a model, behind the port `Embedder`. The built-in one is in `@llm-cache/core`. */

export { type EmbedFunction, type FunctionEmbedderOptions, functionEmbedder } from './function.js'
export { type OllamaEmbedderOptions, ollamaEmbedder } from './ollama.js'
export { type OpenAiEmbedderOptions, type OpenAiEmbeddingsClient, openAiEmbedder } from './openai.js'
export { type TransformersEmbedderOptions, transformersEmbedder } from './transformers.js'
