/** The dependency-free scripts behind `npm test` and its like. */

import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countTests, formatCounts } from '../scripts/test-counts.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const report = (...files: readonly { status: string; tests: readonly string[] }[]): string =>
  JSON.stringify({ testResults: files.map(({ status, tests }) => ({ status, assertionResults: tests.map((each) => ({ status: each })) })) })

describe('the line of counts', () => {
  it('counts what vitest reports', () => {
    const text = report(
      { status: 'passed', tests: ['passed', 'passed', 'pending'] },
      { status: 'failed', tests: ['failed', 'todo', 'passed'] },
    )
    expect(countTests(text, 1)).toEqual({ passed: 3, failed: 1, skipped: 2 })
  })

  it('counts a file that could not be loaded as one failure', () => {
    expect(countTests(report({ status: 'failed', tests: [] }, { status: 'passed', tests: ['passed'] }), 1)).toMatchObject({
      passed: 1,
      failed: 1,
    })
  })

  it.each([undefined, '', '{', 'null', '{"testResults":[]}'])('never says 0 failed of a failed run (%s)', (text) => {
    expect(countTests(text, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it('names skipped tests only if there are any', () => {
    expect(formatCounts({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
    expect(formatCounts({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
  })
})

describe('scripts/run.mjs', () => {
  it.each([[], ['toString'], ['--help']])('says how it is used when called with %j', (...args) => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'run.mjs'), ...args], { encoding: 'utf8' })
    expect(stderr).toContain('usage: node scripts/run.mjs <demo|test|build|check|bench|pnpm>')
    expect(status).toBe(2)
  })

  it.each(['18.20.4', '20.18.3', '14.0.0'])('refuses Node %s with a sentence', (version) => {
    const fake = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '${version}' })`
    const { status, stderr } = spawnSync(process.execPath, ['--import', fake, join(root, 'scripts', 'run.mjs'), 'test'], {
      encoding: 'utf8',
    })
    expect(stderr).toContain(`Node ${version} is too old: Node 20.19 or newer is needed`)
    expect(status).toBe(1)
  })
})

describe('child processes', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm cache bootstrap '))
    mkdirSync(join(folder, 'scripts'))
    cpSync(join(root, 'scripts', 'process.mjs'), join(folder, 'scripts', 'process.mjs'))
    writeFileSync(
      join(folder, 'parent.mjs'),
      "import { node } from './scripts/process.mjs'\nprocess.exitCode = await node('child.mjs', process.argv.slice(2))\n",
    )
    writeFileSync(
      join(folder, 'child.mjs'),
      `import { basename } from 'node:path'
      const [what] = process.argv.slice(2)
      if (what === 'exit') process.exit(7)
      if (what === 'die') process.kill(process.pid, 'SIGTERM')
      if (what === 'where') console.log(basename(process.cwd()), process.env.PATH.startsWith(process.execPath.slice(0, process.execPath.lastIndexOf('/'))))
      if (what === 'serve') {
        process.on('SIGINT', () => { console.log('child ends'); process.exit(0) })
        setInterval(() => {}, 1000)
        console.log('ready')
      }`,
    )
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const parent = (...args: string[]) =>
    spawnSync(process.execPath, [join(folder, 'parent.mjs'), ...args], { encoding: 'utf8', cwd: tmpdir() })

  it('pass on their exit code, or 128 and the signal', () => {
    expect(parent('exit').status).toBe(7)
    expect(parent('die').status).toBe(128 + 15)
  })

  it('run at the root, whatever the caller stands in, on the same Node', () => {
    expect(parent('where').stdout).toMatch(/^llm cache bootstrap .* true\n$/)
  })

  it('are ended by the signal that ends us', async () => {
    const running = spawn(process.execPath, [join(folder, 'parent.mjs'), 'serve'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    running.stdout.on('data', (chunk) => {
      output += String(chunk)
      if (output === 'ready\n') running.kill('SIGINT')
    })
    const code = await new Promise((resolve) => running.on('close', resolve))
    expect(output).toBe('ready\nchild ends\n')
    expect(code).toBe(128 + 2)
  })
})
