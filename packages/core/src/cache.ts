import { createUpstreamWatch, randomId, readVariable } from '#platform'
import { judgeUpstream } from './answer/upstream.js'
import { createCompression } from './compression/compression.js'
import type { CompressionReport } from './compression/measure.js'
import { carryOut, type InvalidateContext, type InvalidateOptions, type InvalidateReport, invalidate } from './control/invalidate.js'
import { createSchedules, type Schedule, type ScheduleOptions } from './control/schedule.js'
import type { InvalidateSelector } from './control/selector.js'
import { createTeller } from './control/teller.js'
import { createCostFunction } from './cost/cost.js'
import { lazyDispatch } from './dispatch/dispatch.js'
import { type Ahead, openAhead } from './engine/ahead.js'
import { resolveCache } from './engine/cache-options.js'
import type { EngineContext } from './engine/context.js'
import { createDetachedTable } from './engine/detached.js'
import { createEmitter, errorName } from './engine/emitter.js'
import { createEngine } from './engine/engine.js'
import { createFlightTable } from './engine/flight.js'
import { createMarks } from './engine/marks.js'
import type { LlmCacheOptions, RouteOptions } from './engine/options.js'
import { choosePolicy } from './engine/policies.js'
import { createRuleResolver, type RuleInForce } from './engine/precedence.js'
import type { TrafficListener } from './engine/traffic.js'
import { createEntryCodec } from './entry/codec.js'
import type { CacheEventListener } from './events.js'
import type { CacheRequest, Dispatch, Outcome } from './exchange.js'
import { systemClock } from './lib/clock.js'
import type { Duration } from './lib/duration.js'
import { type Analysis, analyze } from './observe/analysis.js'
import { type CacheDescription, createDescriber } from './observe/describe.js'
import { createStateLog } from './observe/log.js'
import { createMissSample } from './observe/miss-sample.js'
import { createSharedStats } from './observe/shared-stats.js'
import { type CacheStats, createStats } from './observe/stats.js'
import { digestsOf, type Partitioner } from './policy/partition.js'
import { createModelCallTest } from './policy/upstream-rules.js'
import type { Awaitable } from './ports.js'
import { guardStore } from './stores/guarded.js'
import type { Removal } from './stores/hearing.js'
import { openStores } from './stores/store.js'
import { createTiers } from './stores/tiers.js'

/** A way into the cache with the rules of one route. */
export interface CacheRoute {
  /** What is to be done with `request`. Never throws and never rejects. */
  open(request: CacheRequest): Awaitable<Outcome>
  /** The way to the app, where the option `app` names it; undefined where it does not give one. For `CacheRequest.again`. */
  readonly dispatch?: (() => Dispatch | undefined) | undefined
  /** What is in force on this route, and why. `formatDescription` prints it. */
  describe(): CacheDescription
}

