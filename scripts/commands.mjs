// The commands of `scripts/run.mjs`.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { node, pnpm, root, say, tool } from './process.mjs'
import { build, install, scratch } from './steps.mjs'
import { countTests, formatCounts } from './test-counts.mjs'

const COMMANDS = { demo, test, build: buildAll, check, bench, pnpm: pinnedPnpm }

/** Runs the command named first in `args` with the rest of them. Resolves with the exit code. */
export async function main([name, ...args]) {
  if (!Object.hasOwn(COMMANDS, name ?? '')) {
    console.error(`usage: node scripts/run.mjs <${Object.keys(COMMANDS).join('|')}> [arguments]`)
    return 2
  }
  return COMMANDS[name](args[0] === '--' ? args.slice(1) : args)
}

/** Demo and benches show the cache at work, whatever NODE_ENV is set to where they run. */
function caching() {
  process.env.LLM_CACHE_POLICY ||= 'balanced'
}

async function demo(args) {
  caching()
  return (await buildAll()) || node(join(root, 'examples', 'demo', 'dist', 'main.js'), args)
}

async function buildAll() {
  return (await install()) || build()
}

async function test(args) {
  const report = join(scratch, `test-report-${process.pid}.json`)
  const prepared = await buildAll()
  if (prepared !== 0) {
    console.log(formatCounts({ passed: 0, failed: 1, skipped: 0 }))
    return prepared
  }
  mkdirSync(scratch, { recursive: true })
  say(args.length > 0 ? `testing ${args.join(' ')}` : 'testing')
  const code = await tool('vitest', 'vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args])
  const text = existsSync(report) ? readFileSync(report, 'utf8') : undefined
  rmSync(report, { force: true })
  const counts = countTests(text, code)
  console.log(formatCounts(counts))
  return code !== 0 ? code : counts.failed > 0 ? 1 : 0
}

async function check() {
  const installed = await install()
  if (installed !== 0) return installed
  let worst = 0
  const step = async (label, run) => {
    say(`check: ${label}`)
    worst = Math.max(worst, await run())
  }
  await step('biome', () => tool('@biomejs/biome', 'biome', ['check', '.']))
  const built = await build()
  if (built !== 0) return built
  await step('types of the tests', () => tool('typescript', 'tsc', ['-p', 'tsconfig.test.json']))
  const folder = mkdtempSync(join(tmpdir(), 'llm-cache-pack-'))
  try {
    const packed = await pnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder], { quiet: true })
    if (packed !== 0) return packed
    for (const file of readdirSync(folder).sort()) {
      const tarball = join(folder, file)
      await step(`publint ${file}`, () => tool('publint', 'publint', ['run', tarball, '--strict']))
      await step(`attw ${file}`, () => tool('@arethetypeswrong/cli', 'attw', [tarball, '--profile', 'esm-only'], { quiet: true }))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  say(worst === 0 ? 'check: all good' : 'check: failed')
  return worst
}

async function bench([name, ...args]) {
  const folder = join(root, 'bench')
  const names = (existsSync(folder) ? readdirSync(folder) : [])
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length))
  if (!names.includes(name)) {
    console.log(`usage: npm run bench -- <name> [arguments]\nnames: ${names.join(', ') || 'none yet'}`)
    return name === undefined ? 0 : 2
  }
  caching()
  return (await buildAll()) || node(join(folder, `${name}.mjs`), args)
}

function pinnedPnpm(args) {
  return pnpm(args, { cwd: process.cwd() })
}
