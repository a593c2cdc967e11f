import { createUpstreamWatch, randomId, readVariable } from '#platform'
import { judgeUpstream } from './answer/upstream.js'
import { createCompression } from './compression/compression.js'
import type { CompressionReport } from './compression/measure.js'
import { type Control, createControl } from './control/control.js'
import type { UsagePattern } from './control/patterns/group.js'
import { createPatterns, type Patterns, type UsagePatternsOptions } from './control/patterns/patterns.js'
import { createPreloader } from './control/preload/preloader.js'
import { createTeller } from './control/teller.js'
import type { WarmOptions, WarmScheduleOptions } from './control/warm/options.js'
import type { WarmSource } from './control/warm/source.js'
import type { WarmReport } from './control/warm/tally.js'
import { createWarmer, type WarmSchedule } from './control/warm/warm.js'
import { createCostFunction } from './cost/cost.js'
import { createDispatch, lazyDispatch } from './dispatch/dispatch.js'
import { type Ahead, openAhead } from './engine/ahead.js'
import { resolveCache } from './engine/cache-options.js'
import type { EngineContext } from './engine/context.js'
import { createDetachedTable } from './engine/detached.js'
import { createEmitter, errorName } from './engine/emitter.js'
import { createEngine } from './engine/engine.js'
import { createExplain, type Explanation } from './engine/explain.js'
import { createFlightTable } from './engine/flight.js'
import { createMarks } from './engine/marks.js'
import type { LlmCacheOptions, RouteOptions } from './engine/options.js'
import { choosePolicy } from './engine/policies.js'
import { createRuleResolver, type RuleInForce } from './engine/precedence.js'
import { createRejections } from './engine/rejections.js'
import { createSeeder, type SeedOptions, type SeedReport, type SeedSource } from './engine/seed.js'
import type { TrafficListener } from './engine/traffic.js'
import { createEntryCodec } from './entry/codec.js'
import { OptionError } from './errors.js'
import type { CacheEventListener } from './events.js'
import type { CacheRequest, Dispatch, Outcome } from './exchange.js'
import { systemClock } from './lib/clock.js'
import { type Analysis, analyze } from './observe/analysis.js'
import { type CacheDescription, createDescriber } from './observe/describe.js'
import { createStateLog } from './observe/log.js'
import { createMissSample } from './observe/miss-sample.js'
import { createSharedStats } from './observe/shared-stats.js'
import { type CacheStats, createStats } from './observe/stats.js'
import { digestsOf, type Partitioner, type PartitionSelector } from './policy/partition.js'
import { createModelCallTest } from './policy/upstream-rules.js'
import type { Awaitable } from './ports.js'
import { createSemanticLayer, type SemanticEvent, type SemanticLayer, type SimilarEntry } from './semantic/layer.js'
import { guardStore } from './stores/guarded.js'
import type { Removal } from './stores/hearing.js'
import { openStores } from './stores/store.js'
import { createTiers } from './stores/tiers.js'

/** A way into the cache with the rules of one route. */
export interface CacheRoute {
  /** What is to be done with `request`. Never throws and never rejects. */
  open(request: CacheRequest): Awaitable<Outcome>
  /**
   * What the cache would do with `request`, and why, under these rules: whether it is looked up, what its key has, and what would be
   * decided about prompts that mean the same, with the nearest one's similarity, guards, probability and features. Nothing is sent,
   * stored, counted or learnt; an embedder may be asked for one vector. Never rejects.
   *
   * @example
   * import { webRequest } from '@llm-cache/core/web'
   * const { semantic } = await cache.explain(webRequest(new Request('https://api.example.com/chat', { method: 'POST', headers, body })))
   * semantic?.outcome // 'guard-negation'
   */
  explain(request: CacheRequest): Promise<Explanation>
  /**
   * Stores curated answers as though the origin had given them, one after the other: equal requests get them, and, where the route asks
   * for it, prompts that mean the same, under every user of a shared partition. They teach nothing about wrong answers. What is there
   * already and fresh stays: invalidate it first, by a tag.
   *
   * @throws OptionError for wrong options, or a seed without request or answer; what `seeds` throws
   * @example
   * const request = (question) => webRequest(new Request('https://api.example.com/chat', { method: 'POST', headers, body: bodyOf(question) }))
   * await cache.seed(faq.map(({ question, answer }) => ({ request: request(question), answer: { body: completionOf(answer) } })), { ttl: '7d' })
   */
  seed(seeds: SeedSource, options?: SeedOptions): Promise<SeedReport>
  /** The way to the app, where the option `app` names it; undefined where it does not give one. For `CacheRequest.again`. */
  readonly dispatch?: (() => Dispatch | undefined) | undefined
  /** What is in force on this route, and why. `formatDescription` prints it. */
  describe(): CacheDescription
}

