/** The cache of one worker: a memory of its own, and behind it what all workers share. */

import { type CacheStore, createLlmCache, createMemoryStore, type LlmCache } from '@llm-cache/core'
import { createDiskStore } from '@llm-cache/core/disk'
import { createRedisStore } from '@llm-cache/redis'
import { createClusterBus } from './cluster-bus.js'
import type { Settings } from './settings.js'

export function createCache(settings: Settings): LlmCache {
  const { cacheKey, storeTimeout } = settings
  return createLlmCache({
    store: [createMemoryStore(), farStore(settings)],
    compression: 'auto',
    encryption: cacheKey ? { keys: [cacheKey] } : undefined,
    // A header is for curl. In an app: from whatever authenticates the caller. Without a tenant nothing is cached.
    partition: (request) => request.header('x-tenant'),
    storeTimeout,
    // The worker prints these itself, with its number.
    log: false,
  })
}

/** Redis makes the workers one: one model call, memories that agree, common sums. A file holds entries; the bus is ours. */
function farStore({ redisUrl, cacheFile }: Settings): CacheStore {
  if (redisUrl) return createRedisStore(redisUrl)
  if (cacheFile) return { ...createDiskStore({ path: cacheFile }), sharing: { bus: createClusterBus() } }
  throw new Error('Neither REDIS_URL nor CACHE_FILE is set')
}
