/**
 * Whether errors have become more frequent than was promised: a cumulative sum of log-likelihood ratios (Page, "Continuous Inspection
 * Schemes", Biometrika 1954). It looks back as far as the evidence does, so that a sudden change shows after a handful of observations.
 */

export interface DriftTest {
  /**
   * @param expected share of errors that was promised, 0 to 1
   * @returns true where there are more than chance explains
   */
  add(wrong: boolean, expected: number): boolean
  /** Forgets what it saw. */
  reset(): void
}

/** @param alarm log of how many observations a false alarm takes on average, at least (Lorden 1971) */
export function createDriftTest(alarm: number = ALARM): DriftTest {
  let sum = 0
  return {
    add(wrong, expected) {
      const usual = Math.max(LEAST_EXPECTED, Math.min(1 - LEAST_EXPECTED, expected))
      const drifted = Math.max(LEAST_DRIFTED, Math.min(TIMES * usual, (1 + usual) / 2))
      sum = Math.max(0, sum + Math.log(wrong ? drifted / usual : (1 - drifted) / (1 - usual)))
      return sum > alarm
    },
    reset() {
      sum = 0
    },
  }
}

/** Below it a promise is not taken at its word. */
const LEAST_EXPECTED = 0.005
/** The errors that it looks out for: so many times the usual ones, but not fewer than these. */
const TIMES = 5
const LEAST_DRIFTED = 0.1
/** e^8 is 3000. */
const ALARM = 8
