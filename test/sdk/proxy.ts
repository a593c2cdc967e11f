/** Routes in the providers' own wire formats, whose handlers ask the model with the providers' own SDKs. */

import { APIError as AnthropicError } from '@anthropic-ai/sdk'
import { APIError as APIError7 } from 'openai'
import { APIError as APIError6 } from 'openai-v6'
import { anthropicClient, type OpenAIMajor, openaiClient } from './clients.js'
import type { Answer, Handler, Routes } from './frameworks.js'

const EVENT_STREAM = { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' }
const RELAYED = ['x-request-id', 'request-id', 'retry-after', 'retry-after-ms']

/** What the SDKs have in common, as far as these handlers go. */
type Create = (
  body: never,
  options: { signal: AbortSignal },
) => {
  withResponse(): Promise<{ data: unknown; response: { headers: Headers } }>
}
type Format = (chunk: unknown) => string

/**
 * Below `/v1` a handler that fails in mid-stream lets the framework know; below `/lenient/v1` it catches the error and
 * ends its answer cleanly, as many do.
 */
export function proxyRoutes(major: OpenAIMajor): (modelUrl: string) => Routes {
  return (modelUrl) => {
    const openai = openaiClient(major, modelUrl)
    const anthropic = anthropicClient(modelUrl)
    const handlers: Record<string, [create: unknown, format: Format, end: string]> = {
      '/v1/chat/completions': [openai.chat.completions.create.bind(openai.chat.completions), data, 'data: [DONE]\n\n'],
      '/v1/completions': [openai.completions.create.bind(openai.completions), data, 'data: [DONE]\n\n'],
      '/v1/responses': [openai.responses.create.bind(openai.responses), named, ''],
      '/v1/embeddings': [openai.embeddings.create.bind(openai.embeddings), data, ''],
      '/v1/messages': [anthropic.messages.create.bind(anthropic.messages), named, ''],
    }
    return Object.fromEntries(
      Object.entries(handlers).flatMap(([path, [create, format, end]]) => [
        [path, relay(create as Create, format, end, false)],
        [`/lenient${path}`, relay(create as Create, format, end, true)],
      ]),
    )
  }
}

function relay(create: Create, format: Format, end: string, lenient: boolean): Handler {
  return async ({ body, signal }) => {
    try {
      const { data: answer, response } = await create(body as never, { signal }).withResponse()
      if (!isStream(answer)) return { kind: 'json', body: answer, headers: relayed(response.headers) }
      return { kind: 'chunks', headers: EVENT_STREAM, chunks: frames(answer, format, end, lenient) }
    } catch (error) {
      return failure(error)
    }
  }
}

async function* frames(stream: AsyncIterable<unknown>, format: Format, end: string, lenient: boolean): AsyncGenerator<string> {
  try {
    for await (const chunk of stream) yield format(chunk)
    if (end !== '') yield end
  } catch (error) {
    if (!lenient) throw error
  }
}

/** A provider's error as it came; one of the connection as a bad gateway. */
function failure(error: unknown): Answer {
  const isApiError = error instanceof APIError6 || error instanceof APIError7 || error instanceof AnthropicError
  if (!isApiError || error.status === undefined) throw error
  const body = error instanceof AnthropicError ? error.error : { error: error.error }
  return { kind: 'json', status: error.status, body, headers: relayed(error.headers ?? new Headers()) }
}

function relayed(headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => RELAYED.includes(name)))
}

function data(chunk: unknown): string {
  return `data: ${JSON.stringify(chunk)}\n\n`
}

function named(chunk: unknown): string {
  return `event: ${(chunk as { type: string }).type}\n${data(chunk)}`
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
