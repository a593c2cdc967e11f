/** What those who learn from the traffic (popular requests, refresh-ahead, preloading) hear of each request that was looked up. */

import type { Entry } from '../entry/entry.js'
import type { CacheRequest } from '../exchange.js'
import type { RequestShape } from '../fingerprint/fingerprint.js'
import type { Rule } from './resolve.js'

/** One request that was looked up, told when it is known what becomes of it. Holds private data: it must not leave the process. */
export interface Lookedup {
  readonly request: CacheRequest
  readonly rule: Rule
  /** `lc1.<partition digest>.<request digest>` */
  readonly key: string
  readonly shape: RequestShape
  readonly outcome: 'hit' | 'stale' | 'miss' | 'collapsed'
  /** The entry that was sent. */
  readonly entry: Entry | undefined
}

/** Is called for every request but those that the cache sent itself, before its reply goes out: it must be quick, and must not throw. */
export type TrafficListener = (looked: Lookedup) => void
