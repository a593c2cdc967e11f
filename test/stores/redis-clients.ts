/** The ways in which users reach Redis through Keyv. */

import KeyvRedis from '@keyv/redis'
import { Keyv as Keyv6 } from 'keyv'
import { Keyv as Keyv5 } from 'keyv-v5'
import type { KeyvLike } from '../../packages/core/src/ports.js'

export interface RedisKeyv extends KeyvLike {
  disconnect(force?: boolean): Promise<unknown>
}

export type OpenRedis = (url: string, namespace: string) => RedisKeyv

export const CLIENTS: readonly (readonly [name: string, open: OpenRedis])[] = [
  ['keyv 5', (url, namespace) => new Keyv5(new KeyvRedis(url), { namespace })],
  ['keyv 6', (url, namespace) => new Keyv6(new KeyvRedis(url), { namespace })],
  ['keyv 6, throwOnErrors', (url, namespace) => new Keyv6(new KeyvRedis(url, { throwOnErrors: true }), { namespace })],
  ['bare @keyv/redis', (url, namespace) => new KeyvRedis(url, { namespace })],
]
