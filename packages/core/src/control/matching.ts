/** Entries by what they are: globs on their texts, their age, and the app's own rules. */

import { checkNames, functionOf, invalid } from '../checks.js'
import { type Entry, entryBytes } from '../entry/entry.js'
import type { Usage } from '../events.js'
import { type Duration, parseDuration } from '../lib/duration.js'
import { compileGlob } from '../lib/glob.js'
import { describeValue } from '../lib/nearest.js'
import type { Clock } from '../ports.js'

/**
 * Globs (`*`, `?`, `[a-z]`, `[^a-z]`, `\`) of which all that are given must match the whole of the text; `tag`: any of the entry's tags.
 */
export interface PatternFields {
  /** The cache key: `lc1.<partition>.<request>`. */
  readonly key?: string | undefined
  readonly tag?: string | undefined
  /** The route's pattern: `/chat/:id`. */
  readonly route?: string | undefined
  readonly model?: string | undefined
}

/** What is known of an entry besides the answer itself. */
export interface EntryView {
  /** As in `x-llm-cache-id`. */
  readonly id: string
  readonly key: string
  /** ms since the epoch. */
  readonly storedAt: number
  readonly staleAt: number
  readonly deleteAt: number
  readonly provider: string
  readonly model: string | undefined
  readonly route: string | undefined
  readonly usage: Usage | undefined
  readonly tags: readonly string[]
  /** What the app said that it was made from. */
  readonly dependsOn: readonly string[]
  /** As `entryBytes` counts them. */
  readonly bytes: number
}

/** What other processes, and later ones, can be told of: data. */
export type Criterion =
  | { readonly kind: 'pattern'; readonly pattern: string | PatternFields }
  /** ms since the epoch. */
  | { readonly kind: 'before'; readonly before: number }

/** @throws RangeError for a pattern that is malformed */
export function matcherOf(criterion: Criterion): (entry: Entry) => boolean {
  if (criterion.kind === 'before') return ({ storedAt }) => storedAt < criterion.before
  const { pattern } = criterion
  if (typeof pattern === 'string') {
    const fits = fitsText(pattern)
    return (entry) => FIELDS.some((field) => textsOf(entry, field).some(fits))
  }
  const fields = FIELDS.flatMap((field) => (pattern[field] === undefined ? [] : [[field, fitsText(pattern[field])] as const]))
  return (entry) => fields.every(([field, fits]) => textsOf(entry, field).some(fits))
}

/** @throws OptionError */
export function checkPattern(value: unknown): Criterion {
  if (typeof value === 'string') checkGlob('pattern', value)
  else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const given = Object.entries(value).filter(([, text]) => text !== undefined)
    checkNames(Object.fromEntries(given), FIELDS)
    if (given.length === 0) throw invalid('pattern', `names no field; it has one or more of ${FIELDS.join(', ')}`)
    for (const [field, text] of given) checkGlob(`pattern.${field}`, text)
  } else throw invalid('pattern', `is ${describeValue(value)}; it must be a glob such as 'docs:*', or { tag: 'docs:*' }`)
  return { kind: 'pattern', pattern: value as string | PatternFields }
}

/** @throws OptionError */
export function checkAge(value: unknown, clock: Pick<Clock, 'now'>): Criterion {
  const now = clock.now()
  if (value instanceof Date) {
    const before = value.getTime()
    if (before <= now) return { kind: 'before', before }
    throw invalid('olderThan', `is ${Number.isNaN(before) ? 'no valid date' : 'in the future'}; it must be a time in the past`)
  }
  const ms = parseDuration(value as Duration)
  // Of that age or more.
  if (ms !== undefined) return { kind: 'before', before: Math.floor(now - ms) + 1 }
  throw invalid('olderThan', `is ${describeValue(value)}; it must be a Date, or a duration such as '2d' of at most 24.8 days`)
}

/** @throws OptionError; what it answers with throws what the rule throws, and where that does not answer true or false */
export function checkRule(value: unknown): (entry: Entry) => boolean {
  const rule = functionOf('rule', value as (entry: EntryView) => unknown) as (entry: EntryView) => unknown
  return (entry) => {
    const meant = rule(viewOf(entry))
    if (typeof meant === 'boolean') return meant
    throw new TypeError(`The rule answered with ${describeValue(meant)}; it must answer with true or false, and at once.`)
  }
}

export function viewOf(entry: Entry): EntryView {
  const { id, key, storedAt, staleAt, deleteAt, meta } = entry
  const { provider, model, route, usage, tags, dependsOn = [] } = meta
  return { id, key, storedAt, staleAt, deleteAt, provider, model, route, usage, tags, dependsOn, bytes: entryBytes(entry) }
}

const FIELDS = ['key', 'tag', 'route', 'model'] as const

function textsOf({ key, meta }: Entry, field: (typeof FIELDS)[number]): readonly string[] {
  if (field === 'tag') return meta.tags
  const text = field === 'key' ? key : meta[field]
  return text === undefined ? [] : [text]
}

function checkGlob(option: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw invalid(option, `is ${describeValue(value)}; it must be a glob such as 'docs:*'`)
  try {
    compileGlob(value)
  } catch (error) {
    throw invalid(option, `${(error as RangeError).message}; before what is meant literally goes a '\\'`)
  }
}

/** A name that callers made up to be this long goes with whatever is removed. */
function fitsText(pattern: string): (text: string) => boolean {
  const fits = compileGlob(pattern)
  return (text) => text.length > LONGEST_TEXT || fits(text)
}

const LONGEST_TEXT = 4096
