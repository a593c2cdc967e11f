/** Numbers as people read them. */

/** `1,502 ms`, `12.3 ms`, `0.41 ms`. */
export function formatMs(ms: number): string {
  return `${ms >= 100 ? grouped(Math.round(ms)) : ms.toFixed(ms >= 10 ? 1 : 2)} ms`
}

/** `3,660x`; to two digits, since more would be noise. */
export function formatFactor(factor: number): string {
  return `${grouped(Number(factor.toPrecision(2)))}x`
}

/** `$0.031`, `$12.30`, `$1,267`. */
export function formatUsd(usd: number): string {
  if (usd === 0) return '$0'
  if (usd >= 100) return `$${grouped(Math.round(usd))}`
  return `$${usd >= 1 ? usd.toFixed(2) : usd.toPrecision(2)}`
}

/** `48 s`, `12 min`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `1,234,567`. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US')
}
