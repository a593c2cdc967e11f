/** A Node request as the engine sees it. */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { askAgain, holdRequest, type Received } from '../dispatch/again.js'
import { pairsOf } from '../dispatch/fields.js'
import { markOf } from '../dispatch/mark.js'
import type { CacheHandle } from '../engine/handle.js'
import type { CacheRequest, Dispatch, HeldRequest, RequestBody } from '../exchange.js'
import { bodyOf } from './body.js'
import { certificateOf } from './certificate.js'

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
  /** The way to the app where a request does not tell its server: `CacheRoute.dispatch`. */
  readonly dispatch: (() => Dispatch | undefined) | undefined
}

export function nodeRequest(request: IncomingMessage, response: ServerResponse, options: NodeRequestOptions): CacheRequest {
  return new NodeRequest(request, response, options)
}

/**
 * Takes conditions of a GET from its handler, before it makes an answer to be stored: to a 304 there is nothing to store, and a
 * client that asks with a validator each time would cost a model call each time.
 */
export function hideConditions({ headers }: IncomingMessage): void {
  delete headers['if-none-match']
  delete headers['if-modified-since']
}

/** A class, since an object literal with getters is built anew for each request, at several times the price. */
class NodeRequest implements CacheRequest {
  readonly method: string
  readonly url: string
  readonly host: string
  readonly explicit: boolean
  readonly outer: CacheHandle | undefined
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #headers: IncomingHttpHeaders
  readonly #options: NodeRequestOptions
  #body: RequestBody | Promise<RequestBody> | undefined
  #controller: AbortController | undefined

  constructor(request: IncomingMessage, response: ServerResponse, options: NodeRequestOptions) {
    const { headers } = request
    this.#request = request
    this.#response = response
    this.#headers = headers
    this.#options = options
    this.method = request.method ?? 'GET'
    this.url = options.url
    this.host = (headers.host ?? fieldOf(headers, ':authority') ?? '').toLowerCase()
    this.explicit = options.explicit
    this.outer = options.outer
  }

  get route(): string | undefined {
    return this.#options.route()
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController()
      this.#controller = controller
      if (this.#response.destroyed) controller.abort()
      else this.#response.once('close', () => controller.abort())
    }
    return this.#controller.signal
  }

  header(name: string): string | undefined {
    return fieldOf(this.#headers, name)
  }

  headerNames(): Iterable<string> {
    return Object.keys(this.#headers)
  }

  get identity(): string | undefined {
    return certificateOf(this.#request)
  }

  body(limit: number): RequestBody | Promise<RequestBody> {
    if (this.#body === undefined) {
      const body = bodyOf(this.#request, this.#options.parsed, limit)
      this.#body = body
      if (body instanceof Promise) void body.then((read) => (this.#body = read))
    }
    return this.#body
  }

  get mark(): object | undefined {
    return markOf(this.#request.socket)
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
    const body = this.#body
    if (body === undefined || body instanceof Promise || this.mark) return undefined
    const origin = this.#request
    return { method: this.method, url: this.url, headers: pairsOf(origin.rawHeaders), body, origin, dispatch: this.#options.dispatch }
  }
}

function fieldOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}
