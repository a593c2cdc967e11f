/** The nearest valid name for an option that is none. */

/**
 * The end of an error message: `; did you mean "leaseMs"?` where at most a third of the characters differ (Levenshtein distance,
 * case does not count), else the valid ones, `; valid: "a", "b"`.
 */
export function didYouMean(word: string, candidates: readonly string[]): string {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of word.length > MAX_LENGTH ? [] : candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance >= bestDistance || distance > Math.max(word.length, candidate.length) / 3) continue
    best = candidate
    bestDistance = distance
  }
  return best === undefined ? `; valid: ${candidates.map((name) => `"${name}"`).join(', ')}` : `; did you mean "${best}"?`
}

/** Edits (insert, delete, replace) from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const row = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const [before = 0, above = 0, left = 0] = [last[j], last[j + 1], row[j]]
      row.push(Math.min(before + (letter === other ? 0 : 1), above + 1, left + 1))
    }
    last = row
  }
  return last[b.length] ?? last.length
}

/** Beyond it the quadratic distance is not worth its time. */
const MAX_LENGTH = 64
