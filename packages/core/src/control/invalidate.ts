/** Invalidation on purpose: which keys a selector means, and the report of what became of them. */

import { LlmCacheError, OptionError } from '../errors.js'
import { describeValue, didYouMean } from '../lib/nearest.js'
import { createTurns } from '../lib/turn.js'
import type { PartitionSelector } from '../policy/partition.js'
import type { Clock } from '../ports.js'
import type { Removal } from '../stores/hearing.js'
import type { StoreTiers, TierReport } from '../stores/tiers.js'

/** What to remove. Exactly one of the fields: nothing given is an error, never "everything". */
export interface InvalidateSelector {
  /** Cache keys, as the entries of a store carry them. At most 10,000. */
  readonly keys?: readonly string[] | undefined
  /**
   * Everything of one tenant: the text that the partition function returns for it; `'shared'` under `partition: 'shared'`; the
   * `{ headers }` with its credentials under `partition: 'private'`.
   */
  readonly partition?: PartitionSelector | undefined
  /** Everything in this cache's stores. */
  readonly all?: true | undefined
}

/** What was removed, over all tiers and in each. Reports what was seen to be gone, not what was asked for. */
export interface InvalidateReport {
  /** Entries found in any tier. One entry in three tiers counts three times. */
  readonly matched: number
  readonly removed: number
  readonly tiers: readonly TierReport[]
}

/** Some tier could not be cleaned. `report.tiers` says which, and why: those have `failed`. */
export class InvalidationError extends LlmCacheError {
  override readonly name: string = 'InvalidationError'
  readonly report: InvalidateReport

  constructor(report: InvalidateReport) {
    const dirty = report.tiers.filter(({ failed }) => failed !== undefined)
    const list = dirty.map(({ tier, failed }) => `${tier} (${REASONS[failed as keyof typeof REASONS]})`).join(', ')
    super('ERR_INVALIDATION', `Not everything could be removed from: ${list}. What was in reach is gone; ask again once this is mended.`)
    this.report = report
  }
}

const REASONS = {
  timeout: 'it did not answer in time',
  error: 'it failed',
  refused: 'it refused',
  skipped: 'it is down',
  unsupported: 'it cannot list its keys, so what belongs to a partition is unknown: clear the whole store, or choose one that can',
  left: 'entries were still there on a second look',
  peers: 'the other processes could not be told; their memories may answer until the entries expire',
} as const

export interface InvalidateContext {
  readonly store: StoreTiers
  /** Digests of the partitions that a selector may mean under the rules in use. @throws OptionError */
  readonly digestsOf: (selector: PartitionSelector) => readonly string[]
  /** What is in flight for these keys must not be stored, and nothing of it kept elsewhere. */
  readonly forget: (removal: Removal) => void
  readonly clock: Pick<Clock, 'monotonic'>
}

/**
 * @throws OptionError for a selector that is not exactly one
 * @throws InvalidationError when a tier could not be cleaned; everything else was removed all the same
 */
export async function invalidate(selector: InvalidateSelector, context: InvalidateContext): Promise<InvalidateReport> {
  const { keys, prefixes } = resolveSelector(selector, context)
  const { store, forget, clock } = context
  const removed: Removal[] = [{ keys: new Set(keys) }, ...prefixes.map((prefix) => ({ prefix }))]
  for (const removal of removed) forget(removal)
  const reports: (readonly TierReport[])[] = []
  const turns = createTurns(clock)
  for (const key of keys) {
    reports.push(await store.delete(key))
    const turn = turns()
    if (turn) await turn
  }
  for (const prefix of prefixes) reports.push(await store.erase(prefix))
  // What began after the first call and before the last store was clean.
  for (const removal of removed) forget(removal)
  const report = merge(reports)
  if (report.tiers.some(({ failed }) => failed !== undefined)) throw new InvalidationError(report)
  return report
}

const SELECTORS = ['keys', 'partition', 'all'] as const
const MAX_KEYS = 10_000
/** As `fingerprint` makes them. */
const KEY_PREFIX = 'lc1.'

function resolveSelector(selector: InvalidateSelector, { digestsOf }: InvalidateContext): { keys: readonly string[]; prefixes: string[] } {
  if (typeof selector !== 'object' || selector === null) throw invalid('selector', `is ${describeValue(selector)}; it must be an object`)
  const given = Object.entries(selector).filter(([, value]) => value !== undefined)
  const unknown = given.find(([name]) => !SELECTORS.some((known) => known === name))
  if (unknown) {
    throw new OptionError('ERR_OPTION_UNKNOWN', unknown[0], `Unknown selector ${unknown[0]}${didYouMean(unknown[0], SELECTORS)}`)
  }
  if (given.length !== 1) {
    throw invalid('selector', `names ${given.length} of keys, partition and all; it must name exactly one, all: true for everything`)
  }
  const { keys, partition, all } = selector
  if (keys !== undefined) {
    if (!Array.isArray(keys) || keys.length > MAX_KEYS || !keys.every(isKey)) {
      throw invalid('keys', `must be a list of at most ${MAX_KEYS} cache keys (${KEY_PREFIX}<partition>.<request>)`)
    }
    return { keys, prefixes: [] }
  }
  if (partition !== undefined) return { keys: [], prefixes: digestsOf(partition).map((digest) => `${KEY_PREFIX}${digest}.`) }
  if (all !== true) throw invalid('all', `is ${describeValue(all)}; it must be true`)
  return { keys: [], prefixes: [''] }
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^lc1\.[\w-]{1,64}\.[\w-]{1,128}$/.test(value)
}

function merge(reports: readonly (readonly TierReport[])[]): InvalidateReport {
  const tiers = new Map<string, TierReport>()
  for (const report of reports.flat()) {
    const sum = tiers.get(report.tier)
    tiers.set(report.tier, {
      tier: report.tier,
      matched: (sum?.matched ?? 0) + report.matched,
      removed: (sum?.removed ?? 0) + report.removed,
      failed: sum?.failed ?? report.failed,
    })
  }
  const all = [...tiers.values()]
  return {
    matched: all.reduce((total, { matched }) => total + matched, 0),
    removed: all.reduce((total, { removed }) => total + removed, 0),
    tiers: all,
  }
}

function invalid(option: string, message: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} ${message}.`)
}
