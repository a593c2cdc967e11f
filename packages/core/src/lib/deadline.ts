/** Waiting for something, but not for ever. */

/** What became of work that was given limited time. */
export type Settled<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'thrown'; readonly error: unknown }
  /** The time was over first. Whatever the work brings later is dropped. */
  | { readonly kind: 'late' }

/** The part of a `Clock` that deadlines need. */
export interface DeadlineClock {
  monotonic(): number
  schedule(ms: number, callback: () => void): () => void
}

/** How work ended, after its deadline or in time. */
export type OnSettled = (late: boolean, kind: 'done' | 'thrown') => void

/**
 * Waits at most `ms` for `work`. Never rejects, and never leaves a rejection of `work` unhandled.
 *
 * A timer that itself fires more than 20 ms late shows that this process was blocked: the answer may lie in a socket that
 * nobody could read yet. Then `work` is given one short turn more, so that the stall is not blamed on it.
 *
 * @param onSettled called once when `work` itself settles, however late that is (never, if it never does)
 */
export function withDeadline<T>(work: PromiseLike<T>, ms: number, clock: DeadlineClock, onSettled?: OnSettled): Promise<Settled<T>> {
  return new Promise((resolve) => {
    let late = false
    const giveUp = (): void => {
      late = true
      resolve({ kind: 'late' })
    }
    const dueAt = clock.monotonic() + ms
    let cancel = clock.schedule(ms, () => {
      if (clock.monotonic() - dueAt <= OVERSLEPT_MS) giveUp()
      else cancel = clock.schedule(EXTRA_TURN_MS, giveUp)
    })
    const settle = (outcome: Settled<T> & { readonly kind: 'done' | 'thrown' }): void => {
      cancel()
      onSettled?.(late, outcome.kind)
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

/** `next` of `value`, at once where that is no promise. */
export function chain<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return isThenable(value) ? (value as Promise<T>).then(next) : next(value as T)
}

const OVERSLEPT_MS = 20
// Long enough to send a request that the stall held back and to read its answer.
const EXTRA_TURN_MS = 10
