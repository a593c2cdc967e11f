/** Invalidation on purpose, and the report of what became of it. */

import { booleanOf, checkNames, checkObject } from '../checks.js'
import type { Entry } from '../entry/entry.js'
import { LlmCacheError } from '../errors.js'
import { createTurns } from '../lib/turn.js'
import type { Clock } from '../ports.js'
import type { Meant, Removal } from '../stores/hearing.js'
import type { Finding } from '../stores/scan.js'
import type { StoreTiers, TierReport } from '../stores/tiers.js'
import type { Criterion } from './matching.js'
import { type InvalidateSelector, resolveSelector, type Selection, type SelectorContext } from './selector.js'

/** What was removed, over all tiers and in each. Reports what was seen to be gone, not what was asked for. */
export interface InvalidateReport {
  /** True: nothing was removed, this is what would have been. */
  readonly dryRun: boolean
  /** Entries found in any tier. One entry in three tiers counts three times. */
  readonly matched: number
  readonly removed: number
  /**
   * Marks that were raised, one for each tag or dependency: whatever they mean is a miss from now on. It is not counted in `matched` and
   * `removed`, since nobody went to look for it.
   */
  readonly retired: number
  readonly tiers: readonly TierReport[]
  /** Ids (`x-llm-cache-id`) of some of them, ten at the most. */
  readonly sample: readonly string[]
}

export interface InvalidateOptions {
  /** Report what would be removed, and remove nothing. @default false */
  readonly dryRun?: boolean | undefined
}

/** Some tier could not be cleaned, or the rule threw. `report.tiers` says which, and why: those have `failed`. */
export class InvalidationError extends LlmCacheError {
  override readonly name: string = 'InvalidationError'
  /** What was done so far. */
  readonly report: InvalidateReport

  constructor(report: InvalidateReport, options?: ErrorOptions) {
    const dirty = report.tiers.filter(({ failed }) => failed !== undefined)
    const list = dirty.map(({ tier, failed }) => `${tier} (${REASONS[failed as keyof typeof REASONS]})`).join(', ')
    const what = report.dryRun ? 'Not everything could be looked at in' : 'Not everything could be removed from'
    const rest = report.dryRun ? 'Nothing was removed' : 'What was in reach is gone'
    super('ERR_INVALIDATION', `${what}: ${list}. ${rest}; ask again once this is mended.`, options)
    this.report = report
  }
}

const REASONS = {
  timeout: 'it did not answer in time',
  error: 'it failed',
  refused: 'it refused',
  skipped: 'it is down',
  unsupported: 'it cannot list its keys, so what is meant there is unknown: clear the whole store, or choose one that can',
  left: 'entries were still there on a second look',
  peers: 'the other processes could not be told; their memories may answer until the entries expire',
  rule: 'the rule threw, or answered with neither true nor false',
} as const

export interface InvalidateContext extends SelectorContext {
  readonly store: StoreTiers
  /** What is in flight for these keys must not be stored, and nothing of it kept elsewhere. */
  readonly forget: (removal: Removal) => void
  /** For other processes: what `meantBy` there makes a criterion of again. */
  readonly tell: (criterion: Criterion) => Promise<string>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
}

/**
 * @throws OptionError for a selector that is not exactly one, and for unknown options
 * @throws InvalidationError when a tier could not be cleaned; everything else was removed all the same
 */
export async function invalidate(
  selector: InvalidateSelector,
  options: InvalidateOptions,
  context: InvalidateContext,
): Promise<InvalidateReport> {
  checkObject('options', options)
  checkNames(options, ['dryRun'])
  const dryRun = booleanOf('dryRun', options.dryRun, false)
  return carryOut(resolveSelector(selector, context), dryRun, context)
}

/** @throws InvalidationError as `invalidate` does */
export async function carryOut(selection: Selection, dryRun: boolean, context: InvalidateContext): Promise<InvalidateReport> {
  const search = createSearch(selection)
  const tiers = merge(dryRun ? await look(selection, search, context) : await take(selection, search, context))
  const all = search.thrown ? tiers.map((tier) => ({ ...tier, failed: tier.failed ?? ('rule' as const) })) : tiers
  const report = reportOf(all, [...search.sample], { dryRun, retired: dryRun ? 0 : (selection.guards?.length ?? 0) })
  if (report.tiers.some(({ failed }) => failed !== undefined)) throw new InvalidationError(report, search.thrown)
  return report
}

export function reportOf(
  tiers: readonly TierReport[],
  sample: readonly string[],
  { dryRun = false, retired = 0 }: { readonly dryRun?: boolean; readonly retired?: number } = {},
): InvalidateReport {
  return {
    dryRun,
    matched: tiers.reduce((total, { matched }) => total + matched, 0),
    removed: tiers.reduce((total, { removed }) => total + removed, 0),
    retired,
    tiers,
    sample,
  }
}

/** A selection that throws nothing, and what it came upon. */
interface Search {
  readonly finding: Finding
  /** What the rule threw. Everything counts as meant from then on: what is in flight is not stored, and the stores stop looking. */
  readonly thrown: { readonly cause: unknown } | undefined
  readonly sample: ReadonlySet<string>
}

function createSearch({ matches }: Selection): Search {
  let thrown: { readonly cause: unknown } | undefined
  const sample = new Set<string>()
  function matchesSafely(entry: Entry): boolean {
    try {
      return thrown !== undefined || matches?.(entry) === true
    } catch (cause) {
      thrown = { cause }
      return true
    }
  }
  return {
    finding: {
      ...(matches && { matches: matchesSafely }),
      over: () => thrown !== undefined,
      found({ id }) {
        if (sample.size < MOST_SAMPLES) sample.add(id)
      },
    },
    get thrown() {
      return thrown
    },
    sample,
  }
}

type Reports = readonly (readonly TierReport[])[]

async function look({ reach }: Selection, { finding }: Search, { store }: InvalidateContext): Promise<Reports> {
  if ('keys' in reach) return [await store.look(reach.keys, finding)]
  const reports: (readonly TierReport[])[] = []
  for (const prefix of reach.prefixes) reports.push(await store.scan(prefix, finding))
  return reports
}

async function take(selection: Selection, search: Search, context: InvalidateContext): Promise<Reports> {
  return selection.guards ? [await context.store.retire(selection.guards)] : remove(selection, search, context)
}

async function remove({ reach, criterion }: Selection, { finding }: Search, context: InvalidateContext): Promise<Reports> {
  const { store, forget, tell, clock } = context
  const meant: Meant | undefined = finding.matches && {
    matches: finding.matches,
    before: criterion?.kind === 'before' ? criterion.before : undefined,
  }
  const removals: readonly Removal[] =
    'keys' in reach ? [{ keys: new Set(reach.keys) }] : reach.prefixes.map((prefix) => ({ prefix, meant }))
  for (const removal of removals) forget(removal)
  const reports: (readonly TierReport[])[] = []
  if ('keys' in reach) {
    await store.look(reach.keys.slice(0, MOST_SAMPLES), finding)
    const turns = createTurns(clock)
    for (const key of reach.keys) {
      reports.push(await store.delete(key))
      const turn = turns()
      if (turn) await turn
    }
  } else {
    const selector = criterion && (await tell(criterion))
    for (const prefix of reach.prefixes) reports.push(await store.erase(prefix, finding, selector))
  }
  // What began after the first call and before the last store was clean.
  for (const removal of removals) forget(removal)
  return reports
}

function merge(reports: Reports): readonly TierReport[] {
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
  return [...tiers.values()]
}

const MOST_SAMPLES = 10
