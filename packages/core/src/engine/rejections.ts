/** Answers that their receivers found wrong: gone for good, by their public id. */

import { LRUCache } from 'lru-cache'
import type { Entry } from '../entry/entry.js'
import { atMost } from '../lib/at-most.js'
import type { Awaitable, Clock } from '../ports.js'
import type { Removal } from '../stores/hearing.js'
import type { StoreTiers, TierReport } from '../stores/tiers.js'
import type { Emitter } from './emitter.js'
import type { FlightTable } from './flight.js'

/**
 * What became of a rejection: where it was removed, or undefined for an id that nobody knows, or that was rejected before. Where a tier
 * failed it may be asked for again.
 */
export type RejectionReport = readonly TierReport[] | undefined

export interface Rejections {
  /** @param reason one of the app's own few: 1 to 40 of `a-z0-9-`; anything else counts as 'other' */
  reject(id: string, reason: string | undefined): Promise<RejectionReport>
  /**
   * A caller's own word, in its request. True: the id was of its partition and is rejected now, so that this request asks the origin.
   * Once for each id. Never throws or rejects.
   *
   * @param caller digest of who says so
   */
  apply(id: string, partition: string, caller: () => string | undefined): Awaitable<boolean>
}

export interface RejectionsOptions {
  readonly store: Pick<StoreTiers, 'find' | 'look' | 'delete'>
  readonly flights: Pick<FlightTable, 'keyOf'>
  /** What is in flight must not be stored if it is meant. */
  readonly forget: (removal: Removal) => void
  /** It is gone from under `key`. @param caller digest of who said so; undefined: the app */
  readonly onRejected: (id: string, key: string, caller: string | undefined) => void
  readonly emitter: Emitter
  readonly clock: Pick<Clock, 'now'>
}

export function createRejections({ store, flights, forget, onRejected, emitter, clock }: RejectionsOptions): Rejections {
  /** With whether it may be asked for again, because a tier failed. */
  const rejected = new LRUCache<string, boolean>(atMost(MAX_REMEMBERED))
  const isDone = (id: string): boolean => rejected.get(id) === false

  async function rejectUnder(id: string, key: string, reason: string, caller?: string): Promise<RejectionReport> {
    const isRepeated = rejected.has(id)
    // Whoever asks the same meanwhile is too late.
    rejected.set(id, false)
    const matches = (entry: Entry): boolean => entry.id === id
    const isFlying = flights.keyOf(id) === key
    const meant: Removal = { prefix: key, meant: { matches } }
    const copies: Entry[] = []
    forget(meant)
    const looked = await store.look([key], { matches, found: (entry) => void copies.push(entry) })
    // Another answer has taken its place everywhere: that one was not meant. What could not be read, or removed, may well be it.
    if (copies.length === 0 && !isFlying && !isRepeated && looked.every(({ failed }) => failed === undefined)) return undefined
    const tiers = await store.delete(key)
    forget(meant)
    if (tiers.some(({ failed }) => failed !== undefined)) rejected.set(id, true)
    if (isRepeated) return tiers
    onRejected(id, key, caller)
    const { route, model } = copies[0]?.meta ?? {}
    emitter.emit({ type: 'entry-rejected', at: clock.now(), entryId: id, reason, route, model })
    return tiers
  }

  async function locate(id: string): ReturnType<StoreTiers['find']> {
    if (!ID.test(id) || isDone(id)) return undefined
    const key = flights.keyOf(id)
    return key === undefined ? store.find(id) : { key }
  }

  return {
    async reject(id, reason) {
      const found = await locate(id)
      if (!found || isDone(id)) return undefined
      return 'key' in found ? rejectUnder(id, found.key, labelOf(reason)) : found.unknown
    },
    async apply(id, partition, caller) {
      const found = await locate(id)
      if (!found || !('key' in found) || partitionOf(found.key) !== partition || isDone(id)) return false
      return (await rejectUnder(id, found.key, BY_CALLER, caller())) !== undefined
    },
  }
}

/** `lc1.<partition>.<request>` */
export function partitionOf(key: string): string {
  return key.split('.', 2)[1] ?? ''
}

/** Free text may be private, and every label is a time series somewhere. */
function labelOf(reason: string | undefined): string {
  if (reason === undefined) return 'unspecified'
  return /^[a-z0-9-]{1,40}$/.test(reason) ? reason : 'other'
}

/** 128 bits in base64url. */
const ID = /^[\w-]{22}$/
const BY_CALLER = 'by-caller'
const MAX_REMEMBERED = 10_000
