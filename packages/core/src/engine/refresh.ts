/**
 * Fetching a new answer in the background: the app is asked once more by a request of the cache's own, one at a time for each key,
 * over all processes. Whatever goes wrong, the entry stays as it is (RFC 5861 section 3).
 */

import { LRUCache } from 'lru-cache'
import type { Entry } from '../entry/entry.js'
import type { RefreshCause } from '../events.js'
import { evaluate } from '../freshness.js'
import { atMost } from '../lib/at-most.js'
import { NO_CONTROLS } from '../policy/controls.js'
import type { Finding } from '../semantic/finding.js'
import type { FlightLease } from '../sharing.js'
import { type EngineContext, labelsOf } from './context.js'
import type { DetachedResult } from './detached.js'
import type { Flight } from './flight.js'
import { relay } from './relay.js'
import type { Lookedup } from './traffic.js'

/** What is to be refreshed. */
export interface RefreshTarget extends Pick<Lookedup, 'request' | 'rule' | 'key' | 'shape'> {
  /** The answer that a new one is to replace: only what is newer counts as found. @default whatever is not fresh */
  readonly entry?: Entry | undefined
  /** What was found in its place, where another prompt's answer was sent. */
  readonly finding?: Finding | undefined
}

/**
 * - `running`: a new answer is being fetched; its flight may be joined for as long as it is listed.
 * - `paused`: the last attempt failed a short while ago.
 * - `unable`: the app cannot be asked again, or too much is being refreshed.
 */
export type Started = 'running' | 'paused' | 'unable'

export interface Refresher {
  /** Whether the app can be asked again by way of this request. */
  can(target: RefreshTarget): boolean
  /**
   * Sees to it that a new answer is being fetched.
   *
   * @param ended called once where it is: what came of it, or 'elsewhere' where it was under way already
   */
  start(target: RefreshTarget, cause: RefreshCause, ended?: (result: DetachedResult) => void): Started
}

const MAX_RUNNING = 1000
const MAX_FAILURES = 10_000
/** After a failure, in ms; doubled with each further one. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
/** How long a request that could not be sent again is not tried, in ms. */
const UNABLE_MS = 60_000
/** Silence of the origin after which nobody may join any more, in ms, where the route's requests do not wait for each other. */
const PATIENCE_MS = 60_000

interface Failure {
  readonly pauseMs: number
  readonly until: number
}

export function createRefresher(context: EngineContext, isClosed: () => boolean): Refresher {
  const { store, flights, clock, emitter, detached, cache } = context
  const running = new Set<string>()
  const failures = new LRUCache<string, Failure>(atMost(MAX_FAILURES))
  const unable = new LRUCache<string, number>(atMost(MAX_FAILURES))

  function can({ request, key }: RefreshTarget): boolean {
    if (request.again === undefined || request.mark !== undefined || isClosed()) return false
    return clock.monotonic() >= (unable.get(key) ?? Number.NEGATIVE_INFINITY)
  }

  function start(target: RefreshTarget, cause: RefreshCause, ended: (result: DetachedResult) => void = ignore): Started {
    const { key, rule } = target
    if (running.has(key) || flights.get(key)) {
      ended({ kind: 'elsewhere' })
      return 'running'
    }
    if (!can(target) || running.size >= MAX_RUNNING) return 'unable'
    if ((failures.get(key)?.until ?? Number.NEGATIVE_INFINITY) > clock.monotonic()) return 'paused'
    running.add(key)
    const timeoutMs = rule.collapseMs ?? PATIENCE_MS
    const flight = flights.open(key, { shared: true, background: true, timeoutMs, maxBytes: cache.maxEntryBytes })
    void run(target, cause, flight).then(ended)
    return 'running'
  }

  async function run(target: RefreshTarget, cause: RefreshCause, flight: Flight): Promise<DetachedResult> {
    const { request, key, shape } = target
    emitter.emit({ ...labelsOf(clock, request, shape), type: 'refresh-started', cause })
    const result = await attempt(target, flight).catch((): DetachedResult => ({ kind: 'failed', reason: 'internal-error' }))
    if (result.kind === 'failed' && !flight.over) flight.abort()
    flight.done()
    running.delete(key)
    if (result.kind === 'failed') failed(key)
    else failures.delete(key)
    emitter.emit({
      ...labelsOf(clock, request, shape),
      type: 'refresh-ended',
      cause,
      outcome: result.kind === 'fresh' ? 'found' : result.kind,
      reason: result.kind === 'failed' ? result.reason : undefined,
    })
    return result
  }

  function failed(key: string): void {
    const pauseMs = Math.min((failures.get(key)?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2, LONGEST_PAUSE_MS)
    failures.set(key, { pauseMs, until: clock.monotonic() + pauseMs })
  }

  async function attempt(target: RefreshTarget, flight: Flight): Promise<DetachedResult> {
    const joining = store.peers.coordinates ? await store.peers.join(target.key) : undefined
    if (joining?.kind === 'follow') {
      // Somebody here may be waiting for it, where the route says for how long.
      if (target.rule.ifSlowMs === undefined) joining.flight.cancel()
      else await relay(joining.flight, flight)
      if (!flight.over) flight.abort()
      return { kind: 'elsewhere' }
    }
    const lease = joining?.lease
    try {
      const result = await askAgain(target, flight, lease)
      if (result.kind === 'failed') lease?.abort()
      return result
    } catch (error) {
      lease?.abort()
      throw error
    }
  }

  async function askAgain(
    { request, key, entry: old, finding }: RefreshTarget,
    flight: Flight,
    lease: FlightLease | undefined,
  ): Promise<DetachedResult> {
    if (lease || old) {
      // The leader before may have stored its answer after we looked.
      const found = await store.get(key, (entry) => evaluate(entry, NO_CONTROLS, clock.now()) === 'fresh')
      if (found.kind === 'found' && found.fresh && !isOld(found.entry, old)) {
        flight.found(found.entry)
        void lease?.close()
        return { kind: 'fresh' }
      }
    }
    const sent = detached.create({ key, flight, lease, finding })
    const ended = request.again?.(sent.mark)
    if (ended) void ended.then(sent.abandon)
    else {
      unable.set(key, clock.monotonic() + UNABLE_MS)
      sent.abandon('not-sent')
    }
    return sent.result
  }

  return { can, start }
}

/** Whether `entry` is what there was before, for no longer than it was. */
function isOld(entry: Entry, old: Entry | undefined): boolean {
  return entry.id === old?.id && entry.staleAt <= old.staleAt
}

function ignore(): void {}
