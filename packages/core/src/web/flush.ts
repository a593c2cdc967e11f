/**
 * Resolves in a later turn of the event loop, when the server has sent what it was given: chunks written in the turn in
 * which their stream fails are dropped with the connection, and the receiver would miss bytes that were there.
 */
export function flushed(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
}
