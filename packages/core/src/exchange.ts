/**
 * The neutral exchange: what an adapter tells the engine about a request, and what the engine answers.
 * No framework's `req`/`res` and no `Request`/`Response` appear here: tapping `res.write` costs 3..5 us
 * a request, a bridge through `Response` 167..227 us (docs/decisions/0001-neutral-exchange.md).
 */

import type { CacheHandle } from './engine/handle.js'

/** Header fields as name/value pairs, in the order received; names as the sender wrote them. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[]

/** The request's body, as far as the adapter can give it without taking it from the handler. */
export type RequestBody =
  /** There is none (GET, or content-length 0). */
  | { readonly kind: 'none' }
  /** The bytes as received. The handler still gets them. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** A body parser ran before us; `value` is what it made of the body. */
  | { readonly kind: 'parsed'; readonly value: unknown }
  /** It cannot be keyed; the request is bypassed with this reason. The handler still gets it. */
  | { readonly kind: 'unreadable'; readonly reason: UnreadableReason }

export type UnreadableReason =
  | 'body-too-large'
  | 'body-encoded'
  | 'body-multipart'
  | 'body-consumed'
  | 'body-aborted'
  | 'body-length-unknown'
  | 'body-withheld'

/** A request as the engine sees it. Everything is lazy: a getter that is not asked for costs nothing. */
export interface CacheRequest {
  /** Upper-case method. */
  readonly method: string
  /** Path and query exactly as received, before any router stripped a mount path. */
  readonly url: string
  /** The Host field (or `:authority`), lower-case, with its port; '' when absent. */
  readonly host: string
  /**
   * The route's pattern (`/chat/:id`) if the framework knows it yet. The only form of the path that may
   * appear in events and labels, since paths can carry private data.
   */
  readonly route?: string | undefined
  /** True when the app marked this very route: mounted on it, wrapped by `cached()`. */
  readonly explicit: boolean
  /** A field's value by lower-case name; several lines are joined by ', ' (cookies by '; '). */
  header(name: string): string | undefined
  /** Lower-case names of the fields that the request has. */
  headerNames(): Iterable<string>
  /** Who the connection itself says the caller is: the fingerprint of a client's TLS certificate. */
  readonly identity?: string | undefined
  /**
   * The body, at most `limit` bytes of it: more is unreadable with 'body-too-large'. May be called more than
   * once; never takes anything from the handler.
   */
  body(limit: number): RequestBody | Promise<RequestBody>
  /** Aborted when the client leaves; asked for only while the request waits for someone else's answer. */
  readonly signal?: AbortSignal | undefined
  /**
   * Asks the app the same once more, as a new request through all of its middleware, whose answer is read and thrown away. Resolves
   * with its status once it ended, with undefined where it broke off; never rejects. Absent or undefined where it cannot be done.
   *
   * @param mark what the new request has as its `mark`
   */
  again?(mark?: object): Promise<number | undefined> | undefined
  /**
   * Takes down all that `again` needs, so that it can be done when this request and its client are long gone. Absent or undefined
   * where it cannot be done, and as long as the body has not been read.
   */
  hold?(): HeldRequest | undefined
  /** What this cache put on a request that it sent to the app itself; nobody else can put it there. */
  readonly mark?: object | undefined
  /** The handle of a cache mounted further out on the same request: the inner one decides, the outer one stands back. */
  readonly outer?: CacheHandle | undefined
}

/** A request that the cache sends to the app it is part of. */
export interface DetachedRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** As a client sends them; `Host` too, where the app or the key depends on it. Those of a connection are left out. */
  readonly headers: HeaderPairs
  readonly body: Uint8Array
}

export interface DispatchOptions {
  /** What the new request has as its `CacheRequest.mark`. */
  readonly mark?: object | undefined
  /** Breaks the request off, as a client that leaves. */
  readonly signal?: AbortSignal | undefined
  /** The request (Node's message or a `Request`) that it repeats: it comes from the same client, over as good a connection. */
  readonly repeats?: object | undefined
}

/**
 * Sends a request to the app, through all of its middleware; the answer is read and thrown away. Resolves with its status once it
 * ended, with undefined where it broke off; never rejects.
 */
export type Dispatch = (request: DetachedRequest, options?: DispatchOptions) => Promise<number | undefined>

/** A request that was taken down to be sent again. It has the body and the credentials of its caller: it must not leave the process. */
export interface HeldRequest {
  /** What it takes in memory, about. */
  readonly bytes: number
  /** As `CacheRequest.again`. */
  again(mark?: object): Promise<number | undefined> | undefined
}

