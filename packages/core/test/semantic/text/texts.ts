import type { Comparison } from '../../../src/semantic/text/compare.js'
import { compareTexts } from '../../../src/semantic/text/compare.js'
import { createFrequencies } from '../../../src/semantic/text/frequencies.js'
import { profileOf } from '../../../src/semantic/text/profile.js'

/** Two texts compared by the baseline alone. */
export function compared(fresh: string, old: string): Comparison {
  return compareTexts(profileOf(fresh), profileOf(old), createFrequencies())
}

/** Ids of the guards that refuse, in their order. */
export function vetoes(fresh: string, old: string): string[] {
  return compared(fresh, old).vetoes.map(({ guard }) => guard)
}

/** Any characters of any script, with those that are hard on scanners more often. */
export const HARD_PARTS: readonly string[] =
  `a|1|a-|a.|a/|/a|\\a|@|a@a.|\`|\`\`\`|"|' |«|1,|1.|1:|1-|$|%|#|- |_|aB|((|)|[|]|not |not a |from a to |to |1 |five |two hundred and |and |may 5 |Aa |AA |=> |www.|http://a|v1.|1.2.|a-1.|1e9|please, |currently |my |don't |'s|turn x on |unun|my account my |how much my |c:\\a|~/|--a|a()|x-free |\n|\t|  `.split(
    '|',
  )
