/** The shapes that are told apart, the tightest first. */

import { aiSdkUi } from './ai-sdk-ui.js'
import { anthropicMessages } from './anthropic-messages.js'
import { gemini } from './gemini.js'
import { ollamaChat, ollamaGenerate } from './ollama.js'
import { openAiChat } from './openai-chat.js'
import { openAiCompletions } from './openai-completions.js'
import { openAiEmbeddings } from './openai-embeddings.js'
import { openAiResponses } from './openai-responses.js'
import type { Provider } from './provider.js'

/** A body belongs to the first that matches. */
export const PROVIDERS: readonly Provider[] = [
  aiSdkUi,
  gemini,
  ollamaChat,
  ollamaGenerate,
  anthropicMessages,
  openAiChat,
  openAiEmbeddings,
  openAiResponses,
  openAiCompletions,
]
