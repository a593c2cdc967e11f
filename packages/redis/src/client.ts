/** What is accepted as a client, and which kind it is. */

import { OptionError } from '@llm-cache/core'
import type { RedisClientOptions, RedisClientType, RedisClusterType } from '@redis/client'

/** A client of `redis` or `@redis/client` 5 made by `createClient`, whatever its modules and type mappings. */
export interface RedisNodeClient {
  readonly isOpen: boolean
  readonly isReady: boolean
  connect(): Promise<unknown>
  sendCommand(args: readonly (string | Buffer)[]): Promise<unknown>
  duplicate(): unknown
  withTypeMapping(mapping: object): unknown
}

/** A client made by `createCluster`. */
export interface RedisClusterClient {
  readonly isOpen: boolean
  readonly masters: readonly unknown[]
  connect(): Promise<unknown>
  sendCommand(firstKey: string, isReadonly: boolean, args: (string | Buffer)[]): Promise<unknown>
  duplicate(): unknown
  nodeClient(node: never): unknown
  withTypeMapping(mapping: object): unknown
}

export type RedisClient = RedisNodeClient | RedisClusterClient

/** `createClient`'s options, with a URL: the store opens, owns and closes the connection. */
export type RedisConnectionOptions = Omit<RedisClientOptions, 'url'> & { readonly url: string }

export type ClientInput =
  | { readonly kind: 'node'; readonly client: RedisClientType }
  | { readonly kind: 'cluster'; readonly cluster: RedisClusterType }
  | { readonly kind: 'options'; readonly options: RedisConnectionOptions }

/** @throws OptionError that says what to pass. It never shows what was passed: a URL carries its password. */
export function classifyClient(input: unknown): ClientInput {
  if (typeof input === 'string') return { kind: 'options', options: { url: checkUrl(input) } }
  if (typeof input !== 'object' || input === null) throw wrong()
  const client = input as Partial<Record<string, unknown>>
  if (typeof client.sendCommand !== 'function') {
    if (typeof client.url !== 'string') throw wrong()
    checkUrl(client.url)
    return { kind: 'options', options: input as RedisConnectionOptions }
  }
  if (typeof client.withTypeMapping !== 'function' || typeof client.duplicate !== 'function') throw wrong()
  if (typeof client.nodeClient === 'function' && Array.isArray(client.masters)) {
    return { kind: 'cluster', cluster: input as unknown as RedisClusterType }
  }
  // Pools have no isReady; the sentinel client takes other arguments.
  if (typeof client.isReady !== 'boolean' || typeof client.acquire === 'function') throw wrong()
  return { kind: 'node', client: input as unknown as RedisClientType }
}

function checkUrl(url: string): string {
  if (URL.canParse(url) && ['redis:', 'rediss:'].includes(new URL(url).protocol)) return url
  throw new OptionError('ERR_OPTION_INVALID', 'client', 'The URL must begin with redis:// or rediss:// and be a valid URL.')
}

function wrong(): OptionError {
  const message =
    'client must be a URL, { url }, or a client made by createClient or createCluster of the package redis 5 (not a pool, a sentinel, ioredis or redis 4).'
  return new OptionError('ERR_OPTION_INVALID', 'client', message)
}
