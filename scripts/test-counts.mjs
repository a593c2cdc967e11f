// The plain line at the end of `npm test`, from vitest's JSON report.

/**
 * Counts of a run. A file that failed before any of its tests ran counts as one failure, and so does a run that failed
 * although no test did (an unhandled error, no test found, no report): the line never reads "0 failed" for a failed run.
 *
 * @param {string | undefined} report text of vitest's JSON reporter, undefined when there is none
 * @param {number} exitCode vitest's
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function countTests(report, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of parse(report)) {
    let failed = 0
    for (const { status } of file.assertionResults ?? []) {
      if (status === 'passed') counts.passed += 1
      else if (status === 'failed') failed += 1
      else counts.skipped += 1
    }
    if (failed === 0 && file.status === 'failed') failed = 1
    counts.failed += failed
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

/** `12 passed, 0 failed`, with `, 3 skipped` if there are any. */
export function formatCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function parse(report) {
  try {
    return JSON.parse(report ?? '').testResults ?? []
  } catch {
    return []
  }
}
