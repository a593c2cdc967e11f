import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { AGES, actionOf, MATRIX, POLICY_MATRIX, STATES, WINDOWS } from '../packages/core/src/testing/adapter-contract/freshness-matrix.js'

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

/** A line for each policy, a column for each age. */
function policyTable(): string {
  const ages = Object.keys(AGES)
  const lines = POLICY_MATRIX.map(({ name, actions }) => `| ${name} | ${actions.join(' | ')} |`)
  return [`| policy | ${ages.join(' | ')} |`, `|---|${'---|'.repeat(ages.length)}`, ...lines, ''].join('\n')
}

it.each([
  [matrixTable, 0],
  [policyTable, 1],
] as const)('the matrices in docs/stale-answers.md are those that adapters are tested against: %o', (table, at) => {
  const read = (): [before: string, table: string, after: string] => {
    const parts = readFileSync(PAGE, 'utf8').split(BEGIN)
    expect(parts).toHaveLength(3)
    const part = parts[at + 1] as string
    const end = part.indexOf(END)
    return [parts.slice(0, at + 1).join(BEGIN) + BEGIN, part.slice(0, end), [part.slice(end), ...parts.slice(at + 2)].join(BEGIN)]
  }
  const [before, , after] = read()
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, before + table() + after)
  expect(read()[1]).toBe(table())
})

it('says something of every age under every policy', () => {
  for (const { actions } of POLICY_MATRIX) expect(actions).toHaveLength(Object.keys(AGES).length)
})

it('says something of every state under every window', () => {
  for (const row of MATRIX)
    for (const state of Object.keys(STATES))
      for (const windows of Object.keys(WINDOWS)) expect(actionOf(row, state, windows)).toBeTypeOf('string')
})
