/** All of `steps` at once: of work that can be done a little at a time. @returns what they end with @throws what a step throws */
export function finished<T>(steps: Iterator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
