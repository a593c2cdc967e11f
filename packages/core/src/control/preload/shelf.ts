/** Requests that may be sent again: the last of each kind, in memory only, as bounded as everything else. */

import { LRUCache } from 'lru-cache'
import type { Lookedup } from '../../engine/traffic.js'
import type { HeldRequest } from '../../exchange.js'
import type { RequestShape } from '../../fingerprint/fingerprint.js'
import { parseControls } from '../../policy/controls.js'
import type { Clock } from '../../ports.js'
import type { Removal } from '../../stores/hearing.js'
import type { Estimate } from './worth.js'

/** A request that can be sent again, with what is known of its answer. */
export interface Held {
  readonly request: HeldRequest
  readonly shape: RequestShape
  readonly route: string | undefined
  /** Monotonic, ms. */
  readonly since: number
  /** Freshness lifetime of its route's answers, in ms. */
  readonly ttlMs: number
  /** Until when, in ms since the epoch, its answer need not be fetched, as far as is known. */
  freshUntil: number
  /** What the last answer took, where that is known. */
  estimate: Estimate | undefined
}

export interface Shelf {
  get(key: string): Held | undefined
  /** Keeps the request in the place of an older equal one, unless it asks for something of its own, cannot be sent again, or is too large. */
  keep(looked: Lookedup): Held | undefined
  drop(key: string): void
  forget(removal: Removal): void
  /** Answers under keys that begin with `prefix` may be gone. */
  doubt(prefix: string): void
  readonly bytes: number
}

export interface ShelfOptions {
  readonly maxBytes: number
  /** How long a request is kept after it was last asked, in ms. */
  readonly maxAgeMs: number
  readonly clock: Clock
}

/** Beside what a request says of itself: its place here, and the objects that hold it. */
const PLACE_BYTES = 1024
/** Share of the bound that one request may have. */
const LARGEST = 1 / 16
/** An equal request replaces one that was held for so long, in ms. */
const RENEW_MS = 60_000

export function createShelf({ maxBytes, maxAgeMs, clock }: ShelfOptions): Shelf {
  const held = new LRUCache<string, Held>({
    maxSize: maxBytes,
    maxEntrySize: Math.max(PLACE_BYTES, Math.floor(maxBytes * LARGEST)),
    ttl: maxAgeMs,
    ttlResolution: 0,
    // 0 would count as no time at all.
    perf: { now: () => clock.monotonic() + 1 },
  })
  return {
    get: (key) => held.get(key),
    keep(looked) {
      const { request, rule, key, shape } = looked
      const known = held.get(key)
      const since = clock.monotonic()
      if ((known && since - known.since < RENEW_MS) || shape.refresh || !isPlain(looked)) return known
      const taken = request.hold?.()
      if (!taken) return known
      const { freshUntil = 0, estimate } = known ?? {}
      const size = PLACE_BYTES + taken.bytes
      held.set(key, { request: taken, shape, route: request.route, since, ttlMs: rule.ttlMs, freshUntil, estimate }, { size })
      return held.get(key)
    },
    drop: (key) => held.delete(key),
    forget(removal) {
      if ('keys' in removal) for (const key of removal.keys) held.delete(key)
      else for (const key of [...held.keys()]) if (key.startsWith(removal.prefix)) held.delete(key)
    },
    doubt(prefix) {
      for (const [key, request] of held.entries()) if (key.startsWith(prefix)) request.freshUntil = 0
    },
    get bytes() {
      return held.calculatedSize
    },
  }
}

/** It asks for nothing that would keep its answer from being looked up, or from being made. */
function isPlain({ request, rule }: Lookedup): boolean {
  const controls = parseControls((name) => request.header(name), rule.controls)
  return (
    !controls.noCache && !controls.noStore && !controls.onlyIfCached && controls.maxAgeMs === undefined && controls.minFreshMs === undefined
  )
}
