import type { Clock } from '../ports.js'

/** The platform's clock. Its timers never keep the process alive. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    schedule(ms, callback) {
      const timer = setTimeout(callback, ms) as unknown as { unref?: () => void }
      timer.unref?.()
      return () => clearTimeout(timer as unknown as Parameters<typeof clearTimeout>[0])
    },
  }
}
