/** A `Request` as the engine sees it. */

import { askAgain, holdRequest, type Received } from '../dispatch/again.js'
import { pairsOf } from '../dispatch/fields.js'
import { markOf } from '../dispatch/mark.js'
import type { CacheHandle } from '../engine/handle.js'
import type { CacheRequest, Dispatch, HeldRequest, RequestBody } from '../exchange.js'
import { type BodyReader, createBodyReader } from './body.js'
import { certificateOf } from './identity.js'
import { messageBehind } from './incoming.js'

/** What an adapter knows about a request beyond the `Request` itself. */
export interface WebRequestOptions {
  readonly explicit: boolean
  /** The route's pattern, asked for when an event is made. */
  readonly route: () => string | undefined
  readonly outer: CacheHandle | undefined
  /** The way to the app where a request does not tell its server: `CacheRoute.dispatch`. */
  readonly dispatch: (() => Dispatch | undefined) | undefined
  /** Path and query before any router stripped a mount path, where that is not the Request's own. */
  readonly url?: string | undefined
  /** Node's message, where the server passes it on beside the request. */
  readonly incoming?: unknown
}

/** With the `Request` alone it is one of no app: enough for `cache.explain`, which reads its body. */
export function webRequest(
  request: Request,
  body: BodyReader = createBodyReader(request),
  options: WebRequestOptions = PLAIN,
): CacheRequest {
  return new WebRequest(request, body, options)
}

const PLAIN: WebRequestOptions = { explicit: false, route: () => undefined, outer: undefined, dispatch: undefined }

/** What is used of Node's IncomingMessage. */
interface NodeMessage {
  readonly rawHeaders?: readonly string[]
  readonly socket?: object | null
}

/** A class, since an object literal with getters is built anew for each request, at several times the price. */
class WebRequest implements CacheRequest {
  readonly method: string
  readonly explicit: boolean
  readonly outer: CacheHandle | undefined
  readonly #request: Request
  readonly #body: BodyReader
  readonly #options: WebRequestOptions
  #read: RequestBody | undefined

  constructor(request: Request, body: BodyReader, options: WebRequestOptions) {
    this.method = request.method
    this.explicit = options.explicit
    this.outer = options.outer
    this.#request = request
    this.#body = body
    this.#options = options
  }

  get url(): string {
    return this.#options.url ?? targetOf(this.#request.url)
  }

  get host(): string {
    return (this.#request.headers.get('host') ?? authorityOf(this.#request.url)).toLowerCase()
  }

  get route(): string | undefined {
    return this.#options.route()
  }

  get signal(): AbortSignal {
    return this.#request.signal
  }

  get identity(): string | undefined {
    return certificateOf(this.#request, this.#options.incoming)
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }

  headerNames(): Iterable<string> {
    return this.#request.headers.keys()
  }

  body(limit: number): RequestBody | Promise<RequestBody> {
    const body = this.#body.read(limit)
    if (body instanceof Promise) void body.then((read) => (this.#read = read))
    else this.#read = body
    return body
  }

  get mark(): object | undefined {
    return markOf(this.#request) ?? markOf(this.#message?.socket)
  }

  again(mark?: object): Promise<number | undefined> | undefined {
    const received = this.#received()
    return received && askAgain(received, mark)
  }

  hold(): HeldRequest | undefined {
    const received = this.#received()
    return received && holdRequest(received)
  }

  #received(): Received | undefined {
    if (this.#read === undefined || this.mark) return undefined
    const message = this.#message
    const headers = message?.rawHeaders ? pairsOf(message.rawHeaders) : [...this.#request.headers]
    const { dispatch } = this.#options
    return { method: this.method, url: this.url, headers, body: this.#read, origin: message ?? this.#request, dispatch }
  }

  get #message(): NodeMessage | undefined {
    return (this.#options.incoming ?? messageBehind(this.#request)) as NodeMessage | undefined
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
