/** The vector index in Redis: a vector set for each namespace. */

import {
  toUnitVector,
  VectorError,
  type VectorIndex,
  VectorIndexError,
  type VectorItem,
  type VectorMatch,
  type VectorQuery,
} from '@llm-cache/core'
import type { RedisClient, RedisConnectionOptions } from '../client.js'
import { openConnection } from '../connection.js'
import { within } from '../deadline.js'
import { escapeGlob } from '../keys.js'
import type { Argument } from '../link.js'
import { createOutage } from '../outage.js'
import { inBatches, scanKeys } from '../scan.js'
import type { Script } from '../scripts.js'
import { failure } from './failure.js'
import { type RedisVectorIndexOptions, resolveVectorOptions } from './options.js'
import { ADD_VECTORS, DROP_VECTORS, REMOVE_VECTORS, SEARCH_VECTORS } from './scripts.js'

/**
 * A vector index on the vector sets of Redis 8 and later, standalone or cluster, for as many processes as there are. Items that have
 * expired are not found, and are removed when others are added; a namespace goes with the item that lives longest.
 *
 * A client that was given is left open by `close`, a connection that was opened for a URL is closed. Calls reject with a
 * VectorIndexError: 'unsupported' where the server has no vector sets, 'timeout', 'failed', 'closed'.
 *
 * @param client of the package `redis` or `@redis/client`, connected or not; or a URL, or `createClient`'s options with a URL
 * @throws OptionError on a wrong client or option
 *
 * @example
 * const index = createRedisVectorIndex('redis://localhost:6379')
 */
export function createRedisVectorIndex(
  client: RedisClient | RedisConnectionOptions | string,
  options: RedisVectorIndexOptions = {},
): VectorIndex {
  const { prefix, quantization, timeoutMs, clock } = resolveVectorOptions(options)
  // Calls say that there is no connection; nobody else wants to know.
  const connection = openConnection(
    client,
    createOutage(() => {}),
    clock,
  )
  const names = vectorKeys(prefix)
  let closing: Promise<void> | undefined

  async function run(script: Script, namespace: string, ...args: readonly Argument[]): Promise<unknown> {
    if (closing) throw new VectorIndexError('closed', 'The vector index is closed.')
    try {
      return await within(clock, timeoutMs, connection.link.run(script, names.keys(namespace), ...args))
    } catch (error) {
      throw failure(error)
    }
  }

  async function remove(namespace: string, ids: readonly string[]): Promise<void> {
    for (const some of parts(ids, REMOVED_AT_ONCE)) await run(REMOVE_VECTORS, namespace, ...some)
  }

  return {
    name: 'redis',
    shared: true,
    async add(namespace, items) {
      const now = clock.now()
      const prepared = prepare(items)
      // Not `<=`: what has no valid time must not live for ever.
      const live = prepared.filter(({ deleteAt }) => deleteAt > now)
      for (const some of parts(live, ADDED_AT_ONCE)) {
        const args = some.flatMap(({ id, deleteAt, bytes }) => [id, `${Math.min(deleteAt, LATEST)}`, bytes])
        await run(ADD_VECTORS, namespace, `${now}`, quantization, ...args)
      }
      await remove(
        namespace,
        prepared.filter(({ deleteAt }) => !(deleteAt > now)).map(({ id }) => id),
      )
    },
    async search(namespace, vector, { k, minSimilarity = -1, exact = false }: VectorQuery) {
      const candidates = `${Math.max(CANDIDATES, 2 * k)}`
      const reply = await run(
        SEARCH_VECTORS,
        namespace,
        `${clock.now()}`,
        bytesOf(toUnitVector(vector)),
        `${k}`,
        exact ? '1' : '0',
        candidates,
        `${Math.max(FILTERED, 2 * k)}`,
      )
      return matchesOf(reply).filter(({ similarity }) => similarity >= minSimilarity)
    },
    remove,
    async clear(beginning) {
      if (closing) throw new VectorIndexError('closed', 'The vector index is closed.')
      try {
        const found = scanKeys(connection, { cacheKey: names.namespace }, names.beginning(beginning), clock)
        await inBatches(found, async (namespace) => void (await run(DROP_VECTORS, namespace)))
      } catch (error) {
        throw failure(error)
      }
    },
    size: () => undefined,
    close() {
      closing ??= connection.close()
      return closing
    },
  }
}

interface Prepared {
  readonly id: string
  readonly deleteAt: number
  readonly bytes: Buffer
}

/** The last of those that have the same id. */
function prepare(items: readonly VectorItem[]): Prepared[] {
  const byId = new Map<string, Prepared>()
  for (const { id, vector, deleteAt } of items) byId.set(id, { id, deleteAt, bytes: bytesOf(toUnitVector(vector)) })
  if (items.some(({ vector }) => vector.length !== items[0]?.vector.length)) {
    throw new VectorError('dimension', 'The vectors of one namespace have different dimensions.')
  }
  return [...byId.values()]
}

/** Redis' score is (1 + cosine) / 2. */
function matchesOf(reply: unknown): VectorMatch[] {
  const flat = reply as readonly string[]
  return Array.from({ length: flat.length / 2 }, (_, at) => ({
    id: flat[at * 2] as string,
    similarity: Math.max(-1, Math.min(1, Number(flat[at * 2 + 1]) * 2 - 1)),
  }))
}

/** Little-endian on every machine that Node runs on but s390x, where Redis would be told otherwise by its own FP32. */
function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
}

function* parts<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}

/**
 *   <prefix>:{<namespace>}      the vectors, vector set
 *   <prefix>:{<namespace>}:t    deleteAt of each, sorted set
 */
function vectorKeys(prefix: string): {
  keys(namespace: string): readonly [string, string]
  beginning(text: string): string
  namespace(key: string): string | undefined
} {
  return {
    keys: (namespace) => [`${prefix}:{${namespace}}`, `${prefix}:{${namespace}}:t`],
    beginning: (text) => `${escapeGlob(prefix)}:{${escapeGlob(text)}*`,
    namespace(key) {
      const [, namespace] = key.startsWith(`${prefix}:{`) ? (/^([^}]*)\}(?::t)?$/.exec(key.slice(prefix.length + 2)) ?? []) : []
      return namespace
    },
  }
}

/** Redis does nothing else meanwhile. */
const ADDED_AT_ONCE = 32
const REMOVED_AT_ONCE = 500
const CANDIDATES = 200
/** So many that have expired may lie nearer. */
const FILTERED = 5000
/** The last millisecond that a Date knows. */
const LATEST = 8.64e15
