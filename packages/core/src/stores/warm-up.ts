/** A warm start: the memory in front is filled with what a tier behind it says is most worth having. */

import type { CacheStore, Clock } from '../ports.js'
import type { Tier } from './tiers.js'

export interface WarmUpOptions {
  readonly isClosed: () => boolean
  readonly clock: Pick<Clock, 'schedule'>
}

/**
 * Goes on in the background, a few entries at a time, until half of the memory is filled. Does nothing unless the first of
 * `tiers` is in memory and one of `stores` (the same tiers, unguarded) can tell. Never rejects: what cannot be read now is
 * read when it is asked for.
 */
export async function warmMemory(
  stores: readonly { readonly store: CacheStore }[],
  tiers: readonly Tier[],
  { isClosed, clock }: WarmUpOptions,
): Promise<void> {
  const near = tiers[0]?.store
  const far = stores.slice(1).find(({ store }) => store.hottest !== undefined)?.store
  if (!near?.inMemory || !far?.hottest) return
  const budgetBytes = Math.floor((near.limits.maxBytes ?? DEFAULT_BYTES) / 2)
  let kept = 0
  try {
    for await (const entry of far.hottest(budgetBytes)) {
      if (isClosed()) return
      void near.set(entry)
      // Stores in this process answer without ever leaving the turn: let requests in.
      if (++kept % BATCH === 0) await new Promise<void>((resolve) => void clock.schedule(0, resolve))
    }
  } catch {
    // The store's own events tell of its faults.
  }
}

const BATCH = 32
/** For memories that do not say how much they hold. */
const DEFAULT_BYTES = 64 * 1024 * 1024
