/** The SDKs under test, made alike, and what a user of them gets to see. */

import Anthropic from '@anthropic-ai/sdk'
import OpenAI7 from 'openai'
import OpenAI6 from 'openai-v6'

/** Both majors share the surface used here. */
const OPENAI = { 6: OpenAI6 as unknown as typeof OpenAI7, 7: OpenAI7 }

export type OpenAIMajor = keyof typeof OPENAI
export const OPENAI_MAJORS: readonly OpenAIMajor[] = [6, 7]
export type OpenAIClient = OpenAI7
export type AnthropicClient = Anthropic

export interface ClientOptions {
  readonly fetch?: typeof globalThis.fetch
  /** @default 0 */
  readonly maxRetries?: number
  readonly apiKey?: string
}

/** @param origin without a trailing slash and without `/v1` */
export function openaiClient(major: OpenAIMajor, origin: string, options: ClientOptions = {}): OpenAIClient {
  return new OPENAI[major]({ apiKey: 'test', maxRetries: 0, logLevel: 'off', ...options, baseURL: `${origin}/v1` })
}

export function anthropicClient(origin: string, options: ClientOptions = {}): AnthropicClient {
  return new Anthropic({ apiKey: 'test', maxRetries: 0, logLevel: 'off', ...options, baseURL: origin })
}

/** What came out of a call: its chunks or its answer, and how it failed. */
export interface Outcome {
  readonly values: readonly unknown[]
  readonly error: { readonly name: string; readonly status: unknown; readonly message: string } | undefined
}

/** Reads `source` to its end or its error. */
export async function outcomeOf(source: Promise<unknown>): Promise<Outcome> {
  const values: unknown[] = []
  try {
    const value = await source
    if (isIterable(value)) for await (const chunk of value) values.push(chunk)
    else values.push(value)
    return { values, error: undefined }
  } catch (error) {
    const { status, message } = error as { status?: unknown; message: string }
    return { values, error: { name: (error as object).constructor.name, status, message } }
  }
}

/** All chunks of a stream. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

/** `outcome` without what differs from one origin call to the next: ids and times. */
export function comparable(outcome: Outcome): Outcome {
  const text = JSON.stringify(outcome)
  return JSON.parse(text.replaceAll(/[0-9a-f]{24}/g, '<id>').replaceAll(/"(created|created_at|completed_at)":\d+/g, '"$1":0'))
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
