/** Guards: each knows one way in which two like texts ask for different things. See docs/guards.md. */

import { OptionError } from '../../errors.js'
import { describeValue, didYouMean } from '../../lib/nearest.js'
import { listDifference, quantityDifference } from './differences.js'
import { isExchanged, isReversed } from './direction.js'
import { deniesOther, isDenial } from './negation.js'
import type { TextProfile } from './profile.js'
import type { Quantity, QuantityKind } from './quantities.js'
import { siblingConflict } from './siblings.js'

/** A pure function of two texts that refuses to let one's answer stand for the other's. */
export interface Guard {
  /** 1 to 40 of `a-z0-9-`. Appears in events and explanations. */
  readonly id: string
  /** `conflict` is a miss, whatever all other features say. Must not throw; what throws is a conflict. */
  compare(fresh: TextProfile, old: TextProfile): 'conflict' | undefined
}

export interface GuardVeto {
  /** The guard's id. */
  readonly guard: string
}

export type GuardId =
  | 'numbers'
  | 'units'
  | 'money'
  | 'dates'
  | 'versions'
  | 'identifiers'
  | 'negation'
  | 'direction'
  | 'siblings'
  | 'code'
  | 'quotes'
  | 'language'

/** The option `guards`. */
export interface GuardOptions {
  /** Built-in guards that are not asked. @default [] */
  readonly off?: readonly GuardId[] | undefined
  /** Guards of the app's own, asked after the built-in ones. @default [] */
  readonly extra?: readonly Guard[] | undefined
}

/** In what order two kinds of quantities that do not fit belong to a guard: the first that either of them is. */
const KINDS: readonly (readonly [QuantityKind, GuardId])[] = [
  ['money', 'money'],
  ['date', 'dates'],
  ['time', 'dates'],
  ['version', 'versions'],
  ['measure', 'units'],
  ['number', 'numbers'],
]

/** Numbers without a unit, ordinals, fractions: 'top 5' and 'top 10'. Any language; number words in English. */
const numbers: Guard = quantityGuard('numbers')
/** Measures with a unit, percentages: '5 km' and '5 miles', but not '90 minutes' and '1.5 hours'. Any language that writes units so. */
const units: Guard = quantityGuard('units')
/** Amounts of money: '$5' and '5 EUR'. */
const money: Guard = quantityGuard('money')
/** Dates and times of day: '2024-05-01' and 'May 2nd', '6 am' and '6 pm'. */
const dates: Guard = quantityGuard('dates')
/** Versions: 'v1.2.3' and '1.2.4'. */
const versions: Guard = quantityGuard('versions')

/** E-mail addresses, URLs, paths, ids, model names: both sides name one that the other does not, or one names a thing that only it has. */
const identifiers: Guard = {
  id: 'identifiers',
  compare(fresh, old) {
    if (fresh.identifiers.length === 0 && old.identifiers.length === 0) return undefined
    const difference = listDifference(fresh.identifiers, old.identifiers)
    const left = difference.fresh.filter((name) => !old.text.includes(name))
    const right = difference.old.filter((name) => !fresh.text.includes(name))
    return (left.length > 0 && right.length > 0) || left.some(isAddress) || right.some(isAddress) ? 'conflict' : undefined
  },
}

/** One denies what the other does not: 'can I' and 'can I not', 'legal' and 'illegal'. English, and the negations of 16 other languages. */
const negation: Guard = {
  id: 'negation',
  compare(fresh, old) {
    return negationDiffers(fresh, old) ? 'conflict' : undefined
  },
}

/** Both name a beginning and an end, and they are exchanged: 'from A to B' and 'from B to A', 'is A faster than B'. */
const direction: Guard = {
  id: 'direction',
  compare(fresh, old) {
    return directionDiffers(fresh, old) ? 'conflict' : undefined
  },
}

/** Different members of a closed set: weekdays, months, currencies, programming languages, on and off, buy and sell. English. */
const siblings: Guard = {
  id: 'siblings',
  compare(fresh, old) {
    return siblingConflict(fresh.siblings, old.siblings) === 'strict' ? 'conflict' : undefined
  },
}

/** Code spans (backticks, fences) that differ, in letter case too. Any language. */
const code: Guard = {
  id: 'code',
  compare(fresh, old) {
    return spansDiffer(
      fresh.code,
      old.code,
      (span) => old.text.includes(span.toLowerCase()),
      (span) => fresh.text.includes(span.toLowerCase()),
    )
  },
}

/** Quoted words that differ. Quotation marks that only one side writes around the same words do not matter. Any language. */
const quotes: Guard = {
  id: 'quotes',
  compare(fresh, old) {
    return spansDiffer(
      fresh.quoted,
      old.quoted,
      (span) => old.text.includes(span),
      (span) => fresh.text.includes(span),
    )
  },
}

/** Written in different languages. No opinion where either cannot be told. */
const language: Guard = {
  id: 'language',
  compare(fresh, old) {
    return fresh.language !== old.language && fresh.language !== 'und' && old.language !== 'und' ? 'conflict' : undefined
  },
}

export const BUILT_IN_GUARDS: readonly Guard[] = [
  numbers,
  units,
  money,
  dates,
  versions,
  identifiers,
  negation,
  direction,
  siblings,
  code,
  quotes,
  language,
]

/** Most words left over on each side that are compared each with each. */
const CLOSE_LOOK = 8
const ID = /^[a-z0-9-]{1,40}$/

