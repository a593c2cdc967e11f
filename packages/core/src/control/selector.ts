/** What a selector means: which keys are in reach and, where that is not all, which entries under them. */

import { checkNames, invalid } from '../checks.js'
import { checkDependencies, checkTags } from '../engine/resolve.js'
import type { Entry } from '../entry/entry.js'
import type { Duration } from '../lib/duration.js'
import { describeValue } from '../lib/nearest.js'
import type { PartitionSelector } from '../policy/partition.js'
import type { Clock } from '../ports.js'
import type { StoreTiers } from '../stores/tiers.js'
import { type Criterion, checkAge, checkPattern, checkRule, type EntryView, matcherOf, type PatternFields } from './matching.js'

/**
 * What to remove. Exactly one of the fields, but that `partition` may limit `pattern`, `olderThan` and `rule` to one tenant: nothing
 * given is an error, never "everything".
 */
export interface InvalidateSelector {
  /** Cache keys, as the entries of a store carry them. At most 10,000. */
  readonly keys?: readonly string[] | undefined
  /**
   * Whatever has one of these tags, without looking for it: it is retired, that is, a miss wherever it comes from. At most 10,000.
   *
   * @example { tags: ['docs:v1'] }
   */
  readonly tags?: readonly string[] | undefined
  /**
   * Whatever depends on one of these ids, directly or through other answers, in the way of `tags`: what apps say by `dependsOn`, ids of
   * answers, `model:<name>` as it was asked for, `snapshot:<name>` as the answer names it. At most 10,000.
   *
   * @example { dependsOn: 'doc:17' }
   */
  readonly dependsOn?: string | readonly string[] | undefined
  /**
   * Entries of which a glob (`*`, `?`, `[a-z]`, `[^a-z]`, `\` before what is meant literally) matches the whole cache key, or any tag,
   * or the route's pattern, or the model; of an object all that it names must match.
   *
   * @example
   * { pattern: 'docs:v1:*' }
   * { pattern: { model: 'gpt-4o*', route: '/chat/*' } }
   */
  readonly pattern?: string | PatternFields | undefined
  /** Entries of this age or more; stored before this time. */
  readonly olderThan?: Duration | Date | undefined
  /** Entries of which this says true. What it throws ends the invalidation. */
  readonly rule?: ((entry: EntryView) => boolean) | undefined
  /**
   * Everything of one tenant: the text that the partition function returns for it; `'shared'` under `partition: 'shared'`; the
   * `{ headers }` with its credentials under `partition: 'private'`.
   */
  readonly partition?: PartitionSelector | undefined
  /** Everything in this cache's stores. */
  readonly all?: true | undefined
}

/** A selector that was checked. */
export interface Selection {
  /** The keys that may be meant: these, or all that begin with one of the prefixes ('' is all). */
  readonly reach: Reach
  /** Whether an entry in reach is meant. Left out: every one is. May throw what the app's own rule throws. */
  readonly matches?: ((entry: Entry) => boolean) | undefined
  /** The same for other processes, where it is data. */
  readonly criterion?: Criterion | undefined
  /** What is meant has one of these and is retired by it. Then `matches` says the same of one entry. */
  readonly guards?: readonly string[] | undefined
}

export type Reach = { readonly keys: readonly string[] } | { readonly prefixes: readonly string[] }

export interface SelectorContext {
  /** Digests of the partitions that a selector may mean under the rules in use. @throws OptionError */
  readonly digestsOf: (selector: PartitionSelector) => readonly string[]
  readonly clock: Pick<Clock, 'now'>
  readonly store: Pick<StoreTiers, 'guardOf' | 'hasGuard'>
}

type Name = keyof InvalidateSelector

/** How each selector is checked and read. @throws OptionError */
const SELECTORS: { readonly [N in Name]-?: (value: unknown, context: SelectorContext) => Selection } = {
  keys(value) {
    if (!Array.isArray(value) || value.length > MAX_KEYS || !value.every(isKey))
      throw invalid('keys', `must be a list of at most ${MAX_KEYS} cache keys (${KEY_PREFIX}<partition>.<request>)`)
    return { reach: { keys: value } }
  },
  tags: (value, context) => retiring('tag', checkTags(listOf('tags', 'tags', value)), context),
  dependsOn: (value, context) =>
    retiring('dependency', checkDependencies(typeof value === 'string' ? [value] : listOf('dependsOn', 'ids', value)), context),
  pattern: (value) => scanning(checkPattern(value)),
  olderThan: (value, { clock }) => scanning(checkAge(value, clock)),
  rule: (value) => ({ reach: EVERYWHERE, matches: checkRule(value) }),
  partition: (value, { digestsOf }) => ({
    reach: { prefixes: digestsOf(value as PartitionSelector).map((digest) => `${KEY_PREFIX}${digest}.`) },
  }),
  all(value) {
    if (value !== true) throw invalid('all', `is ${describeValue(value)}; it must be true`)
    return { reach: EVERYWHERE }
  },
}

const EVERYWHERE: Reach = { prefixes: [''] }
/** Those that `partition` may limit. */
const SCANNING: readonly string[] = ['pattern', 'olderThan', 'rule']

function scanning(criterion: Criterion): Selection {
  return { reach: EVERYWHERE, matches: matcherOf(criterion), criterion }
}

function retiring(kind: 'tag' | 'dependency', texts: readonly string[], { store }: SelectorContext): Selection {
  const guards = new Set(texts.map((text) => store.guardOf(kind, text)))
  return { reach: EVERYWHERE, matches: (entry) => store.hasGuard(entry, guards), guards: [...guards] }
}

function listOf(option: string, what: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= MAX_KEYS) return value
  throw invalid(option, `must be a list of 1 to ${MAX_KEYS} ${what}, not ${describeValue(value)}`)
}

const NAMES = Object.keys(SELECTORS) as readonly Name[]

/** @throws OptionError for a selector that is not exactly one, or a wrong one */
export function resolveSelector(selector: InvalidateSelector, context: SelectorContext): Selection {
  if (typeof selector !== 'object' || selector === null)
    throw invalid('selector', `is ${describeValue(selector)}; it must be an object such as { partition: 'tenant-42' }`)
  const given = Object.entries(selector).filter(([, value]) => value !== undefined)
  checkNames(Object.fromEntries(given), NAMES)
  const resolve = ([name, value]: readonly [string, unknown]): Selection => SELECTORS[name as Name](value, context)
  const [limit] = given.filter(([name]) => name === 'partition')
  const [first, ...others] = given.filter((each) => each !== limit)
  if (limit && first && others.length === 0 && SCANNING.includes(first[0])) return { ...resolve(first), reach: resolve(limit).reach }
  const [only] = given
  if (given.length === 1 && only) return resolve(only)
  throw invalid(
    'selector',
    `names ${given.length} of ${NAMES.join(', ')}; it must name exactly one (partition may limit ${SCANNING.join(', ')}), all: true for everything`,
  )
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^lc1\.[\w-]{1,64}\.[\w-]{1,128}$/.test(value)
}

const MAX_KEYS = 10_000
/** As `fingerprint` makes them. */
const KEY_PREFIX = 'lc1.'
