/** Letting others in: what works long on the event loop gives it a turn now and then. */

/** Resolves in another turn of the event loop, after what waits for input and output. Not of injected time: it measures nothing. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
}
