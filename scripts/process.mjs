// Child processes: on this very Node, from the workspace's root, ended together with us.

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The workspace's root; it may contain spaces. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

const KILL_AFTER_MS = 5_000
const children = new Set()
let endedBy

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    endedBy ??= signal
    for (const child of children) end(child, signal)
    if (children.size === 0) process.exit(exitCodeOf(signal))
  })
}

/** One line about what is being done. */
export function say(text) {
  console.log(`[llm-cache] ${text}`)
}

/**
 * Runs `script` (a JavaScript file) on the Node that runs us. Resolves with its exit code, 128 + n after signal n.
 * With `quiet`, output is kept back and shown only if the child fails.
 */
export async function node(script, args = [], { quiet = false, env = {}, cwd = root } = {}) {
  if (endedBy) return exitCodeOf(endedBy)
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env: { ...environment(), ...env },
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
  })
  children.add(child)
  const kept = []
  child.stdout?.on('data', (chunk) => kept.push(chunk))
  child.stderr?.on('data', (chunk) => kept.push(chunk))
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`[llm-cache] could not start ${script}: ${error.message}`)
      resolve(1)
    })
    child.on('close', (status, signal) => resolve(signal ? exitCodeOf(signal) : (status ?? 1)))
  })
  children.delete(child)
  if (code !== 0) process.stdout.write(Buffer.concat(kept))
  // The signal was ours to die of, too: no further step is started.
  if (endedBy) process.exit(exitCodeOf(endedBy))
  return code
}

/** Runs the command `name` of the installed package `packageName`. */
export function tool(packageName, name, args, options) {
  return node(toolPath(packageName, name), args, options)
}

/** The JavaScript file behind a package's command. PATH and shell wrappers are not involved. */
export function toolPath(packageName, name) {
  const folder = join(root, 'node_modules', packageName)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin[name])
}

/** Runs the pnpm that package.json pins. npx keeps it in its own cache; nothing is installed globally. */
export function pnpm(args, options) {
  return node(npxPath(), ['-y', pnpmVersion(), ...args], options)
}

/** `pnpm@<version>`, from package.json. */
export function pnpmVersion() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('+')[0]
}

// The npm that started us may belong to another Node than ours; its code runs on ours all the same.
function npxPath() {
  const beside = dirname(process.execPath)
  const candidates = [
    process.env.npm_execpath && join(dirname(process.env.npm_execpath), 'npx-cli.js'),
    join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npx-cli.js'),
    join(beside, 'node_modules', 'npm', 'bin', 'npx-cli.js'),
    ...(process.env.PATH ?? '')
      .split(delimiter)
      .flatMap((folder) => [
        join(folder, '..', 'lib', 'node_modules', 'npm', 'bin', 'npx-cli.js'),
        join(folder, 'node_modules', 'npm', 'bin', 'npx-cli.js'),
        join(folder, '..', 'share', 'nodejs', 'npm', 'bin', 'npx-cli.js'),
      ]),
  ]
  const found = candidates.find((path) => path && existsSync(path))
  if (!found) throw new Error('npx was not found: npm is needed besides Node, to fetch pnpm')
  return found
}

function environment() {
  return { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].filter(Boolean).join(delimiter) }
}

function end(child, signal) {
  child.kill(signal)
  setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref()
}

function exitCodeOf(signal) {
  return 128 + (constants.signals[signal] ?? 1)
}
