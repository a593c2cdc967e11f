/** Durations: milliseconds, or text with a unit. */

/** A number of milliseconds, or a number with its unit: '250ms', '90s', '15m', '1h', '7d', '2w'. */
export type Duration = number | DurationText
export type DurationText = `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`

/** Longest duration accepted, in ms: 2^31 - 1, what a timer of the platform can hold (24.8 days). */
export const MAX_DURATION_MS: number = 2 ** 31 - 1

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/

/**
 * Milliseconds of `value`, or undefined when it is not a duration: not a number, negative, not finite, over 2^31 - 1 ms,
 * without a unit or with an unknown one. Fractions of a millisecond are rounded. Zero is valid here; whether it makes
 * sense is the caller's decision.
 */
export function parseDuration(value: unknown): number | undefined {
  let ms: number
  if (typeof value === 'number') {
    ms = value
  } else if (typeof value === 'string') {
    const match = PATTERN.exec(value)
    if (!match) return undefined
    ms = Number(match[1]) * (UNITS[match[2] as string] as number)
  } else {
    return undefined
  }
  const rounded = Math.round(ms)
  return Number.isFinite(ms) && ms >= 0 && rounded <= MAX_DURATION_MS ? rounded : undefined
}
