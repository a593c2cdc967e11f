/** Reading through tiers: the nearest that has a fresh entry answers, and what was invalidated since it was begun is not there. */

import { LRUCache } from 'lru-cache'
import type { Entry } from '../entry/entry.js'
import { atMost } from '../lib/at-most.js'
import type { Epochs } from './epochs/epochs.js'
import type { GetOutcome, GuardedStore } from './guarded.js'
import { ABSENT, better } from './outcomes.js'
import type { Pending } from './pending.js'
import type { Lookup, StoreTiers, Tier } from './tiers.js'

export interface LookupsOptions {
  readonly tiers: readonly Tier[]
  readonly pending: Pending
  readonly epochs: Epochs
  /** What `tier` says of `key` counts for nothing. */
  readonly owes: (tier: Tier, key: string) => boolean
  /** Writes `entry` to the tiers above the one that had it. */
  readonly promote: (entry: Entry, above: readonly Tier[]) => void
}

export function createLookups({ tiers, pending, epochs, owes, promote }: LookupsOptions): Pick<StoreTiers, 'peek' | 'get'> {
  const firstSlow = tiers.findIndex(({ store }) => !store.synchronous)
  const quick = firstSlow === -1 ? tiers : tiers.slice(0, firstSlow)
  const slow = firstSlow === -1 ? [] : tiers.slice(firstSlow)
  /** Keys found in a memory of which it takes a read to know whether they are retired: `get` looks there once more. */
  const doubts = new LRUCache<string, true>(atMost(MAX_DOUBTS))

  /** It is a miss. Where other processes may just have replaced it, or lead a flight for it, it stays until it is replaced. */
  function discard(key: string, { store }: Tier): void {
    if (store.local) void store.delete(key)
  }

  async function walk(key: string, through: readonly Tier[], isFresh: (entry: Entry) => boolean): Promise<Lookup> {
    const work = pending.begin(key)
    try {
      let best: Lookup = ABSENT
      for (const tier of through) {
        if (owes(tier, key)) continue
        const found = await tier.store.get(key)
        const verdict = found.kind === 'found' ? await epochs.decide(found.entry, originOf(tier, found)) : 'valid'
        if (work.spoils(found.kind === 'found' ? found.entry : undefined)) return ABSENT
        if (verdict === 'retired') discard(key, tier)
        if (verdict !== 'valid') continue
        best = better(best, found, tier, isFresh)
        if (best.kind !== 'found' || !best.fresh) continue
        promote(best.entry, tiers.slice(0, tiers.indexOf(tier)))
        return best
      }
      // Before the origin is asked: an answer that is begun in ignorance of a removal may be taken for an older one.
      if (best.kind === 'absent') await epochs.learnKey(key)
      return best
    } finally {
      work.end()
    }
  }

  return {
    peek(key, isFresh) {
      let best: Lookup = ABSENT
      for (let index = 0; index < quick.length; index++) {
        const tier = quick[index] as Tier
        if (owes(tier, key)) continue
        const found = tier.store.get(key) as GetOutcome
        const verdict = found.kind === 'found' ? epochs.judge(found.entry, originOf(tier, found)) : 'valid'
        if (verdict === 'retired') discard(key, tier)
        if (verdict === undefined) doubts.set(key, true)
        if (verdict !== 'valid') continue
        best = better(best, found, tier, isFresh)
        if (best.kind !== 'found' || !best.fresh) continue
        if (index > 0) promote(best.entry, quick.slice(0, index))
        return best
      }
      return best
    },
    get(key, isFresh) {
      const through = doubts.delete(key) ? tiers : slow
      return through.length === 0 ? ABSENT : walk(key, through, isFresh)
    },
  }
}

/** What is found in this process, in a memory or waiting to be written, was judged or made here. */
function originOf({ store }: Tier, found: GetOutcome): GuardedStore | undefined {
  return store.inMemory || (found.kind === 'found' && found.waiting) ? undefined : store
}

const MAX_DOUBTS = 1000
