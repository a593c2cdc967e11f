/** Options that indexes on servers share. */

import { countOf, invalid, wrongValue } from '../checks.js'
import { PeerMissingError } from '../errors.js'
import { systemClock } from '../lib/clock.js'
import type { Clock } from '../ports.js'

export interface ServerIndexOptions {
  /** Longest time that a call waits for the server, in ms. @default 5000 */
  readonly timeoutMs?: number | undefined
  /** For expiry and deadlines. @default the system's */
  readonly clock?: Clock | undefined
}

/** @throws OptionError */
export function resolveServerOptions(options: ServerIndexOptions): { readonly timeoutMs: number; readonly clock: Clock } {
  return {
    timeoutMs: countOf('timeoutMs', options.timeoutMs, DEFAULT_TIMEOUT_MS, 1, LONGEST_TIMER),
    clock: options.clock ?? systemClock(),
  }
}

/** @throws OptionError where `options` are no object, or have not just one of the names */
export function checkOneOf(options: unknown, names: readonly [string, string]): void {
  const [first, second] = names
  const given = typeof options === 'object' && options !== null ? (options as Readonly<Record<string, unknown>>) : {}
  if ((given[first] === undefined) !== (given[second] === undefined)) return
  throw invalid(first, `and ${second} exclude each other, and one of them is needed`)
}

/** @throws OptionError where `name` is not up to 64 letters, digits, `_` and `-`, a letter first */
export function checkName(option: string, name: unknown): void {
  if (typeof name !== 'string' || !NAME.test(name)) throw wrongValue(option, name, 'up to 64 letters, digits, _ and -, a letter first')
}

/** @param load imports the package */
export async function loadPeer<T>(peer: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    throw new PeerMissingError(peer, `This vector index needs the package ${peer}: npm install ${peer}`, { cause: error })
  }
}

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const DEFAULT_TIMEOUT_MS = 5000
const LONGEST_TIMER = 2 ** 31 - 1
