/** Requests that the cache sends to the app itself (to refresh, warm, preload), and what becomes of them. */

import type { RefreshFailure } from '../events.js'
import type { FlightLease } from '../sharing.js'
import type { Flight } from './flight.js'

/** What came of a detached request. */
export type DetachedResult =
  /** A new answer is stored. `usd`: what its model call cost, where usage and price are known. */
  | { readonly kind: 'stored'; readonly entryId: string; readonly tokens: number | undefined; readonly usd: number | undefined }
  /** There was a fresh entry already; nothing was asked. */
  | { readonly kind: 'fresh' }
  /** Another request, here or in another process, is asking for the same. */
  | { readonly kind: 'elsewhere' }
  /** The origin was asked, and its answer was not stored; `tokens` and `usd` are what it cost all the same, where that is known. */
  | { readonly kind: 'failed'; readonly reason: RefreshFailure; readonly tokens?: number | undefined; readonly usd?: number | undefined }

/** The right to ask for one key, taken before the request was sent. */
export interface DetachedLead {
  readonly key: string
  readonly flight: Flight
  readonly lease: FlightLease | undefined
}

/** A detached request: `mark` goes with it through the app (`CacheRequest.mark`), by which the engine knows it again. */
export interface Detached {
  readonly mark: object
  /** Resolves once the engine has done with it; `abandon` resolves it where it never came. Never rejects. */
  readonly result: Promise<DetachedResult>
  /** The request ended, or could not be sent. Nothing where there is a result already. */
  abandon(): void
}

/** The engine's side of a detached request. */
export interface DetachedTicket {
  /** Undefined for one that looks up before it asks. */
  readonly lead: DetachedLead | undefined
  settle(result: DetachedResult): void
}

export interface DetachedTable {
  create(lead?: DetachedLead): Detached
  /** What belongs to a request's mark: once, so that a request that is passed on within the app is no second one. */
  take(mark: object | undefined): DetachedTicket | undefined
}

export function createDetachedTable(): DetachedTable {
  const tickets = new WeakMap<object, DetachedTicket>()
  return {
    create(lead) {
      const mark = Object.freeze({})
      let settle: (result: DetachedResult) => void = () => undefined
      const result = new Promise<DetachedResult>((resolve) => {
        settle = resolve
      })
      tickets.set(mark, { lead, settle })
      return { mark, result, abandon: () => settle({ kind: 'failed', reason: 'not-reached' }) }
    },
    take(mark) {
      const ticket = mark && tickets.get(mark)
      if (mark) tickets.delete(mark)
      return ticket
    },
  }
}