/** A response cache for routes that call large language models. Made by `createLlmCache`. */
export interface LlmCache extends CacheRoute, Control {
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
   * Asks the app beforehand what callers will ask, through its own routes, so that the answers are there. What is cached already is
   * not asked again: a run that ended early is resumed by running it again. docs/warming.md.
   *
   * @param requests one by one; `{ file }` or the path of a JSONL file; or `'popular'`, the most frequent of this cache's own traffic
   * @throws OptionError for a wrong option or source; what the source and `onProgress` throw
   * @example
   * const report = await cache.warm('prompts.jsonl', { app, host: 'api.example.com', maxUsd: 5 })
   */
  warm(requests: WarmSource, options?: WarmOptions): Promise<WarmReport>
  /**
   * Warms at the times of a cron expression (needs the package `croner`), in this process, until it is stopped or the cache closed. A
   * run that takes longer skips the times that pass meanwhile.
   *
   * @throws OptionError for a wrong expression, option or source; PeerMissingError without croner
   * @example
   * await cache.scheduleWarm('0 4 * * *', 'popular', { app, host: 'api.example.com', maxUsd: 1 })
   */
  scheduleWarm(cron: string, requests: WarmSource | (() => WarmSource), options?: WarmScheduleOptions): Promise<WarmSchedule>
  /**
   * What is asked most often, of the traffic of this process since it began: kinds of requests, without their text.
   * @throws OptionError for a wrong option, and under `patterns: false`
   */
  usagePatterns(options?: UsagePatternsOptions): readonly UsagePattern[]
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
  /**
   * The stored answers whose prompts are nearest to `text`, best first: for looking round, nothing is decided. Nothing is found where no
   * route asks for the semantic layer.
   *
   * @param k most of them, 1 to 1000
   * @throws OptionError for a wrong `k` or a partition that names nothing; EmbedderError where the text has no vector
   * @example
   * const [nearest] = await cache.findSimilar('Why is the sky blue?', 1) // { entryId, similarity: 0.93 }
   */
  findSimilar(text: string, k: number, options?: { readonly partition?: PartitionSelector }): Promise<readonly SimilarEntry[]>
  /**
   * What the semantic layer has learnt, as texts without prompts and answers: to look at, to keep, to give to another app.
   * `import` adds such texts to what is known, and says how many of them could be read.
   */
  readonly learning: {
    export(): Readonly<Record<string, string>>
    import(learnt: Readonly<Record<string, string>>): number
  }
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
  let semantic: SemanticLayer | undefined
  const forget = (removal: Removal): void => {
    missed.forget(removal)
    semantic?.forget(removal)
    if ('meant' in removal && removal.meant) {
      context.flights.spoil(removal)
      compression.forget(removal.prefix)
    } else {
      engine.forget(removal)
      if ('prefix' in removal) patterns?.forget(removal.prefix)
    }
    preloader?.forget(removal)
    ahead?.forget(removal)
  }
  const store = orRelease(release, () =>
    createTiers(tiers, {
      clock,
      onEvent: (event) => emitter.emit({ ...event, at: clock.now() }),
      onRemoved: forget,
      onRetired: () => context.flights.closeAll(),
      meantBy: teller.meantBy,
    }),
  )

  const upstream = createUpstreamWatch(isModelCall, judgeUpstream)
  const costOf = createCostFunction(prices)
  const patterns = resolved.patterns && createPatterns(resolved.patterns, { clock, costOf })
  const traffic: TrafficListener[] = patterns ? [missed.listen, patterns.listen] : [missed.listen]
  const flights = createFlightTable(clock)
  const onRejected = (id: string, key: string, caller: string | undefined): void => semantic?.rejected(id, key, caller)
  const rejections = createRejections({ store, flights, forget, onRejected, emitter, clock })
  const context: EngineContext = {
    cache: resolved,
    store,
    compression,
    flights,
    marks: createMarks(clock),
    upstream,
    clock,
    emitter,
    randomId,
    random: Math.random,
    costOf,
    detached: createDetachedTable(clock),
    rejections,
    get semantic() {
      return semantic
    },
    traffic,
  }
  let closing: Promise<void> | undefined
  const isClosed = (): boolean => closing !== undefined
  const engine = createEngine(context, isClosed)
  const explain = createExplain(context, isClosed, engine.meaning)
  const seed = createSeeder(context, engine.open)
  const preloader = resolved.preload && createPreloader(context, resolved.preload)
  if (preloader) traffic.push(preloader.listen)

