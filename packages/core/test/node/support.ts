/** A plain Node server behind the cache, as the adapters build on it. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createLlmCache, type LlmCache } from '../../src/cache.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheEvent } from '../../src/events.js'
import { serve } from '../../src/node/serve.js'
import { listen, type Served } from '../../src/testing/adapter-contract/listen.js'

export type NodeHandler = (request: IncomingMessage, response: ServerResponse, run: number) => unknown

export interface App {
  readonly url: string
  readonly server: Server
  readonly cache: LlmCache
  readonly runs: () => number
  /** Reasons of the answers that were not stored. */
  readonly skips: () => string[]
  readonly served: Served
}

/** Every request is explicit; a handler that throws is answered by an error page of 500, as frameworks do. With 'no cache' the handler is alone. */
export async function withApp(
  handler: NodeHandler,
  body: (app: App) => Promise<void>,
  options: LlmCacheOptions | 'no cache' = {},
): Promise<void> {
  const bare = options === 'no cache'
  const cache = createLlmCache(bare ? {} : options)
  const events: CacheEvent[] = []
  cache.on((event) => events.push(event))
  let runs = 0
  const server = createServer((request, response) =>
    answer(bare ? undefined : cache, request, response, () => handler(request, response, ++runs)),
  )
  const served = await listen(server)
  const skips = (): string[] => events.flatMap((event) => (event.type === 'entry-skipped' ? [event.reason] : []))
  try {
    await body({ url: served.url, server, cache, runs: () => runs, skips, served })
  } finally {
    await served.close()
    await cache.close()
  }
}

export function answer(cache: LlmCache | undefined, request: IncomingMessage, response: ServerResponse, handler: () => unknown): void {
  const errorPage = (error: unknown): void => {
    if (response.headersSent) {
      response.destroy()
      return
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    response.statusCode = 500
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ sorry: (error as Error).name }))
  }
  if (!cache) {
    new Promise((resolve) => resolve(handler())).catch(errorPage)
    return
  }
  const options = {
    url: request.url ?? '/',
    explicit: true,
    route: () => '/',
    parsed: undefined,
    outer: undefined,
    dispatch: cache.dispatch,
    expose: () => undefined,
  }
  try {
    const served = serve(cache, request, response, options, handler)
    if (served instanceof Promise) served.catch(errorPage)
  } catch (error) {
    errorPage(error)
  }
}
