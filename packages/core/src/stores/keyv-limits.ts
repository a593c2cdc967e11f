/** What the backends behind Keyv can hold, found by running each of them; `test/stores/keyv-limits` proves every line. */

import { OptionError } from '../errors.js'
import type { KeyvLike } from '../ports.js'

/** Limits of a backend, as options of `createKeyvStore`. */
export interface KeyvLimits {
  /** Longest value in bytes, as this library writes it: the frame in base64. Beyond it a write is refused. */
  readonly maxValueBytes?: number
  /** Longest lifetime in ms; entries that live longer are forgotten sooner. */
  readonly maxTtl?: number
  /** Longest Keyv namespace in bytes of UTF-8 that leaves room for keys of 200 characters. */
  readonly maxNamespaceBytes?: number
  /** True where `clear` empties the whole backend whatever the namespace, and keys cannot be listed. @default false */
  readonly clearsAll?: boolean
}

const DAY_MS = 86_400_000
const MIB = 1024 * 1024
/** Room for what Keyv puts round a value: `{"value":"...","expires":1234567890123}`, and a little more. */
const ENVELOPE_BYTES = 100

/**
 * Limits by adapter. Redis, Valkey, PostgreSQL and SQLite take any entry, so their only limits are those of keys.
 *
 * @example createKeyvStore(new Keyv(new KeyvMemcache('localhost:11211')), KEYV_LIMITS.memcache)
 */
export const KEYV_LIMITS: Readonly<Record<'redis' | 'valkey' | 'sqlite' | 'postgres' | 'mysql' | 'mongo' | 'memcache', KeyvLimits>> = {
  redis: {},
  valkey: {},
  sqlite: {},
  /** Key: varchar(255). */
  postgres: { maxNamespaceBytes: 53 },
  /** Key: varchar(255). Value: a column of type TEXT, 65,535 bytes. */
  mysql: { maxValueBytes: 65_535 - ENVELOPE_BYTES, maxNamespaceBytes: 53 },
  /** A document has at most 16 MiB. */
  mongo: { maxValueBytes: 16 * MIB - 1024 - ENVELOPE_BYTES },
  /**
   * Item with key and header: 1 MiB unless memcached runs with `-I`. Key: 250 bytes, and beyond that reads hang; Keyv 5 writes the
   * namespace twice. A lifetime of more than 30 days is taken for a date: such an item is gone at once.
   */
  memcache: { maxValueBytes: MIB - 412 - ENVELOPE_BYTES, maxTtl: 30 * DAY_MS, maxNamespaceBytes: 24, clearsAll: true },
}

/** Namespace of a Keyv or an adapter, '' without one. */
export function namespaceOf(keyv: KeyvLike): string {
  const { namespace } = keyv as { namespace?: unknown }
  return typeof namespace === 'string' ? namespace : ''
}

/** @throws OptionError when the namespace of `keyv` is longer than `maxBytes` */
export function checkNamespace(keyv: KeyvLike, maxBytes: number): void {
  const bytes = new TextEncoder().encode(namespaceOf(keyv)).byteLength
  if (bytes <= maxBytes) return
  throw new OptionError(
    'ERR_OPTION_INVALID',
    'maxNamespaceBytes',
    `The Keyv namespace has ${bytes} bytes; more than ${maxBytes} leave no room for the keys of the cache. Give Keyv a shorter one.`,
  )
}
