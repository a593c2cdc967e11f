/** Removing from tiers, and looking for what would be removed. */

import type { Awaitable, Clock } from '../ports.js'
import { beginFalling, type RemovalMessage } from './epochs/cascade.js'
import type { Epochs } from './epochs/epochs.js'
import type { MarkFailure } from './epochs/mark-writer.js'
import type { GuardedStore } from './guarded.js'
import { reportNothing, reportOf, sum } from './outcomes.js'
import type { Peers } from './peers.js'
import type { Pending } from './pending.js'
import { createChooser, type Finding, type ScanOutcome } from './scan.js'
import type { StoreTiers, Tier, TierReport } from './tiers.js'

export interface RemovingOptions {
  readonly tiers: readonly Tier[]
  /** Those outside this process's memory, in their order. */
  readonly lasting: readonly GuardedStore[]
  readonly pending: Pending
  readonly peers: Peers
  readonly epochs: Epochs
  readonly clock: Clock
  readonly onRemoval: () => void
}

export interface Removing extends Pick<StoreTiers, 'delete' | 'erase' | 'scan' | 'look'> {
  /** What is to be said of each tier where marks were raised in those outside this process's memory. */
  reportMarks(failures: readonly (MarkFailure | undefined)[]): readonly TierReport[]
}

export function createRemoving({ tiers, lasting, pending, peers, epochs, clock, onRemoval }: RemovingOptions): Removing {
  const inMemory = tiers.filter(({ store }) => store.inMemory)
  const shared = tiers.find(({ store }) => store.sharing !== undefined)

  function reportMarks(failures: readonly (MarkFailure | undefined)[]): readonly TierReport[] {
    return tiers.map(({ store }) => reportNothing(store.name, failures[lasting.indexOf(store)]))
  }

  /** What was removed is gone; marks stop what is on its way, also where nobody can be told, and what was made from it. */
  async function removeAndRetire(
    message: RemovalMessage,
    work: (tier: Tier, finding: Finding | undefined) => Awaitable<TierReport>,
    finding?: Finding,
  ): Promise<readonly TierReport[]> {
    const falling = await beginFalling(epochs, message, finding)
    const removed = await remove(message, (tier) => work(tier, falling.finding), finding?.matches)
    const marks = reportMarks(await falling.end())
    return removed.map((report, at) => ({ ...report, failed: report.failed ?? marks[at]?.failed }))
  }

  /** From the deepest tier up, the memories first and last: what is promoted meanwhile goes as well. */
  async function remove(
    message: RemovalMessage,
    work: (tier: Tier) => Awaitable<TierReport>,
    matches?: Finding['matches'],
  ): Promise<readonly TierReport[]> {
    const prefix = 'prefix' in message ? message.prefix : message.key
    onRemoval()
    pending.spoil(prefix, matches)
    const reports = new Map<Tier, TierReport>()
    for (const tier of inMemory) reports.set(tier, await work(tier))
    for (const tier of [...tiers].reverse()) if (!tier.store.inMemory) reports.set(tier, await work(tier))
    pending.spoil(prefix, matches)
    for (const tier of inMemory) reports.set(tier, sum(reports.get(tier) as TierReport, await work(tier)))
    if (shared && !(await peers.announce(message))) {
      const report = reports.get(shared) as TierReport
      reports.set(shared, { ...report, failed: report.failed ?? 'peers' })
    }
    return tiers.map((tier) => reports.get(tier) as TierReport)
  }

  async function inspect(work: (tier: Tier) => Promise<ScanOutcome>): Promise<readonly TierReport[]> {
    const reports: TierReport[] = []
    for (const tier of tiers) {
      const outcome = await work(tier)
      const failed = outcome.kind === 'failed' ? outcome.reason : undefined
      reports.push({ tier: tier.store.name, matched: outcome.matched, removed: 0, failed })
    }
    return reports
  }

  return {
    reportMarks,
    delete: (key) =>
      removeAndRetire({ kind: 'deleted', key }, async ({ store }) => {
        const outcome = await store.delete(key)
        const removed = outcome === 'deleted' ? 1 : 0
        const failed = outcome === 'failed' ? (store.state === 'up' ? 'error' : 'skipped') : undefined
        return { tier: store.name, matched: removed, removed, failed }
      }),
    erase: (prefix, finding, selector) =>
      removeAndRetire(
        finding?.matches ? { kind: 'scanned', prefix, selector: selector ?? '' } : { kind: 'erased', prefix },
        async ({ store }, falling) => reportOf(store.name, await store.erase(prefix, falling)),
        finding,
      ),
    scan: (prefix, finding) => inspect(({ store }) => store.scan(prefix, finding)),
    look: (keys, finding) =>
      inspect(async ({ store }) => {
        const chosen = await createChooser(store, finding, clock).choose(keys)
        return chosen.kind === 'failed' ? { ...chosen, matched: 0 } : { kind: 'scanned', matched: chosen.value.length }
      }),
  }
}
