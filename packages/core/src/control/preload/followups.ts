/** What becomes of predictions: each is followed until its request comes, or the time is over in which it should have come. */

import type { Lookedup } from '../../engine/traffic.js'
import type { PreloadSource } from '../../events.js'
import type { RequestShape } from '../../fingerprint/fingerprint.js'
import type { Removal } from '../../stores/hearing.js'
import type { Estimate } from './worth.js'

/** A prediction whose outcome is not known yet. */
export interface Prediction {
  readonly key: string
  readonly source: PreloadSource
  /** The probability before calibration. */
  readonly raw: number
  /** It was acted upon, or would have been, had its kind been. */
  readonly decisive: boolean
  readonly estimate: Estimate
  readonly route: string | undefined
  readonly shape: RequestShape
  /** It was acted upon; otherwise it is only watched. */
  readonly sent: boolean
  /** Monotonic, ms. */
  readonly since: number
  /** Until when it may come true, monotonic. */
  until: number
  /** What acting upon it cost, as far as is known. */
  usd: number | undefined
  /** Whether it came true; undefined as long as that is not known. */
  used: boolean | undefined
}

/** How it ended. `savedMs`: so much less was waited, or would have been. */
export type Judged = (prediction: Prediction, used: boolean, savedMs: number) => void

export interface Followups {
  has(key: string): boolean
  get(key: string): Prediction | undefined
  /** False where too many are being followed. */
  add(prediction: Prediction): boolean
  /** The request came. */
  heard(looked: Lookedup, at: number): void
  /** It has not come true and will not. */
  fail(key: string): void
  /** Nothing can be learnt from it. */
  drop(key: string): void
  /** Judges those whose time is over. */
  sweep(at: number): void
  forget(removal: Removal): void
  readonly size: number
}

const MAX_FOLLOWED = 4096
const SWEEP_MS = 30_000

export function createFollowups(judged: Judged): Followups {
  const open = new Map<string, Prediction>()
  let sweptAt = Number.NEGATIVE_INFINITY

  function end(prediction: Prediction, used: boolean, savedMs: number): void {
    open.delete(prediction.key)
    prediction.used = used
    judged(prediction, used, savedMs)
  }

  function sweep(at: number): void {
    if (at - sweptAt < SWEEP_MS) return
    sweptAt = at
    for (const prediction of open.values()) if (prediction.until <= at) end(prediction, false, 0)
  }

  return {
    has: (key) => open.has(key),
    get: (key) => open.get(key),
    add(prediction) {
      if (open.size >= MAX_FOLLOWED || open.has(prediction.key)) return false
      open.set(prediction.key, prediction)
      return true
    },
    heard({ key, outcome, entry }, at) {
      const prediction = open.get(key)
      if (!prediction) return
      if (prediction.until <= at) return end(prediction, false, 0)
      const early = Math.min(prediction.estimate.ms, at - prediction.since)
      if (!prediction.sent) {
        // It was there without us: no request would have been sent.
        if (outcome === 'hit') open.delete(key)
        else end(prediction, true, early)
        return
      }
      if (outcome === 'hit') end(prediction, true, entry?.meta.originMs ?? early)
      else if (outcome === 'collapsed') end(prediction, true, early)
      else if (outcome === 'miss') end(prediction, false, 0)
    },
    fail(key) {
      const prediction = open.get(key)
      if (prediction) end(prediction, false, 0)
    },
    drop: (key) => open.delete(key),
    sweep,
    forget(removal) {
      if ('keys' in removal) for (const key of removal.keys) open.delete(key)
      else for (const key of [...open.keys()]) if (key.startsWith(removal.prefix)) open.delete(key)
    },
    get size() {
      return open.size
    },
  }
}
