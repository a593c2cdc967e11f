/** Something that the demo promised did not hold, or cannot be done; the message is all that the user needs. */
export class DemoError extends Error {
  override readonly name: string = 'DemoError'
}

/** The demo was called in a way that it cannot serve. */
export class UsageError extends DemoError {
  override readonly name: string = 'UsageError'
}