/** What followers of an answer in flight need to know before its first byte. */
export interface AnswerHead {
  /** Id of the entry-to-be. */
  readonly id: string
  readonly status: number
  readonly headers: HeaderPairs
}

/** A complete or still growing answer that goes out in the origin's place. */
export interface Reply {
  readonly status: number
  /** Representation headers first, then the cache's own (Cache-Status, Age, x-llm-cache, x-llm-cache-id). */
  readonly headers: HeaderPairs
  readonly body: ReplyBody
}

export type ReplyBody =
  /** The whole body, ready to be written at once. Empty for 204, 304 and HEAD. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Chunks that arrive over time: a flight being followed, or a paced replay. */
  | { readonly kind: 'chunks'; readonly chunks: ChunkSource }

/**
 * A pull source of chunks with back-pressure: nothing is produced that was not asked for.
 * `next` answers at once when a chunk is there already.
 */
export interface ChunkSource {
  /** The next chunk, `done` after the last one, `aborted` when the origin broke off. */
  next(): ChunkStep | Promise<ChunkStep>
  /** The receiver left. Idempotent; no further `next` is expected. */
  cancel(): void
}

export type ChunkStep = { readonly kind: 'chunk'; readonly bytes: Uint8Array } | { readonly kind: 'done' } | { readonly kind: 'aborted' }

/** What is to be done with a request. */
export type Outcome =
  /** Run the handler, capture nothing. `headers` go onto its response. */
  | { readonly kind: 'bypass'; readonly reason: BypassReason; readonly headers: HeaderPairs; readonly handle: CacheHandle }
  /** Send `reply`, do not run the handler. */
  | { readonly kind: 'replay'; readonly reply: Reply; readonly handle: CacheHandle }
  /** Run the handler inside `recorder.run` and feed the recorder with its answer. */
  | { readonly kind: 'record'; readonly recorder: Recorder; readonly handle: CacheHandle }

/** Lets go of an outcome that cannot be acted upon, so that nobody waits for it: the response went out by another way. */
export function discard(outcome: Outcome): void {
  if (outcome.kind === 'record') outcome.recorder.abort('origin-error')
  else if (outcome.kind === 'replay' && outcome.reply.body.kind === 'chunks') outcome.reply.body.chunks.cancel()
}

/** What to send where the origin fails: the answer that there was before. */
export interface Fallback {
  /** Whether an answer with this status is a failure. */
  covers(status: number): boolean
  /**
   * The reply to send in the origin's place; the recorder takes nothing more. Undefined where there is none after all: then what
   * the origin said goes out.
   *
   * @param status the origin's; undefined where it broke off without any
   */
  take(status: number | undefined): Reply | undefined
}

/** Receives an origin answer while it goes out to the client. Never throws, never delays. */
export interface Recorder {
  /** Id of the entry-to-be, the value of `x-llm-cache-id`. */
  readonly id: string
  /**
   * There is something to send where the origin fails. Then the head goes out no sooner than the first byte of the body: until then
   * a failure can still be made up for.
   */
  readonly fallback?: Fallback | undefined
  /** Runs the handler so that upstream calls it makes (also later, asynchronously) are tied to this exchange. */
  run<T>(handler: () => T): T
  /**
   * The origin's status and headers, without those that outer middleware had set on the response before
   * the handler ran. Answers with the cache's fields to add to the head on the wire.
   */
  head(status: number, headers: HeaderPairs): HeaderPairs
  /** A chunk of the body as it goes to the client. The recorder keeps the reference: do not reuse the buffer. */
  write(chunk: Uint8Array): void
  /** The handler threw: what goes out now is an error page, whatever its status. It is shared with followers and not stored. */
  failed(): void
  /** The origin ended its answer. */
  end(): void
  /** The origin broke off: it threw, or destroyed its response. */
  abort(reason: 'origin-error'): void
  /**
   * The client left before the end. True: others still receive this answer, so the origin must not be told;
   * `onRelease` is called once when nobody receives it any more or it has ended.
   */
  clientGone(onRelease: () => void): boolean
}

/** Why a request was not looked up at all. Values are stable and safe as labels. */
export type BypassReason =
  | UnreadableReason
  | 'policy'
  | 'method'
  | 'when'
  | 'not-llm'
  | 'request-no-store'
  | 'range-request'
  | 'upgrade'
  | 'no-partition'
  | 'partition-failed'
  | 'invalid-json'
  | 'duplicate-keys'
  | 'number-precision'
  | 'too-deep'
  | 'stateful'
  | 'closed'
  | 'internal-error'
