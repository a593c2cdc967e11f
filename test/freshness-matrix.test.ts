import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { actionOf, MATRIX, STATES, WINDOWS } from '../packages/core/src/testing/adapter-contract/freshness-matrix.js'

const PAGE = new URL('../docs/stale-answers.md', import.meta.url)
const BEGIN =
  '<!-- made from core/src/testing/adapter-contract/freshness-matrix.ts: UPDATE_DOCS=1 npm test -- test/freshness-matrix.test.ts -->\n'
const END = '<!-- end -->'

/** A line for each directive, a column for each state; windows apart only where they make a difference. */
function matrixTable(): string {
  const states = Object.keys(STATES)
  const lines = MATRIX.map((row) => {
    const cells = states.map((state) => {
      const actions = Object.keys(WINDOWS).map((windows) => [windows, actionOf(row, state, windows)] as const)
      if (new Set(actions.map(([, action]) => action)).size === 1) return actions[0]?.[1]
      const kinds = [...new Set(actions.map(([, action]) => action))]
      const windowsOf = (kind: string): string =>
        actions.flatMap(([windows, action]) => (action === kind ? [`*${windows}*`] : [])).join(', ')
      return kinds.map((kind) => `${windowsOf(kind)}: ${kind}`).join('<br>')
    })
    return `| ${row.directive === '' ? 'nothing' : `\`${row.directive}\``} | ${cells.join(' | ')} |`
  })
  return [`| asked for | ${states.join(' | ')} |`, `|---|${'---|'.repeat(states.length)}`, ...lines, ''].join('\n')
}

it('the matrix in docs/stale-answers.md is the one that adapters are tested against', () => {
  const page = readFileSync(PAGE, 'utf8')
  const start = page.indexOf(BEGIN) + BEGIN.length
  const end = page.indexOf(END)
  expect(start).toBeGreaterThan(BEGIN.length)
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, page.slice(0, start) + matrixTable() + page.slice(end))
  expect(readFileSync(PAGE, 'utf8').slice(start, readFileSync(PAGE, 'utf8').indexOf(END))).toBe(matrixTable())
})

it('says something of every state under every window', () => {
  for (const row of MATRIX)
    for (const state of Object.keys(STATES))
      for (const windows of Object.keys(WINDOWS)) expect(actionOf(row, state, windows)).toBeTypeOf('string')
})
