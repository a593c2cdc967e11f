import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const sources = fileURLToPath(new URL('../../src/', import.meta.url))
const child = fileURLToPath(new URL('../../../../bench/lib/memory-child.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'llm-cache-memory-'))
const built = join(folder, 'core.mjs')
const MIB = 1024 * 1024
const maxBytes = 16 * MIB

// A process of its own: only there is the heap the store's alone.
describe('memory bound', () => {
  beforeAll(() =>
    build({
      stdin: {
        contents: `export { createMemoryStore } from './stores/memory.ts'\nexport const createLlmCache = undefined`,
        resolveDir: sources,
        loader: 'ts',
      },
      bundle: true,
      format: 'esm',
      platform: 'node',
      outfile: built,
      logLevel: 'silent',
    }),
  )
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(['lru', 'cost'] as const)(
    'forty thousand keys take no more than a fifth above it (%s)',
    async (eviction) => {
      const scenario = {
        what: 'store',
        keys: 40_000,
        maxBytes,
        maxEntries: 10_000_000,
        eviction,
        body: 500,
        headers: 3,
        chunks: 0,
        tags: 1,
      }
      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child, built, JSON.stringify(scenario)])
      const { most, empty, counted } = JSON.parse(stdout) as { readonly most: number; readonly empty: number; readonly counted: number }
      expect(counted).toBeLessThanOrEqual(maxBytes)
      expect(counted).toBeGreaterThan(0.99 * maxBytes)
      expect(most / maxBytes).toBeLessThan(1.2)
      // Nor is the bound mostly air.
      expect(most / maxBytes).toBeGreaterThan(0.6)
      // Room for ten million entries is not allocated where it can never be used.
      expect(empty / maxBytes).toBeLessThan(0.1)
    },
    60_000,
  )
})
