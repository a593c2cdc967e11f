// A child process with one app: node app-process.mjs '{"framework", "store", "redisUrl", "modelUrl"}'. Tells its parent the port
// and what the stores' states become. It logs nothing itself: what it writes to stderr is the cache's.

import { serveApp } from './apps.mjs'

const packages = new URL('../../../packages/', import.meta.url)
const load = (path) => import(new URL(path, packages).href)
const { framework, store, redisUrl, modelUrl } = JSON.parse(process.argv[2])

const STORES = {
  none: () => undefined,
  keyv: openKeyv,
  recipe: openRecipe,
  async tiers() {
    const { createMemoryStore } = await load('core/dist/index.js')
    return [createMemoryStore(), await openKeyv()]
  },
  async redis() {
    const { createRedisStore } = await load('redis/dist/index.js')
    if (!createRedisStore) throw new Error('@llm-cache/redis has no createRedisStore')
    return createRedisStore(redisUrl)
  },
}

async function openKeyv() {
  const { default: Keyv } = await import('keyv')
  const { default: KeyvRedis } = await import('@keyv/redis')
  return new Keyv(new KeyvRedis(redisUrl))
}

/** The recipe of docs/outages.md. */
async function openRecipe() {
  const { default: Keyv } = await import('keyv')
  const { default: KeyvRedis } = await import('@keyv/redis')
  const { createClient } = await import('redis')
  const client = createClient({
    url: redisUrl,
    disableOfflineQueue: true,
    pingInterval: 300,
    socket: { connectTimeout: 2000, socketTimeout: 800, reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 500) },
  })
  client.on('error', () => {})
  client.connect().catch(() => {})
  return new Keyv(new KeyvRedis(client, { throwOnErrors: true }), { throwOnErrors: true })
}

const counts = {}
process.on('disconnect', () => process.exit(0))
let idle = performance.eventLoopUtilization()
process.on('message', (wanted) => {
  if (wanted === 'begin') idle = performance.eventLoopUtilization()
  else process.send({ type: 'counts', counts, utilization: performance.eventLoopUtilization(idle).utilization })
})

try {
  const { createLlmCache } = await load('core/dist/index.js')
  const cache = createLlmCache({ store: await STORES[store]() })
  cache.on((event) => {
    const label = event.type === 'store-failed' ? `${event.type}:${event.operation}:${event.reason}` : event.type
    counts[label] = (counts[label] ?? 0) + 1
    if (event.type === 'store-state') process.send({ type: 'state', event })
  })
  const server = await serveApp(framework, modelUrl, cache)
  process.send({ type: 'ready', port: server.address().port })
} catch (error) {
  process.send({ type: 'unavailable', reason: error.message })
}
