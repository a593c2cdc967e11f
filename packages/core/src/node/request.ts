/** A Node request as the engine sees it. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CacheHandle } from '../engine/handle.js'
import type { CacheRequest, RequestBody } from '../exchange.js'
import { bodyOf } from './body.js'

/** What an adapter knows about a request beyond Node's own. */
export interface NodeRequestOptions {
  /** Path and query before any router stripped a mount path. */
  readonly url: string
  readonly explicit: boolean
  /** The route's pattern, asked for when an event is made. */
  readonly route: () => string | undefined
  /** What a body parser made of the body, if one ran. */
  readonly parsed: unknown
  readonly outer: CacheHandle | undefined
}

export function nodeRequest(request: IncomingMessage, response: ServerResponse, options: NodeRequestOptions): CacheRequest {
  let body: RequestBody | Promise<RequestBody> | undefined
  let controller: AbortController | undefined
  return {
    method: request.method ?? 'GET',
    url: options.url,
    host: (request.headers.host ?? headerOf(request, ':authority') ?? '').toLowerCase(),
    explicit: options.explicit,
    outer: options.outer,
    get route() {
      return options.route()
    },
    get signal() {
      if (!controller) {
        const created = new AbortController()
        controller = created
        if (response.destroyed) created.abort()
        else response.once('close', () => created.abort())
      }
      return controller.signal
    },
    header: (name) => headerOf(request, name),
    body(limit) {
      body ??= bodyOf(request, options.parsed, limit)
      return body
    },
  }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}
