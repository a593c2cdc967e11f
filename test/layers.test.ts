import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { violations } from './support/layers.js'
import { readModule } from './support/modules.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8')) as {
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
}
const dependencies = Object.keys(manifest.dependencies)
const peers = Object.keys(manifest.peerDependencies)

function readSources(): Record<string, string> {
  const sources: Record<string, string> = {}
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const folder = join(root, 'packages', name, 'src')
    const files = existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]) : []
    for (const file of files.filter((path) => path.endsWith('.ts')).sort()) {
      sources[`packages/${name}/src/${file.replaceAll('\\', '/')}`] = readFileSync(join(folder, file), 'utf8')
    }
  }
  return sources
}

describe('the import graph', () => {
  it('keeps its layers', () => {
    const sources = readSources()
    expect(Object.keys(sources)).toContain('packages/core/src/exchange.ts')
    expect(violations(sources, dependencies, peers)).toEqual([])
  }, 60_000)
})

/** A small graph in order, into which each case below plants one fault. */
const SOUND: Readonly<Record<string, string>> = {
  'packages/core/src/lib/bytes.ts': 'export const size = 1\n',
  'packages/core/src/platform/node.ts': "import { createHash } from 'node:crypto'\nexport const hash = createHash\n",
  'packages/core/src/exchange.ts': "import type { Handle } from './engine/handle.js'\nexport type Exchange = Handle\n",
  'packages/core/src/engine/handle.ts': 'export interface Handle { readonly outcome: string }\n',
  'packages/core/src/http/headers.ts': "import { size } from '../lib/bytes.js'\nexport const lines = size\n",
  'packages/core/src/stores/memory.ts':
    "import { LRUCache } from 'lru-cache'\nimport { hash } from '#platform'\nexport const memory = [LRUCache, hash]\n",
  'packages/core/src/node/index.ts': "import { createServer } from 'node:http'\nexport const server = createServer\n",
  'packages/core/src/index.ts': "export { memory } from './stores/memory.js'\n",
  'packages/express/src/index.ts':
    "import type { IncomingMessage } from 'node:http'\nimport { memory } from '@llm-cache/core'\nimport type { Request } from 'express'\nexport const llmCache = (request: Request & IncomingMessage): unknown => [memory, request]\n",
}

const FAULTS: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['layer', 'packages/core/src/lib/up.ts', "import { memory } from '../stores/memory.js'\nexport const up = memory\n"],
  ['layer', 'packages/core/src/http/up.ts', "export * from '../stores/memory.js'\n"],
  ['layer', 'packages/core/src/http/up.ts', "export const up = (): unknown => import('../stores/memory.js')\n"],
  ['layer', 'packages/core/src/http/up.ts', "import { type A, b } from '../stores/memory.js'\nexport const up: A = b\n"],
  ['layer', 'packages/core/src/http/up.ts', "import type { Memory } from '../stores/memory.js'\nexport type Up = Memory\n"],
  ['layer', 'packages/core/src/http/up.ts', "export type Up = import('../stores/memory.js').Memory\n"],
  ['layer', 'packages/core/src/http/up.ts', "import { handle } from '../engine/handle.js'\nexport const up = handle\n"],
  ['layer', 'packages/core/src/ports.ts', "import type { Memory } from './stores/memory.js'\nexport type Port = Memory\n"],
  ['layer', 'packages/core/src/node/up.ts', "import { llmCache } from '@llm-cache/express'\nexport const up = llmCache\n"],
  ['unknown', 'packages/core/src/misc/thing.ts', 'export const thing = 1\n'],
  ['unknown', 'packages/core/src/thing.ts', 'export const thing = 1\n'],
  ['unknown', 'packages/fastify/src/index.ts', 'export const thing = 1\n'],
  ['unresolved', 'packages/core/src/lib/lost.ts', "import { gone } from './gone.js'\nexport const lost = gone\n"],
  ['undeclared', 'packages/core/src/lib/lodash.ts', "import { at } from 'lodash/fp'\nexport const pick = at\n"],
  ['undeclared', 'packages/core/src/lib/times.ts', "import { Cron } from 'croner'\nexport const times = Cron\n"],
  ['undeclared', 'packages/core/src/lib/times.ts', "export const times = (): unknown => import('dayjs')\n"],
  ['node-builtin', 'packages/core/src/lib/file.ts', "import { readFile } from 'node:fs'\nexport const read = readFile\n"],
  ['node-builtin', 'packages/core/src/lib/file.ts', "import type { Stats } from 'fs'\nexport type File = Stats\n"],
  ['platform', 'packages/core/src/lib/hash.ts', "import { hash } from '../platform/node.js'\nexport const digest = hash\n"],
  ['cycle', 'packages/core/src/lib/bytes.ts', "import { lines } from './lines.js'\nexport const size = lines\n"],
  ['default-export', 'packages/core/src/lib/own.ts', 'export default 1\n'],
  ['default-export', 'packages/core/src/lib/own.ts', 'export default function own(): void {}\n'],
  ['default-export', 'packages/core/src/lib/own.ts', 'const own = 1\nexport { own as default }\n'],
  ['file-length', 'packages/core/src/lib/long.ts', 'export {}\n'.repeat(401)],
  [
    'adapter-import',
    'packages/express/src/deep.ts',
    "import { size } from '@llm-cache/core/dist/lib/bytes.js'\nexport const deep = size\n",
  ],
  ['adapter-import', 'packages/express/src/deep.ts', "import Koa from 'koa'\nexport const deep = Koa\n"],
  ['adapter-import', 'packages/express/src/deep.ts', "import { createServer } from 'node:http'\nexport const deep = createServer\n"],
  ['adapter-length', 'packages/express/src/long.ts', 'export {}\n'.repeat(149)],
]

describe('the check of the import graph', () => {
  it('finds nothing in a sound graph', () => {
    expect(violations(SOUND, ['lru-cache'])).toEqual([])
  })

  it.each(FAULTS)('finds %s in %s', (rule, path, text) => {
    const lines = "import { size } from './bytes.js'\nexport const lines = size\n"
    const planted = { ...SOUND, ...(rule === 'cycle' ? { 'packages/core/src/lib/lines.ts': lines } : {}), [path]: text }
    expect(violations(planted, ['lru-cache'], ['croner']).map((line) => line.split(':')[0])).toEqual([rule])
  })

  it('lets types go round in a circle, but not values', () => {
    const lines = "import type { Size } from './bytes.js'\nexport const lines: Size = 1\n"
    const bytes = "import { lines } from './lines.js'\nexport type Size = number\nexport const size = lines\n"
    const planted = { ...SOUND, 'packages/core/src/lib/lines.ts': lines, 'packages/core/src/lib/bytes.ts': bytes }
    expect(violations(planted, ['lru-cache'])).toEqual([])
  })

  it('lets optional peers be loaded on use, and their types be named', () => {
    const text =
      "import type { Cron } from 'croner'\nexport const times = async (): Promise<typeof Cron> => (await import('croner')).Cron\n"
    expect(violations({ ...SOUND, 'packages/core/src/lib/times.ts': text }, ['lru-cache'], ['croner'])).toEqual([])
  })

  it('counts lines of code, not comments or blank lines', () => {
    expect(readModule('a.ts', '/** one\n * two */\n\nexport const a = `x\ny` // three\n\n// four\n').codeLines).toBe(2)
  })
})
