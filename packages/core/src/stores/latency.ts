/** How long calls took: a histogram of fixed size. */

export interface LatencySummary {
  /** Calls measured. */
  readonly count: number
  /** In ms; 0 while nothing was measured. Percentiles are at most a tenth too high, and never above `maxMs`. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface LatencyHistogram {
  /** @param ms duration; what is no positive number counts as 0 */
  add(ms: number): void
  summary(): LatencySummary
}

/**
 * Buckets grow with what they measure, eight to each power of two, from 1 us to about 9 minutes: 2 KB whatever is added.
 * Everything since the start counts.
 */
export function createLatencyHistogram(): LatencyHistogram {
  const counts = new Float64Array(BUCKETS)
  let count = 0
  let maxMs = 0

  function percentile(share: number): number {
    let left = Math.ceil(count * share)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= counts[bucket] as number
      if (left <= 0) return Math.min(upperEdge(bucket), maxMs)
    }
    return maxMs
  }

  return {
    add(ms) {
      const valid = Number.isFinite(ms) && ms > 0 ? ms : 0
      const bucket = bucketOf(valid)
      counts[bucket] = (counts[bucket] as number) + 1
      count += 1
      if (valid > maxMs) maxMs = valid
    },
    summary: () => (count === 0 ? EMPTY : { count, p50Ms: percentile(0.5), p99Ms: percentile(0.99), maxMs }),
  }
}

function bucketOf(ms: number): number {
  if (!(ms > SMALLEST_MS)) return 0
  return Math.min(BUCKETS - 1, Math.ceil(Math.log2(ms / SMALLEST_MS) * PER_OCTAVE))
}

const upperEdge = (bucket: number): number => SMALLEST_MS * 2 ** (bucket / PER_OCTAVE)

const PER_OCTAVE = 8
const SMALLEST_MS = 0.001
const BUCKETS = 29 * PER_OCTAVE + 1
const EMPTY: LatencySummary = { count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 }
