/** Requests that the cache sends to the app itself (to refresh, warm, preload), and what becomes of them. */

import type { RefreshFailure } from '../events.js'
import type { Clock } from '../ports.js'
import type { Finding } from '../semantic/finding.js'
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
  /** Nothing new is stored. `tokens` and `usd` are what it cost all the same: 0 where no model was asked, left out where nobody knows. */
  | { readonly kind: 'failed'; readonly reason: RefreshFailure; readonly tokens?: number | undefined; readonly usd?: number | undefined }

/** The right to ask for one key, taken before the request was sent. */
export interface DetachedLead {
  readonly key: string
  readonly flight: Flight
  readonly lease: FlightLease | undefined
  /** What was found among prompts that mean the same: its answer may teach. */
  readonly finding?: Finding | undefined
}

/** A detached request: `mark` goes with it through the app (`CacheRequest.mark`), by which the engine knows it again. */
export interface Detached {
  readonly mark: object
  /** Resolves once the engine has done with it; `abandon` resolves it where it never came. Never rejects. */
  readonly result: Promise<DetachedResult>
  /**
   * The request ended, with this status or none, or could not be sent: where it never came to the engine that is the result, else there
   * is one within half a minute.
   */
  abandon(status: number | 'not-sent' | undefined): void
}

/** The engine's side of a detached request. */
export interface DetachedTicket {
  /** `fill`: looked up first. `seed`: so too, and the answer is the app's own word. */
  readonly purpose: 'refresh' | 'fill' | 'seed'
  /** What a refresh leads; undefined from the second time on that the request comes to the engine, as where the cache is mounted twice. */
  readonly lead: DetachedLead | undefined
  /** Only the first result counts. */
  settle(result: DetachedResult): void
}

export interface DetachedTable {
  /** With a `lead` it asks for a new answer; without, it looks up first and asks only for what is not there. */
  create(lead?: DetachedLead): Detached
  /** As without a lead, for an answer that the app gives itself. */
  createSeed(): Detached
  /** The ticket of a request with this mark; undefined for what this cache did not send. */
  take(mark: object | undefined): DetachedTicket | undefined
}

/** How long storing an answer may take after its request ended, in ms. */
const STORING_MS = 30_000

export function createDetachedTable(clock: Clock): DetachedTable {
  const tickets = new WeakMap<object, { taken: number; readonly ticket: DetachedTicket }>()
  function make(purpose: DetachedTicket['purpose'], lead?: DetachedLead): Detached {
    const mark = Object.freeze({})
    let resolve: (result: DetachedResult) => void = () => undefined
    const result = new Promise<DetachedResult>((settled) => {
      resolve = settled
    })
    let isSettled = false
    let cancel: (() => void) | undefined
    const settle = (settled: DetachedResult): void => {
      isSettled = true
      cancel?.()
      resolve(settled)
    }
    const kept = { taken: 0, ticket: { purpose, lead, settle } }
    tickets.set(mark, kept)
    return {
      mark,
      result,
      abandon(status) {
        const wasRefused = status === 'not-sent' || (status !== undefined && status >= 400)
        if (kept.taken === 0) settle(wasRefused ? NOT_ASKED : NOT_REACHED)
        else if (!isSettled) cancel ??= clock.schedule(STORING_MS, () => settle(NOT_REACHED))
      },
    }
  }

  return {
    create: (lead) => make(lead ? 'refresh' : 'fill', lead),
    createSeed: () => make('seed'),
    take(mark) {
      const kept = mark && tickets.get(mark)
      if (!kept) return undefined
      kept.taken++
      return kept.taken === 1 ? kept.ticket : { ...kept.ticket, lead: undefined }
    },
  }
}

const NOT_REACHED: DetachedResult = { kind: 'failed', reason: 'not-reached' }
/** It came to nothing before any model was asked. */
export const NOT_ASKED: DetachedResult = { ...NOT_REACHED, tokens: 0, usd: 0 }
