/** A cache that shows each request it looks up, and sends the first unmarked ones to the app once more. */

import { createLlmCache, type LlmCache } from '../../src/cache.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheEvent } from '../../src/events.js'
import type { CacheRequest } from '../../src/exchange.js'

export interface Probe {
  readonly cache: LlmCache
  readonly mark: object
  /** What the cache was asked about, in order. */
  readonly requests: CacheRequest[]
  /** What came of what was sent, each a promise or undefined. */
  readonly sent: (Promise<number | undefined> | undefined)[]
  readonly events: CacheEvent[]
  /** Resolves once so many requests were looked up. */
  seen(count: number): Promise<void>
}

/** Nothing is stored and nobody waits for another, so that every request reaches its handler. */
export function createProbe(options: LlmCacheOptions = {}, onRequest?: (request: CacheRequest, probe: Probe) => void): Probe {
  const waiting = new Set<() => void>()
  const events: CacheEvent[] = []
  const cache = createLlmCache({
    collapse: false,
    complete: () => false,
    log: false,
    ...options,
    partition(request) {
      probe.requests.push(request)
      if (onRequest) onRequest(request, probe)
      else probe.sent.push(request.again?.(probe.mark))
      for (const check of [...waiting]) check()
      return 'all'
    },
  })
  cache.on((event) => events.push(event))
  const probe: Probe = {
    cache,
    mark: Object.freeze({}),
    requests: [],
    sent: [],
    events,
    seen: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (probe.requests.length < count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
  }
  return probe
}

export const QUESTION = { model: 'gpt-5', messages: [{ role: 'user', content: 'Où est la capitale ?' }] }
