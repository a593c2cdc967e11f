import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'
import { ALONE, LongestFirst } from './test/support/order.js'

const source = (path: string): string => fileURLToPath(new URL(`./packages/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    // Tests run on the sources; test/packed.test.ts runs on what is published.
    alias: [
      { find: /^@llm-cache\/core$/, replacement: source('core/src/index.ts') },
      { find: /^@llm-cache\/core\/(disk|embedders|node|web|testing)$/, replacement: source('core/src/$1/index.ts') },
      { find: /^@llm-cache\/core\/(pgvector|pinecone|qdrant|weaviate)$/, replacement: source('core/src/vectors/$1.ts') },
      { find: /^@llm-cache\/(embedder-use|express|koa|hono|redis)$/, replacement: source('$1/src/index.ts') },
      { find: '#platform', replacement: source('core/src/platform/node.ts') },
    ],
  },
  test: {
    // Under development, where somebody's shell says so, nothing would be cached.
    env: { NODE_ENV: 'test', LLM_CACHE_POLICY: '' },
    // One more than there are cores: many of these tests wait for sockets.
    maxWorkers: availableParallelism() + 1,
    // Nobody's bound: what hangs, hangs, and four suites at once on two cores take their time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: [fileURLToPath(new URL('./test/support/seed.ts', import.meta.url))],
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'alone', include: [...ALONE] } },
      {
        extends: true,
        test: {
          name: 'together',
          // Modules are loaded once for each worker and not for each file: that is half of the time.
          isolate: false,
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ALONE],
        },
      },
    ],
  },
})
