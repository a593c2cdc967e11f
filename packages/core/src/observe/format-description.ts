/** A description as text, for terminals. */

import type { CacheDescription, DescribedStore } from './describe.js'
import { bytes, duration } from './option-values.js'

/**
 * Aligned lines: the policy, each option with its value and where it comes from, the stores, the warnings. Ends with a line break.
 *
 * @example
 * console.log(formatDescription(cache.describe()))
 */
export function formatDescription({ policy, values, stores, warnings }: CacheDescription): string {
  const extended = policy.extends ? `, extends ${policy.extends}` : ''
  const lines = [
    `policy ${policy.name}${extended} (${policy.because})`,
    '',
    ...aligned(values.map(({ name, value, from }) => [name, String(value), from])),
    '',
    ...aligned(stores.map((store, index) => [`store ${index + 1}`, store.name, WHERE[store.where], limitsOf(store)])),
  ]
  if (warnings.length > 0) lines.push('', ...warnings.map((warning) => `! ${warning}`))
  return `${lines.join('\n')}\n`
}

const WHERE: Readonly<Record<DescribedStore['where'], string>> = {
  process: 'in this process',
  machine: 'on this machine',
  outside: 'outside',
}

function limitsOf({ maxBytes, maxEntryBytes, maxTtlMs, timeoutMs, where }: DescribedStore): string {
  const limits = [`entries of ${maxEntryBytes === undefined ? 'any size' : `at most ${bytes(maxEntryBytes)}`}`]
  if (maxBytes !== undefined) limits.unshift(`at most ${bytes(maxBytes)}`)
  if (maxTtlMs !== undefined) limits.push(`for at most ${duration(maxTtlMs)}`)
  if (where !== 'process') limits.push(`${duration(timeoutMs)} a call`)
  return limits.join(', ')
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length))) ?? []
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  )
}
