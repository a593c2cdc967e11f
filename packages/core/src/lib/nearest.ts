/** Words for option errors: the nearest valid name, and a value in a form that is safe to print. */

/** Longest word compared: beyond it the quadratic distance is not worth its time. */
const MAX_LENGTH = 64
const MAX_SHOWN = 60

/**
 * The candidate most like `word`, or undefined when none is near: at most a third of the longer one's characters
 * differ (Damerau-Levenshtein, optimal string alignment; case does not count). The first of equally near ones.
 *
 * @example nearest('maxTTl', ['minTtl', 'maxTtl']) // 'maxTtl'
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined
  const wanted = word.toLowerCase()
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    if (candidate.length > MAX_LENGTH) continue
    const length = Math.max(word.length, candidate.length)
    const distance = editDistance(wanted, candidate.toLowerCase())
    // Under three characters a single edit is most of the word: only the case may differ there.
    const limit = length < 3 ? 0 : Math.floor(length / 3)
    if (distance <= limit && distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** The end of an error message: `; did you mean "maxTtl"?`, else the valid ones, `; valid: "a", "b"`. */
export function didYouMean(word: unknown, candidates: readonly string[]): string {
  const near = typeof word === 'string' ? nearest(word, candidates) : undefined
  return near === undefined ? `; valid: ${candidates.map((name) => `"${name}"`).join(', ')}` : `; did you mean "${near}"?`
}

/** `value` for an error message, at most 60 characters. Objects and functions by their kind alone. Never for secrets. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') {
    const shown = JSON.stringify(value.slice(0, MAX_SHOWN))
    return value.length > MAX_SHOWN ? `${shown}...` : shown
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'function') return 'a function'
  return String(value)
}

/** Edits (insert, delete, replace, swap of neighbours) from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let edits = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, at(beforeLast, j - 2) + 1)
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] as number
}