/**
 * The guards that the option asks for.
 *
 * @throws OptionError naming what is wrong
 */
export function selectGuards(options: GuardOptions | undefined): readonly Guard[] {
  if (options === undefined) return BUILT_IN_GUARDS
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw invalid('semantic.guards', `must be an object with off and extra, not ${describeValue(options)}`)
  for (const name of Object.keys(options))
    if (name !== 'off' && name !== 'extra')
      throw new OptionError(
        'ERR_OPTION_UNKNOWN',
        `semantic.guards.${name}`,
        `unknown option semantic.guards.${name}${didYouMean(name, ['off', 'extra'])}`,
      )
  const known = BUILT_IN_GUARDS.map(({ id }) => id)
  const { off = [], extra = [] } = options
  if (!Array.isArray(off)) throw invalid('semantic.guards.off', `must be an array of guard ids, not ${describeValue(off)}`)
  if (!Array.isArray(extra)) throw invalid('semantic.guards.extra', `must be an array of guards, not ${describeValue(extra)}`)
  for (const id of off as readonly unknown[])
    if (!known.includes(id as string))
      throw invalid('semantic.guards.off', `names ${describeValue(id)}, which is no guard${didYouMean(id, known)}`)
  const ids = new Set(known)
  for (const guard of extra as readonly (Partial<Guard> | null)[]) {
    if (typeof guard !== 'object' || guard === null || typeof guard.compare !== 'function')
      throw invalid('semantic.guards.extra', `has ${describeValue(guard)}; a guard is { id, compare(fresh, old) }`)
    if (typeof guard.id !== 'string' || !ID.test(guard.id))
      throw invalid('semantic.guards.extra', `has a guard with the id ${describeValue(guard.id)}; it must be 1 to 40 of a-z, 0-9 and -`)
    if (ids.has(guard.id)) throw invalid('semantic.guards.extra', `has the id '${guard.id}' twice, or it is that of a built-in guard`)
    ids.add(guard.id)
  }
  return [...BUILT_IN_GUARDS.filter(({ id }) => !off.includes(id as GuardId)), ...extra]
}

/** Vetoes of all `guards` that see a conflict. A guard that throws sees one. */
export function vetoesOf(guards: readonly Guard[], fresh: TextProfile, old: TextProfile): readonly GuardVeto[] {
  const vetoes: GuardVeto[] = []
  for (const guard of guards) if (conflicts(guard, fresh, old)) vetoes.push({ guard: guard.id })
  return vetoes
}

function conflicts(guard: Guard, fresh: TextProfile, old: TextProfile): boolean {
  try {
    return guard.compare(fresh, old) === 'conflict'
  } catch {
    return true
  }
}

/** One denies a word that the other uses without denying it, or uses with a denying prefix. */
export function negationDiffers(fresh: TextProfile, old: TextProfile): boolean {
  const { negations: left } = fresh
  const { negations: right } = old
  if (left.count > 0 && deniesOther(left, right, old.sequence)) return true
  if (right.count > 0 && deniesOther(right, left, fresh.sequence)) return true
  if (!fresh.english || !old.english || left.count !== right.count) return false
  const difference = listDifference(fresh.content, old.content)
  if (difference.fresh.length === 0 || difference.fresh.length > CLOSE_LOOK || difference.old.length > CLOSE_LOOK) return false
  return difference.fresh.some((a) => difference.old.some((b) => isDenial(a, b)))
}

export function directionDiffers(fresh: TextProfile, old: TextProfile): boolean {
  if (isReversed(fresh.direction, old.direction)) return true
  return fresh.content.length === old.content.length && isExchanged(fresh.sequence, old.sequence)
}

function quantityGuard(id: GuardId): Guard {
  return {
    id,
    compare(fresh, old) {
      if (fresh.quantities.length === 0 || old.quantities.length === 0) return undefined
      const difference = quantityDifference(fresh, old)
      if (difference.fresh.length === 0 || difference.old.length === 0) return undefined
      return guardsOf(difference.fresh, difference.old).has(id) ? 'conflict' : undefined
    },
  }
}

function guardsOf(fresh: readonly Quantity[], old: readonly Quantity[]): ReadonlySet<GuardId> {
  const left = new Set(fresh.map(({ kind }) => kind))
  const right = new Set(old.map(({ kind }) => kind))
  const found = new Set<GuardId>()
  for (const a of left)
    for (const b of right) {
      const first = KINDS.find(([kind]) => kind === a || kind === b)
      if (first !== undefined) found.add(first[1])
    }
  return found
}

/** Things of which there is one alone: an answer about one is no answer for a text that names none. */
function isAddress(identifier: string): boolean {
  return /[@/]|:\\|^#?\d+$|^[0-9a-f]{8}-[0-9a-f]{4}-|\d{4,}/.test(identifier)
}

function spansDiffer(
  fresh: readonly string[],
  old: readonly string[],
  inOld: (span: string) => boolean,
  inFresh: (span: string) => boolean,
): 'conflict' | undefined {
  if (fresh.length === 0 && old.length === 0) return undefined
  if (fresh.length > 0 && old.length > 0) {
    const equal = fresh.length === old.length && fresh.every((span, index) => span === old[index])
    return equal ? undefined : 'conflict'
  }
  return fresh.every(inOld) && old.every(inFresh) ? undefined : 'conflict'
}

function invalid(option: string, message: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} ${message}`)
}
