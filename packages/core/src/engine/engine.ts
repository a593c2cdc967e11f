/** The engine: from a request to its outcome. Never throws: what goes wrong here is a bypass and an event. */

import type { Entry } from '../entry/entry.js'
import { FrameError } from '../errors.js'
import type { MissReason } from '../events.js'
import type { BypassReason, CacheRequest, HeaderPairs, Outcome, Reply, RequestBody } from '../exchange.js'
import type { RequestShape } from '../fingerprint/fingerprint.js'
import { ageMs, evaluate } from '../freshness.js'
import type { CacheStatus } from '../http/cache-status.js'
import { chain, isThenable } from '../lib/deadline.js'
import { parseControls, type RequestControls } from '../policy/controls.js'
import type { PartitionResult } from '../policy/partition.js'
import type { Awaitable } from '../ports.js'
import type { FlightLease } from '../sharing.js'
import type { Removal } from '../stores/hearing.js'
import type { Lookup } from '../stores/tiers.js'
import { type EngineContext, labelsOf } from './context.js'
import { errorName } from './emitter.js'
import type { Flight, Joined } from './flight.js'
import { createKeyTable } from './keys.js'
import { idleHandle, standBack } from './notes.js'
import { startRecording } from './recorder.js'
import { CLIENT_LEFT, followerReply, hitReply, onlyIfCachedReply, ownFields } from './replies.js'
import type { Rule } from './resolve.js'
import { createTogether } from './together.js'

export interface Engine {
  open(request: CacheRequest, rule: Rule): Awaitable<Outcome>
  /** Lets go of everything in flight and in memory for these keys: none of it will be stored. */
  forget(removal: Removal): void
}

type Found = Extract<Lookup, { kind: 'found' }>

/** A request that may be looked up: everything that the later steps need. */
interface Query {
  readonly request: CacheRequest
  readonly rule: Rule
  readonly controls: RequestControls
  readonly key: string
  readonly shape: RequestShape
  /** Not marked by the app, and only its answer can show that a model is behind it. */
  readonly needsModelCall: boolean
}

/** A follower whose leader broke off leads or follows again, this often. */
const MAX_JOINS = 3

