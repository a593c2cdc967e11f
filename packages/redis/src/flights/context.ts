/** What leaders and followers of one store have in common. */

import type { Clock, EntryCodec } from '@llm-cache/core'
import type { KeyNames } from '../keys.js'
import type { Link } from '../link.js'
import type { Subscriber } from '../subscriber.js'
import type { FlightTiming } from './timing.js'

export interface FlightContext {
  readonly link: Link
  readonly names: KeyNames
  readonly subscriber: Subscriber
  readonly clock: Clock
  readonly timing: FlightTiming
  readonly codec: () => EntryCodec | undefined
  /** Most bytes of one answer that are passed on. */
  readonly maxBytes: number
  /** Bytes of all answers that wait to be sent. */
  readonly budget: Budget
}

export interface Budget {
  /** False where there is no room for so much. */
  take(bytes: number): boolean
  give(bytes: number): void
}

export function createBudget(limit: number): Budget {
  let taken = 0
  return {
    take(bytes) {
      if (taken + bytes > limit) return false
      taken += bytes
      return true
    },
    give(bytes) {
      taken -= bytes
    },
  }
}
