/** What the server and the wire formats say to each other: a question read from a body, an answer to be written as one. */

import type { JsonObject } from './json.js'
import type { Fault } from './types.js'

export type Provider = 'openai' | 'anthropic' | 'gemini' | 'ollama'

/** A call of the model, whatever the provider. */
export interface Question {
  readonly model: string
  /** The last user message's text. */
  readonly prompt: string
  /** All text that is billed as input. */
  readonly input: string
  readonly stream: boolean
  /** Alternatives asked for; 0 where no text is generated. */
  readonly count: number
  readonly maxTokens: number | undefined
  readonly stop: readonly string[]
  /** Set when JSON is asked for; `schema` when its shape is given. */
  readonly json: { readonly schema: unknown } | undefined
  /** The tool that the answer must call. */
  readonly tool: ToolSpec | undefined
  /** The body itself, for what only one format knows. */
  readonly body: JsonObject
}

export interface ToolSpec {
  readonly name: string
  /** JSON Schema of the arguments. */
  readonly schema: unknown
}

/** What the model says. Ids are unique for each call, so that a replay can be told from a fresh answer. */
export interface Answer {
  /** 24 hexadecimal digits; formats add their prefix. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly createdAt: number
  readonly choices: readonly Choice[]
  readonly inputTokens: number
  readonly outputTokens: number
}

export interface Choice {
  readonly index: number
  /** The text, or the tool's arguments as JSON, in token-sized pieces. */
  readonly tokens: readonly string[]
  readonly tool: { readonly id: string; readonly name: string } | undefined
  readonly finish: Finish
  /** The stop sequence that ended the text. */
  readonly stopSequence: string | undefined
}

/** Why the model stopped; `none` is a JSON answer that does not say. */
export type Finish = 'stop' | 'length' | 'tool' | 'filter' | 'refusal' | 'pause' | 'none'

/** One write of a stream. */
export interface Frame {
  readonly text: string
  /** Generated tokens in it, for the latency. */
  readonly tokens: number
  /** True for what marks the stream's proper end. */
  readonly terminal: boolean
}

/** An error as providers report it; `kind` picks each provider's own words. */
export interface Failure {
  readonly status: number
  readonly kind: 'invalid' | 'authentication' | 'not-found' | 'rate-limit' | 'server' | 'overloaded'
  readonly message: string
  /** The parameter at fault. */
  readonly param?: string
}

/** One endpoint's wire format. */
export interface WireFormat {
  readonly provider: Provider
  /** Matches the path, without query. */
  readonly path: RegExp
  /** Content type of its streams. */
  readonly streamType: string
  /** Throws `BadRequestError` for what the provider would refuse. */
  read(body: JsonObject, url: URL): Question
  whole(question: Question, answer: Answer, fault?: Fault): unknown
  frames(question: Question, answer: Answer): Frame[]
  errorFrame(failure: Failure): string
}

export const EVENT_STREAM = 'text/event-stream; charset=utf-8'

/** A frame of an event stream (WHATWG HTML, 9.2), with an `event` field where the provider sends one. */
export function sseFrame(data: unknown, options: { event?: string; tokens?: number; terminal?: boolean } = {}): Frame {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  const field = options.event === undefined ? '' : `event: ${options.event}\n`
  return { text: `${field}data: ${text}\n\n`, tokens: options.tokens ?? 0, terminal: options.terminal ?? false }
}

/**
 * The tool to call, if any: the one that is forced, else the first when the prompt asks to "call the tool" (or "use the",
 * or names it). A conversation that ends with a tool's result gets text.
 */
export function chooseTool(tools: readonly ToolSpec[], forced: boolean | string, prompt: string, answered: boolean): ToolSpec | undefined {
  if (answered || tools.length === 0) return undefined
  if (typeof forced === 'string') return tools.find((tool) => tool.name === forced)
  const named = tools.find((tool) => prompt.includes(tool.name))
  const wanted = forced || named !== undefined || /\b(call|use)\b.{0,20}\btools?\b/i.test(prompt)
  return wanted ? (named ?? tools[0]) : undefined
}
