/** Why a model stopped, in the words of every provider, as one table. */

import type { SkipReason } from '../events.js'

/** 'done': it said all it had to say. 'tool-calls': it waits for the result of a tool. Anything else: not to be stored. */
export type Finish = 'done' | SkipReason

/**
 * What a provider's finish reason means, whatever its case and separators. undefined for an absent one: not finished.
 * Words of OpenAI, Anthropic, Gemini, Ollama and the AI SDK, and of servers with OpenAI's wire format (vLLM, Mistral, DeepSeek, Together).
 */
export function finishOf(reason: unknown): Finish | undefined {
  if (reason === undefined || reason === null || reason === '') return undefined
  if (typeof reason !== 'string') return 'finish-unknown'
  return FINISHES.get(reason.toLowerCase().replaceAll('-', '_')) ?? 'finish-unknown'
}

const WORDS: readonly (readonly [Finish, string])[] = [
  ['done', 'stop end_turn stop_sequence eos eos_token complete completed'],
  ['tool-calls', 'tool_calls tool_use function_call'],
  ['finish-length', 'length max_length max_tokens max_output_tokens max_messages model_length model_context_window_exceeded incomplete'],
  [
    'finish-content-filter',
    'content_filter content_filtered safety recitation blocklist prohibited_content spii image_safety image_prohibited_content image_recitation',
  ],
  [
    'finish-error',
    'error failed cancelled abort aborted insufficient_system_resource malformed_function_call malformed_response unexpected_tool_call too_many_tool_calls missing_thought_signature',
  ],
  ['finish-refusal', 'refusal'],
  ['finish-pause', 'pause pause_turn steered'],
  // The AI SDK's word for a provider stream that ended without its terminal marker.
  ['no-terminal-marker', 'interrupted in_progress queued'],
]

const FINISHES: ReadonlyMap<string, Finish> = new Map(WORDS.flatMap(([finish, words]) => words.split(' ').map((word) => [word, finish])))
