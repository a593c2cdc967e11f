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
 * without a unit or with an unknown one. Fractions of a millisecond are rounded; what is not zero but would round to it
 * is refused. Zero is valid here; whether it makes sense is the caller's decision.
 */
export function parseDuration(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? parseDurationText(value) : undefined
  if (ms === undefined || !(ms >= 0 && ms <= MAX_DURATION_MS)) return undefined
  const rounded = Math.round(ms)
  if (rounded === 0) return ms === 0 ? 0 : undefined
  return rounded
}

/** Milliseconds of text with a unit, neither rounded nor bounded (Infinity is possible); undefined when it is not one. */
export function parseDurationText(text: string): number | undefined {
  const match = PATTERN.exec(text)
  return match ? Number(match[1]) * (UNITS[match[2] as string] as number) : undefined
}

/** `ms` in the largest unit that divides it, as `parseDuration` reads it. */
export function formatDuration(ms: number): DurationText {
  const unit = Object.keys(UNITS).findLast((name) => name !== 'w' && ms > 0 && ms % (UNITS[name] as number) === 0) ?? 'ms'
  return `${ms / (UNITS[unit] as number)}${unit}` as DurationText
}
