/** The table, and the lines under it. */

import type { CacheStats, Savings } from '@llm-cache/core'
import { formatDuration, formatFactor, formatMs, formatUsd, grouped } from './format.js'
import type { Row } from './measure.js'
import type { Style } from './style.js'

const LEFT_COLUMNS = 2

export function formatTable(rows: readonly Row[], style: Style): string {
  const headings = ['', 'Route', 'Model', 'Cached', 'Faster', 'Stream begins', `${rows[0]?.askers ?? 0} at once`]
  const cells = rows.map((row, index) => [
    row.framework === rows[index - 1]?.framework ? '' : row.framework,
    row.path,
    formatMs(row.missMs),
    formatMs(row.hitMs),
    formatFactor(row.missMs / row.hitMs),
    `${formatMs(row.missFirstByteMs)} → ${formatMs(row.hitFirstByteMs)}`,
    `${row.originCalls} model call${row.originCalls === 1 ? '' : 's'}`,
  ])
  const widths = headings.map((heading, column) => Math.max(heading.length, ...cells.map((line) => (line[column] as string).length)))
  const pad = (text: string, column: number): string =>
    column < LEFT_COLUMNS ? text.padEnd(widths[column] as number) : text.padStart(widths[column] as number)
  const paints = [style.bold, plain, style.dim, style.good, style.good, plain, plain]
  const lines = cells.map((line) => line.map((text, column) => (paints[column] ?? plain)(pad(text, column))))
  const heading = headings.map((text, column) => style.bold(pad(text, column)))
  const rule = widths.map((width) => style.dim('─'.repeat(width)))
  return [heading, rule, ...lines].map((line) => `  ${line.join('  ')}`.trimEnd()).join('\n')
}

/** What the caches of all apps saved together. `calls`: how often a model was asked. */
export function formatSavings(stats: readonly CacheStats[], calls: number, style: Style): string {
  const sum = (pick: (of: CacheStats) => number): number => stats.reduce((total, of) => total + pick(of), 0)
  const save = (name: keyof Savings): number => sum(({ saved }) => saved[name])
  const served = sum(({ hits, collapsed }) => hits + collapsed)
  const requests = served + sum(({ misses }) => misses)
  const usd = save('usd')
  return [
    `  ${style.bold(`${grouped(requests)} requests, ${grouped(calls)} model calls.`)} The cache answered ${((100 * served) / requests).toFixed(0)} %, each byte for byte as the model did.`,
    `  Saved: ${style.good(`${grouped(save('inputTokens') + save('outputTokens'))} tokens, ${formatUsd(usd)}`)} and ${formatDuration(save('originMs'))} of model time; ${style.good(formatUsd((usd / Math.max(1, served)) * 1_000_000))} for a million such answers.`,
  ].join('\n')
}

function plain(text: string): string {
  return text
}
