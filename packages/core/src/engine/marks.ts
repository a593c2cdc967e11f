/** Bounded memory of what was learnt about keys and routes. Only hints: losing one costs time, never correctness. */

import { LRUCache } from 'lru-cache'
import type { SkipReason } from '../events.js'
import { atMost } from '../lib/at-most.js'
import type { Clock } from '../ports.js'
import type { Removal } from '../stores/hearing.js'

/** How long a key whose answer could not be shared is not collapsed, in ms: Varnish's hit-for-miss. */
const HIT_FOR_MISS_MS: number = 60_000
const MAX_KEYS = 10_000
const MAX_ROUTES = 1000
/** Of interest for as long as a store takes to answer. */
const MAX_WRITES = 1000

export interface Marks {
  /** The last answer under `key` was not stored for `reason`; `leaderOnly`: nor might anybody have shared it. */
  skipped(key: string, reason: SkipReason, leaderOnly: boolean): void
  stored(key: string): void
  /** A new answer under `key` is being written. */
  writing(key: string): void
  /** Changes with each `writing(key)`. */
  writeOf(key: string): number
  /** Nothing is known any more of these keys. */
  forget(removal: Removal): void
  /** Why the last answer under `key` was not stored; undefined when it was, or nobody knows. */
  lastSkip(key: string): SkipReason | undefined
  /** False while waiting for another request's answer would be in vain. */
  mayCollapse(key: string): boolean
  /** A handler behind this method and path was seen calling a model. */
  learnRoute(method: string, url: string): void
  knowsRoute(method: string, url: string): boolean
}

export function createMarks(clock: Clock): Marks {
  const keys = new LRUCache<string, { readonly reason: SkipReason; readonly aloneUntil: number }>(atMost(MAX_KEYS))
  const routes = new LRUCache<string, true>(atMost(MAX_ROUTES))
  const writes = new LRUCache<string, number>(atMost(MAX_WRITES))
  let lastWrite = 0
  return {
    writing: (key) => void writes.set(key, ++lastWrite),
    writeOf: (key) => writes.peek(key) ?? 0,
    skipped(key, reason, leaderOnly) {
      keys.set(key, { reason, aloneUntil: leaderOnly ? clock.monotonic() + HIT_FOR_MISS_MS : 0 })
    },
    stored(key) {
      keys.delete(key)
    },
    forget(removal) {
      if ('keys' in removal) for (const key of removal.keys) keys.delete(key)
      else for (const key of keys.keys()) if (key.startsWith(removal.prefix)) keys.delete(key)
    },
    lastSkip: (key) => keys.get(key)?.reason,
    mayCollapse(key) {
      const mark = keys.peek(key)
      return mark === undefined || mark.aloneUntil <= clock.monotonic()
    },
    learnRoute(method, url) {
      routes.set(routeKey(method, url), true)
    },
    knowsRoute: (method, url) => routes.has(routeKey(method, url)),
  }
}

// No method has a space in it (RFC 9110 section 9.1), so the two parts cannot run into each other.
function routeKey(method: string, url: string): string {
  const query = url.indexOf('?')
  return `${method} ${query === -1 ? url : url.slice(0, query)}`
}