/** A response cache for routes that call large language models. Made by `createLlmCache`. */
export interface LlmCache extends CacheRoute {
  /**
   * The same cache under other rules: entries and flights are shared where keys are equal.
   * @throws OptionError for an unknown or wrong option
   */
  route(options: RouteOptions): CacheRoute
  /**
   * What is in force, and why; for the cache itself, or as it would be on a route with these options. `formatDescription` prints it.
   * @throws OptionError for an unknown or wrong option
   */
  describe(route?: RouteOptions): CacheDescription
  /**
   * Removes entries on purpose, from all tiers, here and in the other processes that share a store. What is in flight for them
   * is still answered to those who wait for it, and not stored.
   *
   * @throws OptionError for a selector that is not exactly one
   * @throws InvalidationError when a tier could not be cleaned, or a rule threw; its report says which, everything else was removed all the same
   * @example
   * await cache.invalidate({ partition: 'tenant-42' })
   * await cache.invalidate({ pattern: { model: 'gpt-4o*' } }, { dryRun: true })
   */
  invalidate(selector: InvalidateSelector, options?: InvalidateOptions): Promise<InvalidateReport>
  /**
   * Invalidates at a time to come: after a delay, at a date (in the past: at once), or by a cron expression (needs the package
   * `croner`). Kept in the stores outside this process, so that it survives a restart; done by one process where they coordinate, else
   * by each. Resolves once it is kept, or could not be. At most 1000 at a time.
   *
   * @throws OptionError for a wrong selector, time or option; PeerMissingError for a cron expression without croner
   * @example
   * await cache.schedule({ pattern: 'prices:*' }, '0 4 * * *', { timezone: 'Europe/Berlin' })
   */
  schedule(selector: InvalidateSelector, when: Duration | Date | string, options?: ScheduleOptions): Promise<Schedule>
  /** The schedules that this process knows of. */
  schedules(): readonly Schedule[]
  readonly compression: {
    /** Tries every algorithm on a sample of this app's own entries. `formatCompressionReport` prints it. */
    measure(): Promise<CompressionReport>
  }
  /** Counters since the cache was created; `shared` are the sums of all processes, where a store keeps them. */
  stats(): Promise<CacheStats>
  /**
   * How well the exact and the semantic layer do in this process, with recommendations. What might be hits under other rules is
   * estimated from a sample of the misses, of which digests alone are kept.
   */
  analyze(): Promise<Analysis>
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
 * @throws PeerMissingError for an option that needs a package which is not installed
 * @example
 * const cache = createLlmCache({ ttl: '10m', store: [createMemoryStore(), createRedisStore(url)] })
 * app.use(llmCache(cache))
 */
export function createLlmCache(options: LlmCacheOptions = {}): LlmCache {
  const resolved = resolveCache(options)
  const policy = choosePolicy(options.policy, readVariable)
  const inForce = createRuleResolver(options, policy)
  const clock = options.clock ?? systemClock()
  const emitter = createEmitter(() => clock.now())
  const stats = createStats(options.prices)
  emitter.on(stats.listen)
  if (resolved.log) emitter.on(createStateLog(resolved.log))

  const partitioners = new Map<string, Partitioner>()
  function routeOf(routeOptions?: RouteOptions): RuleInForce {
    const route = inForce(routeOptions)
    partitioners.set(route.rule.partition.scheme, route.rule.partition)
    return route
  }
  const main = routeOf()
  const isModelCall = createModelCallTest(options.upstream)

  // Last of what may throw: a store that was opened belongs to this cache until it is closed.
  const { maxEntries, maxBytes, maxEntryBytes, eviction, prices } = options
  const codec = createEntryCodec({ encryption: options.encryption, maxDecodedBytes: resolved.maxEntryBytes })
  const compression = createCompression(options.compression ?? false, { maxDecodedBytes: resolved.maxEntryBytes, clock })
  const memory = { maxEntries, maxBytes, maxEntryBytes, eviction, prices }
  const { opened, release } = openStores(options.store, { memory, clock, codec, encrypted: options.encryption !== undefined })
  const tiers = opened.map(({ store, name, ttlMs, timeoutMs }) => {
    const { bus } = store.sharing ?? {}
    const deadlineMs = timeoutMs ?? resolved.storeTimeoutMs
    return { store: guardStore(store, { name, deadlineMs, clock, ...(bus && { catchUp: () => bus.caughtUp() }) }), ttlMs }
  })
  const teller = createTeller(codec)
  const missed = createMissSample(clock)
  let ahead: Ahead | undefined
  const forget = (removal: Removal): void => {
    missed.forget(removal)
    if ('meant' in removal && removal.meant) {
      context.flights.spoil(removal)
      compression.forget(removal.prefix)
      return
    }
    engine.forget(removal)
    ahead?.forget(removal)
  }
  const store = orRelease(release, () =>
    createTiers(tiers, {
      clock,
      onEvent: (event) => emitter.emit({ ...event, at: clock.now() }),
      onRemoved: forget,
      meantBy: teller.meantBy,
    }),
  )

  const upstream = createUpstreamWatch(isModelCall, judgeUpstream)
  const traffic: TrafficListener[] = [missed.listen]
  const context: EngineContext = {
    cache: resolved,
    store,
    compression,
    flights: createFlightTable(clock),
    marks: createMarks(clock),
    upstream,
    clock,
    emitter,
    randomId,
    random: Math.random,
    costOf: createCostFunction(options.prices),
    detached: createDetachedTable(clock),
    traffic,
  }
  let closing: Promise<void> | undefined
  const isClosed = (): boolean => closing !== undefined
  const engine = createEngine(context, isClosed)

  /** What learns from the traffic hears of it from the first route on that asks for it. */
  function learn({ rule }: RuleInForce): void {
    if (!rule.ahead || ahead) return
    ahead = openAhead(context, engine.refresher)
    traffic.push(ahead.listen)
  }
  learn(main)

  const dispatch =
    resolved.app &&
    lazyDispatch(resolved.app, {
      clock,
      isClosed,
      onError: (error) => emitter.emit({ type: 'internal-error', at: clock.now(), where: 'app', errorName: errorName(error) }),
    })

  const describe = createDescriber(options, resolved, opened)
  const control: InvalidateContext = {
    store,
    clock,
    forget,
    tell: teller.tell,
    digestsOf: (partition) => digestsOf(partition, partitioners.values()),
  }
  const schedules = createSchedules({
    ...control,
    clock,
    records: store.records,
    peers: store.peers,
    emitter,
    carryOut: (selection) => carryOut(selection, false, control),
  })
  const own = (): Omit<CacheStats, 'shared'> => ({
    ...stats.read(store.size(), store.stats()),
    refreshAhead: ahead?.state,
  })
  const shared = store.peers.counters && createSharedStats(store.peers.counters, { own, clock })
  const warmest = opened.slice(1).find((tier) => tier.store.hottest !== undefined)?.store
  if (policy.because === 'NODE_ENV') resolved.log?.(SWITCHED_OFF)
  if (warmest) void store.warm((maxBytes) => warmest.hottest?.(maxBytes) ?? [], isClosed)

  return {
    open: (request) => engine.open(request, main.rule),
    dispatch,
    route(routeOptions) {
      const route = routeOf(routeOptions)
      learn(route)
      return { open: (request) => engine.open(request, route.rule), dispatch, describe: () => describe(route) }
    },
    describe: (routeOptions) => describe(routeOptions === undefined ? main : inForce(routeOptions)),
    invalidate: (selector, invalidateOptions = {}) => invalidate(selector, invalidateOptions, control),
    schedule: (selector, when, scheduleOptions = {}) => schedules.add(selector, when, scheduleOptions),
    schedules: () => schedules.list(),
    compression: { measure: () => compression.measure() },
    async stats() {
      return { ...own(), shared: await shared?.read() }
    },
    analyze: async () => analyze(own(), missed.read()),
    on: emitter.on,
    close() {
      closing ??= (async () => {
        schedules.close()
        ahead?.close()
        upstream.close()
        missed.close()
        compression.close()
        await shared?.close()
        await store.close()
        release()
      })()
      return closing
    },
  }
}

const SWITCHED_OFF =
  "[llm-cache] nothing is cached, since NODE_ENV is 'development'; to cache here too: LLM_CACHE_POLICY=balanced, or the option policy: 'balanced'"

/** What could not be made leaves its stores to the next cache. */
function orRelease<T>(release: () => void, make: () => T): T {
  try {
    return make()
  } catch (error) {
    release()
    throw error
  }
}
