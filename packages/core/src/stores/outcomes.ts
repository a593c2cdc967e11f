/** From what each tier says to what is said of all. */

import type { Entry } from '../entry/entry.js'
import type { StoreFailure } from '../ports.js'
import type { EraseOutcome, GetOutcome, SetOutcome } from './guarded.js'
import type { Lookup, Tier, TierReport } from './tiers.js'

/** The newer of two entries; a failure is worth telling only where nothing was found. */
export function better(best: Lookup, found: GetOutcome, { store }: Tier, isFresh: (entry: Entry) => boolean): Lookup {
  if (found.kind === 'found') {
    if (best.kind === 'found' && best.entry.storedAt >= found.entry.storedAt) return best
    return { kind: 'found', entry: found.entry, source: store.name, fresh: isFresh(found.entry) }
  }
  return found.kind === 'failed' && best.kind === 'absent' ? found : best
}

/** Stored anywhere is stored. */
export function combine(outcomes: readonly SetOutcome[]): SetOutcome {
  for (const outcome of ['stored', 'refused', 'dropped'] as const) if (outcomes.includes(outcome)) return outcome
  return 'failed'
}

export function reportOf(tier: string, outcome: EraseOutcome): TierReport {
  if (outcome.kind === 'erased') return { tier, matched: outcome.matched, removed: outcome.removed, failed: undefined }
  return { tier, matched: outcome.matched, removed: outcome.removed, failed: outcome.reason }
}

export function reportNothing(tier: string, failed: StoreFailure | 'peers' | undefined): TierReport {
  return { tier, matched: 0, removed: 0, failed }
}

export function sum(first: TierReport, second: TierReport): TierReport {
  return {
    tier: first.tier,
    matched: first.matched + second.matched,
    removed: first.removed + second.removed,
    failed: second.failed,
  }
}

export const ABSENT: Lookup = { kind: 'absent' }
