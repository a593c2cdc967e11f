/** Background work that must not wait for ever. */

import type { Clock } from '@llm-cache/core'

export class LateError extends Error {
  override readonly name: string = 'LateError'
}

/** `work`, or a rejection with a LateError after `ms`. What `work` brings later is dropped. */
export function within<T>(clock: Pick<Clock, 'schedule'>, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(Math.max(0, ms), () => reject(new LateError('Redis did not answer in time.')))
    work.then(resolve, reject).finally(cancel)
  })
}

/** Resolves after `ms`. */
export function pause(clock: Pick<Clock, 'schedule'>, ms: number): Promise<void> {
  return new Promise((resolve) => clock.schedule(ms, resolve))
}
