/** Sees outgoing HTTP calls through Node's diagnostics channels, and which handler made them through AsyncLocalStorage. */

import { AsyncLocalStorage } from 'node:async_hooks'
import * as diagnostics from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { IsModelCall, JudgeResponse, UpstreamState, UpstreamTrace, UpstreamWatch } from '../ports.js'
import { type CallBody, createCallBody } from './node-call-body.js'

type Ending = 'complete' | 'failed' | 'aborted'

class Call {
  readonly body: CallBody = createCallBody()
  readonly startedAt: number
  status = 0
  endedAt: number = Number.POSITIVE_INFINITY
  readonly #judge: JudgeResponse
  readonly #now: () => number
  #ending: Ending | undefined
  #outcome: UpstreamState | undefined

  constructor(now: () => number, judge: JudgeResponse) {
    this.startedAt = now()
    this.#now = now
    this.#judge = judge
  }

  /** By what the connection did; the first word counts. */
  end(ending: Ending): void {
    if (this.#ending) return
    this.#ending = ending
    this.endedAt = this.#now()
  }

  get outcome(): UpstreamState {
    if (!this.#ending) return 'unknown'
    this.#outcome ??= this.#decide(this.#ending)
    return this.#outcome
  }

  /** By what the response said, too: a text that the model broke off for its length ends as cleanly as a whole one. */
  #decide(ending: Ending): UpstreamState {
    if (ending === 'failed' || this.status >= 400) return 'failed'
    if (this.body.overflown) return ending === 'complete' ? 'complete' : 'unknown'
    const bytes = this.body.bytes()
    if (!bytes) return 'unknown'
    const verdict = this.#judge(this.body.contentType, bytes)
    // SDKs abort a stream themselves after its last event.
    return verdict === 'failed' && ending === 'aborted' ? 'unknown' : verdict
  }
}

class Trace implements UpstreamTrace {
  readonly #storage: AsyncLocalStorage<Trace>
  readonly #judge: JudgeResponse
  readonly #calls: Call[] = []
  readonly #onClose: () => void
  #step = 0
  #closed = false

  constructor(storage: AsyncLocalStorage<Trace>, judge: JudgeResponse, onClose: () => void) {
    this.#storage = storage
    this.#judge = judge
    this.#onClose = onClose
  }

  get calls(): number {
    return this.#calls.length
  }

