/** A `Request` as the engine sees it. */

import type { CacheHandle } from '../engine/handle.js'
import type { CacheRequest } from '../exchange.js'
import type { BodyReader } from './body.js'
import { certificateOf } from './identity.js'

/** What an adapter knows about a request beyond the `Request` itself. */
export interface WebRequestOptions {
  readonly explicit: boolean
  /** The route's pattern, asked for when an event is made. */
  readonly route: () => string | undefined
  readonly outer: CacheHandle | undefined
  /** Path and query before any router stripped a mount path, where that is not the Request's own. */
  readonly url?: string | undefined
  /** Node's message, where the server passes it on beside the request. */
  readonly incoming?: unknown
}

export function webRequest(request: Request, body: BodyReader, options: WebRequestOptions): CacheRequest {
  const { explicit, outer } = options
  return {
    method: request.method,
    get url() {
      return options.url ?? targetOf(request.url)
    },
    get host() {
      return (request.headers.get('host') ?? authorityOf(request.url)).toLowerCase()
    },
    explicit,
    outer,
    get route() {
      return options.route()
    },
    get signal() {
      return request.signal
    },
    header: (name) => request.headers.get(name) ?? undefined,
    get identity() {
      return certificateOf(request, options.incoming)
    },
    headerNames: () => request.headers.keys(),
    body: (limit) => body.read(limit),
  }
}

/** Path and query of an absolute URL; parsing one with `URL` takes 2 us. */
export function targetOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start < 0) return '/'
  const end = url.indexOf('#', start)
  return end < 0 ? url.slice(start) : url.slice(start, end)
}

function authorityOf(url: string): string {
  const start = url.indexOf('://') + 3
  const end = url.indexOf('/', start)
  return end < 0 ? url.slice(start) : url.slice(start, end)
}
