/** What other processes say they removed, carried out here: in this machine's own tiers, and in what still waits or just went out. */

import { LRUCache } from 'lru-cache'
import type { Entry } from '../entry/entry.js'
import { atMost } from '../lib/at-most.js'
import { chain } from '../lib/deadline.js'
import type { Awaitable, Clock } from '../ports.js'
import type { BusMessage, InvalidationBus } from '../sharing.js'
import type { Tier } from './tiers.js'

/** What was removed: everything under keys that begin with a prefix, or of that the entries that are meant; or what is under these keys. */
export type Removal = { readonly prefix: string; readonly meant?: Meant | undefined } | { readonly keys: ReadonlySet<string> }

/** Entries by what they are rather than by their keys. */
export interface Meant {
  /** Must not throw. */
  readonly matches: (entry: Entry) => boolean
  /** Only what was stored before this, in ms since the epoch. `matches` knows. @default whatever its time */
  readonly before?: number | undefined
}

export interface HearingOptions {
  readonly tiers: readonly Tier[]
  /** The tier through which the processes hear of each other. */
  readonly shared: Tier
  readonly bus: InvalidationBus
  readonly clock: Clock
  /** What is read or written for these keys right now must not bring them back. */
  readonly onRemoved: (removal: Removal) => void
  readonly onRetired: (message: Extract<BusMessage, { kind: 'retired' }>) => void
  /** Any message may have been missed. */
  readonly onLost: () => void
  /** What the selector of another process means; undefined where it cannot be read. Never throws or rejects. */
  readonly meantBy: (selector: string) => Awaitable<Meant | undefined>
}

export interface Hearing {
  /** True while `tier` may still hold what was to be removed under `key`: what it says of it counts for nothing. */
  owes(tier: Tier, key: string): boolean
  /** The shared tier was written without a lease: if an erasure was on its way meanwhile, it could not refuse. */
  wrote(key: string): void
  close(): void
}

export function listenToPeers({ tiers, shared, bus, clock, onRemoved, onRetired, onLost, meantBy }: HearingOptions): Hearing {
  const local = tiers.filter((tier) => tier.store.local && tier !== shared)
  const distant = tiers.filter((tier) => !tier.store.local || tier === shared)
  const owed = new Map<Tier, Set<string>>(local.map((tier) => [tier, new Set()]))
  const unfenced = new LRUCache<string, number>(atMost(MAX_UNFENCED))
  let closed = false

  /** Until it has worked: a store that fails now has the entries still when it is back. */
  async function settle(tier: Tier, prefix: string): Promise<void> {
    const debts = owed.get(tier) as Set<string>
    const debt = debts.size < MAX_DEBTS ? prefix : ''
    if (debts.has(debt)) return
    debts.add(debt)
    for (let pauseMs = FIRST_PAUSE_MS; !closed; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const outcome = await tier.store.erase(debt)
      if (outcome.kind === 'erased') {
        debts.delete(debt)
        return
      }
      await new Promise<void>((resolve) => void clock.schedule(pauseMs, resolve))
    }
  }

  async function forgetKey(tier: Tier, key: string): Promise<void> {
    if ((await tier.store.delete(key)) === 'failed') await settle(tier, key)
  }

  /** Written since the removal may have been said, by a process that had not heard of it. */
  function takeBack(prefix: string): void {
    const since = clock.monotonic() - bus.boundMs * 2
    for (const [key, at] of unfenced.entries()) if (at >= since && key.startsWith(prefix)) void shared.store.delete(key)
  }

  function removeAll(prefix: string): void {
    onRemoved({ prefix })
    takeBack(prefix)
    for (const tier of local) void settle(tier, prefix)
  }

  function eraseMeant(prefix: string, meant: Meant): void {
    onRemoved({ prefix, meant })
    for (const { store } of distant) store.dropWaiting(prefix, meant.matches)
    takeBack(prefix)
    for (const tier of local) {
      void tier.store.erase(prefix, { matches: meant.matches, found: () => {} }).then(({ kind }) => {
        if (kind === 'failed') void settle(tier, prefix)
      })
    }
  }

  function hear(message: BusMessage | { readonly kind: 'lost' }): void {
    if (closed) return
    switch (message.kind) {
      case 'changed':
        for (const tier of local) void forgetKey(tier, message.key)
        return
      case 'deleted':
        onRemoved({ keys: new Set([message.key]) })
        for (const { store } of distant) store.dropWaiting(message.key)
        takeBack(message.key)
        for (const tier of local) void forgetKey(tier, message.key)
        return
      case 'erased':
        // From the tiers that all share it is gone; only what still waits here to be written to them is not.
        for (const { store } of distant) store.dropWaiting(message.prefix)
        removeAll(message.prefix)
        return
      case 'scanned':
        void chain(meantBy(message.selector), (meant = ANYTHING) => eraseMeant(message.prefix, meant))
        return
      case 'retired':
        onRetired(message)
        return
      case 'lost':
        onLost()
        // Anything may have happened to anything.
        shared.store.dropWaiting('')
        removeAll('')
    }
  }

  bus.subscribe(hear)
  return {
    owes(tier, key) {
      const debts = owed.get(tier)
      if (!debts || debts.size === 0) return false
      for (const prefix of debts) if (key.startsWith(prefix)) return true
      return false
    },
    wrote: (key) => void unfenced.set(key, clock.monotonic()),
    close() {
      closed = true
    },
  }
}

/** Any of it may be meant: what is here goes, what all share was looked through by who said so. */
const ANYTHING: Meant = { matches: () => true }
/** Prefixes that one tier may owe before it owes everything. */
const MAX_DEBTS = 100
const MAX_UNFENCED = 1000
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000
