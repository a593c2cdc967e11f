/** How often each judge said what. */

/** What became of one question to one judge. */
export type JudgeOutcome =
  | 'same'
  | 'different'
  /** It could not tell. */
  | 'undecided'
  /** It threw, rejected, or answered with something that is no verdict. */
  | 'failed'
  | 'timeout'
  /** It was not asked, since too many of its calls that are past their deadline still have not ended. */
  | 'skipped'

export interface JudgeCounts extends Readonly<Record<JudgeOutcome, number>> {
  readonly judge: string
}

export interface JudgeCounter {
  add(judge: number, outcome: JudgeOutcome): void
  list(): readonly JudgeCounts[]
}

export function createJudgeCounter(names: readonly string[]): JudgeCounter {
  const counts = names.map((judge) => ({ judge, same: 0, different: 0, undecided: 0, failed: 0, timeout: 0, skipped: 0 }))
  return {
    add(judge, outcome) {
      const found = counts[judge]
      if (found) found[outcome] += 1
    },
    list: () => counts.map((found) => ({ ...found })),
  }
}
