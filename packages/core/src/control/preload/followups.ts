/** What becomes of predictions: each is followed until its request comes, or the time is over in which it should have come. */

import type { Lookedup } from '../../engine/traffic.js'
import type { PreloadSource } from '../../events.js'
import type { RequestShape } from '../../fingerprint/fingerprint.js'
import type { Removal } from '../../stores/hearing.js'
import type { Evidence } from './habits.js'
import type { Estimate } from './worth.js'

/** What the counts said. */
export interface Counted {
  /** The probability by the counts alone. */
  readonly raw: number
  readonly evidence: Evidence
}

/** A prediction whose outcome is not known yet. */
export interface Prediction {
  readonly key: string
  readonly source: PreloadSource
  readonly counted: Counted
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
  /** Whether a prediction of this is being followed; a decisive one may be besides one that is not. */
  has(key: string, decisive: boolean): boolean
  /** False where too many are being followed. */
  add(prediction: Prediction): boolean
  /** The request came. */
  heard(looked: Lookedup, at: number): void
  /** It has not come true and will not. Nothing where it is not followed any more. */
  fail(prediction: Prediction): void
  /** Nothing can be learnt from it. */
  drop(prediction: Prediction): void
  /** Judges those whose time is over. */
  sweep(at: number): void
  forget(removal: Removal): void
}

/** Of each sort. */
const MAX_FOLLOWED = 4096
const SWEEP_MS = 30_000

export function createFollowups(judged: Judged): Followups {
  const decisive = new Map<string, Prediction>()
  const others = new Map<string, Prediction>()
  const both = [decisive, others]
  const mapOf = (prediction: Prediction): Map<string, Prediction> => (prediction.decisive ? decisive : others)
  let sweptAt = Number.NEGATIVE_INFINITY

  function end(prediction: Prediction, used: boolean, savedMs: number): void {
    mapOf(prediction).delete(prediction.key)
    prediction.used = used
    judged(prediction, used, savedMs)
  }

  function hear(prediction: Prediction, { outcome, entry }: Lookedup, at: number): void {
    // One that is only watched comes true with the request, whatever there is to answer it.
    const early = Math.min(prediction.estimate.ms, at - prediction.since)
    if (prediction.until <= at) end(prediction, false, 0)
    else if (!prediction.sent || outcome === 'collapsed') end(prediction, true, early)
    else if (outcome === 'hit') end(prediction, true, entry?.meta.originMs ?? early)
    else if (outcome === 'miss') end(prediction, false, 0)
  }

  return {
    has: (key, isDecisive) => (isDecisive ? decisive : others).has(key),
    add(prediction) {
      const map = mapOf(prediction)
      if (map.size >= MAX_FOLLOWED || map.has(prediction.key)) return false
      map.set(prediction.key, prediction)
      return true
    },
    heard(looked, at) {
      for (const map of both) {
        const prediction = map.get(looked.key)
        if (prediction) hear(prediction, looked, at)
      }
    },
    fail(prediction) {
      if (mapOf(prediction).get(prediction.key) === prediction) end(prediction, false, 0)
    },
    drop(prediction) {
      if (mapOf(prediction).get(prediction.key) === prediction) mapOf(prediction).delete(prediction.key)
    },
    sweep(at) {
      if (at - sweptAt < SWEEP_MS) return
      sweptAt = at
      for (const map of both) for (const prediction of map.values()) if (prediction.until <= at) end(prediction, false, 0)
    },
    forget(removal) {
      for (const map of both) {
        if ('keys' in removal) for (const key of removal.keys) map.delete(key)
        else for (const key of [...map.keys()]) if (key.startsWith(removal.prefix)) map.delete(key)
      }
    },
  }
}
