/** The environment, read once in each process. */

export interface Settings {
  /** 0: any free one. */
  readonly port: number
  readonly workers: number
  /** Where entries are shared; without it they are in a file. */
  readonly redisUrl: string | undefined
  /** The primary names one for its workers where neither this nor a Redis is given. */
  readonly cacheFile: string | undefined
  /** 32 bytes in base64 or hex. */
  readonly cacheKey: string | undefined
  /** Without it nobody may erase. */
  readonly adminToken: string | undefined
  /** In ms; undefined for the cache's own. */
  readonly storeTimeout: number | undefined
}

/** @throws RangeError naming the variable that is not a number in its range */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const count = (name: string, usual: string, least: number, most: number): number => {
    const value = Number(env[name] || usual)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}`)
  }
  return {
    port: count('PORT', '3004', 0, 65_535),
    workers: count('WORKERS', '2', 1, 64),
    redisUrl: env.REDIS_URL || undefined,
    cacheFile: env.CACHE_FILE || undefined,
    cacheKey: env.CACHE_KEY || undefined,
    adminToken: env.ADMIN_TOKEN || undefined,
    storeTimeout: env.STORE_TIMEOUT_MS ? count('STORE_TIMEOUT_MS', '', 1, 60_000) : undefined,
  }
}