  /** What learns from the traffic hears of it from the first route on that asks for it. */
  function learn({ rule }: RuleInForce): void {
    if (rule.semantic) semantic ??= openSemantic()
    if (!rule.ahead || ahead) return
    ahead = openAhead(context, engine.refresher)
    traffic.push(ahead.listen)
  }
  function openSemantic(): SemanticLayer {
    const onEvent = (event: SemanticEvent): void => emitter.emit({ ...event, at: clock.now() })
    return createSemanticLayer(resolved.semantic, {
      store,
      decode: compression.decode,
      clock,
      random: Math.random,
      randomId,
      onEvent,
    })
  }
  learn(main)

  const dispatch =
    resolved.app &&
    lazyDispatch(resolved.app, {
      clock,
      isClosed,
      onError: (error) => emitter.emit({ type: 'internal-error', at: clock.now(), where: 'app', errorName: errorName(error) }),
    })

  const warmer = createWarmer({
    dispatchTo: (app) => (app === undefined ? dispatch?.() : createDispatch(app, { clock })),
    popular: (top) => counted().popular(top),
    detached: context.detached,
    clock,
    emitter,
  })
  function counted(): Patterns {
    if (patterns) return patterns
    throw new OptionError('ERR_OPTION_INVALID', 'patterns', 'patterns is false, so nothing is known of what is asked often')
  }

  const describe = createDescriber(options, resolved, opened)
  const digests = (partition: PartitionSelector): readonly string[] => digestsOf(partition, partitioners.values())
  const control = createControl({ store, clock, emitter, forget, rejections, tell: teller.tell, digestsOf: digests })
  const own = (): Omit<CacheStats, 'shared' | 'preload'> => ({
    ...stats.read(store.size(), store.stats()),
    refreshAhead: ahead?.state,
    semantic: semantic?.stats(),
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
      return {
        open: (request) => engine.open(request, route.rule),
        explain: (request) => explain(request, route.rule),
        seed: (seeds, seedOptions = {}) => seed(seeds, seedOptions, route.rule),
        dispatch,
        describe: () => describe(route),
      }
    },
    describe: (routeOptions) => describe(routeOptions === undefined ? main : inForce(routeOptions)),
    invalidate: control.invalidate,
    schedule: control.schedule,
    schedules: control.schedules,
    reject: control.reject,
    warm: (requests, warmOptions) => warmer.warm(requests, warmOptions),
    scheduleWarm: (cron, requests, warmOptions) => warmer.schedule(cron, requests, warmOptions),
    usagePatterns: (patternsOptions) => counted().read(patternsOptions),
    compression: { measure: () => compression.measure() },
    async stats() {
      return { ...own(), shared: await shared?.read(), preload: preloader?.stats() }
    },
    explain: (request) => explain(request, main.rule),
    seed: (seeds, seedOptions = {}) => seed(seeds, seedOptions, main.rule),
    analyze: async () => analyze(own(), missed.read()),
    async findSimilar(text, k, { partition } = {}) {
      if (!Number.isInteger(k) || k < 1 || k > 1000)
        throw new OptionError('ERR_OPTION_INVALID', 'k', 'k must be a whole number from 1 to 1000')
      const prefixes = partition === undefined ? [''] : digests(partition).map((digest) => `lc1.${digest}.`)
      const found = await Promise.all(prefixes.map((prefix) => semantic?.findSimilar(text, k, prefix) ?? []))
      return found
        .flat()
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, k)
    },
    learning: {
      export: () => semantic?.learners.export() ?? {},
      import: (learnt) => semantic?.learners.import(learnt) ?? 0,
    },
    on: emitter.on,
    close() {
      closing ??= (async () => {
        control.close()
        warmer.close()
        preloader?.close()
        ahead?.close()
        upstream.close()
        missed.close()
        compression.close()
        await semantic?.close()
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
