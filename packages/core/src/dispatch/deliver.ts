/** One request to the app, its answer read to the end and thrown away. */

import { inMemory } from '#platform'
import type { DetachedRequest } from '../exchange.js'
import { headerValue } from '../http/headers.js'
import type { Peer } from '../platform/app-port.js'
import type { Clock } from '../ports.js'
import { endToEnd } from './fields.js'
import { putMark } from './mark.js'
import type { FetchApp, Target } from './target.js'

/** Silence after which a request of the cache's own is given up, in ms. */
export const DEFAULT_TIMEOUT_MS = 300_000

export interface Delivery {
  readonly mark: object | undefined
  readonly signal: AbortSignal | undefined
  /** Whose connection the app shall see; of a `fetch` app undefined. */
  readonly peer: Peer | undefined
  /** The `Request` that is repeated, for apps with a `fetch`. */
  readonly like: object | undefined
  readonly clock: Clock
  readonly timeoutMs: number
}

/** Undefined where the server takes no such requests; never rejects. */
export function deliver(target: Target, request: DetachedRequest, delivery: Delivery): Promise<number | undefined> | undefined {
  const { mark, signal, peer, clock, timeoutMs } = delivery
  if (signal?.aborted) return Promise.resolve(undefined)
  const controller = new AbortController()
  const giveUp = (): void => controller.abort()
  const patience = watchSilence(clock, timeoutMs, giveUp)
  signal?.addEventListener('abort', giveUp, { once: true })

  function start(): Promise<number | undefined> | undefined {
    const sent = { ...request, headers: endToEnd(request.headers), signal: controller.signal, onActivity: patience.heard }
    if (target.kind === 'fetch') return ask(target.app, sent, mark, delivery.like)
    return peer && inMemory.send(target.server, { ...sent, peer, prepare: (socket) => putMark(socket, mark) })
  }
  function over(): void {
    patience.end()
    signal?.removeEventListener('abort', giveUp)
  }
  let ended: Promise<number | undefined> | undefined
  try {
    ended = inMemory.apart(start)
  } catch {
    ended = Promise.resolve(undefined)
  }
  if (!ended) {
    over()
    return undefined
  }
  return ended
    .catch(() => undefined)
    .then((status) => {
      over()
      return status
    })
}

/** Calls `giveUp` once nothing was heard for so long. One timer, however much is heard. */
function watchSilence(clock: Clock, ms: number, giveUp: () => void): { readonly heard: () => void; readonly end: () => void } {
  let last = clock.monotonic()
  let cancel = clock.schedule(ms, look)
  function look(): void {
    const left = last + ms - clock.monotonic()
    if (left <= 0) giveUp()
    else cancel = clock.schedule(left, look)
  }
  return {
    heard: () => {
      last = clock.monotonic()
    },
    end: () => cancel(),
  }
}

interface FetchRequest extends DetachedRequest {
  readonly signal: AbortSignal
  readonly onActivity: () => void
}

async function ask(app: FetchApp, sent: FetchRequest, mark: object | undefined, like: object | undefined): Promise<number | undefined> {
  const { signal } = sent
  const aborted = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
  const request = requestOf(sent, like)
  putMark(request, mark)
  const response = await Promise.race([app.fetch(request), aborted])
  if (!response || signal.aborted) {
    void response?.body?.cancel().catch(() => undefined)
    return undefined
  }
  const reader = response.body?.getReader()
  if (!reader) return response.status
  for (;;) {
    const step = await Promise.race([reader.read(), aborted])
    sent.onActivity()
    if (!step) {
      void reader.cancel().catch(() => undefined)
      return undefined
    }
    if (step.done) return response.status
  }
}

function requestOf({ method, url, headers, body, signal }: FetchRequest, like: object | undefined): Request {
  const { url: first, cf } = (like ?? {}) as { url?: string; cf?: unknown }
  const origin = first?.includes('://') ? new URL(first).origin : `http://${headerValue(headers, 'host') || 'localhost'}`
  const hasBody = body.byteLength > 0
  const fields = new Headers(headers as [string, string][])
  if (hasBody) fields.set('content-length', `${body.byteLength}`)
  const request = new Request(`${origin}${url}`, {
    method,
    headers: fields,
    signal,
    ...(hasBody && { body: body as Uint8Array<ArrayBuffer> }),
  })
  // What Cloudflare knows of the client, its certificate too.
  if (cf !== undefined) Object.defineProperty(request, 'cf', { value: cf, enumerable: true })
  return request
}
