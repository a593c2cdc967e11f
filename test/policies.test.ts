import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { policiesTable } from './support/policies-table.js'

const PAGE = new URL('../docs/policies.md', import.meta.url)
const BEGIN = '<!-- made from engine/policies.ts: UPDATE_DOCS=1 npm test -- test/policies.test.ts -->\n'
const END = '\n<!-- end -->'

it('the table in docs/policies.md is that of the code', () => {
  const page = readFileSync(PAGE, 'utf8')
  const start = page.indexOf(BEGIN) + BEGIN.length
  const end = page.indexOf(END, start)
  expect(start).toBeGreaterThan(BEGIN.length)
  expect(end).toBeGreaterThan(start)
  const table = policiesTable()
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, page.slice(0, start) + table + page.slice(end))
  else expect(page.slice(start, end)).toBe(table)
})
