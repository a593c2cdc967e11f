/** What is published is what is tested here: packed by pnpm, unpacked into an empty project, loaded by this Node. */

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const folders = readdirSync(join(root, 'packages')).sort()
const unbuilt = folders.filter((folder) => !existsSync(join(root, 'packages', folder, 'dist', 'index.js')))
const skipped = unbuilt.length > 0 && !process.env.CI
const PUBLISHED = /^(dist\/.+|src\/.+|README\.md|LICENSE|package\.json)$/
const SLOW_MS = 60_000

if (skipped) console.warn(`\n  SKIPPED: test/packed.test.ts needs a build (npm run build); there is none of: ${unbuilt.join(', ')}\n`)

describe.skipIf(skipped)('the packed packages', () => {
  let project = ''
  const specifiers = folders.flatMap((folder) => {
    const { name, exports } = readManifest(join(root, 'packages', folder))
    return Object.entries(exports).flatMap(([path, target]) => {
      if (typeof target === 'string') return []
      const source = target.default.replace('./dist/', 'src/').replace(/js$/, 'ts')
      return [[name + path.slice(1), join(root, 'packages', folder, source)] as const]
    })
  })

  beforeAll(async () => {
    expect(unbuilt, 'packages without a build').toEqual([])
    project = realpathSync(mkdtempSync(join(tmpdir(), 'llm cache packed ')))
    const packing = ['pnpm', '--recursive', '--filter', './packages/*', 'pack', '--pack-destination', project]
    await run(process.execPath, [join(root, 'scripts', 'run.mjs'), ...packing], { cwd: root })
    for (const folder of folders) await install(folder, project)
  }, SLOW_MS)

  afterAll(() => {
    if (project) rmSync(project, { recursive: true, force: true })
  })

  it.each(folders)('%s holds what is published, and no more', (folder) => {
    const manifest = readManifest(join(root, 'packages', folder))
    const installed = join(project, 'node_modules', manifest.name)
    const files = (readdirSync(installed, { recursive: true, withFileTypes: true }) ?? []).filter((entry) => entry.isFile())
    const paths = files.map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(installed.length + 1)
        .replaceAll('\\', '/'),
    )
    expect(paths.filter((path) => !PUBLISHED.test(path))).toEqual([])
    expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'package.json', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts']))
    for (const range of Object.values(readManifest(installed).dependencies ?? {})) expect(range).not.toMatch(/workspace:|file:|link:/)
  })

  it.each(specifiers)(
    '%s exports the same by import, by require() and in its sources',
    async (specifier, source) => {
      const code = `
      import { createRequire } from 'node:module'
      const namesOf = (module) => Object.keys(module).filter((name) => name !== '__esModule' && name !== 'module.exports').sort()
      const imported = namesOf(await import(${JSON.stringify(specifier)}))
      const required = namesOf(createRequire(process.cwd() + '/index.js')(${JSON.stringify(specifier)}))
      console.log(JSON.stringify({ imported, required }))`
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: project })
      const { imported, required } = JSON.parse(stdout) as { imported: string[]; required: string[] }
      const own: object = await import(/* @vite-ignore */ source)
      expect(imported).toEqual(Object.keys(own).sort())
      expect(required).toEqual(imported)
      expect(imported).not.toContain('default')
      expect(imported.length).toBeGreaterThan(0)
    },
    SLOW_MS,
  )

  it.each(['@llm-cache/core', '@llm-cache/core/web'])('%s needs nothing of Node where there is none', async (specifier) => {
    const stdin = { contents: `export * from '${specifier}'`, resolveDir: project }
    const { outputFiles } = await build({ stdin, bundle: true, write: false, format: 'esm', platform: 'browser', logLevel: 'silent' })
    expect(outputFiles[0]?.text).toMatch(/export \{/)
    expect(outputFiles[0]?.text).not.toMatch(/from ['"]node:/)
  })
})

/** Unpacks the tarball of packages/`folder` below `project`, with its dependencies linked to those of the workspace. */
async function install(folder: string, project: string): Promise<void> {
  const source = join(root, 'packages', folder)
  const manifest = readManifest(source)
  const tarball = join(project, `${manifest.name.slice(1).replace('/', '-')}-${manifest.version}.tgz`)
  const target = join(project, 'node_modules', manifest.name)
  mkdirSync(target, { recursive: true })
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', target])
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    const link = join(project, 'node_modules', name)
    const linked = join(source, 'node_modules', name)
    // A peer that the workspace leaves out, as most apps do.
    const left = manifest.peerDependenciesMeta?.[name]?.optional && !existsSync(linked)
    if (name.startsWith('@llm-cache/') || existsSync(link) || left) continue
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(realpathSync(linked), link, 'junction')
  }
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}
