import { createUpstreamWatch, randomId } from '#platform'
import { judgeUpstream } from './answer/upstream.js'
import type { EngineContext } from './engine/context.js'
import { createEmitter } from './engine/emitter.js'
import { createEngine } from './engine/engine.js'
import { createFlightTable } from './engine/flight.js'
import { createMarks } from './engine/marks.js'
import type { LlmCacheOptions, RouteOptions } from './engine/options.js'
import { resolveCache, resolveRule, routeDefaults } from './engine/resolve.js'
import type { CacheEventListener } from './events.js'
import type { CacheRequest, Outcome } from './exchange.js'
import { systemClock } from './lib/clock.js'
import { type CacheStats, createStats } from './observe/stats.js'
import { createModelCallTest } from './policy/upstream-rules.js'
import type { Awaitable } from './ports.js'
import { guardStore } from './stores/guarded.js'
import { openStore } from './stores/store.js'

/** A way into the cache with the rules of one route. */
export interface CacheRoute {
  /** What is to be done with `request`. Never throws and never rejects. */
  open(request: CacheRequest): Awaitable<Outcome>
}

/** A response cache for routes that call large language models. Made by `createLlmCache`. */
export interface LlmCache extends CacheRoute {
  /**
   * The same cache under other rules: entries and flights are shared where keys are equal.
   * @throws OptionError for an unknown or wrong option
   */
  route(options: RouteOptions): CacheRoute
  /** Counters since the cache was created. */
  stats(): Promise<CacheStats>
  /** Subscribes to everything that happens; the returned function ends the subscription. */
  on(listener: CacheEventListener): () => void
  /** Stops caching: requests go to their handlers, timers end, stores that the cache opened are closed. Idempotent. */
  close(): Promise<void>
}

/**
 * Creates a cache. Without options: an LRU of at most 5000 entries and 64 MiB in this process, one hour of freshness,
 * a partition for each caller's credentials.
 *
 * @throws OptionError naming the option and what it should be
 * @example
 * const cache = createLlmCache({ ttl: '10m', store: new Keyv(new KeyvRedis(url)) })
 * app.use(llmCache(cache))
 */
export function createLlmCache(options: LlmCacheOptions = {}): LlmCache {
  const resolved = resolveCache(options)
  const defaults = routeDefaults(options)
  const clock = options.clock ?? systemClock()
  const emitter = createEmitter(() => clock.now())
  const stats = createStats(options.prices)
  emitter.on(stats.listen)

  const { maxEntries, maxBytes, maxEntryBytes } = options
  const opened = openStore(options.store, { maxEntries, maxBytes, maxEntryBytes }, clock)
  const store = guardStore(opened, { deadlineMs: resolved.storeTimeoutMs, clock })
  store.listen((event) => emitter.emit({ ...event, at: clock.now() }))

  const upstream = createUpstreamWatch(createModelCallTest(options.upstream), judgeUpstream)
  const context: EngineContext = {
    cache: resolved,
    store,
    flights: createFlightTable(clock),
    marks: createMarks(clock),
    upstream,
    clock,
    emitter,
    randomId,
  }
  let closing: Promise<void> | undefined
  const engine = createEngine(context, () => closing !== undefined)
  const mainRule = resolveRule({}, defaults)

  return {
    open: (request) => engine.open(request, mainRule),
    route(routeOptions) {
      const rule = resolveRule(routeOptions, defaults)
      return { open: (request) => engine.open(request, rule) }
    },
    async stats() {
      return stats.read(store.size())
    },
    on: emitter.on,
    close() {
      closing ??= (async () => {
        upstream.close()
        await store.close()
      })()
      return closing
    },
  }
}
