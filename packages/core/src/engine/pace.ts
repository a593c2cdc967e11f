/** Paced replay: a recorded stream sent with its own rhythm, or at a steady rate, instead of at once. */

import type { Entry } from '../entry/entry.js'
import type { ChunkSource, ChunkStep } from '../exchange.js'
import type { Clock } from '../ports.js'
import type { ReplayPace } from './options.js'

/** When the provider did not say how many tokens there were: bytes of a wire format a token, measured on recorded streams. */
const BYTES_PER_TOKEN = 4

/**
 * Chunks in their recorded boundaries, each not before its time. A receiver that is slower than the pace is never
 * hurried: the next chunk is produced when it asks, late ones at once.
 */
export function createPacedSource(entry: Entry, pace: Exclude<ReplayPace, 'instant'>, clock: Clock): ChunkSource {
  const marks = entry.chunks ?? [[entry.body.byteLength, 0] as const]
  const startedAt = clock.monotonic()
  const last = marks.length
  let index = 0
  let offset = 0
  let cancelTimer: (() => void) | undefined
  let cancelled = false
  let wake: ((step: ChunkStep) => void) | undefined

  const total = entry.body.byteLength
  const durationMs = pace === 'recorded' ? 0 : ((entry.meta.usage?.outputTokens ?? total / BYTES_PER_TOKEN) / pace.tokensPerSecond) * 1000

  function dueMs(end: number, ms: number): number {
    return pace === 'recorded' ? ms : (end / total) * durationMs
  }

  function take(): ChunkStep {
    const [end] = marks[index++] as readonly [number, number]
    const bytes = entry.body.subarray(offset, end)
    offset = end
    return { kind: 'chunk', bytes }
  }

  return {
    next() {
      if (cancelled) return { kind: 'aborted' }
      if (index >= last) return { kind: 'done' }
      const [end, ms] = marks[index] as readonly [number, number]
      const wait = dueMs(end, ms) - (clock.monotonic() - startedAt)
      if (wait <= 0) return take()
      return new Promise((resolve) => {
        wake = resolve
        cancelTimer = clock.schedule(wait, () => {
          wake = undefined
          resolve(take())
        })
      })
    },
    cancel() {
      cancelled = true
      cancelTimer?.()
      wake?.({ kind: 'aborted' })
      wake = undefined
    },
  }
}
