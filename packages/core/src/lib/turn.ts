/** Long work that never waits for anything, without keeping everybody else waiting. */

/**
 * Resolves in a later turn of the event loop, after what was ready to be done meanwhile. Takes its time from the runtime, whatever
 * clock is injected elsewhere.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // `setTimeout` waits for a millisecond at least, where there is nothing else.
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}

/**
 * To be called between pieces of work: answers what to wait for once the work has gone on for `mostMs` since the last turn,
 * and undefined before.
 *
 * ```ts
 * const turn = turns()
 * if (turn) await turn
 * ```
 */
export function createTurns(clock: { monotonic(): number }, mostMs: number = 5): () => Promise<void> | undefined {
  let since = clock.monotonic()
  return () => {
    if (clock.monotonic() - since < mostMs) return undefined
    return nextTurn().then(() => {
      since = clock.monotonic()
    })
  }
}
