/**
 * Whether errors have become more frequent than was promised: a cumulative sum of log-likelihood ratios (Page, "Continuous Inspection
 * Schemes", Biometrika 1954). It looks back as far as the evidence does, so that a sudden change shows after a handful of observations.
 * And whose errors they are: what one caller alone brings says something of that caller, who may mean it.
 */

export interface DriftTest {
  /**
   * @param expected share of errors that was promised, 0 to 1
   * @param caller whose observation it is, where that is known
   * @returns where there are more than chance explains, what that rests on
   */
  add(wrong: boolean, expected: number, caller?: string): Drift | undefined
  /** Forgets what it saw, or what it saw of one caller. */
  reset(caller?: string): void
}

export interface Drift {
  /** Who brought more than half of the evidence; undefined where nobody did, or it is not known who. */
  readonly caller: string | undefined
}

/** @param alarm log of how many observations a false alarm takes on average, at least (Lorden 1971) */
export function createDriftTest(alarm: number = ALARM): DriftTest {
  let sum = 0
  /** What of the sum is whose, in parts of it: of those who have a hundredth at least, and so of a hundred at most. */
  const shares = new Map<string, number>()

  /** @param added what the sum grew by, of which `caller` brought all */
  function share(added: number, caller: string | undefined): void {
    const before = sum - added
    for (const [each, part] of shares) shares.set(each, (part * before) / sum)
    if (caller !== undefined) shares.set(caller, (shares.get(caller) ?? 0) + added / sum)
    for (const [each, part] of shares) if (part < LEAST_SHARE) shares.delete(each)
  }

  function reset(caller?: string): void {
    const rest = caller === undefined ? 0 : Math.max(0, 1 - (shares.get(caller) ?? 0))
    sum *= rest
    if (caller === undefined || sum === 0) shares.clear()
    else shares.delete(caller)
    for (const [each, part] of shares) shares.set(each, part / rest)
  }

  return {
    add(wrong, expected, caller) {
      const usual = Math.max(LEAST_EXPECTED, Math.min(1 - LEAST_EXPECTED, expected))
      const drifted = Math.max(LEAST_DRIFTED, Math.min(TIMES * usual, (1 + usual) / 2))
      const ratio = Math.log(wrong ? drifted / usual : (1 - drifted) / (1 - usual))
      sum = Math.max(0, sum + ratio)
      // What is right takes of everybody's in equal measure.
      if (sum === 0) shares.clear()
      else if (ratio > 0) share(ratio, caller)
      if (sum <= alarm) return undefined
      const [most] = [...shares].filter(([, part]) => part > MOST_OF_ONE)
      return { caller: most?.[0] }
    },
    reset,
  }
}

/** Below it a promise is not taken at its word. */
const LEAST_EXPECTED = 0.005
/** The errors that it looks out for: so many times the usual ones, but not fewer than these. */
const TIMES = 5
const LEAST_DRIFTED = 0.1
/** e^8 is 3000. */
const ALARM = 8
const MOST_OF_ONE = 0.5
const LEAST_SHARE = 0.01
