/** The model's speed. */

import type { Clock } from '../../ports.js'
import { createRandom } from './random.js'
import type { ModelLatency } from './types.js'

/** One call's delays. */
export interface Pace {
  /** Waits before the first byte, `extraMs` longer than usual. */
  first(extraMs: number): Promise<void>
  /** Waits for `tokens` further tokens. */
  tokens(tokens: number): Promise<void>
}

/**
 * Makes a pace for each call. Delays count from the call's start, not from the end of the last one, so that a
 * timer's lateness does not add up. They end at once when `signal` aborts.
 */
export function createPacer(latency: ModelLatency, clock: Clock): (signal: AbortSignal) => Pace {
  const { firstTokenMs = 0, tokenMs = 0, jitter = 0, seed = 1 } = latency
  const random = createRandom(seed)
  const vary = (ms: number): number => (jitter === 0 ? ms : ms * (1 + jitter * (2 * random() - 1)))

  return (signal) => {
    let due = clock.monotonic()
    const wait = (ms: number): Promise<void> => {
      due += ms
      const rest = due - clock.monotonic()
      if (ms <= 0 || rest <= 0 || signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const finish = (): void => {
          cancel()
          signal.removeEventListener('abort', finish)
          resolve()
        }
        const cancel = clock.schedule(rest, finish)
        signal.addEventListener('abort', finish)
      })
    }
    return {
      first: (extraMs) => wait(vary(firstTokenMs) + extraMs),
      tokens: (count) => wait(vary(tokenMs) * count),
    }
  }
}
