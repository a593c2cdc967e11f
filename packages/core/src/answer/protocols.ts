/** Every provider protocol, most specific first. */

import { anthropic } from './anthropic.js'
import { embeddings } from './embeddings.js'
import { gemini } from './gemini.js'
import { ollama } from './ollama.js'
import { openaiChat } from './openai-chat.js'
import { openaiCompletions } from './openai-completions.js'
import { openaiResponses } from './openai-responses.js'
import type { Protocol } from './reading.js'

export const PROTOCOLS: readonly Protocol[] = [openaiChat, openaiResponses, anthropic, gemini, ollama, openaiCompletions, embeddings]
