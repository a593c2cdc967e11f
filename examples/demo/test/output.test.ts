import { expect, it } from 'vitest'
import { readArgs } from '../src/args.js'
import { UsageError } from '../src/errors.js'
import { formatDuration, formatFactor, formatMs, formatUsd } from '../src/format.js'
import type { Row } from '../src/measure.js'
import { createProgress } from '../src/progress.js'
import { createStyle } from '../src/style.js'
import { formatTable } from '../src/table.js'

const plain = createStyle({})

it('reads the command line', () => {
  expect(readArgs([])).toEqual({ live: false, serve: false, help: false })
  expect(readArgs(['--live', '--serve', '-h'])).toEqual({ live: true, serve: true, help: true })
  expect(() => readArgs(['--lvie'])).toThrow(UsageError)
  expect(() => readArgs(['live'])).toThrow(/Usage: npm run demo/)
})

it('writes numbers as people read them', () => {
  expect([0.4123, 12.34, 1502.4].map(formatMs)).toEqual(['0.41 ms', '12.3 ms', '1,502 ms'])
  expect([3.14, 412, 3661].map(formatFactor)).toEqual(['3.1x', '410x', '3,700x'])
  expect([0.03124, 0, 12.3, 1267.4].map(formatUsd)).toEqual(['$0.031', '$0', '$12.30', '$1,267'])
  expect([48_000, 720_000, 7_500_000].map(formatDuration)).toEqual(['48 s', '12 min', '2 h 5 min'])
})

it('aligns the table and names each framework once', () => {
  const row: Row = {
    framework: 'Hono',
    path: '/v1/messages',
    missMs: 1500,
    hitMs: 0.5,
    missFirstByteMs: 380,
    hitFirstByteMs: 0.4,
    askers: 100,
    originCalls: 1,
  }
  const lines = formatTable([row, { ...row, path: '/v1/chat/completions', originCalls: 2 }], plain).split('\n')
  expect(lines[0]).toMatch(/Route .* Model .* Cached .* Faster .* Stream begins .* 100 at once$/)
  expect(lines[2]).toMatch(/^ {2}Hono {2}\/v1\/messages .*1,500 ms {2}0\.50 ms {2}3,000x {2}380 ms → 0\.40 ms {3}1 model call$/)
  expect(lines[3]).toMatch(/^ {8}\/v1\/chat\/completions .*2 model calls$/)
})

it('colours only terminals, and not against the wish of their owners', () => {
  const terminal = { isTTY: true }
  expect(createStyle(terminal, {}).bold('x')).toBe('\u001b[1mx\u001b[22m')
  expect(createStyle(terminal, { NO_COLOR: '1' }).bold('x')).toBe('x')
  expect(createStyle(terminal, { TERM: 'dumb' }).bold('x')).toBe('x')
  expect(createStyle({}, {}).bold('x')).toBe('x')
})

it('shows progress in one line on a terminal, a line for each step elsewhere', () => {
  const run = (isTTY: boolean) => {
    let text = ''
    const progress = createProgress({ isTTY, write: (part) => (text += part) }, 4, plain)
    progress.step('first')
    progress.tick()
    progress.tick()
    progress.step('second')
    progress.clear()
    return text
  }
  expect(run(false)).toBe('  first\n  second\n')
  expect(run(true)).toContain(' 50 %  second')
  expect(run(true)).not.toContain('\n')
  expect(run(true).endsWith('\u001b[2K')).toBe(true)
})
