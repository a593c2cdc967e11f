/** Whether predictions are worth acting upon, judged by what became of the last ones: measured, never assumed. */

import type { PreloadSwitchReason } from '../../events.js'
import type { Clock } from '../../ports.js'

/** What became of one prediction. */
export interface Verdict {
  readonly used: boolean
  /** What it brought, or would have brought, in USD: a waiting time saved, or money lost. */
  readonly value: number
}

export interface Gauge {
  /** Whether predictions are acted upon. Off at first: they are watched, without cost, until they have proven good. */
  readonly on: boolean
  /** Share of the last predictions that came true, and the least it is with 95 % confidence (Wilson's lower bound). */
  readonly precision: { readonly share: number; readonly lower: number; readonly count: number }
  /** Notes what became of one that was acted upon, or would have been; the reason where that switches it. */
  note(verdict: Verdict): PreloadSwitchReason | undefined
}

export interface GaugeOptions {
  /** Least share that must come true, 0 to 1. */
  readonly minPrecision: number
  readonly clock: Pick<Clock, 'monotonic'>
}

/** Predictions that are judged together: the last so many. */
export const GAUGE_WINDOW = 100
/** Once on, the lower bound may sink to this share of `minPrecision`, so that chance does not switch to and fro. */
const TOLERANCE = 0.8
/** After it was switched off it stays off so long, doubled each time that it was on for less than a day, in ms: what fails only when acted upon must not do so again and again. */
const FIRST_PAUSE_MS = 10 * 60_000
const LONGEST_PAUSE_MS = 24 * 60 * 60_000

export function createGauge({ minPrecision, clock }: GaugeOptions): Gauge {
  const last = createWindow()
  let on = false
  let pauseMs = FIRST_PAUSE_MS
  let onSince = 0
  let offUntil = Number.NEGATIVE_INFINITY

  function turn(): PreloadSwitchReason | undefined {
    const lower = wilsonLower(last.used, last.count)
    const pays = last.value > 0
    const now = clock.monotonic()
    if (!on) {
      if (lower < minPrecision || !pays || now < offUntil) return undefined
      on = true
      onSince = now
      return 'proven'
    }
    if (lower >= minPrecision * TOLERANCE && pays) return undefined
    on = false
    if (now - onSince >= LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS
    offUntil = now + pauseMs
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    return pays ? 'precision' : 'value'
  }

  return {
    get on() {
      return on
    },
    get precision() {
      const { used, count } = last
      return { share: count === 0 ? 0 : used / count, lower: wilsonLower(used, count), count }
    },
    note(verdict) {
      last.add(verdict)
      return turn()
    },
  }
}

interface VerdictWindow {
  readonly count: number
  readonly used: number
  readonly value: number
  add(verdict: Verdict): void
}

/** Sums over the last verdicts, made anew each time, so that no rounding error stays. */
function createWindow(): VerdictWindow {
  const last: Verdict[] = []
  const sums = { count: 0, used: 0, value: 0 }
  let next = 0
  return Object.assign(sums, {
    add(verdict: Verdict) {
      last[next] = verdict
      next = (next + 1) % GAUGE_WINDOW
      Object.assign(sums, { count: last.length, used: 0, value: 0 })
      for (const { used, value } of last) {
        if (used) sums.used++
        sums.value += value
      }
    },
  })
}

const Z = 1.645

/** Lower end of Wilson's score interval, one-sided 95 %: Journal of the American Statistical Association 22(158), 1927. */
export function wilsonLower(successes: number, count: number): number {
  if (count === 0) return 0
  const share = successes / count
  const spread = Z * Math.sqrt((share * (1 - share) + (Z * Z) / (4 * count)) / count)
  return Math.max(0, (share + (Z * Z) / (2 * count) - spread) / (1 + (Z * Z) / count))
}

/** Upper end of the same. */
export function wilsonUpper(successes: number, count: number): number {
  return 1 - wilsonLower(count - successes, count)
}