export function createEngine(context: EngineContext, isClosed: () => boolean): Engine {
  const { cache, store, flights, marks, clock, emitter } = context
  const keys = createKeyTable()
  const { decode } = context.compression
  const together = createTogether(context, isClosed)
  const bypassHandle = idleHandle('BYPASS')
  const hitHandle = idleHandle('HIT')
  const collapsedHandle = idleHandle('COLLAPSED')

  /** Not ours: the response stays unmarked. */
  function ignore(request: CacheRequest, reason: BypassReason): Outcome {
    emitter.emit({ type: 'exchange-bypass', at: clock.now(), route: request.route, reason })
    return { kind: 'bypass', reason, headers: [], handle: bypassHandle }
  }

  function bypass(request: CacheRequest, reason: BypassReason): Outcome {
    emitter.emit({ type: 'exchange-bypass', at: clock.now(), route: request.route, reason })
    const headers = ownFields(cache.name, { fwd: 'bypass', detail: reason }, 'BYPASS', undefined, [])
    return { kind: 'bypass', reason, headers, handle: bypassHandle }
  }

  /** Ours if the app marked the route, else nobody's. */
  function refuse(request: CacheRequest, reason: BypassReason, marked = request.explicit): Outcome {
    return marked ? bypass(request, reason) : ignore(request, reason)
  }

  /** The client broke off while sending: there is nobody to run a handler for. */
  function gone(request: CacheRequest): Outcome {
    ignore(request, 'body-aborted')
    return { kind: 'replay', reply: CLIENT_LEFT, handle: bypassHandle }
  }

  function failed(request: CacheRequest, error: unknown): Outcome {
    emitter.emit({ type: 'internal-error', at: clock.now(), where: 'engine', errorName: errorName(error) })
    return bypass(request, 'internal-error')
  }

  function open(request: CacheRequest, rule: Rule): Awaitable<Outcome> {
    try {
      const outcome = admit(request, rule)
      return outcome instanceof Promise ? outcome.catch((error: unknown) => failed(request, error)) : outcome
    } catch (error) {
      return failed(request, error)
    }
  }

  /** What can be decided from the head alone. */
  function admit(request: CacheRequest, rule: Rule): Awaitable<Outcome> {
    standBack(request.outer)
    if (isClosed()) return ignore(request, 'closed')
    const { method } = request
    const marked = request.explicit || rule.when !== undefined
    if (!marked && method !== 'POST' && method !== 'QUERY') return ignore(request, 'method')
    if (!marked && !isJson(request.header('content-type'))) return ignore(request, 'not-llm')
    if (!rule.enabled) return refuse(request, 'policy', marked)
    if (method !== 'POST' && method !== 'QUERY' && method !== 'GET') return refuse(request, 'method')
    if (request.header('upgrade') !== undefined && method === 'GET') return ignore(request, 'upgrade')
    if (request.header('range') !== undefined) return refuse(request, 'range-request')
    const controls = parseControls((name) => request.header(name), rule.controls)
    if (!rule.when) return identify(request, rule, controls, request.explicit)
    return chain(rule.when(request), (wanted) => (wanted ? identify(request, rule, controls, true) : refuse(request, 'when')))
  }

  /** Partition, body and key. */
  function identify(request: CacheRequest, rule: Rule, controls: RequestControls, explicit: boolean): Awaitable<Outcome> {
    return chain(request.body(rule.maxBodyBytes), (body) => {
      if (body.kind === 'unreadable' && body.reason === 'body-aborted') return gone(request)
      const encoding = request.header('content-encoding')
      const readable: RequestBody =
        encoding && encoding.toLowerCase() !== 'identity' ? { kind: 'unreadable', reason: 'body-encoded' } : body
      return chain(rule.partition(request), (partition: PartitionResult) => {
        if (partition.kind === 'bypass') return bypass(request, partition.reason)
        const result = keys.keyOf(request, rule, partition.digest, readable)
        if (result.kind === 'bypass') return refuse(request, result.reason, explicit)
        const { key, shape } = result
        if (!explicit && shape.kind === 'opaque') return ignore(request, 'not-llm')
        if (controls.noStore) return bypass(request, 'request-no-store')
        return answer({ request, rule, controls, key, shape, needsModelCall: !explicit && shape.kind === 'generic' }, 0)
      })
    })
  }

  function answer(query: Query, joins: number): Awaitable<Outcome> {
    const { request, controls, key, shape } = query
    if (controls.noCache || shape.refresh) return lead(query, 'request-directive', undefined)
    const isFresh = (entry: Entry): boolean => evaluate(entry, controls, clock.now()) === 'fresh'
    const near = store.peek(key, isFresh)
    if (near.kind === 'found' && near.fresh) return hit(query, near)
    const current = collapsible(query, joins) ? flights.get(key) : undefined
    if (current) return chain(current.join(request.signal), (joined) => follow(query, joined, joins))
    const flight = collapsible(query, 0) ? openFlight(query, true) : undefined
    if (store.synchronous) return lead(query, missReason(query, near), flight)
    // The flight also covers the lookup, so that a thousand askers cost one read of the store.
    return chain(store.get(key, isFresh), (far) => {
      if (far.kind === 'found' && far.fresh) return land(query, far, flight)
      const reason = missReason(query, far.kind === 'absent' ? near : far)
      // A store that did not answer the lookup is not asked again: one deadline is all that a request waits for it.
      const mayAsk = flight && store.peers.coordinates && far.kind !== 'failed' && joins < MAX_JOINS
      return mayAsk ? ask(query, reason, flight, isFresh, joins) : lead(query, reason, flight)
    })
  }

  /** The store had it: those who wait get it too. */
  function land(query: Query, found: Found, flight: Flight | undefined): Awaitable<Outcome> {
    flight?.found(found.entry)
    flight?.done()
    return hit(query, found)
  }

  /** One process of all leads; the others follow it. */
  async function ask(
    query: Query,
    reason: MissReason,
    flight: Flight,
    isFresh: (entry: Entry) => boolean,
    joins: number,
  ): Promise<Outcome> {
    const { request, rule, key } = query
    const joined = await together.join(key, flight, { isFresh, request, patienceMs: rule.collapseMs ?? 0 })
    switch (joined.kind) {
      case 'found':
        return land(query, joined.found, flight)
      case 'lead':
        return lead(query, reason, flight, joined.lease)
      case 'follow':
        return follow(query, await joined.joined, joins)
    }
  }

  /** Whether this request may wait for an equal one, and equal ones for it. */
  function collapsible({ rule, request, controls, needsModelCall, key }: Query, joins: number): boolean {
    if (rule.collapseMs === undefined || controls.onlyIfCached || joins >= MAX_JOINS) return false
    return (!needsModelCall || marks.knowsRoute(request.method, request.url)) && marks.mayCollapse(key)
  }

  function missReason({ controls }: Query, found: Lookup): MissReason {
    if (found.kind === 'failed') return 'store-failed'
    if (found.kind === 'absent') return 'absent'
    return controls.maxAgeMs !== undefined || controls.minFreshMs !== undefined ? 'request-directive' : 'expired'
  }

  function follow(query: Query, joined: Joined, joins: number): Awaitable<Outcome> {
    const { request, shape } = query
    switch (joined.kind) {
      case 'answer':
        emitter.emit({ ...labelsOf(clock, request, shape), type: 'flight-joined', entryId: joined.head.id })
        return { kind: 'replay', reply: followerReply(cache.name, joined.head, joined.chunks), handle: collapsedHandle }
      case 'entry':
        if (evaluate(joined.entry, query.controls, clock.now()) === 'fresh') return hit(query, { entry: joined.entry, source: 'flight' })
        return lead(query, 'request-directive', undefined)
      case 'timeout':
        emitter.emit({ ...labelsOf(clock, request, shape), type: 'flight-timeout', waitedMs: Math.round(joined.waitedMs) })
        return answer(query, joins + 1)
      case 'retry':
        return answer(query, joins + 1)
      case 'alone':
        return lead(query, 'absent', undefined)
      case 'left':
        return { kind: 'replay', reply: CLIENT_LEFT, handle: collapsedHandle }
    }
  }

  function hit(query: Query, found: Pick<Found, 'entry' | 'source'>): Awaitable<Outcome> {
    const { request, rule } = query
    const now = clock.now()
    const acceptEncoding = request.header('accept-encoding')
    context.compression.observe(acceptEncoding)
    const ifNoneMatch = request.header('if-none-match')
    const source = store.tiered ? found.source : undefined
    const options = { name: cache.name, pace: rule.replay, clock, now, ifNoneMatch, acceptEncoding, source, decode }
    try {
      const reply = hitReply(found.entry, options)
      if (!isThenable(reply)) return replay(query, found, reply, now)
      return Promise.resolve(reply).then(
        (late) => replay(query, found, late, now),
        (error: unknown) => damaged(query, found, error),
      )
    } catch (error) {
      return damaged(query, found, error)
    }
  }

  function replay(query: Query, { entry, source }: Pick<Found, 'entry' | 'source'>, reply: Reply, now: number): Outcome {
    const { request, shape } = query
    emitter.emit({
      type: 'lookup-hit',
      at: now,
      route: request.route ?? entry.meta.route,
      provider: shape.provider,
      model: shape.model ?? entry.meta.model,
      entryId: entry.id,
      store: source,
      ageMs: ageMs(entry, now),
      bytes: entry.body.byteLength,
      usage: entry.meta.usage,
      originMs: entry.meta.originMs,
      notModified: reply.status === 304,
      stale: undefined,
    })
    return { kind: 'replay', reply, handle: hitHandle }
  }

  /** Its body cannot be decoded here: a miss, whose answer replaces it. Other processes may have what it takes, so it stays until then. */
  function damaged(query: Query, { source }: Pick<Found, 'source'>, error: unknown): Outcome {
    const reason = error instanceof FrameError ? error.reason : 'coding'
    emitter.emit({ type: 'entry-damaged', at: clock.now(), store: source, reason })
    return lead(query, 'absent', undefined)
  }

  function lead(query: Query, reason: MissReason, flight: Flight | undefined, lease?: FlightLease): Outcome {
    const { request, rule, controls, key, shape, needsModelCall } = query
    emitter.emit({ ...labelsOf(clock, request, shape), type: 'lookup-miss', reason })
    if (controls.onlyIfCached) return { kind: 'replay', reply: onlyIfCachedReply(cache.name), handle: idleHandle('MISS') }
    const status: CacheStatus = { fwd: FORWARD[reason], detail: marks.lastSkip(key) }
    const ownHeaders = (id: string, origin: HeaderPairs): HeaderPairs => ownFields(cache.name, status, 'MISS', id, origin)
    const own = flight ?? openFlight(query, false)
    const replaces = reason !== 'absent'
    return {
      kind: 'record',
      ...startRecording(context, { request, rule, key, shape, controls, needsModelCall, ownHeaders, flight: own, lease, replaces }),
    }
  }

  function openFlight({ rule, key }: Query, shared: boolean): Flight {
    return flights.open(key, { shared, timeoutMs: rule.collapseMs ?? 0, maxBytes: cache.maxEntryBytes })
  }

  function forget(removal: Removal): void {
    flights.spoil(removal)
    marks.forget(removal)
    if ('keys' in removal) {
      for (const key of removal.keys) context.compression.forget(key)
      return
    }
    context.compression.forget(removal.prefix)
    keys.forget(removal.prefix)
  }

  return { open, forget }
}

const FORWARD = { absent: 'uri-miss', expired: 'stale', 'request-directive': 'request', 'store-failed': 'miss' } as const

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^\s*application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)
}
