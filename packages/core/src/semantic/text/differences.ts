/** What each of two texts has that the other has not. */

import type { TextProfile } from './profile.js'
import type { Quantity } from './quantities.js'

export interface Difference<T> {
  readonly fresh: readonly T[]
  readonly old: readonly T[]
}

/** All of them, found once for a pair of texts. */
export interface Differences {
  /** Stems of words that say something. */
  readonly content: Difference<string>
  /** Stems of function words. */
  readonly functional: Difference<string>
  readonly quantities: Difference<Quantity>
  readonly identifiers: Difference<string>
}

export function differencesOf(fresh: TextProfile, old: TextProfile): Differences {
  return {
    content: listDifference(fresh.content, old.content),
    functional: listDifference(fresh.functional, old.functional),
    quantities: quantityDifference(fresh, old),
    identifiers: listDifference(fresh.identifiers, old.identifiers),
  }
}

const NOTHING: Difference<never> = { fresh: [], old: [] }
/** More left over than these on both sides are a conflict without a closer look. */
const CLOSE_LOOK = 32

/** Difference of two ascending lists, as often as each item occurs. */
export function listDifference(fresh: readonly string[], old: readonly string[]): Difference<string> {
  const onlyFresh: string[] = []
  const onlyOld: string[] = []
  let i = 0
  let j = 0
  while (i < fresh.length || j < old.length) {
    const a = fresh[i]
    const b = old[j]
    if (a === b) {
      i++
      j++
    } else if (b === undefined || (a !== undefined && a < b)) {
      onlyFresh.push(a as string)
      i++
    } else {
      onlyOld.push(b)
      j++
    }
  }
  return onlyFresh.length === 0 && onlyOld.length === 0 ? NOTHING : { fresh: onlyFresh, old: onlyOld }
}

/** Quantities that have no equal on the other side. '5' equals '5 km': a unit that only one side names is none in conflict. */
export function quantityDifference(fresh: TextProfile, old: TextProfile): Difference<Quantity> {
  if (fresh.quantities.length === 0 && old.quantities.length === 0) return NOTHING
  const [a, b] = [fresh.quantities, old.quantities]
  const left: Quantity[] = []
  const right: Quantity[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const x = a[i]
    const y = b[j]
    if (x !== undefined && y !== undefined && x.key === y.key) {
      i++
      j++
    } else if (y === undefined || (x !== undefined && x.key < y.key)) {
      left.push(x as Quantity)
      i++
    } else {
      right.push(y)
      j++
    }
  }
  if (left.length === 0 || right.length === 0 || left.length > CLOSE_LOOK || right.length > CLOSE_LOOK) return { fresh: left, old: right }
  const rest: Quantity[] = []
  for (const quantity of left) {
    const match = right.findIndex((other) => areCompatible(quantity, other))
    if (match < 0) rest.push(quantity)
    else right.splice(match, 1)
  }
  return { fresh: rest, old: right }
}

/** Different keys, but nothing that excludes that the same is meant. */
function areCompatible(a: Quantity, b: Quantity): boolean {
  if (a.kind === 'date' && b.kind === 'date') {
    const others = b.key.split('-')
    return a.key.split('-').every((part, index) => part === '*' || others[index] === '*' || part === others[index])
  }
  if (a.kind === 'version' && b.kind === 'version') return a.key.startsWith(`${b.key}.0`) || b.key.startsWith(`${a.key}.0`)
  if (isPounds(a, b) || isPounds(b, a)) return true
  const bare = (a.kind === 'number' && a.key === a.figure) || (b.kind === 'number' && b.key === b.figure)
  if (!bare || a.kind === b.kind) return false
  return a.figure === b.figure || a.key.startsWith(`${b.figure}-`) || b.key.startsWith(`${a.figure}-`)
}

/** 'Pounds' are money or a mass. */
function isPounds(a: Quantity, b: Quantity): boolean {
  return a.figure === b.figure && a.key.endsWith(' gbp') && b.key.endsWith(' mass')
}