  get state(): UpstreamState {
    let state: UpstreamState = this.#calls.length > 0 ? 'complete' : 'unknown'
    for (const call of this.#calls) {
      if (call.outcome === 'complete') continue
      // A retry or a fallback that began after the failure and ended well makes up for it.
      if (call.outcome === 'failed' && this.#calls.some((later) => later.outcome === 'complete' && later.startedAt > call.endedAt)) continue
      if (call.outcome === 'failed') return 'failed'
      state = 'unknown'
    }
    return state
  }

  run<T>(callback: () => T): T {
    return this.#storage.run(this, callback)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#onClose()
  }

  start(): Call {
    const call = new Call(() => this.#step++, this.#judge)
    this.#calls.push(call)
    return call
  }
}

/** What of undici's request its diagnostics channels document, and the method that gets the response's chunks. */
interface UndiciRequest {
  readonly origin?: string | URL
  readonly path?: string
  readonly method?: string
  onData?: (chunk: Uint8Array) => unknown
}

interface UndiciResponse {
  readonly statusCode: number
  readonly headers?: readonly (Uint8Array | string)[]
}

/**
 * Watches both `fetch` (undici) and `node:http`, which between them carry every provider SDK on Node. `judge` is asked about each
 * model's response, once its exchange is judged itself.
 */
export function createUpstreamWatch(isModelCall: IsModelCall, judge: JudgeResponse): UpstreamWatch {
  const storage = new AsyncLocalStorage<Trace>()
  const running = new WeakMap<object, Call>()

  const handlers: Readonly<Record<string, (message: never) => void>> = {
    'undici:request:create'({ request }: { request: UndiciRequest }) {
      const trace = storage.getStore()
      if (!trace || !isModelCall(hostOf(request.origin), request.path ?? '/', request.method ?? 'GET')) return
      const call = trace.start()
      running.set(request, call)
      watchData(request, call)
    },
    'undici:request:headers'({ request, response }: { request: object; response: UndiciResponse }) {
      const call = running.get(request)
      if (!call) return
      call.status = response.statusCode
      call.body.contentType = rawField(response.headers, 'content-type')
      call.body.contentEncoding = rawField(response.headers, 'content-encoding').toLowerCase()
    },
    'undici:request:trailers'({ request }: { request: object }) {
      running.get(request)?.end('complete')
    },
    'undici:request:error'({ request, error }: { request: object; error: unknown }) {
      running.get(request)?.end(isAbort(error) ? 'aborted' : 'failed')
    },
    'http.client.request.start'({ request }: { request: ClientRequest }) {
      const trace = storage.getStore()
      const host = String(request.getHeader('host') ?? request.host ?? '').toLowerCase()
      if (!trace || !isModelCall(host, request.path, request.method)) return
      const call = trace.start()
      running.set(request, call)
      request.once('error', () => call.end('failed'))
    },
    'http.client.response.finish'({ request, response }: { request: object; response: IncomingMessage }) {
      const call = running.get(request)
      if (!call) return
      call.status = response.statusCode ?? 500
      call.body.contentType = response.headers['content-type'] ?? ''
      call.body.contentEncoding = (response.headers['content-encoding'] ?? '').toLowerCase()
      watchPush(response, call)
      response.once('end', () => call.end('complete'))
      response.once('close', () => call.end(response.errored ? 'failed' : 'aborted'))
    },
  }

  const subscriptions = Object.entries(handlers).map(
    ([name, handler]) => [name, handler as unknown as diagnostics.ChannelListener] as const,
  )
  let watching = false
  let open = 0

  /** Until Node 24 every storage that ever ran taxes each asynchronous operation of the process, hits included. */
  function rest(): void {
    if (open === 0) storage.disable()
  }

  return {
    trace() {
      // Only from the first miss on: an app that never misses pays nothing for it.
      if (!watching) for (const [name, handler] of subscriptions) diagnostics.subscribe(name, handler)
      watching = true
      open++
      return new Trace(storage, judge, () => {
        open--
        rest()
      })
    },
    close() {
      if (watching) for (const [name, handler] of subscriptions) diagnostics.unsubscribe(name, handler)
      watching = false
      storage.disable()
    },
  }
}

/** undici hands each chunk of the response to `onData` of the request. */
function watchData(request: UndiciRequest, call: Call): void {
  const { onData } = request
  if (typeof onData !== 'function') return
  request.onData = function watchedOnData(chunk) {
    call.body.add(chunk)
    return Reflect.apply(onData, request, [chunk])
  }
}

/** Node's parser pushes each chunk of the response. */
function watchPush(response: IncomingMessage, call: Call): void {
  const { push } = response
  response.push = function watchedPush(chunk: Uint8Array | null, ...rest: unknown[]): boolean {
    if (chunk instanceof Uint8Array) call.body.add(chunk)
    return Reflect.apply(push, response, [chunk, ...rest])
  } as typeof response.push
}

/** A field of undici's flat list of names and values; '' when absent. */
function rawField(headers: UndiciResponse['headers'], lowerName: string): string {
  for (let at = 0; headers && at + 1 < headers.length; at += 2) {
    if (String(headers[at]).toLowerCase() === lowerName) return String(headers[at + 1])
  }
  return ''
}

function hostOf(origin: string | URL | undefined): string {
  try {
    return new URL(String(origin)).host
  } catch {
    return ''
  }
}

function isAbort(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown }
  return name === 'AbortError' || code === 'UND_ERR_ABORTED' || code === 'ABORT_ERR'
}
