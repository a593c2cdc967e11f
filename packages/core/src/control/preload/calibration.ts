/** How far the counts are to be believed: what has come of equal counts, over all partitions. Knows numbers only. */

import type { Evidence } from './habits.js'

export interface Calibration {
  /** The probability, for one of `raw` that rests upon `evidence`. */
  of(raw: number, evidence: Evidence): number
  /** What came of such a one. */
  note(raw: number, evidence: Evidence, used: boolean): void
}

/** Weight of the assumption that a probability is right, in verdicts. */
const TRUST = 4
/** What a verdict weighs after the next of its cell: about the last fifty count. */
const FADING = 0.98
/** Up to so many occasions the counts themselves are the cell; beyond, the probability is good enough to stand for them. */
const FEW_OCCASIONS = 8
const BINS = 10

/**
 * Histogram binning (Zadrozny and Elkan, ICML 2001). Two sightings of three say little by themselves; what became of all pairs of which
 * two of three were seen says what they are worth in this app.
 */
export function createCalibration(): Calibration {
  const cells = new Map<string, { count: number; used: number }>()
  return {
    of(raw, evidence) {
      const { count, used } = cells.get(cellOf(raw, evidence)) ?? { count: 0, used: 0 }
      return (used + TRUST * raw) / (count + TRUST)
    },
    note(raw, evidence, used) {
      const name = cellOf(raw, evidence)
      const cell = cells.get(name) ?? { count: 0, used: 0 }
      cells.set(name, { count: cell.count * FADING + 1, used: cell.used * FADING + (used ? 1 : 0) })
    },
  }
}

/** One of at most 110. */
function cellOf(raw: number, { hits, occasions, next }: Evidence): string {
  const most = Math.round(occasions)
  const counts = most > FEW_OCCASIONS ? `${Math.min(Math.floor(raw * BINS), BINS - 1)}` : `${Math.min(Math.round(hits), most)} of ${most}`
  return next ? `${counts}, next` : counts
}
