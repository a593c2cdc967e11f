// Install and build, each only if something changed since it last succeeded.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pnpm, pnpmVersion, root, say, tool } from './process.mjs'

const DEPENDENCY_FIELDS = ['name', 'packageManager', 'dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']
const BUILT = /\.(d\.ts|d\.ts\.map|js|js\.map)$/

/** Where stamps and reports are kept. */
export const scratch = join(root, 'node_modules', '.llm-cache')

/** Folders of the workspace's packages: 'packages' are published, 'examples' are private. */
export function packageFolders(kind) {
  const parent = join(root, kind)
  if (!existsSync(parent)) return []
  return readdirSync(parent)
    .sort()
    .map((name) => join(parent, name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
}

/** Installs the dependencies that the lockfile names. Resolves with an exit code. */
export async function install() {
  const first = !existsSync(join(root, 'node_modules'))
  const stamp = installStamp()
  if (isStamped('install', stamp) && existsSync(join(root, 'node_modules', 'typescript', 'package.json'))) return 0
  say(`installing dependencies with ${pnpmVersion().replace('@', ' ')}${first ? ' (first run, about a minute)' : ''}`)
  // Without the stamp an interrupted install is done again; pnpm repairs what it finds.
  dropStamp('install')
  const terminal = process.stdout.isTTY === true
  const code = await pnpm(['install', '--frozen-lockfile', '--config.confirmModulesPurge=false'], { quiet: !terminal })
  if (code === 0) writeStamp('install', stamp)
  else say('the install failed; after a change of dependencies run: node scripts/run.mjs pnpm install --no-frozen-lockfile')
  return code
}

/** Compiles packages, then examples, into their dist folders. Resolves with an exit code. */
export async function build() {
  const folders = [...packageFolders('packages'), ...packageFolders('examples')]
  const projects = folders.filter((folder) => existsSync(join(folder, 'tsconfig.json')))
  const stamp = buildStamp(projects)
  const built = projects.every((folder) => existsSync(join(folder, 'dist')))
  if (built && isStamped('build', stamp)) return 0
  say('building')
  dropStamp('build')
  for (const folder of projects) dropOrphans(folder)
  const code = await tool('typescript', 'tsc', ['-b', ...projects.map((folder) => relative(root, folder))])
  if (code === 0) writeStamp('build', stamp)
  return code
}

function installStamp() {
  const hash = createHash('sha256')
  hash.update(`${process.platform} ${process.arch}\n`)
  for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(root, name)))
  for (const folder of [root, ...packageFolders('packages'), ...packageFolders('examples')]) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    hash.update(JSON.stringify([relative(root, folder), DEPENDENCY_FIELDS.map((field) => manifest[field] ?? null)]))
  }
  return hash.digest('hex')
}

// Paths, sizes and times suffice here: tsc itself compares contents.
function buildStamp(projects) {
  const hash = createHash('sha256')
  const paths = [join(root, 'tsconfig.base.json'), join(root, 'pnpm-lock.yaml')]
  for (const folder of projects) paths.push(join(folder, 'tsconfig.json'), join(folder, 'package.json'), ...files(join(folder, 'src')))
  for (const path of paths) {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${relative(root, path)} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

// tsc leaves the output of deleted sources behind, and it would be published.
function dropOrphans(folder) {
  const dist = join(folder, 'dist')
  for (const path of files(dist)) {
    const source = join(folder, 'src', relative(dist, path).replace(BUILT, ''))
    if (BUILT.test(path) && !existsSync(`${source}.ts`)) rmSync(path)
  }
}

function files(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]))
}

function isStamped(name, stamp) {
  const path = join(scratch, `${name}.stamp`)
  return existsSync(path) && readFileSync(path, 'utf8') === stamp
}

function writeStamp(name, stamp) {
  mkdirSync(scratch, { recursive: true })
  writeFileSync(join(scratch, `${name}.stamp`), stamp)
}

function dropStamp(name) {
  rmSync(join(scratch, `${name}.stamp`), { force: true })
}
