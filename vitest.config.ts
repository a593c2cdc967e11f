import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

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
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
    // Vitest leaves one core free; these tests mostly wait for sockets.
    maxWorkers: '100%',
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
})
