/** The options of the disk store, checked and with their defaults. */

import { resolve } from 'node:path'
import { checkNames, countOf } from '../checks.js'
import { OptionError } from '../errors.js'
import { systemClock } from '../lib/clock.js'
import { describeValue } from '../lib/nearest.js'
import type { Clock } from '../ports.js'
import { DEFAULT_MAX_ENTRY_BYTES } from '../stores/options.js'

export interface DiskStoreOptions {
  /** The database file, which belongs to the cache alone. Its folder is made (0700) if it is not there, the file too (0600). */
  readonly path: string
  /** Label in events and statistics. @default 'disk' */
  readonly name?: string | undefined
  /** Most bytes of entries as they lie on the disk; the least worth keeping go first. @default 1_073_741_824 (1 GiB) */
  readonly maxBytes?: number | undefined
  /** Largest entry in bytes; larger ones are refused. @default 8 MiB, maxBytes at the most */
  readonly maxEntryBytes?: number | undefined
  /** Time between two rounds of upkeep in ms: expired entries go, hits are written down. @default 60_000 */
  readonly sweepInterval?: number | undefined
  /** For expiry and upkeep. @default the system's */
  readonly clock?: Clock | undefined
}

export interface DiskSettings {
  /** Absolute. */
  readonly path: string
  readonly name: string
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly sweepInterval: number
  readonly clock: Clock
}

/** @throws OptionError naming the wrong or unknown option */
export function resolveDiskOptions(options: DiskStoreOptions): DiskSettings {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('ERR_OPTION_INVALID', 'path', `createDiskStore wants { path }, not ${describeValue(options)}.`)
  }
  checkNames(options, ['path', 'name', 'maxBytes', 'maxEntryBytes', 'sweepInterval', 'clock'])
  const maxBytes = countOf('maxBytes', options.maxBytes, DEFAULT_MAX_BYTES)
  const maxEntryBytes = countOf('maxEntryBytes', options.maxEntryBytes, Math.min(DEFAULT_MAX_ENTRY_BYTES, maxBytes))
  if (maxEntryBytes > maxBytes) {
    throw new OptionError('ERR_OPTION_INVALID', 'maxEntryBytes', `maxEntryBytes (${maxEntryBytes}) is more than maxBytes (${maxBytes}).`)
  }
  return {
    path: resolvePath(options.path),
    name: resolveName(options.name),
    maxBytes,
    maxEntryBytes,
    sweepInterval: countOf('sweepInterval', options.sweepInterval, DEFAULT_SWEEP_INTERVAL, 1, LONGEST_TIMER),
    clock: options.clock ?? systemClock(),
  }
}

function resolvePath(path: unknown): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new OptionError(
      'ERR_OPTION_INVALID',
      'path',
      `path must name a file, not ${typeof path === 'string' ? 'this text' : describeValue(path)}.`,
    )
  }
  if (path === ':memory:' || path.startsWith('file:')) {
    throw new OptionError('ERR_OPTION_INVALID', 'path', 'path must name a file; SQLite’s special names and URIs are not taken.')
  }
  return resolve(path)
}

function resolveName(name: unknown): string {
  if (name === undefined) return 'disk'
  if (typeof name === 'string' && /^[a-z][a-z0-9-]{0,63}$/.test(name)) return name
  throw new OptionError(
    'ERR_OPTION_INVALID',
    'name',
    `name must be up to 64 of a-z, 0-9 and -, a letter first, not ${describeValue(name)}.`,
  )
}

const DEFAULT_MAX_BYTES = 1024 ** 3
const DEFAULT_SWEEP_INTERVAL = 60_000
const LONGEST_TIMER = 2 ** 31 - 1
