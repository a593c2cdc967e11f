/** Sees outgoing HTTP calls through Node's diagnostics channels, and which handler made them through AsyncLocalStorage. */

import { AsyncLocalStorage } from 'node:async_hooks'
import * as diagnostics from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { IsModelCall, UpstreamState, UpstreamTrace, UpstreamWatch } from '../ports.js'

interface Call {
  outcome: 'running' | 'complete' | 'failed' | 'aborted'
  /** Order of start and end within the trace. */
  readonly startedAt: number
  endedAt: number
}

class Trace implements UpstreamTrace {
  readonly #storage: AsyncLocalStorage<Trace>
  readonly #calls: Call[] = []
  #step = 0

  constructor(storage: AsyncLocalStorage<Trace>) {
    this.#storage = storage
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

  start(): (outcome: Call['outcome']) => void {
    const call: Call = { outcome: 'running', startedAt: this.#step++, endedAt: Number.POSITIVE_INFINITY }
    this.#calls.push(call)
    return (outcome) => {
      if (call.outcome !== 'running') return
      call.outcome = outcome
      call.endedAt = this.#step++
    }
  }
}

/** Fields of undici's request that its diagnostics channels document. */
interface UndiciRequest {
  readonly origin?: string | URL
  readonly path?: string
  readonly method?: string
}

/** Watches both `fetch` (undici) and `node:http`, which between them carry every provider SDK on Node. */
export function createUpstreamWatch(isModelCall: IsModelCall): UpstreamWatch {
  const storage = new AsyncLocalStorage<Trace>()
  const running = new WeakMap<object, { status: number; end: (outcome: Call['outcome']) => void }>()

  const handlers: Readonly<Record<string, (message: never) => void>> = {
    'undici:request:create'({ request }: { request: UndiciRequest }) {
      const trace = storage.getStore()
      if (!trace || !isModelCall(hostOf(request.origin), request.path ?? '/', request.method ?? 'GET')) return
      running.set(request, { status: 0, end: trace.start() })
    },
    'undici:request:headers'({ request, response }: { request: object; response: { statusCode: number } }) {
      const call = running.get(request)
      if (call) call.status = response.statusCode
    },
    'undici:request:trailers'({ request }: { request: object }) {
      const call = running.get(request)
      call?.end(call.status < 400 ? 'complete' : 'failed')
    },
    'undici:request:error'({ request, error }: { request: object; error: unknown }) {
      const call = running.get(request)
      // SDKs abort a stream themselves after its last event; that alone proves nothing.
      call?.end(isAbort(error) && call.status < 400 ? 'aborted' : 'failed')
    },
    'http.client.request.start'({ request }: { request: ClientRequest }) {
      const trace = storage.getStore()
      const host = String(request.getHeader('host') ?? request.host ?? '').toLowerCase()
      if (!trace || !isModelCall(host, request.path, request.method)) return
      const end = trace.start()
      running.set(request, { status: 0, end })
      request.once('error', () => end('failed'))
    },
    'http.client.response.finish'({ request, response }: { request: object; response: IncomingMessage }) {
      const call = running.get(request)
      if (!call) return
      const ok = (response.statusCode ?? 500) < 400
      response.once('end', () => call.end(ok ? 'complete' : 'failed'))
      response.once('close', () => call.end(response.errored ? 'failed' : 'aborted'))
    },
  }

  const subscriptions = Object.entries(handlers).map(
    ([name, handler]) => [name, handler as unknown as diagnostics.ChannelListener] as const,
  )
  let watching = false

  return {
    trace() {
      // Only from the first miss on: an app that never misses pays nothing for it.
      if (!watching) for (const [name, handler] of subscriptions) diagnostics.subscribe(name, handler)
      watching = true
      return new Trace(storage)
    },
    close() {
      if (watching) for (const [name, handler] of subscriptions) diagnostics.unsubscribe(name, handler)
      watching = false
      // Until Node 24 every storage that ever ran taxes each asynchronous operation of the process.
      storage.disable()
    },
  }
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
