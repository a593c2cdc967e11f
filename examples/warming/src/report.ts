/** The report of a run, for people. */

import type { WarmReport } from '@llm-cache/core'

const ENDS: Readonly<Record<WarmReport['stoppedBy'], string>> = {
  end: 'all of them were taken',
  'budget-tokens': 'the budget of tokens is used up',
  'budget-usd': 'the budget is used up',
  'cost-unknown': 'an answer did not tell what it cost',
  failures: 'too many failures in a row',
  signal: 'it was told to end; run it again and it goes on where it ended',
  closed: 'the cache was closed',
}

export function formatReport(report: WarmReport): string {
  const { requests, warmed, alreadyCached, elsewhere, failed, skippedByBudget, stoppedBy, tokens, usd, ms } = report
  const rows: [string, number][] = [
    ['warmed', warmed],
    ['cached already', alreadyCached],
    ['asked by others meanwhile', elsewhere],
    ...failed.map(({ reason, count, samples }): [string, number] => [`failed: ${reason} (${samples.join(', ')})`, count]),
    ['left over', skippedByBudget],
  ]
  const lines = rows.filter(([, count]) => count > 0).map(([label, count]) => `  ${String(count).padStart(6)}  ${label}`)
  const total = `  ${String(requests).padStart(6)}  in ${(ms / 1000).toFixed(1)} s, for ${tokens} tokens and $${usd.toFixed(4)}: ${ENDS[stoppedBy]}`
  return [...lines, total].join('\n')
}
