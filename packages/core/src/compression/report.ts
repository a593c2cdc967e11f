/** A compression report as text, for terminals. */

import type { AlgorithmReport, CompressionReport } from './measure.js'

/** An aligned table of one line an algorithm, with what was sampled above it and what `auto` picks below. Ends with a line break. */
export function formatCompressionReport(report: CompressionReport): string {
  const { samples, bytes, algorithms, pick } = report
  const rows = [HEADINGS, ...algorithms.map(rowOf)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  const table = rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] as number, column))
      .join('  ')
      .trimEnd(),
  )
  const sampled =
    samples === 0 ? 'No bodies were sampled yet: nothing was measured.' : `${samples} ${samples === 1 ? 'body' : 'bodies'}, ${bytes} bytes`
  return `${[sampled, '', ...table, '', `auto picks: ${pick ?? 'nothing yet'}`].join('\n')}\n`
}

const HEADINGS: readonly string[] = ['algorithm', 'ratio', 'compress us', 'decompress us', 'saved bytes', 'needs']
const NOTHING = '-'

function rowOf(row: AlgorithmReport): readonly string[] {
  return [
    row.algorithm,
    row.ratio === undefined ? NOTHING : `${row.ratio.toFixed(2)}x`,
    row.compressMicros?.toFixed(1) ?? NOTHING,
    row.decompressMicros?.toFixed(1) ?? NOTHING,
    row.savedBytes === undefined ? NOTHING : `${row.savedBytes}`,
    row.needs ?? '',
  ]
}

/** Words to the left, numbers to the right. */
function pad(cell: string, width: number, column: number): string {
  return column === 0 || column === HEADINGS.length - 1 ? cell.padEnd(width) : cell.padStart(width)
}
