/** The simulated model provider as tests and demos see it. */

import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../ports.js'

/**
 * What can go wrong, each in the provider's own format:
 *
 * | fault | effect |
 * |---|---|
 * | `rate-limit` | 429 with `retry-after` |
 * | `server-error` | 500 |
 * | `overloaded` | 529 from Anthropic, 503 elsewhere |
 * | `bad-key` | 401 |
 * | `error-frame` | a stream turns into an error event half-way; a JSON answer is an error object with status 200 |
 * | `cut` | the socket is destroyed half-way through the stream or the body |
 * | `hang` | no byte until the client or the server closes |
 * | `slow-first-byte` | the first byte comes `slowFirstByteMs` late |
 * | `empty` | a complete answer without any text |
 * | `length` | truncated, `finish_reason: length` |
 * | `content-filter` | truncated by the filter (Anthropic: `refusal`) |
 * | `refusal` | the model declines |
 * | `no-terminal` | a stream ends cleanly without `[DONE]`, `message_stop`, ...; a JSON answer has no finish reason |
 * | `malformed-json` | one frame, or the body, is broken JSON |
 * | `pause` | Anthropic `pause_turn`; elsewhere an ordinary answer |
 * | `wrong-dimension` | embeddings have one dimension more; elsewhere an ordinary answer |
 */
export type Fault = (typeof FAULTS)[number]

/** Every {@link Fault}. */
export const FAULTS = [
  'rate-limit',
  'server-error',
  'overloaded',
  'bad-key',
  'error-frame',
  'cut',
  'hang',
  'slow-first-byte',
  'empty',
  'length',
  'content-filter',
  'refusal',
  'no-terminal',
  'malformed-json',
  'pause',
  'wrong-dimension',
] as const

/** How fast the model is. Every figure is in ms and 0 by default. */
export interface ModelLatency {
  /** From the request to the first byte. */
  readonly firstTokenMs?: number
  /** For each further token. A JSON answer takes `firstTokenMs` and this for all of its tokens. */
  readonly tokenMs?: number
  /** Share by which each delay varies, in [0, 1]. @default 0 */
  readonly jitter?: number
  /** Seed of the jitter. @default 1 */
  readonly seed?: number
}

export interface ModelServerOptions extends ModelLatency {
  /** @default 0 (any free port) */
  readonly port?: number
  /** Loopback address to listen on. @default '127.0.0.1' */
  readonly host?: string
  /** Decides about each call, after `failNext` and the prompt's own `[[fault:...]]`. */
  readonly fault?: (call: ModelCall) => Fault | undefined
  /** What the model says to a call, for texts that matter: verdicts of a judge, JSON. Undefined: its usual words. */
  readonly reply?: (call: ModelCall) => string | undefined
  /** Delay of the fault `slow-first-byte`, in ms. @default 5000 */
  readonly slowFirstByteMs?: number
  /** Answers with other words at every call, as a model at a high temperature does. @default false (equal prompts, equal words) */
  readonly vary?: boolean
  /** Cuts each frame of a stream into writes of at most so many bytes, even inside a character. @default one write a frame */
  readonly chunkBytes?: number
  /** Further header fields of every answer, such as a cookie. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** Time source of the delays. @default the system's */
  readonly clock?: Clock
}

/** One request that reached the server; it is filled in while it is served. */
export interface ModelCall {
  /** Path without query. */
  readonly path: string
  /** As asked for; '' where the path needs none. */
  readonly model: string
  readonly stream: boolean
  /** Status sent; 0 before the head went out. */
  readonly status: number
  /** The client left before the end. */
  readonly aborted: boolean
  /** Nothing more will be sent. */
  readonly done: boolean
  /** Chunks sent so far (1 for a whole JSON answer). */
  readonly chunks: number
  /** The last user message's text. */
  readonly prompt: string
  readonly fault: Fault | undefined
  /** Id in the answer, unique for each call. */
  readonly id: string
  /** Tokens of the whole answer as billed, whether or not the client stayed. */
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number }
  readonly headers: IncomingHttpHeaders
  /** The parsed JSON body. */
  readonly body: unknown
}

export interface ModelServer {
  /** Origin without a trailing slash. OpenAI's `baseURL` is `${url}/v1`, Anthropic's is `url`. */
  readonly url: string
  /** Every request since the start or the last `reset()`, in order of arrival. */
  readonly calls: readonly ModelCall[]
  /** How many requests came, or how many to this path (without query). */
  callCount(path?: string): number
  /** Resolves once `count` requests have come (to this path). */
  waitForCalls(count: number, path?: string): Promise<void>
  /**
   * Resolves as soon as `condition` holds; it is asked at once and after each change of a call (chunk, abort, end).
   * A client's abort takes a moment to arrive: wait for `calls[0]?.aborted` rather than expect it.
   */
  until(condition: (calls: readonly ModelCall[]) => boolean): Promise<void>
  /** Resolves once no request is being served: what clients aborted is known then. */
  settled(): Promise<void>
  /** The next `times` calls fail so; several make a queue. */
  failNext(fault: Fault, times?: number): void
  /** Every call from now on waits before its first byte and after each chunk. */
  hold(): void
  /**
   * Lets each call held at this moment send `chunks` more (default 1); a JSON answer is one chunk. Resolves when they
   * have been written and the calls wait again or have ended.
   */
  step(chunks?: number): Promise<void>
  /** Ends the hold; held calls go on at once. */
  release(): void
  /** Forgets calls and faults, ends the hold, and breaks off the calls being served. */
  reset(): void
  /** Stops listening and destroys all connections. Idempotent. */
  close(): Promise<void>
}
