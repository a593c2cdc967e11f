/** The published types in users' projects: laid out as pnpm does it, under each module resolution and both kinds of decorators. */

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const ADAPTERS = ['express', 'koa', 'hono']
const FRAMEWORKS = ['express', 'koa', 'hono', '@koa/router', '@types/express', '@types/koa', '@types/node']
const RESOLUTIONS: readonly (readonly [string, ts.ModuleKind, ts.ModuleResolutionKind])[] = [
  ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
  ['node16', ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
  ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
]
const SLOW_MS = 60_000
const unbuilt = ['core', ...ADAPTERS].filter((folder) => !existsSync(join(root, 'packages', folder, 'dist', 'index.d.ts')))
const skipped = unbuilt.length > 0 && !process.env.CI

if (skipped) console.warn(`\n  SKIPPED: test/types.test.ts needs a build (npm run build); there is none of: ${unbuilt.join(', ')}\n`)

describe.skipIf(skipped)('the types in a project of a user', () => {
  let project = ''
  const libraries = new Map<string, ts.SourceFile | undefined>()

  beforeAll(() => {
    expect(unbuilt, 'packages without a build').toEqual([])
    project = realpathSync(mkdtempSync(join(tmpdir(), 'llm-cache-types-'))).replaceAll('\\', '/')
    cpSync(join(root, 'test', 'types'), project, { recursive: true })
    const core = install('core', project)
    for (const adapter of ADAPTERS) {
      const home = install(adapter, project)
      link(core, join(dirname(home), 'core'))
      link(home, join(project, 'node_modules', '@llm-cache', adapter))
    }
    for (const name of FRAMEWORKS) link(realpathSync(join(root, 'node_modules', name)), join(project, 'node_modules', name))
  }, SLOW_MS)

  afterAll(() => {
    if (project) rmSync(project, { recursive: true, force: true })
  })

  it.each(RESOLUTIONS)(
    'hold with moduleResolution %s',
    (_name, module, resolution) => {
      expect(check('tsconfig.json', module, resolution)).toEqual([])
    },
    SLOW_MS,
  )

  it.each(RESOLUTIONS)(
    'hold for legacy decorators with moduleResolution %s',
    (_name, module, resolution) => {
      expect(check('tsconfig.legacy.json', module, resolution)).toEqual([])
    },
    SLOW_MS,
  )

  it(
    'are there at all: what does not fit is an error',
    () => {
      const path = `${project}/wrong.ts`
      const text = "import { llmCache } from '@llm-cache/koa'\nllmCache({ ttl: 'soon' })\n"
      const errors = check('tsconfig.legacy.json', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext, { path, text })
      expect(errors).toEqual([expect.stringMatching(/^wrong\.ts:2 TS2322/)])
    },
    SLOW_MS,
  )

  /** What `tsc -p` reports, declarations included; `only` takes the place of the project's files. */
  function check(config: string, module: ts.ModuleKind, moduleResolution: ts.ModuleResolutionKind, only?: { path: string; text: string }) {
    const read = ts.readConfigFile(join(project, config), ts.sys.readFile)
    const parsed = ts.parseJsonConfigFileContent(read.config, ts.sys, project)
    const options: ts.CompilerOptions = { ...parsed.options, module, moduleResolution }
    const host = ts.createCompilerHost(options)
    const readSource = host.getSourceFile.bind(host)
    host.getSourceFile = (path, version, ...rest) => {
      if (path === only?.path) return ts.createSourceFile(path, only.text, version)
      if (!path.endsWith('.d.ts')) return readSource(path, version, ...rest)
      // Read once for all projects: most of the time would go there.
      const key = `${path} ${typeof version === 'object' ? version.impliedNodeFormat : version}`
      if (!libraries.has(key)) libraries.set(key, readSource(path, version, ...rest))
      return libraries.get(key)
    }
    const program = ts.createProgram(only ? [only.path] : parsed.fileNames, options, host)
    // Declarations of this library are checked as the project's own files are; those of others are taken for sound.
    const checked = program
      .getSourceFiles()
      .filter(({ fileName }) => !fileName.includes('/node_modules/') || fileName.includes('/@llm-cache/'))
    const found = checked.flatMap((file) => ts.getPreEmitDiagnostics(program, file))
    return [...new Set([...parsed.errors, ...found])].map(({ file, start, code, messageText }) => {
      const line = file ? file.getLineAndCharacterOfPosition(start ?? 0).line + 1 : 0
      return `${file?.fileName.replace(`${project}/`, '')}:${line} TS${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    })
  }
})

/** The built package where pnpm puts it, beside its dependencies and out of the reach of the project's own files. */
function install(folder: string, project: string): string {
  const source = join(root, 'packages', folder)
  const home = join(project, 'node_modules', '.pnpm', `@llm-cache+${folder}`, 'node_modules', '@llm-cache', folder)
  for (const name of ['package.json', 'dist', 'src']) cpSync(join(source, name), join(home, name), { recursive: true })
  const { dependencies = {} } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> }
  for (const name of Object.keys(dependencies).filter((name) => !name.startsWith('@llm-cache/')))
    link(realpathSync(join(source, 'node_modules', name)), join(home, '..', '..', name))
  return home
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path, 'junction')
}
