/** A scene: one app under test, with a count of its handler's runs and of what its cache did. */

import assert from 'node:assert/strict'
import { createLlmCache, type LlmCache } from '../../cache.js'
import type { LlmCacheOptions } from '../../engine/options.js'
import type { CacheEvent } from '../../events.js'
import { createGate, type Gate } from '../model-server/gate.js'
import { type Ask, type Live, type Received, send, start } from './client.js'
import { chat, completion } from './samples.js'
import type { AdapterDriver, Answer, AppSpec, HandlerCall, RouteSpec } from './types.js'

export interface SceneOptions<N> extends Partial<Omit<AppSpec<N>, 'cache' | 'routes'>> {
  /** Options of the cache; `null`: the app without one. */
  readonly cache?: LlmCacheOptions | null
  /** The answer of `POST /chat`. @default a whole chat completion with the run's number as its id */
  readonly answer?: (call: HandlerCall, run: number) => Answer | Promise<Answer>
  readonly routes?: readonly RouteSpec<N>[]
}

export interface Scene {
  readonly url: string
  readonly cache: LlmCache | undefined
  /** Runs of the handler so far. */
  readonly runs: number
  readonly gate: Gate
  readonly events: readonly CacheEvent[]
  /** Reasons of the answers that were not stored. */
  readonly skips: readonly string[]
  readonly stored: number
  /** `POST /chat` with a chat body unless told otherwise. */
  ask(ask?: Ask): Promise<Received>
  live(ask?: Ask): Live
  /** Resolves as soon as `condition` holds; asked after each arrival, run and event. */
  until(condition: () => boolean): Promise<void>
  /** Resolves once so many answers were stored or skipped. */
  concluded(count: number): Promise<void>
  /** Requests that have arrived. */
  readonly arrivals: number
  /** Bytes that wait in the server's memory for its clients. */
  waitingBytes(): number
  disconnected(count: number): Promise<void>
}

export type Test = () => Promise<void>

/** Builds the app, runs `body`, and closes everything. */
export async function withScene<N>(
  driver: AdapterDriver<N>,
  options: SceneOptions<N>,
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  const { cache: cacheOptions, answer = (_call, run) => ({ json: completion(run) }), routes, ...spec } = options
  const cache = cacheOptions === null ? undefined : createLlmCache(cacheOptions)
  const gate = createGate()
  const events: CacheEvent[] = []
  const watchers = new Set<() => void>()
  let runs = 0
  let arrivals = 0
  const changed = (): void => {
    for (const check of [...watchers]) check()
  }
  cache?.on((event) => {
    events.push(event)
    changed()
  })
  const run = (call: HandlerCall): Answer | Promise<Answer> => {
    runs++
    changed()
    return answer(call, runs)
  }
  const served = await driver.serve({
    mount: 'route',
    rules: undefined,
    bodyParser: 'before',
    compression: 'none',
    cors: false,
    mountedAt: [],
    ...spec,
    cache,
    routes: routes ?? [{ method: 'POST', path: '/chat', handler: { kind: 'neutral', run } }],
    arrived: () => {
      arrivals++
      changed()
    },
  })
  const lives: Live[] = []
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return
        watchers.delete(check)
        resolve()
      }
      watchers.add(check)
      check()
    })
  const count = (type: CacheEvent['type']): number => events.filter((event) => event.type === type).length
  try {
    await body({
      url: served.url,
      cache,
      gate,
      events,
      get runs() {
        return runs
      },
      get arrivals() {
        return arrivals
      },
      get skips() {
        return events.flatMap((event) => (event.type === 'entry-skipped' ? [event.reason] : []))
      },
      get stored() {
        return count('entry-stored')
      },
      ask: (ask = {}) => send(served.url, complete(ask)),
      live(ask = {}) {
        const live = start(served.url, complete(ask))
        lives.push(live)
        return live
      },
      until,
      concluded: (wanted) => until(() => count('entry-stored') + count('entry-skipped') >= wanted),
      waitingBytes: () => [...served.sockets].reduce((sum, socket) => sum + socket.writableLength, 0),
      disconnected: served.disconnected,
    })
    const faults = events.filter((event) => event.type === 'internal-error')
    assert.deepEqual(faults, [], 'the cache had an error of its own')
  } finally {
    gate.release()
    for (const live of lives) live.abort()
    await served.close()
    await cache?.close()
  }
}

function complete(ask: Ask): Ask {
  const { method = 'POST', path = '/chat' } = ask
  const body = 'body' in ask || method !== 'POST' ? ask.body : chat()
  return { ...ask, method, path, body }
}

/** The cache's label, or undefined on an unmarked response. */
export function label(received: Received): string | undefined {
  return received.header('x-llm-cache')
}
