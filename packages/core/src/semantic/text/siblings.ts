/** Members of sibling groups named in a text. See `sibling-groups.ts`. */

import type { Quantity } from './quantities.js'
import type { Token } from './scan.js'
import { SIBLING_GROUPS } from './sibling-groups.js'
import { stem } from './stem.js'

/** A member of a group: `group * 256 + member`. */
export type SiblingCode = number

const WIDTH = 256
/** Most words between a verb and its particle: 'turn the kitchen lights off'. */
const GAP = 4
const PARTICLES: ReadonlySet<string> = new Set(['on', 'off', 'in', 'out', 'up', 'down', 'by'])

const INDEX: ReadonlyMap<string, readonly SiblingCode[]> = indexed()
/** First words of forms of two words, with their second words. */
const SECOND: ReadonlyMap<string, ReadonlySet<string>> = seconds()

/** Codes of what the text names, ascending, each once. */
export function siblingsOf(tokens: readonly Token[], stems: readonly string[], quantities: readonly Quantity[]): readonly SiblingCode[] {
  const found = new Set<SiblingCode>()
  let next = 0
  for (const [at, word] of stems.entries()) {
    // Units that belong to a figure are compared with it.
    while ((quantities[next]?.at ?? at) + (quantities[next]?.length ?? 1) <= at) next++
    const quantity = quantities[next]
    if (tokens[at]?.kind === 'code' || (quantity?.kind === 'measure' && at > quantity.at)) continue
    for (const code of INDEX.get(word) ?? []) found.add(code)
    const second = SECOND.get(word)
    if (second === undefined) continue
    for (let later = at + 1; later <= at + GAP && later < stems.length; later++) {
      const follower = stems[later] as string
      if (!second.has(follower) || (later > at + 1 && !PARTICLES.has(follower))) continue
      for (const code of INDEX.get(`${word} ${follower}`) ?? []) found.add(code)
      break
    }
  }
  return [...found].sort((a, b) => a - b)
}

export function groupOf(code: SiblingCode): number {
  return Math.floor(code / WIDTH)
}

export function isStrict(group: number): boolean {
  return SIBLING_GROUPS[group]?.strict === true
}

/** The codes of one word or phrase, by stems. */
export function codesOf(form: string): readonly SiblingCode[] {
  return INDEX.get(form) ?? []
}

/** True where one group has both and their members differ. */
export function areSiblings(a: string, b: string): boolean {
  const others = codesOf(b)
  return codesOf(a).some((code) => others.some((other) => other !== code && groupOf(other) === groupOf(code)))
}

/**
 * Groups of which both texts name members that the other does not.
 *
 * @returns 'strict' where one of these groups is strict, 'loose' where none is, undefined where there is no such group
 */
export function siblingConflict(fresh: readonly SiblingCode[], old: readonly SiblingCode[]): 'strict' | 'loose' | undefined {
  let conflict: 'loose' | undefined
  let i = 0
  let j = 0
  while (i < fresh.length && j < old.length) {
    const group = groupOf(fresh[i] as number)
    const other = groupOf(old[j] as number)
    if (group < other) i++
    else if (group > other) j++
    else {
      let onlyFresh = 0
      let onlyOld = 0
      while (i < fresh.length && j < old.length && groupOf(fresh[i] as number) === group && groupOf(old[j] as number) === group) {
        const difference = (fresh[i] as number) - (old[j] as number)
        if (difference <= 0) i++
        if (difference >= 0) j++
        if (difference < 0) onlyFresh++
        if (difference > 0) onlyOld++
      }
      for (; i < fresh.length && groupOf(fresh[i] as number) === group; i++) onlyFresh++
      for (; j < old.length && groupOf(old[j] as number) === group; j++) onlyOld++
      if (onlyFresh > 0 && onlyOld > 0) {
        if (isStrict(group)) return 'strict'
        conflict = 'loose'
      }
    }
  }
  return conflict
}

function indexed(): ReadonlyMap<string, readonly SiblingCode[]> {
  const index = new Map<string, SiblingCode[]>()
  for (const [group, { members }] of SIBLING_GROUPS.entries())
    for (const [member, forms] of members.entries())
      for (const form of forms) {
        const key = form.split(' ').map(stem).join(' ')
        const codes = index.get(key) ?? []
        const code = group * WIDTH + member
        if (!codes.includes(code)) codes.push(code)
        index.set(key, codes)
      }
  return index
}

function seconds(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const form of INDEX.keys()) {
    const [first = '', second] = form.split(' ')
    if (second === undefined) continue
    const known = found.get(first) ?? new Set()
    found.set(first, known.add(second))
  }
  return found
}
