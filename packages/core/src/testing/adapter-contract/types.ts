/** The vocabulary of the adapter contract: what a framework's driver is told to build, and what handlers answer. */

import type { LlmCache } from '../../cache.js'
import type { CacheHandle } from '../../engine/handle.js'
import type { RouteOptions } from '../../engine/options.js'
import type { Gate } from '../model-server/gate.js'
import type { Served } from './listen.js'

/** What is needed of a test runner: `vitest`, `node:test` and `jest` have it. */
export interface AdapterRunner {
  describe(name: string, body: () => void): void
  it(name: string, body: () => Promise<void>): void
  beforeAll(body: () => Promise<void>): void
  afterAll(body: () => Promise<void>): void
}

/** A framework under test. `N` is the type of its own handlers. */
export interface AdapterDriver<N> {
  /** 'express 5', as it stands in the tests' names. */
  readonly name: string
  /** The handler shapes of this framework; those of `nodeShapes` fit wherever a `ServerResponse` is at hand. */
  readonly shapes: readonly Shape<N>[]
  /** Starts the app on a free port of 127.0.0.1, best with `listen`. */
  serve(app: AppSpec<N>): Promise<Served>
}

/** A way of writing a handler, as users do. Its answer must be storable. */
export interface Shape<N> {
  readonly name: string
  /** The answer goes out in several writes. */
  readonly streamed: boolean
  /** The answer comes from `tools.modelUrl`. */
  readonly asksModel: boolean
  /** A handler that answers with `tools.prompt` through the model server, or with `tools.frames` in its own words. */
  make(tools: ShapeTools): N
}

export interface ShapeTools {
  /** Origin of a model server, without a trailing slash. */
  readonly modelUrl: string
  readonly prompt: string
  /** Frames of an OpenAI chat stream, [DONE] included. */
  readonly frames: readonly string[]
  /** What a handler passes before each write of its own. Open unless a test holds it. */
  readonly gate: Gate
  /** To be called once by each run of the handler. */
  readonly called: () => void
}

/** The app to build. With `cache` undefined it is built alike, only without the cache. */
export interface AppSpec<N> {
  readonly cache: LlmCache | undefined
  /**
   * `global`: `app.use(llmCache(cache, rules))`; `route`: on the route; `cached`: `cached({ cache, ...rules }, handler)`;
   * `nested`: `app.use(llmCache(cache))` and, on the route, `llmCache(cache, rules)`.
   */
  readonly mount: 'global' | 'route' | 'cached' | 'nested'
  readonly rules: RouteOptions | undefined
  /** Where a JSON body parser stands, seen from the cache. `after` is never asked for with `cached`. */
  readonly bodyParser: 'before' | 'after' | 'none'
  /** Response compression without a size threshold. */
  readonly compression: 'outside' | 'inside' | 'none'
  /** CORS outside the cache that answers with the request's own origin and allows credentials. */
  readonly cors: boolean
  /** The routes, with the cache in front of them, live in a sub-app or router that is mounted at each of these paths. */
  readonly mountedAt: readonly string[]
  readonly routes: readonly RouteSpec<N>[]
  /** To be called when a request arrives, before anything else. */
  readonly arrived: () => void
}

export interface RouteSpec<N> {
  /** Upper-case: POST, GET, QUERY. */
  readonly method: string
  readonly path: string
  readonly handler: { readonly kind: 'neutral'; readonly run: NeutralHandler } | { readonly kind: 'native'; readonly native: N }
}

/** A handler in no framework's words. Drivers call it as their own handlers are called: a throw is the framework's to catch. */
export type NeutralHandler = (call: HandlerCall) => Answer | Promise<Answer>

export interface HandlerCall {
  readonly method: string
  readonly url: string
  header(name: string): string | undefined
  /** What a body parser made of the body; without a parser the raw bytes, read by the driver as a handler would. */
  readonly body: unknown
  /** `res.locals.llmCache` or the framework's like; undefined in an app without the cache. */
  readonly handle: CacheHandle | undefined
  /** Calls `callback` when the framework tells that the client left before the answer was finished. */
  onGone(callback: () => void): void
}

/** What a driver sends in its framework's customary way, with back-pressure where there are chunks. */
export interface Answer {
  /** @default 200 */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Sent as JSON (`res.json`, `ctx.body = {}`, `c.json`). */
  readonly json?: unknown
  readonly body?: string | Uint8Array
  /** Written one by one. A throw in it is a throw in the middle of the handler. */
  readonly chunks?: AsyncIterable<string | Uint8Array>
}
