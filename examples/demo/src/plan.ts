/** What is asked how often, and in which words of the wire. */

import type { ProviderName } from './models.js'
import { BREAKING_NEWS, PROMPTS, type Prompt, SMALL_TALK } from './prompts.js'

export interface Plan {
  readonly prompts: readonly Prompt[]
  /** Asked before the clock starts, so that no framework pays for being the first; undefined: nothing is. */
  readonly warmUpPrompt: Prompt | undefined
  /** Asked once, by all askers together. */
  readonly crowdPrompt: Prompt
  /** How often each stored answer is asked for again. */
  readonly repeats: number
  /** Simultaneous askers of one question. */
  readonly askers: number
  /** Upper bound of an answer, in tokens. An answer that reaches it is cut and so not stored: keep it generous. */
  readonly maxTokens: number
}

/** A way to ask: one row of the table is the JSON and the stream of one route. */
export interface Route {
  readonly provider: ProviderName
  readonly path: string
  readonly model: string
  body(prompt: Prompt, stream: boolean, maxTokens: number): object
}

export const ROUTES: readonly Route[] = [
  {
    provider: 'openai',
    path: '/v1/chat/completions',
    model: 'gpt-4o-mini',
    body({ system, text }, stream, maxTokens) {
      const messages = [...(system === undefined ? [] : [{ role: 'system', content: system }]), { role: 'user', content: text }]
      const streaming = stream ? { stream: true, stream_options: { include_usage: true } } : {}
      return { model: this.model, max_completion_tokens: maxTokens, messages, ...streaming }
    },
  },
  {
    provider: 'anthropic',
    path: '/v1/messages',
    model: 'claude-haiku-4-5',
    body({ system, text }, stream, maxTokens) {
      const messages = [{ role: 'user', content: text }]
      return {
        model: this.model,
        max_tokens: maxTokens,
        messages,
        ...(system !== undefined && { system }),
        ...(stream && { stream: true }),
      }
    },
  },
]

export const SIMULATED_PLAN: Plan = {
  prompts: PROMPTS,
  warmUpPrompt: SMALL_TALK,
  crowdPrompt: BREAKING_NEWS,
  repeats: 12,
  askers: 100,
  maxTokens: 1000,
}

/** Fewer questions and short answers: every miss is billed. */
export const LIVE_PLAN: Plan = {
  prompts: [0, 5, 10].map((index) => brief(PROMPTS[index] as Prompt)),
  warmUpPrompt: undefined,
  crowdPrompt: brief(BREAKING_NEWS),
  repeats: 20,
  askers: 100,
  maxTokens: 300,
}

function brief({ text }: Prompt): Prompt {
  return { system: 'Answer in one or two short sentences.', text }
}

/** Model calls that `plan` makes on one route, if nothing goes wrong: each question as JSON and as a stream, the crowd's once. */
export function callsOf(plan: Plan): number {
  return (plan.prompts.length + (plan.warmUpPrompt ? 1 : 0)) * 2 + 1
}

/** Requests that `plan` makes on one route. */
export function requestsOf(plan: Plan): number {
  return (plan.prompts.length + (plan.warmUpPrompt ? 1 : 0)) * 2 * (1 + plan.repeats) + plan.askers
}
