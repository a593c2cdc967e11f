/** `@llm-cache/redis`: one Redis (or Valkey) for many processes. */

export type { RedisClient, RedisClusterClient, RedisConnectionOptions, RedisNodeClient } from './client.js'
export type { RedisStoreOptions } from './options.js'
export { createRedisStore, type RedisStore } from './store.js'
export { createRedisVectorIndex } from './vectors/index.js'
export type { RedisVectorIndexOptions } from './vectors/options.js'
