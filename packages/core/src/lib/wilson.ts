/** How far a share that was counted in a sample may be from the true one. */

export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * The score interval for `successes` among `count` trials: E. B. Wilson, Journal of the American Statistical Association 22(158), 1927.
 * Without a trial anything is possible: 0 to 1.
 *
 * @param z standard normal quantile; 1.96 for 95 %, two-sided
 */
export function wilson(successes: number, count: number, z = 1.959964): Interval {
  if (count === 0) return { low: 0, high: 1 }
  const share = successes / count
  const z2 = z * z
  const centre = (share + z2 / (2 * count)) / (1 + z2 / count)
  const half = (z / (1 + z2 / count)) * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count * count))
  // Exact at the ends, where rounding would leave a little.
  return { low: successes === 0 ? 0 : Math.max(0, centre - half), high: successes === count ? 1 : Math.min(1, centre + half) }
}
