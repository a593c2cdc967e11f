/** Guards: each knows one way in which two like texts ask for different things. See docs/guards.md. */

import { checkNames, invalid, isPlain, wrongValue } from '../../checks.js'
import { describeValue, didYouMean } from '../../lib/nearest.js'
import { BUILT_IN_GUARDS } from './built-in-guards.js'
import type { Differences } from './differences.js'
import type { TextProfile } from './profile.js'

export { BUILT_IN_GUARDS } from './built-in-guards.js'

/** A pure function of two texts that refuses to let one's answer stand for the other's. */
export interface Guard {
  /** 1 to 40 of `a-z0-9-`. Appears in events and explanations. */
  readonly id: string
  /** `conflict` is a miss, whatever all other features say. Must not throw; what throws is a conflict. */
  compare(fresh: TextProfile, old: TextProfile, differences: Differences): 'conflict' | undefined
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
  | 'replaced'
  | 'names'
  | 'question'
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

const ID = /^[a-z0-9-]{1,40}$/

/**
 * The guards that the option asks for.
 *
 * @throws OptionError naming what is wrong
 */
export function selectGuards(options: GuardOptions | undefined): readonly Guard[] {
  if (options === undefined) return BUILT_IN_GUARDS
  if (!isPlain(options)) throw wrongValue('semantic.guards', options, 'an object with off and extra')
  checkNames(options, ['off', 'extra'], 'semantic.guards')
  const known = BUILT_IN_GUARDS.map(({ id }) => id)
  const { off = [], extra = [] } = options
  if (!Array.isArray(off)) throw wrongValue('semantic.guards.off', off, 'an array of guard ids')
  if (!Array.isArray(extra)) throw wrongValue('semantic.guards.extra', extra, 'an array of guards')
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
export function vetoesOf(guards: readonly Guard[], fresh: TextProfile, old: TextProfile, differences: Differences): readonly GuardVeto[] {
  const vetoes: GuardVeto[] = []
  for (const guard of guards) if (conflicts(guard, fresh, old, differences)) vetoes.push({ guard: guard.id })
  return vetoes
}

function conflicts(guard: Guard, fresh: TextProfile, old: TextProfile, differences: Differences): boolean {
  try {
    return guard.compare(fresh, old, differences) === 'conflict'
  } catch {
    return true
  }
}
