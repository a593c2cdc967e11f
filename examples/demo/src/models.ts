/** The model calls behind the demo's routes: the real clients, JSON and streams. */

import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'

export type ProviderName = 'openai' | 'anthropic'

/** A JSON answer (or error), or the frames of an event stream in the provider's own format. */
export type ModelAnswer = { readonly status: number; readonly json: object } | { readonly frames: AsyncIterable<string> }

/** Asks the model with a body in the provider's own format. */
export type Ask = (body: unknown) => Promise<ModelAnswer>

export interface Models {
  readonly openai: Ask
  readonly anthropic: Ask
  /** How often each model was asked since the start. */
  readonly calls: Readonly<Record<ProviderName, number>>
}

/** `baseURL` and `apiKey` as the clients take them; undefined means the environment's. */
export interface Endpoint {
  readonly baseURL?: string | undefined
  readonly apiKey?: string | undefined
}

export function createModels(endpoints: Readonly<Record<ProviderName, Endpoint>>): Models {
  const openai = new OpenAI({ ...endpoints.openai })
  const anthropic = new Anthropic({ ...endpoints.anthropic })
  const calls = { openai: 0, anthropic: 0 }
  return {
    calls,
    openai: orError(async (body) => {
      calls.openai += 1
      const params = body as OpenAI.ChatCompletionCreateParams
      if (!params.stream) return { status: 200, json: await openai.chat.completions.create(params) }
      return { frames: openaiFrames(await openai.chat.completions.create(params)) }
    }),
    anthropic: orError(async (body) => {
      calls.anthropic += 1
      const params = body as Anthropic.MessageCreateParams
      if (!params.stream) return { status: 200, json: await anthropic.messages.create(params) }
      return { frames: anthropicFrames(await anthropic.messages.create(params)) }
    }),
  }
}

/** The provider's errors (a wrong key, too many requests) reach the caller with their status. */
function orError(ask: Ask): Ask {
  return async (body) => {
    try {
      return await ask(body)
    } catch (error) {
      if (!(error instanceof OpenAI.APIError || error instanceof Anthropic.APIError)) throw error
      return { status: error.status ?? 502, json: { error: { message: error.message } } }
    }
  }
}

async function* openaiFrames(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): AsyncGenerator<string> {
  for await (const chunk of stream) yield `data: ${JSON.stringify(chunk)}\n\n`
  yield 'data: [DONE]\n\n'
}

async function* anthropicFrames(stream: AsyncIterable<Anthropic.RawMessageStreamEvent>): AsyncGenerator<string> {
  for await (const event of stream) yield `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
