/** The most capable judge, and the only one that costs money: a model is asked. */

import { checkNames, checkObject, countOf, functionOf, wrongValue } from '../../checks.js'
import type { Judge, ModelUsage } from '../ports.js'
import { type AnthropicJudgeClient, llmCall, type OpenAiJudgeClient } from './llm-client.js'
import { judgePrompt, verdictOf } from './llm-prompt.js'

export interface LlmJudgeOptions {
  /** A client of `openai` or `@anthropic-ai/sdk`, with its key, base URL, retries and time limit. Not one that asks through this cache. */
  readonly client: OpenAiJudgeClient | AnthropicJudgeClient
  /** Any chat model; a small one will mostly do. */
  readonly model: string
  /** Most characters of each prompt and answer; of longer ones the middle is left out. 200 to 200000. @default 6000 */
  readonly maxCharacters?: number
  /** Most tokens of the reply, reasoning included. 16 to 32000. @default 1000 */
  readonly maxOutputTokens?: number
  /** Further parameters of the request, in the provider's own words: `{ temperature: 0 }`, `{ reasoning_effort: 'low' }`. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** Told of the tokens of every reply, whatever it says, besides `stats().judging`. Where it throws, the judge has failed. */
  readonly onUsage?: (usage: ModelUsage) => void
}

/**
 * Asks a model whether either answer would have done for both prompts; `JUDGE_INSTRUCTIONS` is what it is told. It cannot tell where
 * the model is unsure, declines, is cut off, or replies anything but the one line it is asked for. Rejects with what the client throws.
 * Prompts and answers leave the process for the provider of `client`.
 *
 * @throws OptionError for wrong options
 * @example
 * llmJudge({ client: new OpenAI(), model: 'gpt-4o-mini', parameters: { temperature: 0 } })
 */
export function llmJudge(options: LlmJudgeOptions): Judge {
  checkObject('options', options)
  checkNames(options, ['client', 'model', 'maxCharacters', 'maxOutputTokens', 'parameters', 'onUsage'])
  const { client, model, parameters = {}, onUsage } = options
  const call = llmCall(client)
  if (!call) throw wrongValue('client', client, 'a client of openai or @anthropic-ai/sdk')
  if (typeof model !== 'string' || model === '') throw wrongValue('model', model, 'the name of a model')
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters))
    throw wrongValue('parameters', parameters, 'an object')
  for (const name of ['messages', 'system', 'stream', 'tools', 'n'])
    if (Object.hasOwn(parameters, name)) throw wrongValue(`parameters.${name}`, parameters[name], 'left out: the judge sets it itself')
  functionOf('onUsage', onUsage)
  const maxCharacters = countOf('maxCharacters', options.maxCharacters, 6000, 200, 200_000)
  const maxOutputTokens = countOf('maxOutputTokens', options.maxOutputTokens, 1000, 16, 32_000)

  return {
    name: 'llm',
    async judge(judgement) {
      const { system, user, key } = judgePrompt(judgement, maxCharacters)
      const reading = await call.ask({ model, system, user, maxOutputTokens, parameters, signal: judgement.signal })
      if (reading?.usage) {
        const used: ModelUsage = { usage: reading.usage, model: reading.model ?? model, provider: call.provider }
        judgement.onUsage?.(used)
        onUsage?.(used)
      }
      const choice = reading?.choices[0]
      if (choice?.finish !== 'done' || choice.refusal || choice.toolCall) return undefined
      return verdictOf(choice.text, key)
    },
  }
}
