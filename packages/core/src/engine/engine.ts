/** The engine: from a request to its outcome. Never throws: what goes wrong here is a bypass and an event. */

import type { Entry } from '../entry/entry.js'
import type { MissReason } from '../events.js'
import type { CacheRequest, HeaderPairs, Outcome, Reply } from '../exchange.js'
import { evaluate, type StaleUse, staleUse } from '../freshness.js'
import type { CacheStatus } from '../http/cache-status.js'
import { chain } from '../lib/deadline.js'
import { NO_CONTROLS } from '../policy/controls.js'
import type { Awaitable } from '../ports.js'
import type { Finding } from '../semantic/finding.js'
import type { FlightLease } from '../sharing.js'
import type { Removal } from '../stores/hearing.js'
import type { Lookup } from '../stores/tiers.js'
import { createAdmission } from './admission.js'
import { type EngineContext, labelsOf } from './context.js'
import { type DetachedTicket, NOT_ASKED } from './detached.js'
import { createFallback, isFailure, type OldAnswer } from './fallback.js'
import { type Flight, type Joined, joinFor } from './flight.js'
import { createMeaning, type Meaning } from './meaning.js'
import { idleHandle } from './notes.js'
import { timesUnder } from './permitted.js'
import type { Found, Query } from './query.js'
import { startRecording } from './recorder.js'
import { createRefresher, type Refresher } from './refresh.js'
import { partitionOf } from './rejections.js'
import { CLIENT_LEFT, followerReply, NOT_NEEDED, onlyIfCachedReply, ownFields } from './replies.js'
import type { Rule } from './resolve.js'
import { createSending } from './sending.js'
import { createSliding } from './sliding.js'
import { createTogether } from './together.js'

export interface Engine {
  open(request: CacheRequest, rule: Rule): Awaitable<Outcome>
  /** Lets go of everything in flight and in memory for these keys: none of it will be stored. */
  forget(removal: Removal): void
  readonly refresher: Refresher
  readonly meaning: Meaning
}

/** How an answer is to be led. */
interface Lead {
  readonly reason: MissReason
  readonly flight?: Flight | undefined
  readonly lease?: FlightLease | undefined
  /** What to send where the origin fails. */
  readonly fallback?: Found | undefined
  /** What was found among prompts that mean the same. */
  readonly finding?: Finding | undefined
}

/** A follower whose leader broke off leads or follows again, this often. */
const MAX_JOINS = 3

