/** Calls a model through the app's own client of `openai` or `@anthropic-ai/sdk`, told apart by what it can do. */

import { anthropic } from '../../answer/anthropic.js'
import { isObject, type JsonObject } from '../../answer/json.js'
import { openaiChat } from '../../answer/openai-chat.js'
import type { Reading } from '../../answer/reading.js'

interface CallOptions {
  readonly signal?: AbortSignal
}

/** What is used of a client of `openai` 6 or 7, or of any other that takes and gives chat completions. */
export interface OpenAiJudgeClient {
  readonly chat: { readonly completions: { create(body: object, options?: CallOptions): PromiseLike<unknown> } }
}

/** What is used of a client of `@anthropic-ai/sdk`. */
export interface AnthropicJudgeClient {
  readonly messages: { create(body: object, options?: CallOptions): PromiseLike<unknown> }
}

/** Whose client it is. */
export type JudgeProvider = 'openai' | 'anthropic'

export interface LlmCall {
  readonly provider: JudgeProvider
  /** @returns what the model said, with its usage; undefined where that is no answer. @throws whatever the client throws */
  ask(request: LlmRequest): Promise<Reading | undefined>
}

export interface LlmRequest {
  readonly model: string
  readonly system: string
  readonly user: string
  readonly maxOutputTokens: number
  /** Further parameters of the request; they win. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly signal: AbortSignal | undefined
}

/** Undefined where `client` is neither. */
export function llmCall(client: unknown): LlmCall | undefined {
  if (isOpenAi(client)) return { provider: 'openai', ask: (request) => askOpenAi(client, request) }
  if (isAnthropic(client)) return { provider: 'anthropic', ask: (request) => askAnthropic(client, request) }
  return undefined
}

async function askOpenAi(client: OpenAiJudgeClient, request: LlmRequest): Promise<Reading | undefined> {
  const { model, system, user, maxOutputTokens, parameters } = request
  const messages = [
    { role: 'system', content: system },
    { role: 'user', content: user },
  ]
  const body = { model, messages, max_completion_tokens: maxOutputTokens, ...parameters }
  const answer = await client.chat.completions.create(body, callOptions(request))
  return isObject(answer) && openaiChat.isBody(answer) ? openaiChat.readBody(answer) : undefined
}

async function askAnthropic(client: AnthropicJudgeClient, request: LlmRequest): Promise<Reading | undefined> {
  const { model, system, user, maxOutputTokens, parameters } = request
  const body = { model, max_tokens: maxOutputTokens, system, messages: [{ role: 'user', content: user }], ...parameters }
  const answer = await client.messages.create(body, callOptions(request))
  return isObject(answer) && anthropic.isBody(answer) ? anthropic.readBody(answer) : undefined
}

function callOptions({ signal }: LlmRequest): CallOptions {
  return signal ? { signal } : {}
}

// Clients are instances of classes, some of them with getters.
function isOpenAi(client: unknown): client is OpenAiJudgeClient {
  return has(client, 'chat') && has(client.chat, 'completions') && has(client.chat.completions, 'create')
}

function isAnthropic(client: unknown): client is AnthropicJudgeClient {
  return has(client, 'messages') && has(client.messages, 'create')
}

function has<N extends string>(value: unknown, name: N): value is { readonly [P in N]: object } {
  if (typeof value !== 'object' || value === null) return false
  const member = (value as JsonObject)[name]
  return (typeof member === 'object' && member !== null) || typeof member === 'function'
}
