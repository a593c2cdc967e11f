/**
 * Fetching a new answer in the background: the app is asked once more by a request of the cache's own, one at a time for each key,
 * over all processes. Whatever goes wrong, the entry stays as it is (RFC 5861 section 3).
 */

import { LRUCache } from 'lru-cache'
import type { RefreshCause } from '../events.js'
import { evaluate } from '../freshness.js'
import { NO_CONTROLS } from '../policy/controls.js'
import { type EngineContext, labelsOf } from './context.js'
import type { DetachedResult } from './detached.js'
import type { Flight } from './flight.js'
import type { Lookedup } from './traffic.js'

/** What is to be refreshed. */
export type RefreshTarget = Pick<Lookedup, 'request' | 'rule' | 'key' | 'shape'>

export interface Refresher {
  /** Whether the app can be asked again by way of this request. */
  can(target: RefreshTarget): boolean
  /**
   * Sees to it that a new answer is being fetched; true: it is, and its flight may be joined. False where the app cannot be asked,
   * too much is being refreshed, or the last refresh failed a short while ago.
   */
  start(target: RefreshTarget, cause: RefreshCause): boolean
}

const MAX_RUNNING = 1000
const MAX_FAILURES = 10_000
/** After a failure, in ms; doubled with each further one. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
/** How long an app that could not be asked again is not tried, in ms. */
const UNABLE_MS = 60_000

interface Failure {
  readonly pauseMs: number
  readonly until: number
}

export function createRefresher(context: EngineContext, isClosed: () => boolean): Refresher {
  const { store, flights, clock, emitter, detached, cache } = context
  const running = new Set<string>()
  const failures = new LRUCache<string, Failure>({ max: MAX_FAILURES })
  let unableUntil = Number.NEGATIVE_INFINITY

  function can({ request }: RefreshTarget): boolean {
    return request.again !== undefined && request.mark === undefined && clock.monotonic() >= unableUntil && !isClosed()
  }

  function start(target: RefreshTarget, cause: RefreshCause): boolean {
    const { key, rule } = target
    if (running.has(key) || flights.get(key)) return true
    if (!can(target) || running.size >= MAX_RUNNING) return false
    if ((failures.get(key)?.until ?? Number.NEGATIVE_INFINITY) > clock.monotonic()) return false
    running.add(key)
    const flight = flights.open(key, { shared: true, background: true, timeoutMs: rule.collapseMs ?? 0, maxBytes: cache.maxEntryBytes })
    void run(target, cause, flight)
    return true
  }

  async function run(target: RefreshTarget, cause: RefreshCause, flight: Flight): Promise<void> {
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
  }

  function failed(key: string): void {
    const pauseMs = Math.min((failures.get(key)?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2, LONGEST_PAUSE_MS)
    failures.set(key, { pauseMs, until: clock.monotonic() + pauseMs })
  }

  async function attempt({ request, key }: RefreshTarget, flight: Flight): Promise<DetachedResult> {
    const joining = store.peers.coordinates ? await store.peers.join(key) : undefined
    if (joining?.kind === 'follow') {
      joining.flight.cancel()
      flight.abort()
      return { kind: 'elsewhere' }
    }
    const lease = joining?.lease
    if (lease) {
      // The leader before may have stored its answer after we looked.
      const found = await store.get(key, (entry) => evaluate(entry, NO_CONTROLS, clock.now()) === 'fresh')
      if (found.kind === 'found' && found.fresh) {
        flight.found(found.entry)
        void lease.close()
        return { kind: 'fresh' }
      }
    }
    const sent = detached.create({ key, flight, lease })
    const ended = request.again?.(sent.mark)
    if (ended) void ended.then(sent.abandon)
    else {
      unableUntil = clock.monotonic() + UNABLE_MS
      sent.abandon()
    }
    const result = await sent.result
    if (result.kind === 'failed') lease?.abort()
    return result
  }

  return { can, start }
}