export function createEngine(context: EngineContext, isClosed: () => boolean): Engine {
  const { cache, store, flights, marks, clock, emitter } = context
  const together = createTogether(context, isClosed)
  const admission = createAdmission(context, isClosed, (query) => (query.ticket ? detached(query, query.ticket) : heed(query)))
  const { hit, stale, semantic, sent, tell } = createSending(context, createSliding(context, isClosed), (query) =>
    lead(query, { reason: 'absent' }),
  )
  const collapsedHandle = idleHandle('COLLAPSED')
  const refresher = createRefresher(context, isClosed)
  const meaning = createMeaning(context, refresher, freshFor)

  /** A caller that found an answer wrong gets another one. */
  function heed(query: Query): Awaitable<Outcome> {
    const { controls, key } = query
    if (controls.reject === undefined) return answer(query, 0)
    return chain(context.rejections.apply(controls.reject, partitionOf(key), query.caller), (rejected) =>
      answer(rejected ? { ...query, controls: { ...controls, noCache: true } } : query, 0),
    )
  }

  function answer(query: Query, joins: number): Awaitable<Outcome> {
    const { controls, key, shape } = query
    if (controls.noCache || shape.refresh) return renewed(query)
    const isFresh = freshFor(query)
    const near = store.peek(key, isFresh)
    if (near.kind === 'found' && near.fresh) return hit(query, near)
    const early = near.kind === 'found' ? meanwhile(query, near) : undefined
    if (early) return early
    const current = collapsible(query, joins) ? flights.get(key) : undefined
    // What a refresh will bring is waited for only where nothing older may be sent.
    if (current && (!current.background || store.synchronous)) return wait(query, current, joins, fallbackOf(query, near))
    const flight = !current && collapsible(query, 0) ? openFlight(query, true) : undefined
    if (store.synchronous) return miss(query, near, flight, undefined)
    // The flight also covers the lookup, so that a thousand askers cost one read of the store.
    return chain(store.get(key, isFresh), (far) => {
      if (far.kind === 'found' && far.fresh) return land(query, far, flight)
      // A store that did not answer the lookup is not asked again: one deadline is all that a request waits for it.
      const mayAsk = store.peers.coordinates && far.kind !== 'failed' && joins < MAX_JOINS
      const found = far.kind !== 'found' && near.kind === 'found' ? near : far
      // Of a store that is known to be away nobody waits for an answer.
      const atHand = far.kind === 'failed' && far.reason !== 'skipped'
      return miss(query, found, flight, mayAsk ? { isFresh, joins } : undefined, atHand)
    })
  }

  /** The caller wants a new answer. What there is counts only where the origin fails and the caller said so. */
  function renewed(query: Query): Awaitable<Outcome> {
    const { rule, controls, key } = query
    const reason = 'request-directive'
    if (rule.ifErrorMs === 0 || controls.staleIfErrorMs === undefined) return lead(query, { reason })
    const never = (): boolean => false
    const use = (found: Lookup): Awaitable<Outcome> => lead(query, { reason, fallback: fallbackOf(query, found) })
    const near = store.peek(key, never)
    return near.kind === 'found' || store.synchronous ? use(near) : chain(store.get(key, never), use)
  }

  /** Nothing fresh: what there is, if it may be used while stale, or the origin's answer. */
  function miss(
    query: Query,
    found: Lookup,
    flight: Flight | undefined,
    peers: { readonly isFresh: (entry: Entry) => boolean; readonly joins: number } | undefined,
    atHand = false,
  ): Awaitable<Outcome> {
    const use = found.kind === 'found' ? useOf(query, found.entry) : NOTHING
    if (found.kind === 'found' && query.controls.onlyIfCached && (use.ifError || use.whileRevalidate)) {
      return stale(query, found, 'only-if-cached')
    }
    if (found.kind === 'found' && refresher.can(query)) {
      const mayWait = use.ifError && query.rule.ifSlowMs !== undefined
      if (use.whileRevalidate || mayWait) {
        // It makes way for the flight of the refresh, which this request may have to join.
        flight?.found(found.entry)
        flight?.done()
        const started = refresher.start({ ...query, entry: found.entry }, 'stale')
        if (use.whileRevalidate) return stale(query, found, 'while-revalidate')
        if (started === 'paused') return stale(query, found, 'if-error')
        const refresh = flights.get(query.key)
        if (started === 'running') return refresh ? patient(query, found, refresh) : stale(query, found, 'if-slow')
        const own = collapsible(query, 0) ? openFlight(query, true) : undefined
        return lead(query, { reason: missReason(query, found), flight: own, fallback: found })
      }
    }
    const fallback = use.ifError && found.kind === 'found' ? found : undefined
    const refresh = flight ? undefined : flights.get(query.key)
    if (refresh && collapsible(query, 0)) return wait(query, refresh, 0, fallback)
    return chain(meaning.find(query, atHand), (finding) => {
      if (finding?.match) {
        // Equal requests that wait find it for themselves.
        flight?.abort()
        flight?.done()
        if (finding.lesson) refresher.start({ ...query, finding }, 'verify')
        return semantic(query, finding, finding.match)
      }
      const order: Lead = { reason: missReason(query, found), flight, fallback, finding }
      return peers && flight ? ask(query, order, flight, peers.isFresh, peers.joins) : lead(query, order)
    })
  }

  /** The answer that may be sent while a new one is fetched; undefined where it may not, or no new one can be fetched. */
  function meanwhile(query: Query, found: Found): Awaitable<Outcome> | undefined {
    if (!useOf(query, found.entry).whileRevalidate) return undefined
    if (query.controls.onlyIfCached) return stale(query, found, 'only-if-cached')
    if (!refresher.can(query)) return undefined
    refresher.start({ ...query, entry: found.entry }, 'stale')
    return stale(query, found, 'while-revalidate')
  }

  /** Waits for the refresh that was begun, but no longer than the route lets an origin be slow. */
  async function patient(query: Query, found: Found, refresh: Flight): Promise<Outcome> {
    const { request, rule } = query
    const joined = await joinFor(refresh, request.signal, rule.ifSlowMs ?? 0, clock)
    switch (joined.kind) {
      case 'answer':
      case 'entry':
      case 'alone':
        return follow(query, joined, MAX_JOINS, usable(query, found, refresh))
      case 'timeout':
      case 'retry': {
        const reason = joined.kind === 'timeout' ? 'if-slow' : 'if-error'
        return usable(query, found, refresh) ? stale(query, found, reason) : lead(query, { reason: 'absent' })
      }
      case 'left':
        return { kind: 'replay', reply: CLIENT_LEFT, handle: collapsedHandle }
    }
  }

  /** A request that this cache sent itself: a refresh asks, anything else asks only for what is not there. */
  function detached(query: Query, ticket: DetachedTicket): Awaitable<Outcome> {
    const { key } = query
    if (ticket.purpose === 'refresh') {
      const { lead: own } = ticket
      // The partition or the body is another one when the request comes by this way: its answer is not the one that was wanted.
      if (own && own.key !== key) return unneeded(ticket, NOT_ASKED)
      return lead(query, { reason: 'expired', flight: own?.flight, lease: own?.lease, finding: own?.finding })
    }
    const isFresh = freshFor({ ...query, controls: NO_CONTROLS })
    const near = store.peek(key, isFresh)
    if (near.kind === 'found' && near.fresh) return unneeded(ticket, { kind: 'fresh' })
    if (flights.get(key)) return unneeded(ticket, { kind: 'elsewhere' })
    const flight = collapsible(query, 0) ? openFlight(query, true) : undefined
    return chain(store.get(key, isFresh), async (far) => {
      if (far.kind === 'found' && far.fresh) {
        flight?.found(far.entry)
        flight?.done()
        return unneeded(ticket, { kind: 'fresh' })
      }
      const joining = flight && store.peers.coordinates ? await store.peers.join(key) : undefined
      if (joining?.kind === 'follow') {
        joining.flight.cancel()
        flight?.abort()
        flight?.done()
        return unneeded(ticket, { kind: 'elsewhere' })
      }
      return lead(query, { reason: missReason(query, far), flight, lease: joining?.lease })
    })
  }

  function unneeded(ticket: DetachedTicket, result: Parameters<DetachedTicket['settle']>[0]): Outcome {
    ticket.settle(result)
    return { kind: 'replay', reply: NOT_NEEDED, handle: idleHandle('BYPASS') }
  }

  /** Waits for an equal request's answer; with something to send instead, no longer than the route lets an origin be slow. */
  function wait(query: Query, flight: Flight, joins: number, fallback: Found | undefined): Awaitable<Outcome> {
    if (fallback && query.rule.ifSlowMs !== undefined) return patient(query, fallback, flight)
    return chain(flight.join(query.request.signal), (joined) => follow(query, joined, joins, usable(query, fallback, flight)))
  }

  /** The old answer, unless it was removed, or its time was over, while a new one was waited for. */
  function usable({ rule }: Query, found: Found | undefined, flight: Flight): Found | undefined {
    if (!found || flight.removed(found.entry) || store.isRetired(found.entry)) return undefined
    return evaluate(timesUnder(rule, found.entry), NO_CONTROLS, clock.now()) === 'gone' ? undefined : found
  }

  /** The store had it: those who wait get it too. */
  function land(query: Query, found: Found, flight: Flight | undefined): Awaitable<Outcome> {
    flight?.found(found.entry)
    flight?.done()
    // Of another process, or of before: it can be found by meaning from now on.
    if (query.semanticKey) context.semantic?.stored(found.entry, undefined)
    return hit(query, found)
  }

  /** One process of all leads; the others follow it. */
  async function ask(query: Query, order: Lead, flight: Flight, isFresh: (entry: Entry) => boolean, joins: number): Promise<Outcome> {
    const { request, rule, key } = query
    const joined = await together.join(key, flight, { isFresh, request, patienceMs: rule.collapseMs ?? 0 })
    switch (joined.kind) {
      case 'found':
        return land(query, joined.found, flight)
      case 'lead':
        return lead(query, { ...order, lease: joined.lease })
      case 'follow':
        return follow(query, await joined.joined, joins, usable(query, order.fallback, flight))
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

  function freshFor({ controls, rule }: Query): (entry: Entry) => boolean {
    return (entry) => evaluate(timesUnder(rule, entry), controls, clock.now()) === 'fresh'
  }

  function useOf({ controls, rule, shape }: Query, entry: Entry): StaleUse {
    return staleUse(timesUnder(rule, entry), shape.refresh ? { ...controls, noCache: true } : controls, rule, clock.now())
  }

  function fallbackOf(query: Query, found: Lookup): Found | undefined {
    return found.kind === 'found' && useOf(query, found.entry).ifError ? found : undefined
  }

  /** @param fallback what may be sent where the answer that was waited for turns out to be a failure */
  function follow(query: Query, joined: Joined, joins: number, fallback?: Found): Awaitable<Outcome> {
    const { request, shape } = query
    switch (joined.kind) {
      case 'answer':
        if (fallback && isFailure(joined.head.status)) {
          joined.chunks.cancel()
          return stale(query, fallback, 'if-error', joined.head.status)
        }
        emitter.emit({ ...labelsOf(clock, request, shape), type: 'flight-joined', entryId: joined.head.id })
        tell(query, 'collapsed')
        return { kind: 'replay', reply: followerReply(cache.name, joined.head, joined.chunks), handle: collapsedHandle }
      case 'entry': {
        const found: Found = { kind: 'found', entry: joined.entry, source: 'flight', fresh: false }
        if (freshFor(query)(joined.entry)) return hit(query, found)
        if (joined.failed && useOf(query, joined.entry).ifError) return stale(query, found, 'if-error')
        return meanwhile(query, found) ?? lead(query, { reason: 'request-directive', fallback: fallbackOf(query, found) })
      }
      case 'timeout':
        emitter.emit({ ...labelsOf(clock, request, shape), type: 'flight-timeout', waitedMs: Math.round(joined.waitedMs) })
        return answer(query, joins + 1)
      case 'retry':
        return answer(query, joins + 1)
      case 'alone':
        return lead(query, fallback ? { reason: 'expired', fallback } : { reason: 'absent' })
      case 'left':
        return { kind: 'replay', reply: CLIENT_LEFT, handle: collapsedHandle }
    }
  }

  function lead(query: Query, order: Lead): Awaitable<Outcome> {
    if (!order.fallback) return record(query, order, undefined)
    // What has to be decoded is decoded now: an origin that fails at once is faster than that.
    const { request } = query
    const prepared = createFallback(context, { request, found: order.fallback, onSent: fallbackSent(query, order.fallback) })
    return chain(prepared, (old) => record(query, order, old))
  }

  function record(query: Query, { reason, flight, lease, finding }: Lead, fallback: OldAnswer | undefined): Outcome {
    const { request, rule, controls, key, shape, needsModelCall, ticket } = query
    if (!ticket) {
      emitter.emit({ ...labelsOf(clock, request, shape), type: 'lookup-miss', reason })
      tell(query, 'miss')
      if (controls.onlyIfCached) return { kind: 'replay', reply: onlyIfCachedReply(cache.name), handle: idleHandle('MISS') }
    }
    const status: CacheStatus = { fwd: FORWARD[reason], detail: marks.lastSkip(key) }
    const ownHeaders = (id: string, origin: HeaderPairs): HeaderPairs => ownFields(cache.name, status, 'MISS', id, origin)
    const own = flight ?? openFlight(query, false)
    const replaces = reason !== 'absent'
    const prompt = meaning.promptOf(query)
    const recording = {
      prompt,
      request,
      rule,
      key,
      shape,
      controls,
      needsModelCall,
      ownHeaders,
      flight: own,
      lease,
      replaces,
      finding,
      ticket,
    }
    return { kind: 'record', ...startRecording(context, { ...recording, fallback }) }
  }

  function fallbackSent(query: Query, found: Found): (reply: Reply) => void {
    return (reply) => sent(query, found, reply, 'if-error')
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
    admission.forget(removal.prefix)
  }

  return { open: admission.open, forget, refresher, meaning }
}

/** For entries that are not there. */
const NOTHING: StaleUse = { whileRevalidate: false, ifError: false }
const FORWARD = { absent: 'uri-miss', expired: 'stale', 'request-directive': 'request', 'store-failed': 'miss' } as const
