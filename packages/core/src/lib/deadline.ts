/** Waiting for something, but not for ever. */

/** What became of work that was given limited time. */
export type Settled<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'thrown'; readonly error: unknown }
  /** The time was over first. Whatever the work brings later is dropped. */
  | { readonly kind: 'late' }

/** Calls `callback` once after `ms`; answers with the function that cancels it. `Clock.schedule` is one. */
export type Schedule = (ms: number, callback: () => void) => () => void

/**
 * Waits at most `ms` for `work`. Never rejects, and never leaves a rejection of `work` unhandled.
 *
 * @param onSettled called once when `work` itself settles, however late that is (never, if it never does)
 */
export function withDeadline<T>(
  work: PromiseLike<T>,
  ms: number,
  schedule: Schedule,
  onSettled?: (late: boolean) => void,
): Promise<Settled<T>> {
  return new Promise((resolve) => {
    let late = false
    const cancel = schedule(ms, () => {
      late = true
      resolve({ kind: 'late' })
    })
    const settle = (outcome: Settled<T>): void => {
      cancel()
      onSettled?.(late)
      resolve(outcome)
    }
    // Promise.resolve: a thenable of somebody else's may throw from `then` or call both callbacks.
    Promise.resolve(work).then(
      (value) => settle({ kind: 'done', value }),
      (error: unknown) => settle({ kind: 'thrown', error }),
    )
  })
}

/** True for promises and anything else that can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
